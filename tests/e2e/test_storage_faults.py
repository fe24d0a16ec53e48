"""The browser's storage in trouble, in Chromium: nothing is lost, and what cannot be kept is said."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from scripts.serve import StaticServer, open_server
from tests.e2e.drawing import guess
from tests.e2e.support import (
    NOTE_STATES,
    TIMEOUT_S,
    wait_dataset,
    wait_until,
)
from tests.e2e.train_page import Open, epoch, message, press, start, write

STORED = Path(__file__).parents[1] / "fixtures" / "stored_0_1"
#: What version 0.1 stored in its database.
BEFORE = {
    "train/runs": "runs.json",
    "train/weights/19aa5f0c2e1": "weights-mlp.safetensors",
    "mine/drawings": "drawings.json",
    "program/0.1/infer": "README.md",
}
#: Fills a database as an earlier version did; its values are texts of one character a byte.
FILL = """([name, files]) => new Promise((resolve) => {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore("files");
  request.onsuccess = () => {
    const transaction = request.result.transaction("files", "readwrite");
    for (const [key, text] of Object.entries(files))
      transaction.objectStore("files").put(Uint8Array.from(text, (c) => c.charCodeAt(0)), key);
    transaction.oncomplete = () => { request.result.close(); resolve(); };
  };
})"""
#: The keys of a database that is there.
KEYS = """async (name) => {
  if (!(await indexedDB.databases()).some((database) => database.name === name)) return [];
  return new Promise((resolve) => {
    indexedDB.open(name).onsuccess = ({ target: { result: database } }) => {
      const request = database.transaction("files").objectStore("files").getAllKeys();
      request.onsuccess = () => { database.close(); resolve(request.result); };
    };
  });
}"""
#: A browser that closes each database `self.closings` times before a transaction begins.
CLOSES = """self.closings = 0;
const { transaction } = IDBDatabase.prototype;
IDBDatabase.prototype.transaction = function (...inputs) {
  if (self.closings > 0) { self.closings -= 1; this.close(); }
  return transaction.apply(this, inputs);
};"""
#: A browser whose storage is full while `self.full`.
FILLS = """const { put } = IDBObjectStore.prototype;
IDBObjectStore.prototype.put = function (...inputs) {
  if (self.full && this.transaction.mode === "readwrite") throw new DOMException("No room.", "QuotaExceededError");
  return put.apply(this, inputs);
};"""
#: A browser in which a site may store nothing at all.
BLOCKED = """for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"])
  Object.defineProperty(self, name, { get() { throw new DOMException("Access is denied.", "SecurityError"); } });
