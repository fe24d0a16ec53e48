"""What the tests of the training panel share: its figures, its messages, and a run to begin with."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from playwright.sync_api import Page

from tests.e2e.drawing import DIGITS, draw
from tests.e2e.support import Visit, wait_until, wait_worker, worker_states

Open = Callable[..., Visit]
#: A run so long that no test waits for its end.
LONG = "epochs=500&schedule=constant&lr=0.05"

#: What a browser tells a tab that another one covers.
HIDE = """() => {
  Object.defineProperty(document, "visibilityState", { value: "hidden" });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
#: Whether the storage has a run to resume.
IS_KEPT = """async () => {
  const name = `tabgrad:${new URL(".", document.baseURI).pathname}`;
  if (!(await indexedDB.databases()).some((database) => database.name === name)) return false;
  return new Promise((resolve) => {
    indexedDB.open(name).onsuccess = ({ target: { result: database } }) => {
      const request = database.transaction("files").objectStore("files").getKey("train/resume");
      request.onsuccess = () => { database.close(); resolve(request.result !== undefined); };
    };
  });
}"""


def number(page: Page, name: str) -> float:
    """The number in one of the panel's figures, NaN while there is none."""
    text = page.get_by_test_id(f"train-{name}").text_content() or ""
    match = re.search(r"[\d.]+", text.replace("\u202f", ""))
    return float(match[0]) if match else float("nan")


def message(page: Page) -> str:
    return page.get_by_test_id("train-message").text_content() or ""


def press(page: Page, *values: str, button: str = "train-start") -> str:
    """Press Train, or another button, and wait until the worker has come to one of these states; returns which."""
    before = len(worker_states(page))
    page.get_by_test_id(button).click()
    return wait_worker(page, *values, after=before)


def start(visit: Visit) -> Page:
    """Press Train and wait until steps are being done."""
    press(visit.page, "training", "failed")
    wait_until(visit.page, lambda: epoch(visit.page) > 0, "the first step")
    return visit.page


def wait_until_kept(page: Page) -> None:
    """Wait until the run could be resumed after a reload."""
    wait_until(page, lambda: page.evaluate(IS_KEPT), "a checkpoint in the storage")


def hide_until_kept(page: Page) -> None:
    """Tell the page that it is covered, upon which a paused run is stored as it is, and wait until that is done."""

    def kept_once_hidden() -> bool:  # a worker that had to be replaced meanwhile is asked again
        page.evaluate(HIDE)
        return bool(page.evaluate(IS_KEPT))

    wait_until(page, kept_once_hidden, "a checkpoint in the storage")


def write(page: Page, digit: int) -> None:
    """Draw a digit; the panel may have scrolled the pad out of sight."""
    page.get_by_test_id("draw-pad").scroll_into_view_if_needed()
    draw(page, DIGITS[digit])


def epoch(page: Page) -> float:
    value = number(page, "epoch")
    return 0.0 if math.isnan(value) else value
