"""What training leaves behind, in Chromium: the run to resume, its timeline, weights, settings, finished runs."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from tabgrad.network import load_safetensors, save_safetensors
from tests.e2e.drawing import guess
from tests.e2e.support import NOTE_STATES, dataset, predictions, settled, wait_dataset, wait_until
from tests.e2e.train_page import (
    LONG,
    Open,
    epoch,
    hide_until_kept,
    message,
    number,
    press,
    start,
    wait_until_kept,
    write,
)

#: A browser whose answers about locks take a second, as on a busy machine.
SLOW_LOCKS = """(() => {
  const { request } = LockManager.prototype;
  LockManager.prototype.request = async function (...inputs) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return request.apply(this, inputs);
  };
})()"""


def entry(page: Page) -> str:
    """What the slider says of the entry that it stands at; a space that cannot break reads as a space."""
    return " ".join((page.get_by_test_id("train-time-note").text_content() or "").split())


def confusion(page: Page) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """The counts in the panel's confusion matrix."""
    cells = page.get_by_test_id("train-confusion").locator("td")
    return np.array(cells.evaluate_all("cells => cells.map(cell => Number(cell.dataset.value))")).reshape(10, 10)


def choose(page: Page, action: str) -> None:
    """Open the menu of run 1 and choose one of its actions."""
    page.get_by_label("More about run 1", exact=True).click()
    page.get_by_role("button", name=action).click()


def test_a_reload_offers_to_resume(open_visit: Open) -> None:
    visit = open_visit(f"?engine=wasm&{LONG}")
    page = start(visit)
    wait_until(page, lambda: epoch(page) > 2.1, "two epochs")
    wait_until_kept(page)
    page.reload()
    wait_dataset(page, "app", "ready")
    page.get_by_test_id("train-resume").wait_for(state="visible")
    assert "784-128-10" in (page.get_by_test_id("train-resume").text_content() or "")
    assert press(page, "training", "failed", button="train-resume-yes") == "training"
    wait_until(page, lambda: epoch(page) >= 2, "the run going on where it was")
    assert number(page, "epoch") < 60
    slider = page.get_by_test_id("train-time")
    assert int(slider.get_attribute("max") or 0) >= 1
    slider.focus()
    slider.press("Home")  # the whole way that led there is back
    wait_until(page, lambda: "epoch 0:" in entry(page), "the beginning of the earlier visit")
    slider.press("ArrowRight")
    wait_until(page, lambda: "epoch 1.00" in entry(page), "its first epoch")
    assert (confusion(page).sum(1) > 0).all()


def test_a_run_that_begins_at_once_can_be_resumed(open_visit: Open) -> None:
    """The page still looks for an interrupted run then, and holds the run lock to do so."""
    page = open_visit(f"?engine=wasm&{LONG}", init_script=SLOW_LOCKS).page
    press(page, "training", "failed")
    wait_until_kept(page)


def test_hiding_the_tab_keeps_the_run_as_it_is_then(open_visit: Open) -> None:
    visit = open_visit(f"?engine=wasm&hidden=256-256&batch=16&{LONG}")  # an epoch takes its time
    page = start(visit)
    press(page, "paused", button="train-pause")  # nothing else makes a checkpoint now
    hide_until_kept(page)
    reached = epoch(page)
    page.reload()
    wait_dataset(page, "app", "ready")
    page.get_by_test_id("train-resume").filter(has_text=f"interrupted at epoch {reached:.2f} of").wait_for()


