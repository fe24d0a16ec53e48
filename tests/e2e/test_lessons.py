"""A link opens a ready alphabet, and a network learns it from the features of the site's CNN, in Chromium."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.support import Visit, wait_dataset, wait_until


def test_a_link_opens_a_lesson_that_is_trained_from_features(open_visit: Callable[..., Visit]) -> None:
    page = open_visit("?engine=wasm#lesson-nonsense").page
    page.get_by_test_id("alphabets-said").filter(has_text="There is no lesson called 'nonsense'").wait_for()
    page.evaluate("location.hash = 'lesson-arrows'")  # as a link on the page does
    page.get_by_test_id("alphabet-said").filter(has_text="“Arrows” is open.").wait_for()
    assert page.get_by_test_id("alphabet-classes").locator(".keep-class:not([hidden])").count() == 8
    page.get_by_test_id("alphabet-close").click()
    page.get_by_test_id("alphabet-ready-shapes").click()
    page.get_by_test_id("alphabet-said").filter(has_text="“Shapes” is open.").wait_for()
    assert page.url.endswith("#lesson-shapes")
    page.get_by_test_id("alphabet-train").click()
    data, begins = page.get_by_test_id("train-data"), page.get_by_test_id("train-from")
    wait_until(page, lambda: data.input_value().startswith("set-"), "the lesson in the training form")
    assert begins.input_value() == "features"
    page.get_by_test_id("train-start").first.click()
    assert wait_dataset(page, "worker", "finished", "failed") == "finished"
    accuracy = page.get_by_test_id("train-test-accuracy").inner_text()
    assert float(accuracy.split()[0]) > 75  # of 40 drawings
    assert "95\N{NO-BREAK SPACE}% interval" in accuracy
    assert page.get_by_test_id("prob-3").get_attribute("data-label") == "star"
