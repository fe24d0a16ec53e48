"""Mistakes are those of the network that answers: a finished run, a checkpoint, a saved run. The oracle checks them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from tabgrad.metrics import Results
from tabgrad.network import load_safetensors
from tests.e2e.inside_page import Digits, counts, generated_digits, results_of
from tests.e2e.support import Visit, wait_dataset, wait_until
from tests.e2e.train_page import press

TRAINED = "The network just trained"


def train(page: Page, epochs: int, file: Path, digits: Digits) -> Results:
    """Train to the end; returns the oracle's results for the exported weights."""
    page.get_by_test_id("tab-train").click()
    page.get_by_test_id("train-epochs").fill(str(epochs))
    page.get_by_test_id("train-epochs").press("Enter")
    assert press(page, "finished", "failed") == "finished"
    with page.expect_download() as download:
        page.get_by_test_id("weights-export").click()
    download.value.save_as(file)
    weights, metadata = load_safetensors(file.read_bytes())
    return results_of(json.loads(metadata["spec"]), weights, digits)


def measurement(page: Page) -> int:
    """How many measurements were shown so far."""
    return int(page.get_by_test_id("mistakes-headline").get_attribute("data-measurement") or 0)


def shows(page: Page, expected: Results, after: int, network: str) -> None:
    """Wait for a measurement of `network` after the one numbered `after`, and compare it with the oracle's."""
    page.get_by_test_id("tab-data").click()
    wait_until(page, lambda: measurement(page) > after, f"a measurement of {network}")
    page.get_by_test_id("mistakes-note").filter(has_text=f"{network} on").wait_for()
    np.testing.assert_array_equal(counts(page), expected.confusion)
    errors = page.get_by_test_id("mistakes-headline").get_attribute("data-errors")
    assert errors == str(expected.errors)


def test_figures_are_those_of_the_network_that_answers(open_visit: Callable[..., Visit], tmp_path: Path) -> None:
    """With a constant learning rate, a run of two epochs passes through the weights of a run of one."""
    digits = generated_digits()
    page = open_visit("?engine=wasm&data=strokes&hidden=16&schedule=constant&lr=0.05").page
    one = train(page, 1, tmp_path / "one.safetensors", digits)
    page.get_by_test_id("tab-data").click()
    page.get_by_test_id("mistakes-set").select_option("strokes")
    page.get_by_test_id("mistakes-measure").click()
    shows(page, one, 0, TRAINED)

    # nothing is pressed from here on: the figures follow
    two = train(page, 2, tmp_path / "two.safetensors", digits)
    assert two.errors != one.errors
    before = measurement(page)
    shows(page, two, before, TRAINED)

    page.get_by_test_id("tab-train").click()
    page.get_by_test_id("train-time").fill("1")
    page.get_by_test_id("train-time-note").filter(has_text="epoch 1.00").wait_for()
    shows(page, one, measurement(page), f"{TRAINED} (epoch 1.00)")

    options = page.get_by_test_id("model-select").locator("option[value^=run-]")
    names = {(option.text_content() or ""): option.get_attribute("value") or "" for option in options.all()}
    for title, expected in (("Run 2", two), ("Run 1", one)):
        before = measurement(page)
        page.get_by_test_id("model-select").select_option(names[title])
        shows(page, expected, before, title)

    before = measurement(page)
    page.get_by_test_id("model-select").select_option("training")
    shows(page, one, before, f"{TRAINED} (epoch 1.00)")
    page.get_by_test_id("tab-inside").click()
    page.get_by_test_id("unit-title").filter(has_text="Layer 1").wait_for()


def test_a_network_in_training_is_measured_as_it_was_and_not_again_while_it_learns(
    open_visit: Callable[..., Visit],
) -> None:
    page = open_visit("?engine=wasm&data=strokes&hidden=16&epochs=500&schedule=constant&lr=0.05").page
    page.get_by_test_id("train-start").click()
    wait_dataset(page, "worker", "training")
    page.get_by_test_id("model-select").and_(page.locator("select:has(option[value=training])")).wait_for()
    page.get_by_test_id("tab-data").click()
    page.get_by_test_id("mistakes-set").select_option("strokes")
    page.get_by_test_id("mistakes-measure").click()
    wait_until(page, lambda: measurement(page) == 1, "the measurement that was asked for")
    page.get_by_test_id("mistakes-note").filter(has_text="when the run pauses or ends").wait_for()
    wait_dataset(page, "worker", "training")
    assert measurement(page) == 1
    page.get_by_test_id("tab-train").click()
    page.get_by_test_id("train-pause").click()
    wait_dataset(page, "worker", "paused")
    page.get_by_test_id("tab-data").click()
    wait_until(page, lambda: measurement(page) == 2, "the measurement at rest")
    page.get_by_test_id("tab-train").click()
    page.get_by_test_id("train-stop").click()
    wait_dataset(page, "worker", "finished")
