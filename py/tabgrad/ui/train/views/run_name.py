"""The field in which a visitor names a run, in the place of the name."""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.artifacts import MAX_NAME, RunRow
from tabgrad.interop import dom


class NameField:
    """Takes the place of the element `name`. `done` gets what it is to be called, None if that was given up, and
    whether a key said so: then the focus is free.

    Enter takes the name, and so does leaving the field; Escape gives it up.
    """

    def __init__(self, name: dom.Element, row: RunRow, text: str, done: Callable[[str | None, bool], object]) -> None:
        self.run_id, self._done, self._over = row["id"], done, False
        label = f"Name of run {row['number']}"
        self._input = dom.create(
            "input", type="text", class_="run-name", aria_label=label, maxlength=f"{MAX_NAME}", data_testid="run-name"
        )
        self._input.value = text
        name.replaceWith(self._input)
        self.listeners = [
            dom.Listener(self._input, "keydown", self._on_key),
            dom.Listener(self._input, "blur", lambda _event: self._end(str(self._input.value), by_key=False)),
        ]
        self._input.focus()
        self._input.select()

    def release(self) -> str:
        """What was typed so far. The field is about to go, and that names nothing."""
        self._over = True
        return str(self._input.value)

    def _on_key(self, event: dom.Event) -> None:
        if str(event.key) in ("Enter", "Escape") and not event.isComposing:
            event.preventDefault()
            self._end(str(self._input.value) if str(event.key) == "Enter" else None, by_key=True)

    def _end(self, name: str | None, *, by_key: bool) -> None:
        if not self._over:
            self._over = True
            self._done(name, by_key)
