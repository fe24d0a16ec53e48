"""The run under way, in the top bar of every tab: epoch, accuracy, and a button that pauses it."""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.interop import dom

from ...widgets.format import percent
from ..state import RunState

_PAUSE = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><path class="solid" d="M7 5.5h3.5v13H7zM13.5 5.5H17v13h-3.5z"/></svg>'
)
_RESUME = '<svg viewBox="0 0 24 24" aria-hidden="true"><path class="solid" d="M8 5.5l10.5 6.5L8 18.5z"/></svg>'


class RunPill:
    """`#run-pill`. `pressed` is called to pause the run, or to resume it."""

    def __init__(self, pressed: Callable[[], object]) -> None:
        self._box = dom.by_id("run-pill")
        self._box.replaceChildren()
        link = dom.create("a", self._box, href="#train", aria_label="The run under way", data_testid="run-pill")
        self._epoch, self._accuracy = dom.create("strong", link), dom.create("span", link)
        self._button = dom.create("button", self._box, type="button", class_="icon-button", data_testid="pill-pause")
        self._listener = dom.Listener(self._button, "click", lambda _event: pressed())
        self._paused: bool | None = None

    def render(self, state: RunState) -> None:
        """Show the run, or nothing while there is none."""
        progress = state.progress
        self._box.hidden = not state.under_way or progress is None
        if progress is None:
            return
        self._epoch.textContent = f"epoch {progress.epoch:.1f} of {progress.epochs:g}"
        accuracy = state.latest_validation_accuracy  # of the run, wherever the time slider stands
        self._accuracy.textContent = "" if accuracy is None else f"{percent(accuracy, 1)} right"
        paused = state.status == "paused"
        if paused != self._paused:
            self._paused = paused
            self._box.toggleAttribute("data-paused", paused)
            self._button.innerHTML = _RESUME if paused else _PAUSE
            self._button.setAttribute("aria-label", "Resume the run" if paused else "Pause the run")
        self._button.disabled = state.status == "loading"
