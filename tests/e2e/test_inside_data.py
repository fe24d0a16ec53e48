"""Data, mistakes, own drawings and kernels, in Chromium: what is listed, counted and timed is what is there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from scripts import fetch_mnist
from scripts.build import MODELS
from tabgrad.backends.oracle import Network
from tabgrad.data import drawings
from tabgrad.data.sets import StrokeData
from tabgrad.explain.kernels import launches
from tabgrad.explain.results import Results
from tabgrad.explain.stages import spec_of
from tabgrad.program import load_safetensors, loads
from tests.e2e.drawing import DIGITS, draw
from tests.e2e.support import TIMEOUT_S, Visit, predictions, wait_dataset, wait_predictions


@pytest.fixture(scope="module")
def page(browser: Browser, site: str) -> Iterator[Page]:
    """One booted page for the whole file, on the engine that is quickest here, with the data panel open."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(TIMEOUT_S * 1000)
    visit = Visit(context.new_page(), context, site)
    visit.watch()
    visit.page.goto(f"{site}?engine=wasm#data")
    wait_dataset(visit.page, "app", "ready")
    yield visit.page
    context.close()
    visit.check()


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
def digits() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The generated test digits, as the page has them."""
    with ThreadPoolExecutor() as other:  # Playwright has an event loop running in this thread
        samples = other.submit(lambda: asyncio.run(StrokeData().split("test"))).result()
    return samples.images, samples.labels


Digits = tuple[NDArray[np.uint8], NDArray[np.uint8]]


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
    before = wait_predictions(page, before)
    np.testing.assert_array_equal(grey(page, "#seen"), images[5])
    draw(page, [[(0.1, 0.1), (0.9, 0.1)]])
    wait_predictions(page, before)
    assert np.abs(grey(page, "#seen") - images[5].astype(int)).max() > 100
    page.get_by_test_id("tool-clear").click()


def shipped(name: str) -> tuple[dict[str, object], Network]:
    card = json.loads((MODELS / name / "card.json").read_text())
    weights, _ = load_safetensors((MODELS / name / "weights.safetensors").read_bytes())
    return card, Network(spec_of(card, weights), weights, np.float32)


def expected_results(name: str, digits: Digits) -> Results:
    images, labels = digits
    card, network = shipped(name)
    logits = network.forward(images.reshape(-1, 784).astype(np.float32) / 255)
    return Results(logits, labels, float(card.get("temperature", 1.0)))  # type: ignore[arg-type] # JSON


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
    table = page.get_by_test_id("confusion").locator("button")
    counts = np.array([int(text) for text in table.evaluate_all("b => b.map(e => e.dataset.value)")]).reshape(10, 10)
    np.testing.assert_array_equal(counts, results.confusion)
    error = float(page.get_by_test_id("calibration-note").get_attribute("data-value") or "nan")
    assert error == pytest.approx(results.expected_calibration_error(), abs=1e-4)
    truth, answer = divmod(int((counts - np.diag(np.diag(counts))).argmax()), 10)
    page.get_by_test_id(f"confusion-{truth}-{answer}").click()
    assert len(captions(page, "mistakes-gallery")) == min(counts[truth, answer], 40)
    assert captions(page, "mistakes-gallery")[0].startswith(f"{truth} \N{RIGHTWARDS ARROW} {answer}")
    first = int(results.cell(truth, answer)[0])
    np.testing.assert_array_equal(grey(page, "[data-testid=mistakes-gallery] canvas"), digits[0][first])


@pytest.mark.mnist
@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_on_mnist_a_shipped_model_makes_the_errors_of_its_card(page: Page, name: str) -> None:
    if fetch_mnist.locate() is None:
        pytest.skip("MNIST is not at hand: scripts/fetch_mnist.py fetches it")
    card, _ = shipped(name)
    page.get_by_test_id("model-select").select_option(name)
    page.get_by_test_id("status").filter(has_text="is ready").wait_for()
    page.get_by_test_id("mistakes-set").select_option("mnist")
    page.wait_for_timeout(300)
    page.get_by_test_id("mistakes-measure").click()
    headline = page.get_by_test_id("mistakes-headline")
    headline.filter(has_text="10,000 images").wait_for()
    page.get_by_text(f"{card['title']} on MNIST").wait_for()
    # float32 sums in another order may turn an image or two that lie on the edge
    assert int(headline.get_attribute("data-errors") or -1) == pytest.approx(card["test_errors"], abs=2)
    page.get_by_test_id("model-select").select_option("mlp")
    page.get_by_test_id("status").filter(has_text="is ready").wait_for()


def keep(page: Page, digit: int) -> None:
    page.get_by_test_id("draw-pad").scroll_into_view_if_needed()
    before = predictions(page)
    draw(page, DIGITS[digit])
    wait_predictions(page, before)
    page.get_by_test_id(f"mine-add-{digit}").click()
    page.get_by_test_id("mine-note").filter(has_text=f"Kept as a {digit}").wait_for()


def test_own_drawings_are_kept_measured_and_exported(open_visit: Callable[..., Visit], tmp_path: Path) -> None:
    page = open_visit("?engine=wasm#data").page
    headline = page.get_by_test_id("mine-headline")
    headline.filter(has_text="No drawings yet").wait_for()
    for digit in (7, 1, 3):
        keep(page, digit)
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
    page.get_by_test_id("mine-note").filter(has_text="nothing was imported").wait_for()
    headline.filter(has_text="5 of your 5 drawings").wait_for()


def test_fine_tuning_offers_a_network_that_read_the_drawings(open_visit: Callable[..., Visit]) -> None:
    page = open_visit("?engine=wasm#data").page
    page.get_by_test_id("mine-headline").filter(has_text="No drawings yet").wait_for()
    keep(page, 7)
    page.get_by_test_id("mine-tune").click()
    page.get_by_test_id("mine-tuned").filter(has_text="at least twice").wait_for()
    for digit in (7, 1, 1):
        keep(page, digit)
    page.get_by_test_id("mine-tune").click()
    tuned = page.get_by_test_id("mine-tuned")
    tuned.filter(has_text="Learned from 2 drawings. Of the 2 held out").wait_for()
    assert int(tuned.get_attribute("data-after") or -1) == 2
    page.get_by_test_id("model-select").select_option("tuned")
    page.get_by_test_id("status").filter(has_text="tuned to you is ready").wait_for()
    page.get_by_test_id("draw-pad").scroll_into_view_if_needed()
    draw(page, DIGITS[7])
    page.get_by_test_id("best-guess").filter(has_text="7").wait_for()
    page.get_by_test_id("mine-headline").filter(has_text="4 of your 4 drawings").wait_for()


@pytest.mark.parametrize("engine", ["wasm", "webgpu"])
def test_kernels_are_those_of_the_program(open_visit: Callable[..., Visit], engine: str) -> None:
    page = open_visit(f"?engine={engine}#kernels").page
    rows = page.get_by_test_id("kernels-table").locator("tbody tr")
    page.get_by_test_id("kernels-program").select_option("saliency")
    target = {"wasm": "wasm", "webgpu": "wgsl"}[engine]
    programs = [loads(p.read_bytes()) for p in sorted((MODELS / "mlp" / "programs").glob(f"saliency.{target}.*"))]
    tables = {len(made.dispatch): launches(made) for made in programs}
    page.get_by_test_id("kernels-headline").filter(has_text="launches").wait_for()
    rows.nth(min(tables) - 1).wait_for()
    table = tables[rows.count()]
    names = rows.locator("button").all_inner_texts()
    assert names in [[launch.name for launch in launches(made)] for made in programs]
    rows.locator("button").first.click()
    code = page.locator("pre.code").inner_text()
    assert code.strip() in [launches(made)[0].code.strip() for made in programs]
    page.get_by_test_id("kernels-measure").click()
    page.locator("[data-testid=kernel-time-0][data-value]").wait_for()
    times = [page.get_by_test_id(f"kernel-time-{i}").get_attribute("data-value") for i in range(len(table))]
    assert sum(float(ms or "nan") for ms in times) > 0
