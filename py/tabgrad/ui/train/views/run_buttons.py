"""Train, pause, step, stop, reset; which of them can be pressed follows from the status of the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tabgrad.interop import dom

from ..state import RunState

BUTTONS = {
    "start": "Train",
    "pause": "Pause",
    "step": "One step",
    "stop": "Stop",
    "reset": "Reset",
}


class RunButtons:
    """`pressed` gets the name of a button: a key of `BUTTONS`."""

    def __init__(self, parent: dom.Element, pressed: Callable[[str], object]) -> None:
        group = dom.create("div", parent, class_="train-buttons", role="group", aria_label="Training")
        self._pressed = pressed
        self._buttons = {}
        for name, title in BUTTONS.items():
            style = "text-button" if name == "start" else "quiet-button"
            self._buttons[name] = dom.create(
                "button", group, text=title, type="button", class_=style, data_name=name, data_testid=f"train-{name}"
            )
        self._listener = dom.Listener(group, "click", self._on_click)

    def _on_click(self, event: dom.Event) -> None:
        button = dom.closest(event.target, "button")
        if button is not None:
            self._pressed(dom.data(button, "name"))

    def render(self, state: RunState) -> None:
        """Enable what makes sense now."""
        enabled = enabled_buttons(state)
        for name, button in self._buttons.items():
            button.disabled = not enabled[name]
        self._buttons["pause"].textContent = "Resume" if state.status == "paused" else BUTTONS["pause"]


def enabled_buttons(state: RunState) -> Mapping[str, bool]:
    """Which buttons can be pressed."""
    active = state.status in ("training", "paused")
    return {
        "start": not active and state.status != "loading",
        "pause": active,
        "step": state.status not in ("loading", "training"),
        "stop": active,
        "reset": state.status in ("training", "paused", "finished", "failed"),
    }
