"""The address follows the page, a link brings it back, and a reload keeps the tab and the drawing."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page

from tests.e2e.drawing import DIGITS, draw, guess, ink_pixels
from tests.e2e.support import Visit, dataset, settled, use_model, wait_dataset

Open = Callable[..., Visit]


def fragment(page: Page) -> str:
    return urlsplit(page.url).fragment


def chosen_tab(page: Page) -> str:
    return page.get_by_role("tab", selected=True).get_attribute("data-testid") or ""


def test_tab_model_and_settings_are_in_the_link(open_visit: Open) -> None:
    page = open_visit("?engine=wasm").page
    assert fragment(page) == ""
    page.get_by_test_id("tab-inside").click()
    assert fragment(page) == "inside"
    use_model(page, "cnn")
    page.get_by_test_id("tab-train").click()
    page.get_by_test_id("train-seed").fill("7")
    page.get_by_test_id("train-seed").press("Enter")
    page.get_by_test_id("tab-code").click()
    query = parse_qs(urlsplit(page.url).query)
    assert (query["answer"], query["seed"], query["engine"]) == (["cnn"], ["7"], ["wasm"])
    link, other = page.url, open_visit("?engine=wasm").page
    other.goto(link)
    wait_dataset(other, "app", "ready")
    assert chosen_tab(other) == "tab-code"
    assert other.get_by_test_id("model-select").input_value() == "cnn"
    other.get_by_test_id("tab-train").click()
    assert other.get_by_test_id("train-seed").input_value() == "7"


def test_a_reload_brings_tab_and_drawing_back(open_visit: Open) -> None:
    page = open_visit("?engine=wasm").page
    draw(page, DIGITS[4])
    page.get_by_test_id("tool-cells").click()
    draw(page, [[(0.1, 0.1), (0.1, 0.1)]])
    page.get_by_test_id("tool-pen").click()  # whose pad shows no grid
    settled(page)
    before = ink_pixels(page)
    page.get_by_test_id("tab-data").click()
    page.reload()
    assert ink_pixels(page) > 0  # at once, before Python is there
    wait_dataset(page, "app", "ready")
    settled(page)
    assert chosen_tab(page) == "tab-data"
    assert guess(page) == "4"
    assert ink_pixels(page) == pytest.approx(before, rel=0.02)
    for _ in range(3):  # it is the visitor's ink: it can be taken back
        page.get_by_test_id("tool-undo").click()
    assert page.get_by_test_id("tool-clear").is_disabled()
    page.reload()
    wait_dataset(page, "app", "ready")
    assert ink_pixels(page) == 0


def test_a_reload_during_the_boot_keeps_the_drawing(open_visit: Open) -> None:
    page = open_visit("?engine=wasm", ready=False).page
    draw(page, DIGITS[7])
    page.reload()
    wait_dataset(page, "app", "ready")
    settled(page)
    assert guess(page) == "7"


def test_what_the_address_names_and_is_not_there_is_said(open_visit: Open) -> None:
    page = open_visit("?engine=wasm&answer=resnet&show=pad,answer,train,pants").page
    sentence = page.get_by_test_id("status").inner_text()
    assert "no model called 'resnet'" in sentence.lower()
    assert "'pants'" in sentence
    draw(page, DIGITS[2])
    settled(page)
    assert guess(page) == "2"


def test_a_lesson_shows_a_part_of_the_page(open_visit: Open) -> None:
    page = open_visit("?engine=wasm&show=pad,train#data").page
    assert chosen_tab(page) == "tab-train"
    assert page.get_by_role("tab").count() == 1
    assert page.get_by_test_id("draw-pad").is_visible()
    assert page.get_by_test_id("train-start").is_visible()
    for hidden in ("prob-0", "train-preset-fast", "train-lr", "tab-data", "copy-link", "tool-eraser"):
        assert page.get_by_test_id(hidden).is_hidden()
    page.get_by_test_id("train-start").click()
    assert wait_dataset(page, "worker", "training", "failed") == "training"
    page.get_by_test_id("train-stop").click()
    wait_dataset(page, "worker", "finished")


def test_a_lesson_with_the_pad_alone(open_visit: Open) -> None:
    page = open_visit("?engine=wasm&show=pad,answer#tour-2").page
    assert page.get_by_role("tab").count() == 0
    page.get_by_test_id("tour-text").filter(has_text="grey dots").wait_for()
    page.get_by_test_id("tour-skip").click()
    draw(page, DIGITS[3])
    settled(page)
    assert guess(page) == "3"


@pytest.mark.parametrize("place", ["tour-99", "tour-" + "9" * 5_000])
def test_the_tour_begins_where_a_step_is_named_that_it_has_not(open_visit: Open, place: str) -> None:
    page = open_visit(f"?engine=wasm#{place}").page
    page.get_by_text("Step 1 of").wait_for()
    page.get_by_test_id("tour-skip").click()
    draw(page, DIGITS[1])
    settled(page)
    assert guess(page) == "1"


@pytest.mark.parametrize("place", ["tour-", "tour-x", "%E0%A4%A", "nowhere"])
def test_a_fragment_that_leads_nowhere_breaks_nothing(open_visit: Open, place: str) -> None:
    page = open_visit(f"?engine=wasm#{place}").page
    assert dataset(page, "app") == "ready"
    assert dataset(page, "error") is None
    assert page.get_by_test_id("tour-text").count() == 0 or page.get_by_test_id("tour-text").is_hidden()
    draw(page, DIGITS[1])
    settled(page)
    assert guess(page) == "1"


def test_the_link_is_copied(open_visit: Open) -> None:
    page = open_visit("?engine=wasm#inside", permissions=["clipboard-read", "clipboard-write"]).page
    page.get_by_test_id("copy-link").click()
    page.get_by_test_id("status").filter(has_text="The link is copied").wait_for()
    assert page.evaluate("() => navigator.clipboard.readText()") == page.url


@pytest.mark.parametrize(
    "init_script",
    [
        "Object.defineProperty(Navigator.prototype, 'clipboard', { get: () => undefined })",
        "Clipboard.prototype.writeText = async () => { throw new DOMException('no', 'NotAllowedError'); }",
    ],
    ids=["no clipboard", "refused"],
)
def test_where_the_browser_refuses_the_link_is_selected(open_visit: Open, init_script: str) -> None:
    page = open_visit("?engine=wasm#data", init_script=init_script).page
    page.get_by_test_id("copy-link").click()
    page.get_by_test_id("status").filter(has_text="press Ctrl C").wait_for()
    field = page.get_by_test_id("copy-link-text")
    assert field.input_value() == page.url
    assert page.evaluate("() => getSelection().toString()") == page.url
    page.get_by_test_id("tab-train").click()
    field.wait_for(state="hidden")
