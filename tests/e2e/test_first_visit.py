"""A first visit: an example draws itself on the pad and is read. It is no ink: a touch or a key takes it away."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.drawing import DIGITS, bars, draw, guess, ink_pixels
from tests.e2e.support import Visit, dataset, settled, use_model, wait_dataset, wait_until

Open = Callable[..., Visit]


def ghost(page: Page) -> str | None:
    """The example's state: "drawing", "shown", or None if there is none."""
    return page.locator(".pad-frame").get_attribute("data-ghost")


def example(page: Page) -> str | None:
    """The answer to the example, as it is shown."""
    return page.get_by_test_id("best-guess").get_attribute("data-example")


def shown_bars(page: Page) -> list[float]:
    """The length of the bars on screen."""
    values: list[str] = page.locator(".bar-fill").evaluate_all("f => f.map(e => e.style.getPropertyValue('--value'))")
    return [float(value or 0) for value in values]


def assert_nothing_is_drawn(page: Page) -> None:
    """For automation, and for whoever asks the page, nothing has happened yet."""
    assert dataset(page, "predictions") == "0"
    assert dataset(page, "answer") == "none"
    assert bars(page) == [0] * 10
    assert guess(page) == ""
    assert ink_pixels(page) == 0
    assert page.locator("#verdict").get_attribute("data-state") == "empty"
    for tool in ("undo", "redo", "clear"):
        expect(page.get_by_test_id(f"tool-{tool}")).to_be_disabled()


def wait_for_example(page: Page) -> None:
    wait_until(page, lambda: ghost(page) == "shown" and example(page) == "4", "an example that is read as a 4")


@pytest.mark.parametrize("query", ["", "?engine=wasm"])
def test_an_example_draws_itself_and_is_read(open_visit: Open, query: str) -> None:
    page = open_visit(query).page
    wait_for_example(page)
    label = page.get_by_test_id("pad-example")
    assert "an example" in label.inner_text()
    assert "goes away as soon as you draw" in (label.text_content() or "")
    assert shown_bars(page)[4] > 0.9
    assert "example" in page.locator("#verdict-note").inner_text()
    expect(page.locator("#pad-hint")).not_to_be_visible()
    assert_nothing_is_drawn(page)
    use_model(page, "cnn")
    wait_until(page, lambda: example(page) == "4", "the other network's answer")
    assert_nothing_is_drawn(page)


def test_without_motion_it_is_there_at_once(open_visit: Open) -> None:
    page = open_visit(reduced_motion="reduce").page
    wait_until(page, lambda: ghost(page) is not None, "an example")
    assert ghost(page) == "shown"
    wait_for_example(page)
    assert_nothing_is_drawn(page)


def test_the_first_stroke_takes_it_away(open_visit: Open) -> None:
    page = open_visit().page
    wait_until(page, lambda: ghost(page) is not None, "an example")  # which is still being drawn
    draw(page, DIGITS[7])
    assert ghost(page) is None
    assert example(page) is None
    settled(page)
    assert guess(page) == "7"
    assert shown_bars(page) == bars(page)
    expect(page.get_by_test_id("pad-example")).to_have_count(0)
    page.get_by_test_id("tool-undo").click()
    assert bars(page) == [0] * 10
    assert ghost(page) is None, "it does not come back"
    assert shown_bars(page) == [0] * 10
    page.reload()
    wait_dataset(page, "app", "ready")
    assert ghost(page) is None, "whoever has drawn needs no example"


def test_a_press_or_a_key_on_the_pad_takes_it_away(open_visit: Open) -> None:
    for act in ("eraser", "key"):
        page = open_visit().page
        wait_for_example(page)
        if act == "eraser":
            page.get_by_test_id("tool-eraser").click()
            assert ghost(page) == "shown"
            page.get_by_test_id("draw-pad").click()
        else:
            page.get_by_test_id("draw-pad").focus()
            page.keyboard.press("ArrowUp")
        assert ghost(page) is None
        assert example(page) is None
        assert shown_bars(page) == [0] * 10
        assert page.locator("#verdict-title").inner_text() == "Nothing drawn yet"
        if act == "key":
            page.get_by_test_id("tool-pen").click()  # without the grid of the cells, whose lines are pixels, too
        assert_nothing_is_drawn(page)


def test_ink_from_before_the_start_is_answered_without_an_example(open_visit: Open) -> None:
    page = open_visit(ready=False).page
    draw(page, DIGITS[2])
    wait_dataset(page, "app", "ready")
    assert ghost(page) is None
    settled(page)
    assert guess(page) == "2"
