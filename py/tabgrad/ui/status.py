"""The status line, and the state of the page for tests and automation. Decides nothing."""

from __future__ import annotations

from typing import Literal

from tabgrad.interop import dom

AppState = Literal["booting", "ready", "failed"]


class Status:
    """The status line (`#status`, a live region) and `document.documentElement.dataset`.

    `error` is the last error that was shown, empty if there was none.
    """

    def __init__(self) -> None:
        self._line = dom.by_id("status")
        self._bytes = dom.by_id("boot-bytes")
        self._dataset = dom.root_dataset()
        self.error = ""

    def say(self, sentence: str) -> None:
        """Show a message. It replaces the one before, even an error."""
        self._line.dataset.kind = "message"
        self._line.textContent = sentence

    def fail(self, sentence: str) -> None:
        """Show an error and keep it in `dataset.error`."""
        self._line.dataset.kind = "error"
        self._line.textContent = sentence
        self.error = self._dataset.error = sentence

    def set_app(self, state: AppState) -> None:
        """Set `dataset.app`, and clear the progress of the boot."""
        self._dataset.app = state
        self._bytes.textContent = ""
