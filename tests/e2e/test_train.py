"""Training, in Chromium: through the buttons, on both engines, while drawing, and through all faults we can make."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Worker

from scripts import fetch_mnist
from tests.e2e.drawing import DIGITS, draw, guess
from tests.e2e.support import POLL_S, TIMEOUT_S, Visit, dataset, predictions, wait_dataset, wait_predictions

Open = Callable[..., Visit]
#: A run that nobody waits for the end of.
LONG = "epochs=500&schedule=constant&lr=0.05"
#: Keeps the GPU devices that the worker opens within reach. Sent to the worker before Python is up in it.
KEEP_DEVICES = """() => {
  const request = GPUAdapter.prototype.requestDevice;
  self.openedDevices = [];
  GPUAdapter.prototype.requestDevice = async function (...options) {
    const device = await request.apply(this, options);
    self.openedDevices.push(device);
    return device;
  };
}"""


def number(page: Page, name: str) -> float:
    """The number in one of the panel's figures, NaN while there is none."""
    text = page.get_by_test_id(f"train-{name}").text_content() or ""
    match = re.search(r"[\d.]+", text.replace("\u202f", ""))
    return float(match[0]) if match else float("nan")


def message(page: Page) -> str:
    return page.get_by_test_id("train-message").text_content() or ""


