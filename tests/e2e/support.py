"""What the browser tests share: a visit to the page, and waiting without eval, which the page's policy forbids."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

#: A visitor who was here before: the pad shows no example, and the training panel no introduction.
BEEN_HERE = "for (const key of ['tabgrad.seen', 'tabgrad.trained']) localStorage.setItem(key, 'yes');"
#: A cold boot takes some seconds here; a loaded machine with two cores may take ten times that.
TIMEOUT_S = 120.0
POLL_S = 0.05
#: Notes every state of the worker, with the number of predictions on screen by then: some are over between two looks.
#: Of records that come together each one's new value is the next one's old value.
NOTE_STATES = """self.workerStates = [];
new MutationObserver((records) => {
  const values = [...records.slice(1).map((record) => record.oldValue), document.documentElement.dataset.worker];
  for (const value of values) self.workerStates.push([value, document.documentElement.dataset.predictions ?? 0]);
}).observe(document, { subtree: true, attributeFilter: ["data-worker"], attributeOldValue: true });"""


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
        """Begin to collect errors, requests and states."""
        self.page.add_init_script(NOTE_STATES)
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
        if time.monotonic() > deadline or (name, value) == ("app", "failed"):
            error = dataset(page, "error")
            raise TimeoutError(
                f"data-{name} is still {value!r}, not {' or '.join(values)}; the page's error: {error!r}"
            )
        page.wait_for_timeout(POLL_S * 1000)
    return value or ""


def worker_states(page: Page) -> list[tuple[str, int]]:
    """All states of the worker since the page was loaded, each with how many predictions had been on screen by then."""
    states: list[tuple[str, str]] = page.evaluate("() => self.workerStates")
    return [(state, int(count)) for state, count in states]


def wait_worker(page: Page, *values: str, after: int = 0, timeout_s: float = TIMEOUT_S) -> str:
    """Wait until the worker is in one of these states, not counting its first `after` states; returns that state."""
    found: list[str] = []

    def look() -> bool:
        found[:] = [state for state, _ in worker_states(page)[after:] if state in values]
        return bool(found)

    wait_until(page, look, f"a worker that is {' or '.join(values)}", timeout_s)
    return found[0]


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


def settled(page: Page) -> None:
    """Wait until what is on screen answers the ink as it is now, or there is nothing to answer."""
    wait_until(page, lambda: dataset(page, "answer") != "due", "the answer to the last ink")


def use_model(page: Page, name: str) -> None:
    """Pick a model, and wait until it answers."""
    select = page.get_by_test_id("model-select")
    if select.input_value() != name:
        select.select_option(name)
        title = select.locator(f"option[value={name}]").text_content()
        said = re.compile(f"{re.escape(title or '')} (is ready|answers now)")  # shipped, or made on this page
        page.get_by_test_id("status").filter(has_text=said).wait_for()
    settled(page)


def wait_until(page: Page, happened: Callable[[], object], what: str, timeout_s: float = TIMEOUT_S) -> None:
    """Wait until `happened` is true of the page."""
    deadline = time.monotonic() + timeout_s
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen; the page's error: {dataset(page, 'error')!r}")
        page.wait_for_timeout(POLL_S * 1000)
