"""Data, mistakes and own drawings, in Chromium: what is listed and counted is what is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, Route

from scripts import fetch_mnist
from tabgrad.data import drawings
from tabgrad.metrics import Results
from tabgrad.network import shapes_of, spec_of
from tests.e2e.drawing import DIGITS, draw, guess
from tests.e2e.inside_page import (
    Digits,
    counts,
    generated_digits,
    results_of,
    shared_page,
    shipped,
)
from tests.e2e.support import Visit, predictions, settled, use_model, wait_dataset, wait_predictions, wait_until
from tests.unit.data.own_drawings import by_hand


@pytest.fixture(scope="module")
def page(browser: Browser, site: str) -> Iterator[Page]:
    """One booted page for the whole file, on the engine that is quickest here, with the data panel open."""
    with shared_page(browser, site, "?engine=wasm#data") as opened:
        yield opened


def grey(page: Page, selector: str) -> NDArray[np.int64]:
    """The red channel of a 28 by 28 canvas."""
    values = page.evaluate(
        """selector => { const c = document.querySelector(selector);
        return Array.from(c.getContext("2d").getImageData(0, 0, 28, 28).data).filter((_, i) => i % 4 === 0); }""",
        selector,
    )
    return np.array(values).reshape(28, 28)


def captions(page: Page, gallery: str) -> list[str]:
    return [text for text in page.get_by_test_id(gallery).locator("li:not([hidden]) span").all_inner_texts() if text]


@pytest.fixture
def generated(page: Page) -> Page:
    """The page with the generated test digits listed from the first on."""
    page.get_by_test_id("data-set").select_option("strokes")
    page.get_by_test_id("data-split").select_option("test")
    page.get_by_test_id("data-digit").select_option("any")
    page.get_by_test_id("data-wrong").uncheck()
    page.get_by_test_id("data-from").fill("0")
    page.get_by_test_id("data-from").press("Enter")
    page.get_by_test_id("data-note").filter(has_text="2,000 in all. Shown: 0 to 39.").wait_for()
    return page


@pytest.fixture(scope="module")
def digits() -> Digits:
    """The generated test digits, as the page has them."""
    return generated_digits()


def test_images_are_listed_in_order_and_by_digit(generated: Page, digits: Digits) -> None:
    page, (images, labels) = generated, digits
    assert captions(page, "data-gallery") == [str(label) for label in labels[:40]]
    np.testing.assert_array_equal(grey(page, "[data-testid=data-gallery] canvas"), images[0])
    page.get_by_test_id("data-digit").select_option("3")
    threes = np.flatnonzero(labels == 3)
    page.get_by_test_id("data-note").filter(has_text=f"Shown: {threes[0]:,} to").wait_for()
    assert captions(page, "data-gallery") == ["3"] * 40
    np.testing.assert_array_equal(grey(page, "[data-testid=data-gallery] canvas"), images[threes[0]])
    page.get_by_test_id("data-more").click()
    page.get_by_test_id("data-note").filter(has_text=f"Shown: {threes[40]:,} to").wait_for()
    page.get_by_test_id("data-back").click()
    page.get_by_test_id("data-note").filter(has_text=f"Shown: {threes[0]:,} to").wait_for()


def test_a_sample_goes_to_the_pad_and_is_read_pixel_by_pixel(generated: Page, digits: Digits) -> None:
    page, (images, _) = generated, digits
    before = predictions(page)
    page.get_by_test_id("data-gallery").locator("button").nth(5).click()
    wait_predictions(page, before)
    settled(page)
    np.testing.assert_array_equal(grey(page, "#seen"), images[5])
    page.get_by_test_id("draw-pad").scroll_into_view_if_needed()
    draw(page, [[(0.1, 0.1), (0.9, 0.1)]])
    settled(page)
    assert np.abs(grey(page, "#seen") - images[5].astype(int)).max() > 100
    page.get_by_test_id("tool-clear").click()


def expected_results(name: str, digits: Digits) -> Results:
    card, weights = shipped(name)
    return results_of(spec_of(card, shapes_of(weights)), weights, digits, float(card.get("temperature", 1.0)))


def test_only_mistakes_are_listed_when_asked(generated: Page, digits: Digits) -> None:
    page = generated
    expected = np.sort(expected_results("mlp", digits).gallery())[:40]
    page.get_by_test_id("data-wrong").check()
    page.get_by_test_id("data-note").filter(has_text=f"Shown: {expected[0]:,} to {expected[-1]:,}.").wait_for()
    assert captions(page, "data-gallery") == [str(digits[1][i]) for i in expected]


def test_mistakes_are_counted_as_the_oracle_counts_them(page: Page, digits: Digits) -> None:
    page.get_by_test_id("mistakes-set").select_option("strokes")
    page.get_by_test_id("mistakes-measure").click()
    headline = page.get_by_test_id("mistakes-headline")
    headline.filter(has_text="2,000 images").wait_for()
    results = expected_results("mlp", digits)
    assert int(headline.get_attribute("data-errors") or -1) == results.errors
    confusion = counts(page)
    np.testing.assert_array_equal(confusion, results.confusion)
    error = float(page.get_by_test_id("calibration-note").get_attribute("data-value") or "nan")
    assert error == pytest.approx(results.expected_calibration_error(), abs=1e-4)
    truth, answer = divmod(int((confusion - np.diag(np.diag(confusion))).argmax()), 10)
    page.get_by_test_id(f"confusion-{truth}-{answer}").click()
    assert len(captions(page, "mistakes-gallery")) == min(confusion[truth, answer], 40)
    assert captions(page, "mistakes-gallery")[0].startswith(f"{truth} \N{RIGHTWARDS ARROW} {answer}")
    first = int(results.cell(truth, answer)[0])
    np.testing.assert_array_equal(grey(page, "[data-testid=mistakes-gallery] canvas"), digits[0][first])


@pytest.mark.mnist
@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_on_mnist_a_shipped_model_makes_the_errors_of_its_card(page: Page, name: str) -> None:
    if fetch_mnist.locate() is None:
        pytest.skip("MNIST is not at hand: scripts/fetch_mnist.py fetches it")
    card, _ = shipped(name)
    use_model(page, name)
    page.get_by_test_id("mistakes-set").select_option("mnist")
    page.get_by_test_id("mistakes-measure").click()
    headline = page.get_by_test_id("mistakes-headline")
    headline.filter(has_text="10,000 images").wait_for()
    page.get_by_text(f"{card['title']} on MNIST").wait_for()
    # float32 sums in another order may turn an image or two that lie on the edge
    assert int(headline.get_attribute("data-errors") or -1) == pytest.approx(card["test_errors"], abs=2)
    use_model(page, "mlp")


def keep(page: Page, digit: int) -> None:
    page.get_by_test_id("draw-pad").scroll_into_view_if_needed()
    draw(page, DIGITS[digit])
    settled(page)
    page.get_by_test_id(f"mine-add-{digit}").click()
    page.get_by_test_id("mine-said").filter(has_text=f"Kept as a {digit}").wait_for()


def test_own_drawings_are_kept_measured_and_exported(open_visit: Callable[..., Visit], tmp_path: Path) -> None:
    page = open_visit("?engine=wasm#data").page
    headline = page.get_by_test_id("mine-headline")
    headline.filter(has_text="no drawings yet").wait_for()
    for digit in (7, 1, 3):
        keep(page, digit)
    page.get_by_test_id("mine-kept").filter(has_text="3 kept \N{MIDDLE DOT} the network reads 3 of them").wait_for()
    headline.filter(has_text="3 of your 3 drawings").wait_for()
    assert captions(page, "mine-gallery") == ["7", "1", "3"]
    with page.expect_download() as download:
        page.get_by_test_id("mine-export").click()
    file = tmp_path / "digits.json"
    download.value.save_as(file)
    assert [d.label for d in drawings.loads(file.read_bytes())] == [7, 1, 3]
    page.reload()
    wait_dataset(page, "app", "ready")
    headline.filter(has_text="3 of your 3 drawings").wait_for()
    page.get_by_test_id("mine-remove").click()
    headline.filter(has_text="2 of your 2 drawings").wait_for()
    page.get_by_test_id("mine-import").set_input_files(file)
    headline.filter(has_text="5 of your 5 drawings").wait_for()
    file.write_text("not this")
    page.get_by_test_id("mine-import").set_input_files(file)
    page.get_by_test_id("mine-note").filter(has_text="is damaged; nothing was imported").wait_for()
    other = tmp_path / "other.json"
    other.write_text('{"format": "other"}')
    page.get_by_test_id("mine-import").set_input_files(other)
    page.get_by_test_id("mine-note").filter(has_text="not a file of drawings").wait_for()
    file.write_text("[" * 5000)
    page.get_by_test_id("mine-import").set_input_files(file)
    page.get_by_test_id("mine-note").filter(has_text="is damaged; nothing was imported").wait_for()
    headline.filter(has_text="5 of your 5 drawings").wait_for()


def test_with_an_empty_pad_there_is_an_example_and_nothing_is_kept(open_visit: Callable[..., Visit]) -> None:
    page = open_visit("?engine=wasm#data").page
    page.get_by_test_id("mine-kept").filter(has_text="Press its digit").wait_for()
    page.get_by_test_id("mine-add-4").click()
    page.get_by_test_id("mine-said").filter(has_text="The pad is empty").wait_for()
    example = page.get_by_test_id("mine-example")
    example.click()
    settled(page)
    first = guess(page)
    example.wait_for(state="hidden")  # there is ink
    page.get_by_test_id("tool-undo").click()
    example.click()
    settled(page)
    assert {first, guess(page)} < set("0123456789")
    assert guess(page) != first
    page.get_by_test_id(f"mine-add-{guess(page)}").focus()
    page.keyboard.press("Enter")
    page.get_by_test_id("mine-kept").filter(has_text="1 kept").wait_for()
    assert page.evaluate("() => document.activeElement.dataset.testid").startswith("mine-add-")  # for the next drawing
    page.get_by_test_id("tab-train").click()
    page.get_by_test_id("mine-add-4").wait_for(state="hidden")


def test_buttons_are_named_by_what_they_show(page: Page) -> None:
    """Who speaks to the page says what is written there (WCAG 2.5.3). And no header cell is empty."""
    page.get_by_test_id("mistakes-set").select_option("strokes")
    page.get_by_test_id("mistakes-measure").click()
    page.get_by_test_id("mistakes-headline").filter(has_text="2,000 images").wait_for()
    unnamed = """buttons => buttons.filter(b => b.offsetParent && !b.ariaLabel.includes(b.textContent.trim()))
        .map(b => [b.ariaLabel, b.textContent])"""
    for place in ("mistakes-gallery", "data-gallery", "confusion"):
        buttons = page.get_by_test_id(place).locator("button")
        assert buttons.count() > 20
        assert buttons.evaluate_all(unnamed) == []
    assert "" not in page.get_by_test_id("confusion").locator("th").all_text_contents()


@pytest.mark.mnist
def test_while_data_is_on_its_way_everything_else_is_there(open_visit: Callable[..., Visit]) -> None:
    if fetch_mnist.locate() is None:
        pytest.skip("MNIST is not at hand: scripts/fetch_mnist.py fetches it")
    held: list[Route] = []
    arrives = False

    def hold(route: Route) -> None:
        route.continue_() if arrives else held.append(route)

    page = open_visit("?engine=wasm#data", routes={"**/data/mnist*/**": hold}).page
    note = page.get_by_test_id("data-note")
    note.filter(has_text="Loading the images").wait_for()
    wait_until(page, lambda: held, "a request for data")
    for control in ("mistakes-measure", "mine-import", "data-digit", "mine-add-7"):
        assert page.get_by_test_id(control).is_enabled()
    keep(page, 7)  # and the other sections are up to date
    page.get_by_test_id("mine-headline").filter(has_text="1 of your 1 drawing:").wait_for()
    assert "Loading" in note.inner_text()
    page.get_by_test_id("data-set").select_option("strokes")  # something else can be chosen meanwhile
    note.filter(has_text="Generated digits, test images").wait_for()
    page.get_by_test_id("data-set").select_option("mnist")
    note.filter(has_text="Loading the images").wait_for()
    page.get_by_test_id("mistakes-measure").click()
    page.get_by_test_id("mistakes-note").filter(has_text="Loading the images").wait_for()
    arrives = True
    for route in held:
        route.continue_()
    note.filter(has_text="10,000 in all. Shown: 0 to 39.").wait_for()
    page.get_by_test_id("mistakes-headline").filter(has_text="10,000 images").wait_for()


def test_of_many_drawings_all_are_read_and_the_last_are_shown(open_visit: Callable[..., Visit], tmp_path: Path) -> None:
    page = open_visit("?engine=wasm#data").page
    file, many = tmp_path / "many.json", by_hand(203)
    file.write_text(drawings.dumps(many, 280.0))
    page.get_by_test_id("mine-headline").filter(has_text="no drawings yet").wait_for()
    page.get_by_test_id("mine-import").set_input_files(file)
    page.get_by_test_id("mine-headline").filter(has_text="of your 203 drawings").wait_for()
    page.get_by_text("Your drawings: 203, the last 200 shown").wait_for()
    shown = page.get_by_test_id("mine-gallery").locator("li:not([hidden]) button")
    assert shown.count() == 200
    names = shown.evaluate_all("buttons => buttons.map(button => button.ariaLabel)")
    for name, number, drawing in zip(names, range(4, 204), many[3:], strict=True):
        assert f"Drawing {number}, a {drawing.label}" in name
    settled(page)
    before = predictions(page)
    shown.last.click()
    wait_predictions(page, before)  # it is on the pad


def test_fine_tuning_offers_a_network_that_read_the_drawings(open_visit: Callable[..., Visit]) -> None:
    page = open_visit("?engine=wasm#data").page
    page.get_by_test_id("mine-headline").filter(has_text="no drawings yet").wait_for()
    keep(page, 7)
    page.get_by_test_id("mine-tune").click()
    page.get_by_test_id("mine-tuned").filter(has_text="at least twice").wait_for()
    for digit in (7, 1, 1):
        keep(page, digit)
    page.get_by_test_id("mine-tune").click()
    tuned = page.get_by_test_id("mine-tuned")
    tuned.filter(has_text="Learned from 2 drawings. Of the 2 held out").wait_for()
    assert int(tuned.get_attribute("data-after") or -1) == 2
    use_model(page, "tuned")
    page.get_by_test_id("draw-pad").scroll_into_view_if_needed()
    draw(page, DIGITS[7])
    settled(page)
    assert guess(page) == "7"
    page.get_by_test_id("mine-headline").filter(has_text="4 of your 4 drawings").wait_for()
