"""Runs are named by the visitor, and the code of two runs is compared, in Chromium."""

from __future__ import annotations

import json
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.support import wait_dataset
from tests.e2e.train_page import Open

#: Stores the table of runs, as an earlier visit did.
STORE = """(text) => new Promise((resolve) => {
  const name = `tabgrad:${new URL(".", document.baseURI).pathname}`;
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore("files");
  request.onsuccess = () => {
    const transaction = request.result.transaction("files", "readwrite");
    transaction.objectStore("files").put(new TextEncoder().encode(text), "train/runs");
    transaction.oncomplete = () => { request.result.close(); resolve(); };
  };
})"""
SOURCE = "class Net:\n    def __call__(self, x):\n        return x.relu()\n"


def row(number: int, source: str) -> dict[str, Any]:
    settings = {"model": "code", "source": source} if source else {"hidden": [16]}
    return {
        **{"id": f"{number}a", "number": number, "engine": "WebAssembly", "epochs_done": 1, "seconds": 2.0},
        **{"validation_accuracy": 0.9, "test_accuracy": 0.9, "settings": settings},
        **({"name": f"Your code {number}"} if source else {}),
    }


@pytest.fixture
def page(open_visit: Open) -> Page:
    """A page with four runs, three of them of code."""
    page = open_visit("?engine=wasm").page
    rows = [row(4, SOURCE.replace("relu", "silu")), row(3, SOURCE), row(2, ""), row(1, SOURCE)]
    page.evaluate(STORE, json.dumps(rows))
    page.reload()
    wait_dataset(page, "app", "ready")
    page.get_by_test_id("runs-table").locator("tbody tr").nth(3).wait_for()
    return page


def choose(page: Page, number: int, action: str) -> None:
    page.get_by_label(f"More about run {number}", exact=True).click()
    page.get_by_role("button", name=f"{action}: run {number}").click()


def test_a_run_is_named(page: Page) -> None:
    rows = page.get_by_test_id("runs-table").locator("tbody tr")
    choose(page, 4, "Rename")
    field = page.get_by_test_id("run-name")
    expect(field).to_be_focused()
    expect(field).to_have_value("Your code 4")
    field.fill("<i>SiLU</i>")
    page.keyboard.press("Enter")
    expect(rows.first).to_contain_text("<i>SiLU</i>")
    expect(page.get_by_label("More about run 4", exact=True)).to_be_focused()
    expect(page.get_by_test_id("model-select").locator("option", has_text="Run 4: <i>SiLU</i>")).to_have_count(1)
    choose(page, 4, "Rename")
    field.fill("not this")
    page.keyboard.press("Escape")
    expect(rows.first).to_contain_text("<i>SiLU</i>")
    choose(page, 2, "Rename")
    field.fill("the small one")
    page.get_by_role("heading", name="Your runs").click()
    expect(rows.nth(2)).to_contain_text("the small one")
    page.reload()
    wait_dataset(page, "app", "ready")
    expect(rows.first).to_contain_text("<i>SiLU</i>")
    expect(rows.nth(2)).to_contain_text("the small one")


def test_the_code_of_two_runs_is_compared(page: Page) -> None:
    page.get_by_label("More about run 2", exact=True).click()
    expect(page.get_by_role("button", name="Compare the code: run 2")).to_have_count(0)
    page.keyboard.press("Escape")
    choose(page, 4, "Compare the code")
    dialog = page.get_by_test_id("code-comparison")
    expect(page.get_by_test_id("comparison-with")).to_have_value("3a")
    changed = dialog.locator("[data-change='+'], [data-change='-']")
    assert changed.all_text_contents() == [
        "\N{MINUS SIGN}removed:         return x.relu()",
        "+added:         return x.silu()",
    ]
    assert Axe().run(page).response["violations"] == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_label("More about run 4", exact=True)).to_be_focused()
    choose(page, 3, "Compare the code")
    page.get_by_test_id("comparison-with").select_option("1a")
    expect(page.get_by_test_id("comparison-said")).to_have_text("Both runs have the same code.")
    page.get_by_test_id("comparison-close").click()
    expect(dialog).to_be_hidden()
