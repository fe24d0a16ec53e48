"""Training on the visitor's own drawings, in Chromium: offered when there are some, refused when there are too few."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

from tabgrad.data.drawings import dumps
from tests.e2e.support import dataset, use_model, wait_dataset, wait_until
from tests.e2e.train_page import Open, hide_until_kept, message, number, press
from tests.unit.data.own_drawings import by_hand


def option(page: Page) -> str:
    """What the option of the visitor's drawings says."""
    return page.get_by_test_id("train-data").locator("option[value=mine]").text_content() or ""


def keep(page: Page, count: int, folder: Path) -> None:
    """Have so many more drawings, and be back at the training panel."""
    file = folder / f"{count}.json"
    file.write_text(dumps(by_hand(count), 280.0))
    page.get_by_test_id("tab-data").click()
    page.get_by_test_id("mine-import").set_input_files(file)
    page.get_by_test_id("mine-note").filter(has_text=f"Imported {count} drawings").wait_for()
    page.get_by_test_id("tab-train").click()


def test_drawings_are_offered_and_learned_from(open_visit: Open, tmp_path: Path) -> None:
    page = open_visit("?engine=wasm&hidden=32&epochs=4").page
    wait_until(page, lambda: option(page) == "Your own (none kept)", "the empty option")
    assert page.get_by_test_id("train-data").locator("option[value=mine]").is_disabled()
    keep(page, 3, tmp_path)
    wait_until(page, lambda: option(page) == "Your own (3)", "the option with three drawings")
    page.get_by_test_id("train-data").select_option("mine")
    assert press(page, "finished", "failed") == "failed"
    assert "more drawings under “Your own test set”" in message(page)
    keep(page, 100, tmp_path)
    wait_until(page, lambda: option(page) == "Your own (103)", "the option with all drawings")
    assert "data=mine" in page.url
    assert press(page, "finished", "failed") == "finished"
    assert "103 of your drawings" in (page.get_by_test_id("train-used").text_content() or "")
    assert page.get_by_test_id("model-select").input_value() == "training"


def test_what_is_missing_is_said_when_train_is_pressed_and_not_before(open_visit: Open) -> None:
    page = open_visit("?engine=wasm&data=mine").page
    page.get_by_test_id("train-seed").focus()  # the worker gets ready, and finds that there is nothing to learn from
    wait_dataset(page, "worker", "loading")
    assert wait_dataset(page, "worker", "none", "ready", "failed") == "none"
    assert message(page) == ""
    assert press(page, "finished", "failed") == "failed"
    assert "keep 8 more drawings" in message(page)


def test_a_run_is_not_resumed_with_other_drawings(open_visit: Open, tmp_path: Path) -> None:
    page = open_visit("?engine=wasm&hidden=32&schedule=constant&lr=0.01&data=mine").page
    keep(page, 60, tmp_path)
    press(page, "paused", "failed", button="train-step")  # a run of so few drawings would soon be over
    hide_until_kept(page)
    page.reload()
    wait_dataset(page, "app", "ready")
    keep(page, 20, tmp_path)
    page.get_by_test_id("train-resume-yes").click()
    wait_until(page, lambda: "has changed" in message(page), "the refusal")
    assert dataset(page, "worker") == "failed"
    assert press(page, "training", "failed") == "training"


def test_the_network_that_answers_can_learn_the_visitors_hand(open_visit: Open, tmp_path: Path) -> None:
    page = open_visit("?engine=wasm&epochs=2").page
    begin, rate = page.get_by_test_id("train-begin"), page.get_by_test_id("train-lr")
    wait_until(page, lambda: begin.locator("option[value=network]").text_content() == "MLP", "the network on offer")
    begin.select_option("network")
    assert page.get_by_test_id("train-hidden").input_value() == "128, 64"
    assert page.get_by_test_id("train-hidden").is_disabled()
    assert float(rate.input_value()) == 0.04  # the usual one would make it forget what it knows
    keep(page, 60, tmp_path)
    page.get_by_test_id("train-data").select_option("mine")
    assert press(page, "finished", "failed") == "finished"
    assert number(page, "val-accuracy") > 50  # drawings of ten digits, learned from 32 of them in two short epochs
    row = page.get_by_test_id("runs-table").locator("tbody tr").first
    assert "784-128-64-10from MLP, " in (row.text_content() or "")
    begin.select_option("fresh")
    assert page.get_by_test_id("train-hidden").is_enabled()
    assert float(rate.input_value()) == 0.4
    use_model(page, "cnn")
    assert begin.locator("option[value=network]").text_content() == "CNN"
    assert begin.locator("option[value=network]").is_disabled()
    page.get_by_role("button", name="Help: Begin with").click()
    page.get_by_text("It cannot go on from CNN").wait_for()
