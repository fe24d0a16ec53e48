"""Tells screen readers what `announcements` has to say, and nobody else."""

from __future__ import annotations

from tabgrad.interop import dom

from ..state import RunState


class Announcer:
    """A live region that is not seen: what is to be seen stands in the progress view."""

    def __init__(self, parent: dom.Element) -> None:
        self._line = dom.create("p", parent, class_="sr-only", role="status", data_testid="train-announcer")

    def render(self, state: RunState) -> None:
        """Say the latest sentence."""
        self._line.textContent = state.announcement