self.BroadcastChannel = class { constructor() { throw new DOMException("Insecure.", "SecurityError"); } };
for (const name of ["storage", "locks", "serviceWorker"])
  Object.defineProperty(Navigator.prototype, name, { get() { throw new DOMException("No.", "SecurityError"); } });"""
#: Runs that end soon.
SHORT = "engine=wasm&epochs=0.3&hidden=16&data=strokes"
NOTHING_KEPT = re.compile("does not let this page store anything .* until this tab closes")


def database(page: Page) -> str:
    return f"tabgrad:{page.evaluate('new URL(`.`, document.baseURI).pathname')}"


def keys(page: Page) -> list[str]:
    found: list[str] = page.evaluate(KEYS, database(page))
    return found


def rows(page: Page) -> int:
    return page.get_by_test_id("runs-table").locator("tbody tr").count()


def keep(page: Page, digit: int, says: str | None = None) -> None:
    """Draw a digit and keep it as an own drawing."""
    page.get_by_test_id("tab-data").click()
    write(page, digit)
    page.get_by_test_id(f"mine-add-{digit}").click()
    page.get_by_test_id("mine-said").filter(has_text=says or f"Kept as a {digit}").wait_for()


def reload(page: Page) -> None:
    page.reload()
    wait_dataset(page, "app", "ready")


def kept(page: Page, count: int) -> None:
    """Wait until this many own drawings are there."""
    page.get_by_test_id("tab-data").click()
    page.get_by_test_id("mine-kept").filter(has_text=f"{count} kept").wait_for()


def train(page: Page) -> None:
    page.get_by_test_id("tab-train").click()
    before = rows(page)
    assert press(page, "finished", "failed") == "finished"
    wait_until(page, lambda: rows(page) == before + 1, "its row")


# ---- One origin, several folders


@pytest.fixture
def host(dist: Path, tmp_path: Path) -> Iterator[StaticServer]:
    """A server with the site in the folders /a/ and /b/, which other origins may fetch."""
    for name in "ab":
        shutil.copytree(dist, tmp_path / "site" / name)
    (tmp_path / "site" / "empty.html").write_text("<!doctype html><title>Nothing</title>")
    (tmp_path / "site" / "frame.html").write_text(
        f'<!doctype html><iframe sandbox="allow-scripts" src="a/?{SHORT}" style="width:1200px;height:900px"></iframe>'
    )
    server = open_server(tmp_path / "site", 0)
    plain: Any = server.RequestHandlerClass

    class Open(plain):
        def end_headers(self) -> None:
            self.send_header("Access-Control-Allow-Origin", "*")
            super().end_headers()

    server.RequestHandlerClass = Open
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def tab(browser: Browser, host: StaticServer) -> Iterator[Page]:
    """A tab that has seen nothing of `host` yet."""
    context = browser.new_context()
    context.set_default_timeout(TIMEOUT_S * 1000)
    context.add_init_script(NOTE_STATES)
    yield context.new_page()
    context.close()


def go(page: Page, host: StaticServer, path: str) -> None:
    page.goto(host.url + path)
    wait_dataset(page, "app", "ready")


def test_two_folders_of_one_host_share_nothing(tab: Page, host: StaticServer) -> None:
    go(tab, host, f"a/?{SHORT}")
    tab.locator("#theme").click()
    theme = tab.evaluate("document.documentElement.dataset.theme")
    keep(tab, 7)
    train(tab)
    write(tab, 1)  # ink, which the tab keeps for a reload
    go(tab, host, f"b/?{SHORT}")
    assert rows(tab) == 0
    assert tab.evaluate("document.documentElement.dataset.theme ?? ''") != theme
    assert tab.get_by_test_id("tool-undo").is_disabled()
    tab.get_by_test_id("tab-data").click()
    tab.get_by_test_id("mine-kept").filter(has_text="Press its digit").wait_for()
    keep(tab, 3)
    go(tab, host, f"a/?{SHORT}")
    wait_until(tab, lambda: rows(tab) == 1, "the run of the first folder")
    assert tab.evaluate("document.documentElement.dataset.theme") == theme
    kept(tab, 1)


def test_what_earlier_versions_stored_for_all_folders_is_there_in_each(tab: Page, host: StaticServer) -> None:
    tab.goto(host.url + "empty.html")
    files = {key: (STORED / name).read_bytes().decode("latin-1") for key, name in BEFORE.items()}
    tab.evaluate(FILL, ["tabgrad", files])
    tab.evaluate("localStorage.setItem('theme', 'dark'); localStorage.setItem('tabgrad.seen', 'yes')")
    for folder in ("a/", "b/"):
        go(tab, host, folder)
        wait_until(tab, lambda: rows(tab) == 2, "the runs")
        assert tab.evaluate("document.documentElement.dataset.theme") == "dark"
        kept(tab, 40)
        assert {key for key in BEFORE if not key.startswith("program/")} <= set(keys(tab))
    assert set(tab.evaluate(KEYS, "tabgrad")) == {key for key in BEFORE if not key.startswith("program/")}
    tab.get_by_test_id("mine-remove").click()
    kept(tab, 39)
    go(tab, host, "a/")
    kept(tab, 40)


def test_without_room_for_a_copy_the_earlier_store_is_read(tab: Page, host: StaticServer) -> None:
    tab.goto(host.url + "empty.html")
    files = {key: (STORED / name).read_bytes().decode("latin-1") for key, name in BEFORE.items()}
    tab.evaluate(FILL, ["tabgrad", files])
    tab.add_init_script(f"{FILLS} self.full = sessionStorage.getItem('full') === 'yes';")
    tab.evaluate("sessionStorage.setItem('full', 'yes')")
    go(tab, host, "a/")
    wait_until(tab, lambda: rows(tab) == 2, "the runs")
    kept(tab, 40)
    assert "mine/drawings" not in keys(tab)
    tab.evaluate("sessionStorage.setItem('full', 'no')")
    reload(tab)
    kept(tab, 40)
    assert "mine/drawings" in keys(tab)


# ---- A browser that closes the database


@pytest.mark.parametrize("times", [1, 10**6])
def test_a_database_that_the_browser_closes_loses_nothing(open_visit: Open, times: int) -> None:
    """Once: nothing is noticed. For good: it is said, and stored as soon as that works again."""
    page = open_visit(f"?{SHORT}", init_script=CLOSES).page
    keep(page, 7)
    page.evaluate("times => { self.closings = times; }", times)
    keep(page, 1, says=None if times == 1 else "until this tab closes")
    if times > 1:
        page.evaluate("times => { self.closings = times; }", times)
        train(page)
        assert NOTHING_KEPT.search(message(page))
        page.evaluate("self.closings = 0")
    keep(page, 3)
    wait_until(page, lambda: not NOTHING_KEPT.search(message(page)), "the sentence taken back")
    reload(page)
    kept(page, 3)
    assert rows(page) == (times > 1)


def test_a_run_that_begins_while_the_database_is_closed_can_be_resumed(open_visit: Open) -> None:
    visit = open_visit("?engine=wasm&epochs=500&schedule=constant&lr=0.05", init_script=CLOSES)
    visit.page.evaluate("self.closings = 1")
    page = start(visit)
    wait_until(page, lambda: epoch(page) > 1.1, "a checkpoint")
    wait_until(page, lambda: "train/resume" in keys(page), "the checkpoint in the storage")
    reload(page)
    page.get_by_test_id("train-resume").wait_for(state="visible")


# ---- No storage at all


def ends_well(page: Page | Frame) -> None:
    """It says that nothing is kept, answers, trains, and the trained network answers."""
    expect(page.get_by_test_id("status")).to_contain_text(NOTHING_KEPT, timeout=TIMEOUT_S * 1000)
    page.get_by_test_id("try-example").click()
    wait_until(page, lambda: guess(page) != "", "an answer")  # type: ignore[arg-type] # it has what a page has
    assert press(page, "finished", "failed") == "finished"  # type: ignore[arg-type]
    page.get_by_test_id("runs-table").locator("tbody tr").wait_for()
    expect(page.get_by_test_id("train-message")).to_contain_text(NOTHING_KEPT)
    assert page.get_by_test_id("model-select").input_value() == "training"
    page.get_by_test_id("tab-data").click()
    page.get_by_test_id("storage-summary").filter(has_text=NOTHING_KEPT).wait_for()
    assert page.get_by_test_id("storage-erase").is_disabled()


def test_a_browser_that_stores_nothing_answers_and_trains(open_visit: Open) -> None:
    ends_well(open_visit(f"?{SHORT}", init_script=BLOCKED).page)


def test_a_frame_without_an_origin_answers_and_trains(tab: Page, host: StaticServer) -> None:
    tab.goto(host.url + "frame.html")
    frame = tab.frames[1]
    wait_dataset(frame, "app", "ready", "failed")  # type: ignore[arg-type]
    ends_well(frame)


# ---- Room again


def test_once_there_is_room_again_everything_is_stored_and_the_sentence_goes(open_visit: Open) -> None:
    page = open_visit(f"?{SHORT}", init_script=FILLS).page
    page.evaluate("self.full = true")
    train(page)
    assert "storage for this page is full" in message(page)
    keep(page, 7, says="is full")
    page.evaluate("self.full = false")
    keep(page, 3)
    page.get_by_test_id("tab-train").click()
    wait_until(page, lambda: "is full" not in message(page), "the sentence taken back")
    reload(page)
    wait_until(page, lambda: rows(page) == 1, "the run")
    assert any(key.startswith("train/weights/") for key in keys(page))
    kept(page, 2)


def test_programs_that_other_versions_compiled_are_deleted(open_visit: Open) -> None:
    visit = open_visit(f"?{SHORT}")
    page = visit.page
    page.evaluate(FILL, [database(page), {"program/old/train": "x", "program/older/infer": "y", "mine/other": "z"}])
    train(page)
    wait_until(page, lambda: not any(key.startswith("program/old") for key in keys(page)), "the deletion")
    assert "mine/other" in keys(page)


# ---- Erasing


def test_everything_is_erased_after_one_question(open_visit: Open) -> None:
    visit = open_visit(f"?{SHORT}")
    page = visit.page
    page.locator("#theme").click()
    keep(page, 7)
    train(page)
    page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    page.get_by_test_id("tab-data").click()
    summary = page.get_by_test_id("storage-summary")
    summary.filter(has_text="1 finished run, 1 drawing of yours, the settings of the page and a copy").wait_for()
    assert re.search(r"[\d.]+ MB", summary.text_content() or "")
    assert re.search("browser has (not )?promised", page.get_by_test_id("storage-promise").text_content() or "")
    erase = page.get_by_test_id("storage-erase")
    erase.focus()
    page.keyboard.press("Enter")
    page.get_by_text("It cannot be undone").wait_for()
    page.keyboard.press("Escape")
    page.get_by_test_id("storage-erase-confirm").wait_for(state="hidden")
    assert focused(page) == "storage-erase"
    erase.click()
    page.get_by_test_id("storage-cancel").click()
    assert focused(page) == "storage-erase"
    assert keys(page)
    page.keyboard.press("Enter")
    page.get_by_text("It cannot be undone").wait_for()
    page.keyboard.press("Tab")
    assert focused(page) == "storage-erase-confirm"
    page.keyboard.press("Enter")
    page.get_by_test_id("storage-said").filter(has_text="Everything is erased").wait_for()
    assert focused(page) == "storage-said"
    assert keys(page) == []
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert page.evaluate("caches.keys()") == []
    summary.filter(has_text="has stored nothing").wait_for()
    page.get_by_test_id("mine-kept").filter(has_text="Press its digit").wait_for()
    assert rows(page) == 0
    reload(page)
    assert rows(page) == 0
    page.get_by_test_id("tab-data").click()
    page.get_by_test_id("mine-kept").filter(has_text="Press its digit").wait_for()
    assert keys(page) == []


def focused(page: Page) -> str:
    found: str = page.evaluate("document.activeElement.dataset.testid ?? ''")
    return found


def test_a_run_under_way_is_not_erased(open_visit: Open) -> None:
    visit = open_visit("?engine=wasm&epochs=500&schedule=constant&lr=0.05")
    page = start(visit)
    press(page, "paused", button="train-pause")
    page.get_by_test_id("tab-data").click()
    page.get_by_test_id("storage-erase").click()
    page.get_by_test_id("storage-said").filter(has_text="Stop it first").wait_for()
    assert page.get_by_test_id("storage-erase-confirm").is_hidden()


def test_drawings_that_waited_for_room_stay_erased(open_visit: Open) -> None:
    page = open_visit(f"?{SHORT}", init_script=FILLS).page
    page.evaluate("self.full = true")
    keep(page, 7, says="is full")
    page.evaluate("self.full = false")
    page.get_by_test_id("storage-erase").click()
    page.get_by_test_id("storage-erase-confirm").click()
    page.get_by_test_id("storage-said").filter(has_text="Everything is erased").wait_for()
    page.get_by_test_id("mine-kept").filter(has_text="Press its digit").wait_for()
    keep(page, 3)
    reload(page)
    kept(page, 1)
