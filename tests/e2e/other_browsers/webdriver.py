"""A page in a browser that Playwright cannot drive: what the W3C's WebDriver knows, in the few words the tests need.

Owns scripts, pointers and waiting; the two ways to a browser are in `firefox` and `webkit`. Knows nothing of the page
but that its parts carry `data-testid`.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

from tests.e2e.support import POLL_S, TIMEOUT_S

#: Milliseconds between two points of a stroke: a quick hand, and each point is an event of its own.
POINT_MS = 8
#: Scripts run outside the page's world, so its Content-Security-Policy does not forbid them.
ELEMENT = "const element = document.querySelector(`[data-testid='${arguments[0]}']`);"


class BrowserError(RuntimeError):
    """The browser did not start, or refused a command."""


class Session(ABC):
    """One window of one browser. Use it as a context manager, or call `close`."""

    name: str
    version: str

    @abstractmethod
    def navigate(self, url: str) -> None:
        """Open `url` and wait until it is loaded."""

    @abstractmethod
    def execute(self, script: str, *args: object) -> Any:
        """Run the body of a function on `arguments`; returns its value, which must be JSON."""

    @abstractmethod
    def perform(self, actions: list[dict[str, Any]]) -> None:
        """Perform input sources' actions, in the form of WebDriver's Perform Actions."""

    @abstractmethod
    def screenshot_base64(self) -> str:
        """The window as a PNG, in base64."""

    @abstractmethod
    def close(self) -> None:
        """End the browser and everything started for it."""

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- The page ----------------------------------------------------------------------------------------------

    def dataset(self, name: str) -> str | None:
        """`document.documentElement.dataset[name]`, None where it is not set."""
        value: str | None = self.execute("return document.documentElement.dataset[arguments[0]] ?? null", name)
        return value

    def text(self, testid: str) -> str:
        """An element's text as a visitor reads it."""
        text: str = self.execute(f"{ELEMENT} return element.innerText.trim()", testid)
        return text

    def choose(self, testid: str, value: str) -> None:
        """Pick an option of a select, and tell the page as a visitor's choice would."""
        self.execute(
            f"{ELEMENT} element.value = arguments[1]; element.dispatchEvent(new Event('change', {{bubbles: true}}))",
            testid,
            value,
        )

    def box(self, testid: str) -> tuple[float, float, float, float]:
        """Left, top, width and height of an element in the window, in CSS pixels, after scrolling it there."""
        x, y, width, height = self.execute(
            f"{ELEMENT} element.scrollIntoView({{block: 'center', behavior: 'instant'}});"
            "const box = element.getBoundingClientRect(); return [box.x, box.y, box.width, box.height]",
            testid,
        )
        return x, y, width, height

    def click(self, testid: str) -> None:
        """Click on the middle of an element with the mouse."""
        self.stroke(testid, [(0.5, 0.5)])

    def stroke(self, testid: str, polyline: Iterable[tuple[float, float]]) -> None:
        """Press the mouse on the first point of the element's unit square, move it along the others, release it."""
        x, y, width, height = self.box(testid)
        moves = [
            {"type": "pointerMove", "duration": POINT_MS, "x": round(x + px * width), "y": round(y + py * height)}
            for px, py in polyline
        ]
        press, release = {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}
        mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}}
        self.perform([{**mouse, "actions": [moves[0], press, *moves[1:], release]}])

    def wait(self, what: str, read: Callable[[], object], timeout_s: float = TIMEOUT_S) -> None:
        """Poll until `read()` is true. Raises TimeoutError with `what` was awaited and what the page says."""
        wait(what, read, timeout_s, lambda: f"; the page says {self.text('status')!r}")


def wait(
    what: str, read: Callable[[], object], timeout_s: float = TIMEOUT_S, explain: Callable[[], str] = lambda: ""
) -> None:
    """Poll until `read()` is true; raises TimeoutError, with `explain()`, after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not read():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s:.0f} s for {what}{explain()}")
        time.sleep(POLL_S)
