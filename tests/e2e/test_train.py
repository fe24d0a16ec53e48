"""Training, in Chromium: through the buttons, on both engines, while drawing, and through all faults we can make."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Error, Route, Worker

from scripts import fetch_mnist
from tests.e2e.drawing import guess
from tests.e2e.support import dataset, predictions, settled, wait_dataset, wait_until, worker_states
from tests.e2e.train_page import LONG, Open, epoch, message, number, press, start, write

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
    settled(page)
    page.get_by_test_id("train-preset-fast").click()
    assert page.get_by_test_id("train-preset-fast").get_attribute("aria-pressed") == "true"
    assert page.get_by_test_id("train-engine").input_value() == engine
    before = predictions(page)
    assert press(page, "training", "failed") == "training"
    wait_until(page, lambda: page.get_by_test_id("model-select").input_value() == "training", "the switch")
    wait_until(page, lambda: predictions(page) >= before + 4, "fresh answers for the same ink")
    write(page, 7)
    settled(page)
    assert wait_dataset(page, "worker", "finished", "failed", timeout_s=300) == "finished"
    by_the_end = dict(worker_states(page))["finished"]
    assert by_the_end > before + 1, "answers while it learned"
    assert number(page, "test-accuracy") >= 97.0
    assert number(page, "val-accuracy") >= 97.0
    assert page.get_by_test_id("train-progress").evaluate("bar => bar.value") == 100
    assert len(page.get_by_test_id("train-table").locator("tbody tr").all()) >= 3
    assert page.get_by_test_id("runs-table").locator("tbody tr").count() == 1
    page.get_by_test_id("tool-clear").click()
    write(page, 3)
    settled(page)
    assert guess(page) == "3", "the network that was trained here answers"


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
    assert page.locator(".preset[aria-pressed=true]").count() == 0
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


def test_without_the_workers_script_nothing_hangs_and_train_works_once_it_is_back(open_visit: Open) -> None:
    script = "**/worker.*.py"
    visit = open_visit("?engine=wasm&epochs=0.1", service_workers="block", routes={script: lambda route: route.abort()})
    page = visit.page
    assert press(page, "training", "failed") == "failed"
    assert "is the network down?" in message(page)
    visit.expect_error("ERR_FAILED")
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        held.append(route)
        if len(held) > 1:
            route.continue_()

    visit.context.unroute(script)
    visit.context.route(script, hold_the_first)
    page.get_by_test_id("train-start").click()
    wait_until(page, lambda: held, "the request for the script")
    assert page.get_by_test_id("train-lr").is_disabled(), "a change would be shown and not used"
    held[0].continue_()
    assert wait_dataset(page, "worker", "finished", "failed") == "finished"
    assert page.get_by_test_id("train-lr").is_enabled()


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

    def prepare(worker: Worker) -> None:
        with suppress(Error):  # the first worker only asks whether there can be any, and ends at once
            worker.evaluate(KEEP_DEVICES)

    page.on("worker", prepare)
    press(page, "training", "failed")
    wait_until(page, lambda: number(page, "epoch") > 0, "the first step")
    page.workers[-1].evaluate("self.openedDevices.at(-1).destroy()")
    wait_until(page, lambda: "continues on a new device" in message(page), "the notice of the loss")
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
    assert "storage for this page is full" in message(page)
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
