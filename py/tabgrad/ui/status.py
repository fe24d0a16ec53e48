"""The status line, and the state of the page for tests and automation. Decides nothing."""

from __future__ import annotations

from tabgrad.interop import dom


class Status:
    """The status line (`#status`, a live region) and `document.documentElement.dataset`."""

    def __init__(self) -> None:
        self._line = dom.by_id("status")

    def say(self, sentence: str) -> None:
        """Show a message. It replaces the one before, even an error."""
        self._line.dataset.kind = "message"
        self._line.textContent = sentence

    def add(self, sentence: str) -> None:
        """Show a sentence after the one that is there."""
        self._line.textContent = f"{self._line.textContent} {sentence}".strip()

    def fail(self, sentence: str) -> None:
        """Show an error and keep it in `dataset.error`."""
        self._line.dataset.kind = "error"
        self._line.textContent = dom.root_dataset().error = sentence

    def set_ready(self) -> None:
        """The page has started: say so in `dataset.app`, and clear the progress of the boot."""
        dom.root_dataset().app = "ready"
        dom.by_id("boot-bytes").textContent = ""
