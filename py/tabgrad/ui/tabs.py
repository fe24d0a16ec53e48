"""The tabs below the stage. Each panel is built when it is first shown, and told when it comes into view or leaves it.

Owns the tabs and their keyboard (https://www.w3.org/WAI/ARIA/apg/patterns/tabs/); knows no panel from inside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tabgrad.interop import dom

#: Told whether the panel can be seen now: one that cannot must cost nothing.
Shown = Callable[[bool], object]


@dataclass(frozen=True, slots=True)
class Tab:
    """A panel: `build` makes it in its place and returns who wants to know whether it is seen."""

    name: str
    title: str
    build: Callable[[dom.Element], Shown]


class Tabs:
    """`#panels`. The first entry is shown at once."""

    def __init__(self, entries: Sequence[Tab]) -> None:
        root = dom.by_id("panels")
        root.hidden = False
        self._entries = list(entries)
        self._bar = dom.create("div", root, class_="tabs", role="tablist", aria_label="Workshop")
        self._tabs = [self._tab(entry) for entry in entries]
        self._places = [
            dom.create(
                "div", root, class_="panel", role="tabpanel", id=f"panel-{e.name}", aria_labelledby=f"tab-{e.name}"
            )
            for e in entries
        ]
        self._shown: list[Shown | None] = [None] * len(self._entries)
        self._now = -1
        self._listeners = [
            dom.Listener(self._bar, "click", self._on_click, passive=True),
            dom.Listener(self._bar, "keydown", self._on_key),
        ]
        self._show(0)

    def _tab(self, entry: Tab) -> dom.Element:
        return dom.create(
            "button",
            self._bar,
            text=entry.title,
            type="button",
            class_="tab",
            role="tab",
            id=f"tab-{entry.name}",
            aria_controls=f"panel-{entry.name}",
            data_testid=f"tab-{entry.name}",
        )

    def has(self, name: str) -> bool:
        """Whether there is a panel of this name."""
        return any(entry.name == name for entry in self._entries)

    def show(self, name: str) -> None:
        """Bring a panel into view. LookupError if there is none of this name."""
        self._show(next(i for i, entry in enumerate(self._entries) if entry.name == name))

    def _show(self, index: int) -> None:
        if index == self._now:
            return
        before, self._now = self._now, index
        for i, (tab, place) in enumerate(zip(self._tabs, self._places, strict=True)):
            tab.setAttribute("aria-selected", "true" if i == index else "false")
            tab.tabIndex = 0 if i == index else -1
            place.hidden = i != index
        if before >= 0 and (told := self._shown[before]):
            told(False)
        if self._shown[index] is None:
            self._shown[index] = self._entries[index].build(self._places[index])
        if told := self._shown[index]:
            told(True)

    def _on_click(self, event: dom.Event) -> None:
        if (tab := dom.closest(event.target, ".tab")) is not None:
            self.show(str(tab.id).removeprefix("tab-"))

    def _on_key(self, event: dom.Event) -> None:
        count = len(self._tabs)
        moves = {"ArrowRight": self._now + 1, "ArrowLeft": self._now - 1, "Home": 0, "End": count - 1}
        if event.key in moves:
            event.preventDefault()
            self._show(moves[event.key] % count)
            self._tabs[self._now].focus()
