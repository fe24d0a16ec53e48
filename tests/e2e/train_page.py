"""What the tests of the training panel share: its figures, its messages, and a run to begin with."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable

from playwright.sync_api import Page

from tests.e2e.drawing import DIGITS, draw
from tests.e2e.support import POLL_S, TIMEOUT_S, Visit, wait_dataset

Open = Callable[..., Visit]
#: A run that nobody waits for the end of.
LONG = "epochs=500&schedule=constant&lr=0.05"


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
