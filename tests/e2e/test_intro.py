"""The intro of a first visit: it tells how the digit on the pad was read, and leads on from there."""

from __future__ import annotations

from collections.abc import Callable

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.e2e.drawing import DIGITS, draw
from tests.e2e.support import Visit, settled, use_model, wait_dataset, wait_until

Open = Callable[..., Visit]


def answer(page: Page) -> str:
    """The digit at the end of the picture."""
    return page.locator("[data-testid=intro-network] .network-answer .network-unit").inner_text()


def captions(page: Page) -> list[str]:
    texts = page.locator("[data-testid=intro-network] .network-caption").all_inner_texts()
    return [text.replace("\N{NO-BREAK SPACE}", " ") for text in texts]


def test_it_tells_how_the_example_was_read_and_then_ones_own_digit(open_visit: Open) -> None:
    page = open_visit().page
    title = page.get_by_test_id("intro-title")
    title.filter(has_text="has just read a digit").wait_for()
    wait_until(page, lambda: answer(page) == "4", "the example's answer")
    assert captions(page) == [
        "28 \N{MULTIPLICATION SIGN} 28 pixels",
        "8 of 128 patterns, the most active now",
        "64 units that combine them",
        "largest sum of votes",
    ]
    draw(page, DIGITS[3])
    settled(page)
    title.filter(has_text="has just read your digit").wait_for()
    wait_until(page, lambda: answer(page) == "3", "the answer to one's own digit")
    assert page.locator("[data-testid=intro-network] .network-lines path").count() > 20
    use_model(page, "cnn")
    wait_until(page, lambda: "8 of 16 feature maps, the most active now" in captions(page), "the other network")
    assert answer(page) == "3"
    assert Axe().run(page).response["violations"] == []
    page.get_by_test_id("tool-clear").click()
    title.filter(has_text="Draw one").wait_for()
    assert page.locator("[data-testid=intro-network] .network-lines path").count() == 0


def test_its_buttons_lead_on(open_visit: Open) -> None:
    page = open_visit("?engine=wasm&data=strokes&epochs=0.5").page
    page.get_by_test_id("intro-mistakes").click()
    page.locator("#panel-data").wait_for()
    page.get_by_test_id("tab-train").click()
    page.get_by_test_id("intro-inside").click()
    page.locator("#panel-inside").wait_for()
    page.get_by_test_id("tab-train").click()
    page.get_by_test_id("intro-train").click()
    wait_dataset(page, "worker", "training", "finished")
