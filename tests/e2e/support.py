"""What the browser tests share: a visit to the page, and waiting without eval, which the page's policy forbids."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

#: A cold boot takes some seconds here; a loaded machine with two cores may take ten times that.
TIMEOUT_S = 120.0
POLL_S = 0.05


@dataclass
class Visit:
    """One page in a browser context of its own, with what went wrong in it."""

    page: Page
    context: BrowserContext
    url: str
    #: Console errors and uncaught exceptions. A test that provokes one takes it out: `visit.expect_error("…")`.
    errors: list[str] = field(default_factory=list)
    #: Requests that left the page's own origin: there must never be one.
    foreign_requests: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Begin to collect errors and requests."""
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        self.context.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _on_request(self, request: Request) -> None:
        mine, theirs = urlsplit(self.url), urlsplit(request.url)
        if theirs.scheme in ("http", "https", "ws", "wss") and theirs.netloc != mine.netloc:
            self.foreign_requests.append(request.url)

    def expect_error(self, text: str) -> None:
        """Assert that an error with `text` was seen, and forget it."""
        assert any(text in error for error in self.errors), f"no error mentions {text!r}: {self.errors}"
        self.errors = [error for error in self.errors if text not in error]

    def check(self) -> None:
        """Assert that nothing went wrong."""
        assert not self.errors, f"the console shows errors: {self.errors}"
        assert not self.foreign_requests, f"requests left the origin: {self.foreign_requests}"


def dataset(page: Page, name: str) -> str | None:
    """`document.documentElement.dataset[name]`, None where it is not set."""
    value: str | None = page.evaluate("name => document.documentElement.dataset[name] ?? null", name)
    return value


def wait_dataset(page: Page, name: str, *values: str, timeout_s: float = TIMEOUT_S) -> str:
    """Wait until the root's dataset field `name` is one of `values`; returns it."""
    deadline = time.monotonic() + timeout_s
    while (value := dataset(page, name)) not in values:
        if time.monotonic() > deadline:
            error = dataset(page, "error")
            raise TimeoutError(
                f"data-{name} is still {value!r}, not {' or '.join(values)}; the page's error: {error!r}"
            )
        page.wait_for_timeout(POLL_S * 1000)
    return value or ""


def predictions(page: Page) -> int:
    """How many finished predictions were on screen so far."""
    return int(dataset(page, "predictions") or 0)


def wait_predictions(page: Page, more_than: int, timeout_s: float = TIMEOUT_S) -> int:
    """Wait until more than `more_than` predictions were on screen; returns how many."""
    deadline = time.monotonic() + timeout_s
    while (count := predictions(page)) <= more_than:
        if time.monotonic() > deadline:
            raise TimeoutError(f"only {count} predictions; the page's error: {dataset(page, 'error')!r}")
        page.wait_for_timeout(POLL_S * 1000)
    return count


def wait_until(page: Page, happened: Callable[[], object], what: str, timeout_s: float = TIMEOUT_S) -> None:
    """Wait until `happened` is true of the page."""
    deadline = time.monotonic() + timeout_s
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen; the page's error: {dataset(page, 'error')!r}")
        page.wait_for_timeout(POLL_S * 1000)
