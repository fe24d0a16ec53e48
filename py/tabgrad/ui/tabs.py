"""The tabs of the work area. Builds each panel when it is first shown.

Owns the tabs, which are links in index.html so that they work before Python does, and their keys
(https://www.w3.org/WAI/ARIA/apg/patterns/tabs/). Knows nothing of what is in a panel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tabgrad.interop import dom

#: Gets True when the panel comes into view, and False when it leaves it: a hidden panel must cost nothing.
Shown = Callable[[bool], object]
#: Makes a panel in an element, and returns the function to call when it is shown or hidden.
BuildPanel = Callable[[dom.Element], Shown]


class Tabs:
    """The panels by name, in `#panels`; each has its link in `#tabs`.

    `changed` gets the name of the panel in view; `pressed` is called when the visitor asks for a panel, also for the
    one in view.
    """

    def __init__(
        self, panels: Mapping[str, BuildPanel], changed: Callable[[str], object], pressed: Callable[[], object]
    ) -> None:
        root, bar = dom.by_id("panels"), dom.by_id("tabs")
        self._builders, self._changed, self._pressed = dict(panels), changed, pressed
        self._work = dom.by_id("work")
        self._names = list(panels)
        self._tabs, self._places = dict[str, dom.Element](), dict[str, dom.Element]()
        root.replaceChildren()
        root.hidden = not panels
        for name in panels:
            self._tabs[name] = tab = dom.by_id(f"tab-{name}")
            tab.setAttribute("aria-controls", f"panel-{name}")
            attributes = {"role": "tabpanel", "id": f"panel-{name}", "aria_labelledby": f"tab-{name}"}
            self._places[name] = dom.create("div", root, class_="panel", hidden="", **attributes)
        self._shown = dict[str, Shown]()
        self.name = ""  #: of the panel in view
        self._listeners = [dom.Listener(bar, "click", self._on_click), dom.Listener(bar, "keydown", self._on_key)]

    def has(self, name: str) -> bool:
        """Whether there is a panel of this name."""
        return name in self._builders

    def show(self, name: str) -> None:
        """Show a panel. KeyError if there is none of this name."""
        if name == self.name:
            return
        self.build(name)
        before, self.name = self.name, name
        for other, tab in self._tabs.items():
            tab.setAttribute("aria-selected", "true" if other == name else "false")
            tab.tabIndex = 0 if other == name else -1
            self._places[other].hidden = other != name
        if before:
            self._shown[before](False)
        self._work.scrollTop = 0
        self._shown[name](True)
        self._changed(name)

    def build(self, name: str) -> None:
        """Make a panel before it is shown, for what it does for the rest of the page."""
        if name not in self._shown:
            self._shown[name] = self._builders[name](self._places[name])

    def _on_click(self, event: dom.Event) -> None:
        if (tab := dom.closest(event.target, ".tab")) is not None:
            event.preventDefault()
            self.show(str(tab.id).removeprefix("tab-"))
            self._pressed()

    def _on_key(self, event: dom.Event) -> None:
        here, last = self._names.index(self.name), len(self._names) - 1
        moves = {"ArrowRight": here + 1, "ArrowLeft": here - 1, "Home": 0, "End": last}
        if event.key in moves:
            event.preventDefault()
            self.show(self._names[moves[event.key] % (last + 1)])
            self._tabs[self.name].focus()
        elif event.key == " ":  # a link knows only Enter
            event.preventDefault()