def wait_until(page: Page, happened: Callable[[], object], what: str, timeout_s: float = TIMEOUT_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen; the panel says {message(page)!r}")
        page.wait_for_timeout(POLL_S * 1000)


def start(visit: Visit) -> Page:
    """Press Train and wait until steps are being done."""
    visit.page.get_by_test_id("train-start").click()
    wait_dataset(visit.page, "worker", "training", "failed")
    wait_until(visit.page, lambda: epoch(visit.page) > 0, "the first step")
    return visit.page


def write(page: Page, digit: int) -> None:
    """Draw a digit; the panel may have scrolled the pad out of sight."""
    page.get_by_test_id("draw-pad").scroll_into_view_if_needed()
    draw(page, DIGITS[digit])


def epoch(page: Page) -> float:
    value = number(page, "epoch")
    return 0.0 if math.isnan(value) else value


@pytest.fixture(scope="session")
def mnist() -> None:
    """For tests whose figures are MNIST's."""
    if fetch_mnist.locate() is None:
        pytest.skip("needs MNIST: python -m scripts.fetch_mnist")


@pytest.mark.usefixtures("mnist")
@pytest.mark.parametrize("engine", ["wasm", "webgpu"])
def test_a_network_learns_mnist_while_its_answers_are_on_the_pad(open_visit: Open, engine: str) -> None:
    page = open_visit(f"?engine={engine}").page
    write(page, 3)
    wait_predictions(page, 0)
    page.get_by_test_id("train-preset-fast").click()
    assert page.get_by_test_id("train-engine").input_value() == engine
    page.get_by_test_id("train-start").click()
    wait_dataset(page, "worker", "training")
    wait_until(page, lambda: page.get_by_test_id("model-select").input_value() == "training", "the switch")
    before = predictions(page)
    wait_until(page, lambda: predictions(page) >= before + 4, "fresh answers for the same ink")
    assert dataset(page, "worker") == "training"
    write(page, 7)
    wait_predictions(page, predictions(page))
    assert wait_dataset(page, "worker", "finished", "failed", timeout_s=300) == "finished"
    assert number(page, "test-accuracy") >= 97.0
    assert number(page, "val-accuracy") >= 97.0
    assert page.get_by_test_id("train-progress").evaluate("bar => bar.value") == 100
    assert len(page.get_by_test_id("train-table").locator("tbody tr").all()) >= 3
    assert page.get_by_test_id("runs-table").locator("tbody tr").count() == 1
    page.get_by_test_id("tool-clear").click()
    write(page, 3)
    wait_until(page, lambda: guess(page) == "3", "the answer of the network that was trained here")


def test_pause_step_resume_tune_stop_and_reset(open_visit: Open) -> None:
    visit = open_visit(f"?engine=wasm&{LONG}")
    page = start(visit)
    page.get_by_test_id("train-pause").click()
    wait_dataset(page, "worker", "paused")
    held = page.get_by_test_id("train-progress").evaluate("bar => bar.value")
    page.wait_for_timeout(400)
    assert page.get_by_test_id("train-progress").evaluate("bar => bar.value") == held
    page.get_by_test_id("train-step").click()
    wait_until(page, lambda: page.get_by_test_id("train-progress").evaluate("bar => bar.value") > held, "one step")
    page.get_by_test_id("train-lr").fill("0.0123")
    page.get_by_test_id("train-lr").press("Enter")
    assert page.get_by_test_id("train-batch").is_disabled()
    page.get_by_test_id("train-pause").click()
    wait_dataset(page, "worker", "training")
    wait_until(page, lambda: number(page, "rate") == 0.0123, "the new learning rate")
    assert "lr=0.0123" in page.url
    page.get_by_test_id("train-stop").click()
    assert wait_dataset(page, "worker", "finished", "failed") == "finished"
    assert number(page, "test-accuracy") > 10
    page.get_by_test_id("train-reset").click()
    wait_dataset(page, "worker", "ready")
    assert page.get_by_test_id("train-progress").evaluate("bar => bar.value") == 0


def test_a_run_can_begin_with_single_steps(open_visit: Open) -> None:
    page = open_visit(f"?engine=wasm&{LONG}").page
    page.get_by_test_id("train-step").click()
    wait_dataset(page, "worker", "paused")
    wait_until(page, lambda: page.get_by_test_id("train-progress").evaluate("bar => bar.value") > 0, "the first step")
    assert dataset(page, "worker") == "paused"


def test_a_reload_offers_to_resume(open_visit: Open) -> None:
    visit = open_visit(f"?engine=wasm&{LONG}")
    page = start(visit)
    wait_until(page, lambda: epoch(page) > 1.1, "the first epoch")
    page.reload()
    wait_dataset(page, "app", "ready")
    page.get_by_test_id("train-resume").wait_for(state="visible")
    assert "784-128-10" in (page.get_by_test_id("train-resume").text_content() or "")
    page.get_by_test_id("train-resume-yes").click()
    wait_dataset(page, "worker", "training", "failed")
    wait_until(page, lambda: epoch(page) >= 1, "the run going on where it was")
    assert number(page, "epoch") < 60


def test_a_killed_worker_is_replaced_and_the_run_goes_on(open_visit: Open) -> None:
    visit = open_visit(f"?engine=wasm&{LONG}")
    page = start(visit)
    wait_until(page, lambda: epoch(page) > 1.1, "the first checkpoint")
    page.evaluate("document.querySelector('script[name=trainer]').xworker.terminate()")
    wait_until(page, lambda: "started again" in message(page), "the replacement")
    wait_dataset(page, "worker", "training")
    reached = epoch(page)
    wait_until(page, lambda: epoch(page) > max(1.0, reached) + 0.1, "training after the replacement")
    assert page.locator("script[name=trainer]").count() == 1


def test_a_lost_gpu_device_costs_no_run(open_visit: Open) -> None:
    visit = open_visit("?engine=webgpu&epochs=0.3")
    page = visit.page
    workers: list[Worker] = []

    def prepare(worker: Worker) -> None:
        workers.append(worker)
        worker.evaluate(KEEP_DEVICES)

    page.on("worker", prepare)
    page.get_by_test_id("train-start").click()
    wait_dataset(page, "worker", "training", "failed")
    wait_until(page, lambda: number(page, "epoch") > 0, "the first step")
    workers[0].evaluate("self.openedDevices.at(-1).destroy()")
    wait_until(page, lambda: "goes on" in message(page), "the notice of the loss")
    assert wait_dataset(page, "worker", "finished", "failed", timeout_s=300) == "finished"


def test_a_full_storage_stops_nothing(open_visit: Open) -> None:
    visit = open_visit("?engine=wasm&epochs=0.3")
    page = visit.page
    cdp = visit.context.new_cdp_session(page)
    origin = re.match(r"https?://[^/]+", page.url)
    assert origin
    cdp.send("Storage.overrideQuotaForOrigin", {"origin": origin[0], "quotaSize": 1000})
    start(visit)
    assert wait_dataset(page, "worker", "finished", "failed") == "finished"
    wait_until(page, lambda: page.get_by_test_id("runs-table").locator("tbody tr").count() == 1, "the row of the run")
    with page.expect_download() as download:
        page.get_by_test_id("weights-export").click()
    assert download.value.path().stat().st_size > 400_000


def test_going_offline_during_a_run_changes_nothing(open_visit: Open) -> None:
    visit = open_visit("?engine=wasm&epochs=3")
    page = start(visit)
    wait_until(page, lambda: epoch(page) > 1, "all the data")
    visit.context.set_offline(True)
    assert wait_dataset(page, "worker", "finished", "failed") == "finished"
    visit.context.set_offline(False)


def test_weights_go_out_and_come_back(open_visit: Open, tmp_path: Path) -> None:
    import safetensors.numpy

    visit = open_visit("?engine=wasm&epochs=1&hidden=32")
    page = start(visit)
    assert wait_dataset(page, "worker", "finished", "failed") == "finished"
    with page.expect_download() as download:
        page.get_by_test_id("weights-export").click()
    file = tmp_path / "weights.safetensors"
    download.value.save_as(file)
    assert download.value.suggested_filename.startswith("tabgrad-784-32-10-step")
    tensors = safetensors.numpy.load_file(file)
    assert {name: value.shape for name, value in tensors.items()} == {
        "layers.0.weight": (784, 32),
        "layers.0.bias": (32,),
        "layers.1.weight": (32, 10),
        "layers.1.bias": (10,),
    }
    page.get_by_test_id("weights-import").set_input_files(file)
    wait_until(page, lambda: page.get_by_test_id("model-select").input_value() == "imported", "the imported network")
    write(page, 1)
    wait_predictions(page, predictions(page) - 1)
    for content, name in ((b"nonsense", "nonsense"), (file.read_bytes()[:-1000], "truncated"), (b"", "empty")):
        damaged = tmp_path / f"{name}.safetensors"
        damaged.write_bytes(content)
        page.get_by_test_id("weights-import").set_input_files(damaged)
        wait_until(page, lambda: "not imported" in message(page), "the refusal")
        assert page.get_by_test_id("model-select").input_value() == "imported"


def test_settings_live_in_the_address(open_visit: Open) -> None:
    page = open_visit("?engine=wasm&hidden=64-32&optimizer=adam&lr=0.003&seed=7&batch=many").page
    assert page.get_by_test_id("train-hidden").input_value() == "64, 32"
    assert page.get_by_test_id("train-optimizer").input_value() == "adam"
    assert page.get_by_test_id("train-seed").input_value() == "7"
    assert page.get_by_test_id("train-batch").input_value() == "128"
    assert "Batch size" in message(page)
    page.get_by_test_id("train-seed").fill("8")
    page.get_by_test_id("train-seed").press("Enter")
    assert "seed=8" in page.url
    assert "engine=wasm" in page.url
    page.get_by_test_id("train-lr").fill("99")
    page.get_by_test_id("train-start").click()
    assert "between" in message(page)
    assert page.get_by_test_id("train-lr").get_attribute("aria-invalid") == "true"
    assert dataset(page, "worker") != "training"


def test_the_slider_goes_back_in_time(open_visit: Open) -> None:
    visit = open_visit("?engine=wasm&epochs=3")
    page = start(visit)
    assert wait_dataset(page, "worker", "finished", "failed") == "finished"
    write(page, 2)
    wait_predictions(page, predictions(page) - 1)
    slider = page.get_by_test_id("train-time")
    before = predictions(page)
    slider.focus()
    slider.press("Home")
    wait_until(page, lambda: "epoch 1.00" in (page.get_by_test_id("train-time-note").text_content() or ""), "epoch 1")
    wait_until(page, lambda: predictions(page) > before, "the answer of that time")


def test_a_saved_run_answers_after_a_reload(open_visit: Open) -> None:
    visit = open_visit("?engine=wasm&epochs=1")
    page = start(visit)
    assert wait_dataset(page, "worker", "finished", "failed") == "finished"
    page.reload()
    wait_dataset(page, "app", "ready")
    wait_until(page, lambda: page.get_by_test_id("runs-table").locator("tbody tr").count() == 1, "the table of runs")
    page.get_by_role("button", name="Answer with it: run 1").click()
    write(page, 1)
    wait_until(page, lambda: guess(page) != "", "an answer")
    assert page.get_by_test_id("model-select").input_value().startswith("run-")
    with page.expect_download() as download:
        page.get_by_test_id("runs-csv").click()
    assert "test_accuracy" in download.value.path().read_text()
