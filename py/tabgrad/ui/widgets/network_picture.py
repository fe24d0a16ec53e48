"""A picture of a network that can be touched: columns of units from the image to the answer, and lines between them.

A line is as thick as what one unit passes on to the next: orange speaks for it, blue against it. Owns the elements,
which unit is looked at, and the keys (one stop for Tab, then arrows). It shows an `explain.flow.Flow` and computes
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tabgrad.explain.flow import Column, Flow, Link
from tabgrad.interop import dom

from .network_column import ColumnView, Look

#: Lines between two columns: of the whole network, and of one unit that is looked at.
LINES, LINES_OF_ONE = 10, 8
#: Widths of the thickest and the thinnest line, in CSS pixels.
THICK, THIN = 6.0, 0.6
HINT = "Point at a unit, or tap it, to see its lines alone. Orange lines speak for the next unit, blue ones against it."
_ARROWS = {"ArrowUp": (0, -1), "ArrowDown": (0, 1), "ArrowLeft": (-1, 0), "ArrowRight": (1, 0)}


class NetworkPicture:
    """`chosen` gets the stage and the unit that is looked at, and whether it was pressed. `describe` says in a sentence
    what there is to see at a unit of a column (column, place).
    """

    def __init__(self, parent: dom.Element, chosen: Callable[[int, int, bool], object], testid: str) -> None:
        self._chosen = chosen
        self._frame = dom.create(
            "div", parent, class_="network", role="group", aria_label="Picture of the network", data_testid=testid
        )
        self._lines = dom.create("div", self._frame, class_="network-lines", aria_hidden="true")
        self._row = dom.create("div", self._frame, class_="network-row")
        self._note = dom.create("p", parent, text=HINT, class_="network-note", data_testid=f"{testid}-note")
        self._views: list[ColumnView] = []
        self._made_for: object = None
        self._flow: Flow | None = None
        self._digit: int | None = None
        self._describe: Callable[[int, int], str] = lambda _column, _place: HINT
        self._looked_at: tuple[int, int] | None = None  # stage and unit
        self._pinned = False
        self._focusable: dom.Element | None = None
        self._frames = dom.Frames(self._redraw)
        self._size = dom.SizeWatch(self._frame, self._measure)
        self._listeners = [
            dom.Listener(self._row, "pointerover focusin", self._on_point, passive=True),
            dom.Listener(self._row, "pointerleave focusout", self._on_leave, passive=True),
            dom.Listener(self._row, "click", self._on_press, passive=True),
            dom.Listener(self._row, "keydown", self._on_key),
            dom.Listener(self._row, "scroll", lambda _event: self._measure(), passive=True),
        ]

    @property
    def width(self) -> float:
        """How much room there is, in CSS pixels."""
        return float(self._frame.clientWidth)

    def show(self, flow: Flow, looks: Sequence[Look], digit: int | None, describe: Callable[[int, int], str]) -> None:
        """Show a flow, with a look for each of its columns. `digit` is the answer, None if there is none."""
        self._flow, self._digit, self._describe = flow, digit, describe
        made_for = [
            (look.kind, len(look.names), column.stage) for look, column in zip(looks, flow.columns, strict=True)
        ]
        if made_for != self._made_for:
            self._made_for = made_for
            self._row.textContent = ""
            self._views = [ColumnView(self._row, index, look) for index, look in enumerate(looks)]
            self._looked_at, self._pinned = None, False
            self._make_focusable(self._buttons()[0] if self._buttons() else None)
        shown = zip(self._views, looks, flow.columns, strict=True)
        if sum(view.show(look, column.values.tolist()) for view, look, column in shown):  # not `any`: show all
            self._measure()
        self._redraw()

    def _buttons(self) -> list[dom.Element]:
        return [unit for view in self._views if view.can_be_touched for unit in view.units]

    def _measure(self) -> None:
        origin = self._frame.getBoundingClientRect()
        for view in self._views:
            view.measure(origin)
        self._frames.request()

    # ---- Lines

    def _redraw(self) -> None:
        if self._flow is None:
            return
        at = self._place()
        links = self._flow.strongest(LINES, self._digit) if at is None else self._flow.through(*at, LINES_OF_ONE)
        self._row.toggleAttribute("data-one", at is not None)
        for unit in dom.select("[data-looked-at]", self._row):
            unit.removeAttribute("data-looked-at")
        if at is not None:
            self._views[at[0]].units[at[1]].setAttribute("data-looked-at", "pinned" if self._pinned else "")
        note = HINT if at is None else self._describe(*at)
        if note != self._note.textContent:
            self._note.textContent = note
        largest: dict[int, float] = {}
        for link in links:
            largest[link.column] = max(largest.get(link.column, 0.0), abs(link.size))
        paths = "".join(self._path(link, abs(link.size) / largest[link.column]) for link in links)
        self._lines.innerHTML = f"<svg>{paths}</svg>" if paths else ""

    def _path(self, link: Link, share: float) -> str:
        x, y = self._views[link.column].anchor(link.source, right=True)
        to_x, to_y = self._views[link.column + 1].anchor(link.target, right=False)
        middle = (x + to_x) / 2
        kind = "for" if link.size > 0 else "against"
        return (
            f'<path class="{kind}" stroke-width="{THIN + (THICK - THIN) * share:.1f}" '
            f'd="M{x:.1f} {y:.1f}C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"/>'
        )

    def _place(self) -> tuple[int, int] | None:
        """The column and the place of the unit that is looked at, if it is shown now."""
        if self._looked_at is None or self._flow is None:
            return None
        stage, unit = self._looked_at
        for index, column in enumerate(self._flow.columns):
            if column.stage == stage and unit in column.units:
                return index, column.units.index(unit)
        return None

    # ---- Pointers and keys

    def _unit_of(self, event: dom.Event) -> tuple[Column, int] | None:
        button = dom.closest(event.target, "button")
        if button is None or self._flow is None:
            return None
        column = self._flow.columns[int(dom.data(button, "column"))]
        return column, column.units[int(dom.data(button, "place"))]

    def _look_at(self, unit: tuple[int, int] | None) -> None:
        if unit != self._looked_at:
            self._looked_at = unit
            self._frames.request()
            if unit is not None:
                self._chosen(*unit, False)

    def _on_point(self, event: dom.Event) -> None:
        found = self._unit_of(event)
        if event.type == "focusin":
            self._make_focusable(dom.closest(event.target, "button"))
            self._note.setAttribute("aria-live", "polite")  # not while the pen moves
        if found is not None and not self._pinned:
            self._look_at((found[0].stage, found[1]))

    def _on_leave(self, event: dom.Event) -> None:
        if event.type == "focusout":
            self._note.setAttribute("aria-live", "off")
        if not self._pinned:
            self._look_at(None)

    def _on_press(self, event: dom.Event) -> None:
        found = self._unit_of(event)
        if found is None:
            return
        pressed = (found[0].stage, found[1])
        self._pinned = not (self._pinned and pressed == self._looked_at)
        self._looked_at = pressed
        self._chosen(*pressed, True)
        self._frames.request()

    def _make_focusable(self, button: dom.Element | None) -> None:
        """Tab stops at one unit; the arrows move on from there."""
        if self._focusable is not None:
            self._focusable.tabIndex = -1
        self._focusable = button
        if button is not None:
            button.tabIndex = 0

    def _on_key(self, event: dom.Event) -> None:
        button = dom.closest(event.target, "button")
        if event.key == "Escape" and self._pinned:
            self._pinned = False
            self._look_at(None)
        if button is None or event.key not in _ARROWS:
            return
        event.preventDefault()
        target = self._next(int(dom.data(button, "column")), int(dom.data(button, "place")), *_ARROWS[event.key])
        if target is not None:
            target.focus()

    def _next(self, index: int, place: int, right: int, down: int) -> dom.Element | None:
        """The unit beside one, in its column or in the column beside it."""
        view = self._views[index]
        row, column = divmod(place, view.columns)
        row, column = row + down, column + right
        if 0 <= column < view.columns:
            beside = row * view.columns + column
            return view.units[beside] if 0 <= row < view.rows and beside < len(view.units) else None
        other = index + right
        if not 0 <= other < len(self._views) or not self._views[other].can_be_touched:
            return None
        height = row / max(view.rows - 1, 1)
        view = self._views[other]
        beside = round(height * (view.rows - 1)) * view.columns + (0 if right > 0 else view.columns - 1)
        return view.units[min(beside, len(view.units) - 1)]