def test_a_second_tab_leaves_the_run_of_the_first_alone(open_visit: Open) -> None:
    visit = open_visit(f"?engine=wasm&{LONG}")
    page = start(visit)
    wait_until(page, lambda: epoch(page) > 1.1, "the first checkpoint")
    press(page, "paused", button="train-pause")  # still under way, and no burden on the other tab
    other = visit.context.new_page()
    other.add_init_script(NOTE_STATES)
    other.goto(visit.url.replace(LONG, "hidden=16&epochs=1"))
    wait_dataset(other, "app", "ready")
    assert press(other, "finished", "failed") == "finished"
    wait_until(other, lambda: other.get_by_test_id("runs-table").locator("tbody tr").count() == 1, "its row")
    assert other.get_by_test_id("train-resume").is_hidden(), "the run of the first tab goes on"
    page.reload()
    wait_dataset(page, "app", "ready")
    page.get_by_test_id("train-resume").filter(has_text="784-128-10").wait_for()
    assert page.get_by_test_id("runs-table").locator("tbody tr").count() == 1
    page.get_by_test_id("train-resume-yes").click()
    wait_until(page, lambda: "epoch 1.00" in at_the_first_epoch(page), "the timeline of the first tab")


def at_the_first_epoch(page: Page) -> str:
    """What the slider says when it is moved to the first epoch."""
    page.get_by_test_id("train-time").press("Home")
    page.get_by_test_id("train-time").press("ArrowRight")
    return entry(page)


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
    settled(page)
    good, nested = file.read_bytes(), b"[" * 5000
    huge = {name: np.full_like(value, 1e38) for name, value in tensors.items()}
    for name, content, sentence in (
        ("truncated", good[:-1000], "truncated"),
        ("nested", len(nested).to_bytes(8, "little") + nested, "header is damaged"),
        ("settings", save_safetensors(tensors, {"settings": nested.decode()}), "settings are damaged"),
        ("list", save_safetensors(tensors, {"settings": "[]"}), "settings cannot be used"),
        ("pytorch", save_safetensors({name: value.T for name, value in tensors.items()}), "PyTorch's layout"),
        ("large", save_safetensors(large_network()), "larger than this page can build"),
        ("huge", save_safetensors(huge), "so large"),
        ("empty", b"", "not a safetensors file"),
    ):
        damaged = tmp_path / f"{name}.safetensors"
        damaged.write_bytes(content)
        page.get_by_test_id("weights-import").set_input_files(damaged)
        wait_until(page, lambda sentence=sentence: sentence in message(page), f"the refusal of {name}")  # type: ignore[misc]
        assert message(page).startswith("The file was not imported: ")
        assert page.get_by_test_id("model-select").input_value() == "imported"
    write(page, 7)  # Python is alive
    settled(page)


def large_network() -> dict[str, np.ndarray]:
    shapes = {"layers.0.weight": (784, 2048), "layers.1.weight": (2048, 2048), "layers.2.weight": (2048, 10)}
    biases = {name.replace("weight", "bias"): shape[1:] for name, shape in shapes.items()}
    return {name: np.zeros(shape, np.float32) for name, shape in {**shapes, **biases}.items()}


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
    settled(page)
    slider, picker = page.get_by_test_id("train-time"), page.get_by_test_id("model-select")
    said = page.get_by_test_id("status")
    ending, tested = said.text_content() or "", number(page, "test-accuracy")
    assert f"right on {tested:.2f}" in ending
    slider.focus()
    for key, when, name in (
        ("Home", "epoch 0:", "Just trained, epoch 0"),
        ("ArrowRight", "epoch 1.00:", "Just trained, epoch 1.00"),
        ("End", "epoch 3.00:", "Just trained"),
    ):
        before = predictions(page)
        slider.press(key)
        wait_until(page, lambda when=when: when in entry(page), when)  # type: ignore[misc] # a bound default
        wait_until(page, lambda before=before: predictions(page) > before, "the answer")  # type: ignore[misc] # a bound default
        counts = confusion(page)
        share = f"{100 * np.trace(counts) / counts.sum():.2f}"
        assert f"{share} %" in entry(page)
        assert picker.locator("option:checked").text_content() == name
        assert f"{number(page, 'val-accuracy'):.2f}" == share
        if key == "End":
            assert (said.text_content(), number(page, "test-accuracy")) == (ending, tested)
        else:
            assert f"right on {share}" in (said.text_content() or "")
            assert "of the validation images" in (said.text_content() or "")
            assert math.isnan(number(page, "test-accuracy")), "it was not measured then"
            assert f"{number(page, 'epoch'):.2f}" == ("0.00" if key == "Home" else "1.00")
    headers = page.get_by_test_id("train-confusion").locator("tbody th[scope=row]")
    assert headers.all_text_contents() == [str(digit) for digit in range(10)]


