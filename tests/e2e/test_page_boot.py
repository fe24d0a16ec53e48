"""The boot: ink is taken from the first paint, progress is real, and whatever fails costs a sentence and no ink."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.drawing import DIGITS, bars, draw, guess, ink_pixels, pad_points
from tests.e2e.support import Visit, dataset, predictions, settled, use_model, wait_dataset, wait_predictions

Open = Callable[..., Visit]
NO_WEBGPU = "delete Navigator.prototype.gpu"
NO_ADAPTER = "if (navigator.gpu) navigator.gpu.requestAdapter = async () => null"
KEEP_DEVICE = """const request = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = async function (...options) {
    return window.device = await request.apply(this, options);
};"""


def status(page: Page) -> str:
    return page.get_by_test_id("status").inner_text()


@dataclass
class Held:
    """Keeps Python's package back until `release`, so that the boot waits for the test and not the other way round."""

    waiting: list[Route] = field(default_factory=list)

    @property
    def routes(self) -> dict[str, Callable[[Route], object]]:
        return {"**/tabgrad.*.zip": lambda route: self.waiting.append(route)}  # noqa: PLW0108 - Playwright marks handlers

    def release(self) -> None:
        for route in self.waiting:
            route.continue_()


def assert_usable(page: Page) -> None:
    """Ink is taken and can be taken back."""
    draw(page, DIGITS[1])
    expect(page.get_by_test_id("tool-undo")).to_be_enabled()
    page.get_by_test_id("tool-undo").click()


def test_ink_drawn_before_the_boot_is_answered_after_it(open_visit: Open) -> None:
    held = Held()
    page = open_visit(ready=False, routes=held.routes).page
    draw(page, [[(0.5, 0.5)]])
    assert ink_pixels(page) > 0  # a tap shows
    page.get_by_test_id("tool-undo").click()
    draw(page, DIGITS[4])
    draw(page, [[(0.1, 0.1), (0.2, 0.1)]])
    page.get_by_test_id("tool-undo").click()
    draw(page, [[(0.9, 0.9), (0.9, 0.6)]])
    assert dataset(page, "app") == "booting"
    page.get_by_test_id("tool-eraser").click()
    draw(page, [[(0.9, 0.95), (0.9, 0.55)]])
    before = ink_pixels(page)
    held.release()
    wait_dataset(page, "app", "ready")
    wait_predictions(page, 0)
    assert guess(page) == "4"
    assert page.get_by_test_id("tool-eraser").get_attribute("aria-pressed") == "true"
    assert ink_pixels(page) == pytest.approx(before, rel=0.02)  # the same picture
    for _ in range(4):  # the two strokes of the digit, one beside it, and the eraser
        page.get_by_test_id("tool-undo").click()
    expect(page.get_by_test_id("tool-clear")).to_be_disabled()
    assert bars(page) == [0] * 10


def test_a_stroke_goes_on_while_python_takes_over(open_visit: Open) -> None:
    held = Held()
    page = open_visit(ready=False, routes=held.routes).page
    points = pad_points(page, DIGITS[3][0])
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[:14]:
        page.mouse.move(*point, steps=2)
    assert dataset(page, "app") == "booting"
    held.release()
    wait_dataset(page, "app", "ready")
    for point in points[14:]:
        page.mouse.move(*point, steps=2)
    page.mouse.up()
    settled(page)
    assert guess(page) == "3"
    page.get_by_test_id("tool-undo").click()
    assert bars(page) == [0] * 10  # one stroke, one step


def test_python_stays_on_the_threads_own_stack(open_visit: Open) -> None:
    """Chromium's heap profiler crashes a tab now and then where Pyodide switches stacks."""
    page = open_visit("?engine=wasm", ready=False).page
    page.get_by_test_id("train-start").click()
    wait_dataset(page, "worker", "training", "failed")
    assert page.workers
    for place in (page, *page.workers):
        assert place.evaluate("() => ['Suspending', 'promising'].filter((name) => name in WebAssembly)") == []


def test_progress_counts_every_byte(open_visit: Open) -> None:
    page = open_visit().page
    assert page.locator("#boot-bar").get_attribute("aria-valuenow") == "100"


