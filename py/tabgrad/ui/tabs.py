"""The tabs below the pad and the answer. Builds each panel when it is first shown.

Owns the tabs and their keys (https://www.w3.org/WAI/ARIA/apg/patterns/tabs/). Knows nothing of what is in a panel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tabgrad.interop import dom

#: Gets True when the panel comes into view, and False when it leaves it: a hidden panel must cost nothing.
Shown = Callable[[bool], object]


@dataclass(frozen=True, slots=True)
class Tab:
    """A panel. `build` makes it in an element, and returns the function to call when it is shown or hidden."""

    name: str
    title: str
    build: Callable[[dom.Element], Shown]


class Tabs:
    """The tabs in `#panels`. The first one is shown at once; `changed` gets the name of every other that is."""

    def __init__(self, entries: Sequence[Tab], changed: Callable[[str], object] = lambda _name: None) -> None:
        root = dom.by_id("panels")
        root.hidden = not entries
        self._entries, self._changed = list(entries), changed
        self._bar = dom.create("div", root, class_="tabs", role="tablist", aria_label="Workshop")
        self._tabs: list[dom.Element] = []
        self._places: list[dom.Element] = []
        for entry in entries:
            tab, panel = f"tab-{entry.name}", f"panel-{entry.name}"
            names = {"role": "tab", "id": tab, "aria_controls": panel, "data_testid": tab}
            self._tabs.append(dom.create("button", self._bar, text=entry.title, type="button", class_="tab", **names))
            names = {"role": "tabpanel", "id": panel, "aria_labelledby": tab}
            self._places.append(dom.create("div", root, class_="panel", **names))
        self._shown: list[Shown | None] = [None] * len(self._entries)
        self._index = -1  # of the panel that is shown
        self._listeners = [
            dom.Listener(self._bar, "click", self._on_click, passive=True),
            dom.Listener(self._bar, "keydown", self._on_key),
        ]
        if entries:
            self._show(0)

    @property
    def shown(self) -> str:
        """The name of the panel that is shown; empty if there is none."""
        return self._entries[self._index].name if self._entries else ""

    def has(self, name: str) -> bool:
        """Whether there is a panel of this name."""
        return any(entry.name == name for entry in self._entries)

    def show(self, name: str) -> None:
        """Show a panel. ValueError if there is none of this name."""
        self._show([entry.name for entry in self._entries].index(name))

    def _show(self, index: int) -> None:
        if index == self._index:
            return
        before, self._index = self._index, index
        for i, (tab, place) in enumerate(zip(self._tabs, self._places, strict=True)):
            tab.setAttribute("aria-selected", "true" if i == index else "false")
            tab.tabIndex = 0 if i == index else -1
            place.hidden = i != index
        if before >= 0 and (shown := self._shown[before]):
            shown(False)
        if self._shown[index] is None:
            self._shown[index] = self._entries[index].build(self._places[index])
        if shown := self._shown[index]:
            shown(True)
        if before >= 0:
            self._changed(self._entries[index].name)

    def _on_click(self, event: dom.Event) -> None:
        if (tab := dom.closest(event.target, ".tab")) is not None:
            self.show(str(tab.id).removeprefix("tab-"))

    def _on_key(self, event: dom.Event) -> None:
        count = len(self._tabs)
        moves = {"ArrowRight": self._index + 1, "ArrowLeft": self._index - 1, "Home": 0, "End": count - 1}
        if event.key in moves:
            event.preventDefault()
            self._show(moves[event.key] % count)
            self._tabs[self._index].focus()
