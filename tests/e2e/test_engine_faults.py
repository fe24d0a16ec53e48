"""An engine that goes wrong under the page, in Chromium: the device is lost while a model is built, the GPU never
answers, the clock is coarse. The page says one sentence, and answers the same drawing.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.drawing import DIGITS, draw, guess
from tests.e2e.support import Visit, dataset, predictions, settled, wait_dataset, wait_predictions, wait_until

Open = Callable[..., Visit]

#: Once `armed`, the device destroys itself at the n-th call of a method. Counted over all devices, so it happens once.
DESTROY_AT_CALL = """const request = GPUAdapter.prototype.requestDevice;
window.armed = false, window.calls = 0, window.devices = 0;
GPUAdapter.prototype.requestDevice = async function (...options) {{
    const device = await request.apply(this, options);
    window.devices += 1;
    const call = device.{method}.bind(device);
    device.{method} = (...values) => {{
        if (window.armed && ++window.calls === {nth}) device.destroy();
        return call(...values);
    }};
    return device;
}};"""
#: The adapter passes for hardware, so that it is chosen without a trial; once `silent`, nothing that it reads arrives.
SILENT_HARDWARE = """Object.defineProperty(GPUAdapterInfo.prototype, "architecture", { get: () => "made-up" });
Object.defineProperty(GPUAdapterInfo.prototype, "isFallbackAdapter", { get: () => false });
const map = GPUBuffer.prototype.mapAsync;
GPUBuffer.prototype.mapAsync = function (...values) {
    return window.silent ? new Promise(() => {}) : map.apply(this, values);
};"""
#: What privacy settings make of the clock.
COARSE_CLOCK = """const now = Performance.prototype.now;
Performance.prototype.now = function () { return Math.floor(now.call(this) / 100) * 100; };"""


def status(page: Page) -> str:
    return page.get_by_test_id("status").inner_text()


@pytest.mark.parametrize(
    ("method", "nth"),
    [("createComputePipelineAsync", 1), ("createComputePipelineAsync", 3), ("createBuffer", 1), ("createBuffer", 6)],
)
def test_a_device_destroyed_while_a_model_is_built_is_opened_again(open_visit: Open, method: str, nth: int) -> None:
    visit = open_visit("?engine=webgpu", init_script=DESTROY_AT_CALL.format(method=method, nth=nth))
    page = visit.page
    draw(page, DIGITS[4])
    settled(page)
    before = predictions(page)
    page.evaluate("window.armed = true")
    page.get_by_test_id("model-select").select_option("cnn")
    wait_until(page, lambda: "is ready" in status(page) and page.evaluate("window.devices") == 2, "another device")
    assert page.get_by_test_id("model-select").input_value() == "cnn"
    wait_predictions(page, before)
    settled(page)
    assert guess(page) == "4", "the same drawing is answered"
    page.get_by_test_id("tool-clear").click()
    draw(page, DIGITS[7])
    settled(page)
    assert guess(page) == "7", "and later ones are, too"
    visit.errors = [error for error in visit.errors if "destroyed" not in error and "lost" not in error]


def test_a_gpu_that_never_answers_is_left_for_the_other_engine(open_visit: Open) -> None:
    page = open_visit(init_script=SILENT_HARDWARE).page
    expect(page.get_by_test_id("engine-badge")).to_contain_text("WebGPU")
    draw(page, DIGITS[4])
    settled(page)
    page.evaluate("window.silent = true")
    page.get_by_test_id("tool-clear").click()
    draw(page, DIGITS[7])
    expect(page.get_by_test_id("engine-badge")).to_contain_text("WebAssembly", timeout=60_000)
    wait_until(page, lambda: dataset(page, "answer") == "shown", "the answer of the other engine")
    assert guess(page) == "7"
    assert "has not answered for 20 s. MLP on WebAssembly answers instead." in status(page)


def test_a_clock_of_100_ms_says_what_it_can(open_visit: Open) -> None:
    page = open_visit("?engine=wasm#kernels", init_script=COARSE_CLOCK).page
    draw(page, DIGITS[4])
    settled(page)
    assert guess(page) == "4"
    shown = page.get_by_test_id("inference-ms").inner_text()
    assert re.fullmatch(r"(< )?[1-9][\d.]* ms", shown), shown
    page.get_by_test_id("kernels-measure").click()
    clock = page.get_by_test_id("kernels-clock")
    wait_until(page, lambda: "for all launches together" in clock.inner_text(), "the times")
    times = [page.get_by_test_id(f"kernel-time-{i}").inner_text() for i in range(3)]
    assert all(re.fullmatch(r"(< )?\d+(\.\d+)? (ns|µs|ms)", time) and not time.startswith("0 ") for time in times), (
        times
    )
    wait_dataset(page, "app", "ready")