def test_a_saved_run_answers_after_a_reload_and_has_its_timeline(open_visit: Open) -> None:
    visit = open_visit("?engine=wasm&epochs=2")
    page = start(visit)
    assert wait_dataset(page, "worker", "finished", "failed") == "finished"
    page.reload()
    wait_dataset(page, "app", "ready")
    wait_until(page, lambda: page.get_by_test_id("runs-table").locator("tbody tr").count() == 1, "the table of runs")
    choose(page, "Answer with it: run 1")
    wait_until(page, lambda: page.get_by_test_id("model-select").input_value().startswith("run-"), "the saved run")
    write(page, 1)
    settled(page)
    assert guess(page) != ""
    slider, before = page.get_by_test_id("train-time"), predictions(page)
    assert page.get_by_label("Back in time: run 1").is_visible()
    assert (confusion(page).sum(1) > 0).all()
    slider.focus()
    slider.press("Home")
    wait_until(page, lambda: page.get_by_test_id("model-select").input_value() == "training", "that run's network")
    wait_until(page, lambda: predictions(page) > before, "its answer")
    assert "epoch 0:" in entry(page)
    assert "Just trained, epoch 0" in page.get_by_test_id("model-select").locator("option").all_text_contents()
    with page.expect_download() as download:
        page.get_by_test_id("runs-csv").click()
    assert "test_accuracy" in download.value.path().read_text()
    with page.expect_download() as download:
        choose(page, "Weights: run 1")
    assert load_safetensors(download.value.path().read_bytes())[0].keys() >= {"layers.0.weight", "layers.1.bias"}
    page.get_by_test_id("model-select").select_option(label="Run 1")
    wait_until(page, lambda: "Run 1 answers now" in (page.get_by_test_id("status").text_content() or ""), "run 1")
    choose(page, "Forget: run 1")
    wait_until(page, lambda: page.get_by_test_id("model-select").input_value() == "mlp", "the first model")
    assert page.get_by_test_id("runs-csv").is_disabled()


def test_a_forgotten_run_can_come_back_until_the_page_is_left(open_visit: Open) -> None:
    visit = open_visit("?engine=wasm&epochs=0.5&hidden=16")
    page = start(visit)
    assert wait_dataset(page, "worker", "finished", "failed") == "finished"
    rows = page.get_by_test_id("runs-table").locator("tbody tr")
    wait_until(page, lambda: rows.count() == 1, "its row")
    row = rows.first.text_content()
    choose(page, "Forget: run 1")
    undo = page.get_by_test_id("runs-undo")
    page.get_by_text("Run 1 is forgotten.").wait_for()
    wait_until(page, lambda: undo.evaluate("button => button === document.activeElement"), "the focus on Undo")
    assert rows.count() == 0
    assert "Run 1" not in page.get_by_test_id("model-select").locator("option").all_text_contents()
    page.keyboard.press("Enter")
    wait_until(page, lambda: rows.count() == 1, "the row")
    assert rows.first.text_content() == row
    assert page.evaluate("() => document.activeElement.getAttribute('aria-label')") == "More about run 1"
    assert "Run 1" in page.get_by_test_id("model-select").locator("option").all_text_contents()
    page.reload()
    wait_dataset(page, "app", "ready")
    page.get_by_label("Back in time: run 1").wait_for()
    choose(page, "Forget: run 1")
    undo.wait_for()
    page.reload()
    wait_dataset(page, "app", "ready")
    page.get_by_text("Each run that ends is kept here").wait_for()
    assert undo.is_hidden()
    assert rows.count() == 0
