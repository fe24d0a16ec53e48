"""The kernels panel, in Chromium: what is listed and timed is what runs, to answer and to train."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from scripts.build import MODELS
from tabgrad.explain.kernels import launches
from tabgrad.program import loads
from tests.e2e.support import Visit, use_model, wait_dataset

#: Whether WebGPU's adapter here can stamp its work with its own time; SwiftShader can.
HAS_TIMESTAMPS = "async () => (await navigator.gpu.requestAdapter()).features.has('timestamp-query')"


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
    assert min(measured_ms(page, len(table))) > 0, "the clock is outlasted"
    own = engine == "webgpu" and page.evaluate(HAS_TIMESTAMPS)
    clock = page.get_by_test_id("kernels-clock")
    assert clock.get_attribute("data-clock") == ("device" if own else "host")
    assert ("timestamp queries" in clock.inner_text()) == own, "the panel says how it was measured"


def test_without_timestamp_queries_launches_are_timed_from_outside(open_visit: Callable[..., Visit]) -> None:
    hide = "GPUAdapter.prototype.__defineGetter__('features', () => new Set())"
    page = open_visit("?engine=webgpu#kernels", init_script=hide).page
    page.get_by_test_id("kernels-headline").filter(has_text="launches").wait_for()
    page.get_by_test_id("kernels-measure").click()
    assert sum(measured_ms(page, 1)) > 0
    assert page.get_by_test_id("kernels-clock").get_attribute("data-clock") == "host"


def test_kernels_of_training_are_those_of_the_worker(open_visit: Callable[..., Visit]) -> None:
    page = open_visit("?engine=wasm&data=strokes&epochs=50&hidden=24&batch=32#kernels").page
    headline = page.get_by_test_id("kernels-headline")
    program = page.get_by_test_id("kernels-program")
    rows = page.get_by_test_id("kernels-table").locator("tbody tr")
    program.select_option("train")
    headline.filter(has_text="press Train").wait_for()
    assert rows.count() == 0
    assert page.get_by_test_id("kernels-measure").is_disabled()
    page.get_by_test_id("tab-train").click()
    page.get_by_test_id("train-start").click()
    wait_dataset(page, "worker", "training")
    page.get_by_test_id("model-select").and_(page.locator("select:has(option[value=training])")).wait_for()
    page.get_by_test_id("tab-code").click()
    rows.filter(has_text="layers.0.weight (784 \N{MULTIPLICATION SIGN} 24)").first.wait_for()
    assert "the optimizer's step" in page.get_by_test_id("kernels-table").inner_text()
    rows.filter(has_text="loss").locator("button").first.click()
    page.locator("pre.code").filter(has_text="f32").wait_for()
    page.get_by_test_id("kernels-measure").click()
    assert len(measured_ms(page, rows.count())) > 3
    wait_dataset(page, "worker", "training")
    program.select_option("evaluate")
    rows.filter(has_text="logits (250 \N{MULTIPLICATION SIGN} 10)").first.wait_for()
    page.get_by_test_id("tab-train").click()
    page.get_by_test_id("train-reset").click()
    page.get_by_test_id("train-hidden").fill("20")
    page.get_by_test_id("train-start").click()
    wait_dataset(page, "worker", "training")
    page.get_by_test_id("tab-code").click()
    program.select_option("train")
    rows.filter(has_text="layers.0.weight (784 \N{MULTIPLICATION SIGN} 20)").first.wait_for()
    program.select_option("saliency")
    headline.filter(has_text="NumPy computes this").wait_for()
    use_model(page, "cnn")
    rows.filter(has_text="saliency").first.wait_for()


def measured_ms(page: Page, count: int) -> list[float]:
    """The times on screen, once they are there."""
    page.locator("[data-testid=kernel-time-0][data-value]").wait_for()
    cells = [page.get_by_test_id(f"kernel-time-{i}").get_attribute("data-value") for i in range(count)]
    return [float(ms or "nan") for ms in cells]