@pytest.mark.parametrize("size", [(390, 844), (1280, 1400)], ids=["phone", "tall screen"])
def test_nothing_moves_while_booting(open_visit: Open, size: tuple[int, int]) -> None:
    page = open_visit(viewport={"width": size[0], "height": size[1]}).page
    shifts = page.evaluate(
        """() => new Promise((resolve) => {
        const name = ({ node }) => node?.id || node?.className || node?.nodeName;
        new PerformanceObserver((list) => resolve(list.getEntries().map((e) => [e.value, e.sources.map(name).join()])))
            .observe({ type: "layout-shift", buffered: true });
        setTimeout(() => resolve([]), 300); })"""
    )
    assert sum(value for value, _ in shifts) < 0.02, shifts


def test_python_that_does_not_arrive(open_visit: Open) -> None:
    visit = open_visit(ready=False, routes={"**/tabgrad.*.zip": lambda route: route.fulfill(status=404)})
    page = visit.page
    draw(page, DIGITS[5])
    wait_dataset(page, "app", "failed")
    assert "reload the page; your drawing is kept" in status(page)
    assert dataset(page, "error") == status(page)
    assert_usable(page)
    visit.context.unroute("**/tabgrad.*.zip")
    page.reload()
    wait_dataset(page, "app", "ready")
    wait_predictions(page, 0)
    assert guess(page) == "5"
    visit.errors.clear()  # the 404, and Python's own report of it


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("models/mlp/weights.*", lambda body: body[: len(body) // 2]),
        ("models/mlp/weights.*", lambda body: b"\xff" * 64),
        ("models/mlp/card.*", lambda body: body[:20]),
        ("models/mlp/infer.*", lambda body: body[: len(body) // 2]),
        ("models/mlp/infer.*", lambda body: body.replace(b'"x"', b'"y"')),
    ],
    ids=["truncated weights", "no weights", "truncated card", "truncated program", "changed program"],
)
def test_a_damaged_model_leaves_the_other(
    open_visit: Open, dist: Path, file: str, change: Callable[[bytes], bytes]
) -> None:
    def damaged(route: Route) -> None:
        route.fulfill(body=change((dist / urlsplit(route.request.url).path.removeprefix("/some/path/")).read_bytes()))

    page = open_visit(routes={f"**/{file}": damaged}).page
    assert status(page).startswith("MLP cannot be used: ")
    assert dataset(page, "error")
    assert page.get_by_test_id("model-select").input_value() == "cnn"
    draw(page, DIGITS[6])
    settled(page)
    assert guess(page) == "6"
    page.get_by_test_id("model-select").select_option("mlp")
    page.get_by_test_id("status").filter(has_text="still works").wait_for()
    assert page.get_by_test_id("model-select").input_value() == "cnn"


def test_a_missing_model_leaves_the_other(open_visit: Open) -> None:
    visit = open_visit(routes={"**/models/cnn/weights.*": lambda route: route.fulfill(status=404)})
    page = visit.page
    page.get_by_test_id("model-select").select_option("cnn")
    page.get_by_test_id("status").filter(has_text="a newer version is there").wait_for()
    assert page.get_by_test_id("model-select").input_value() == "mlp"
    draw(page, DIGITS[2])
    settled(page)
    assert guess(page) == "2"
    visit.context.unroute("**/models/cnn/weights.*")
    use_model(page, "cnn")
    visit.expect_error("404")


@pytest.mark.parametrize("init_script", [NO_WEBGPU, NO_ADAPTER], ids=["no WebGPU", "no adapter"])
def test_without_webgpu_the_page_says_so_and_stays_usable(open_visit: Open, init_script: str) -> None:
    page = open_visit("?engine=webgpu", init_script=init_script).page
    assert "WebGPU" in status(page)
    assert dataset(page, "error") == status(page)
    assert_usable(page)


def test_without_webgpu_webassembly_answers(open_visit: Open) -> None:
    page = open_visit(init_script=NO_WEBGPU).page
    assert page.get_by_test_id("engine-badge").inner_text().startswith("WebAssembly")
    for model in ("mlp", "cnn"):
        use_model(page, model)
        for digit, polylines in DIGITS.items():
            draw(page, polylines)
            settled(page)
            assert guess(page) == str(digit)
            page.get_by_test_id("tool-clear").click()


def test_a_lost_device_is_replaced(open_visit: Open) -> None:
    page = open_visit("?engine=webgpu", init_script=KEEP_DEVICE).page
    draw(page, DIGITS[9])
    settled(page)
    assert guess(page) == "9"
    count = predictions(page)
    page.evaluate("() => window.device.destroy()")
    draw(page, [[(0.56, 0.84), (0.56, 0.86)]])
    wait_predictions(page, count)
    settled(page)
    assert guess(page) == "9"
    page.get_by_test_id("status").filter(has_text="is ready").wait_for()


HARDWARE = """for (const [name, value] of [["vendor", "acme"], ["architecture", "one"], ["isFallbackAdapter", false]])
    if (self.GPUAdapterInfo) Object.defineProperty(GPUAdapterInfo.prototype, name, { get: () => value });"""
NO_PIPELINES = """
GPUDevice.prototype.createComputePipelineAsync = async () => { throw new Error("the driver says no"); };"""


def test_a_graphics_card_that_cannot_build_the_shaders_is_left_for_webassembly(open_visit: Open) -> None:
    page = open_visit(init_script=HARDWARE + NO_PIPELINES).page
    assert page.get_by_test_id("engine-badge").inner_text().startswith("WebAssembly")
    assert "the driver says no" in status(page)
    assert status(page).endswith("MLP on WebAssembly answers instead.")
    draw(page, DIGITS[8])
    settled(page)
    assert guess(page) == "8"


def test_a_graphics_card_that_is_lost_again_and_again_is_left_for_webassembly(open_visit: Open) -> None:
    page = open_visit(init_script=HARDWARE + KEEP_DEVICE).page
    assert page.get_by_test_id("engine-badge").inner_text() == "WebGPU · Acme One"
    use_model(page, "cnn")
    draw(page, DIGITS[3])
    for _ in range(3):
        settled(page)
        count = predictions(page)
        page.evaluate("() => window.device.destroy()")
        draw(page, [[(0.46, 0.65), (0.46, 0.66)]])  # one more dot: predicting it fails, because the device is lost
        wait_predictions(page, count)
    assert page.get_by_test_id("engine-badge").inner_text().startswith("WebAssembly")
    assert status(page).endswith("CNN on WebAssembly answers instead.")
    assert page.get_by_test_id("model-select").input_value() == "cnn"
    for _ in range(4):  # no ink is lost
        page.get_by_test_id("tool-undo").click()
    expect(page.get_by_test_id("tool-clear")).to_be_disabled()


def test_two_tabs_at_once(open_visit: Open) -> None:
    first, second = open_visit().page, open_visit().page
    draw(first, DIGITS[0])
    draw(second, DIGITS[7])
    for page, digit in ((first, "0"), (second, "7")):
        settled(page)
        assert guess(page) == digit


def test_faults_of_other_peoples_scripts_are_not_ours(open_visit: Callable[..., Visit]) -> None:
    """Extensions run in the page, too. Theirs may fail while it boots, and their scripts may be blocked."""
    visit = open_visit(
        "?engine=wasm",
        init_script="""Promise.reject(new Error("Failed to connect to MetaMask"));
        Promise.reject("no stack at all");
        addEventListener("DOMContentLoaded", () => {
          document.head.appendChild(document.createElement("script")).src = "https://example.org/extension.js";
        });""",
    )
    visit.foreign_requests.clear()
    assert "MetaMask" not in (visit.page.get_by_test_id("status").text_content() or "")
    assert dataset(visit.page, "app") == "ready"
    for text in ("MetaMask", "no stack", "example.org"):
        visit.expect_error(text)


@pytest.mark.parametrize("saved", ['{"tool":1}', '[null,{"tool":"pen","width":1,"points":[null,3]},7]', "[[[[", "3"])
def test_a_damaged_drawing_in_the_storage_stops_nothing(open_visit: Callable[..., Visit], saved: str) -> None:
    script = f"if (!sessionStorage.getItem('once')) sessionStorage.setItem('tabgrad.ink', {saved!r});"
    page = open_visit("?engine=wasm", init_script=script + "sessionStorage.setItem('once', 'yes');").page
    draw(page, DIGITS[1])
    settled(page)
    assert guess(page) == "1"
