"""One class of the open alphabet: its name, how many drawings it has, and small pictures of them.

Owns its elements. A press on a picture shows what can be done with that drawing.
"""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.data.drawings import Drawing, DrawingSet
from tabgrad.data.drawn import MIN_DRAWINGS_OF_A_CLASS
from tabgrad.interop import dom

from ..widgets.controls import Button
from .controller import AlphabetController
from .series import COUNT
from .thumbnail import svg_of

#: Pictures of a class that are shown: the newest.
MAX_SHOWN = 30
CROSS = "\N{MULTIPLICATION X}"


class ClassRow:
    """The class at `place`."""

    def __init__(self, parent: dom.Element, place: int, controller: AlphabetController) -> None:
        self._place, self._controller = place, controller
        self.element = dom.create("li", parent, class_="class-row", data_testid=f"class-row-{place}")
        head = dom.create("div", self.element, class_="class-head")
        self._name = dom.create(
            "input", head, type="text", class_="class-label", autocomplete="off", data_testid=f"class-label-{place}"
        )
        self._name.setAttribute("aria-label", f"Name of class {place + 1}")
        self._name.dir = "auto"
        self._count = dom.create("span", head, class_="class-count", data_testid=f"class-count-{place}")
        editing = controller.editing
        self._series = Button(head, f"Draw {COUNT}", lambda: editing.begin_series(place), f"class-series-{place}")
        self._remove = Button(
            head, CROSS, lambda: controller.do(editing.remove_class(place)), f"class-remove-{place}", "icon-button"
        )
        self._strip = dom.create("ul", self.element, class_="class-strip", data_testid=f"class-strip-{place}")
        self._cells: list[tuple[dom.Element, dom.Element]] = []
        self._drawn: list[Drawing] = []  # what is shown, the newest first
        self._more = dom.create("p", self.element, class_="note")
        self._tools = DrawingTools(self.element, place, controller, self.focus)
        self._listeners = [
            dom.Listener(self._name, "change", lambda _event: self._renamed()),
            dom.Listener(self._strip, "click", self._on_click),
            dom.Listener(self._strip, "keydown", self._on_key),
        ]

    def show(self, found: DrawingSet) -> None:
        """Show the class as it is in `found`."""
        label = found.labels[self._place]
        drawings = [d for d in found.drawings if d.label == self._place]
        if str(self._name.value) != label and dom.focused() is not self._name:
            self._name.value = label
        missing = MIN_DRAWINGS_OF_A_CLASS - len(drawings)
        self._count.textContent = (
            f"{len(drawings)}" if missing <= 0 else f"{len(drawings)} of {MIN_DRAWINGS_OF_A_CLASS}"
        )
        self._count.toggleAttribute("data-few", missing > 0)
        self._series.element.setAttribute("aria-label", f"Draw {COUNT} of {label}, one after the other")
        self._remove.element.setAttribute("aria-label", f"Remove class {label}")
        self._remove.element.title = "Remove this class"
        self._strip.setAttribute("aria-label", f"Drawings of {label}")
        self._show_pictures(label, drawings[: -MAX_SHOWN - 1 : -1], len(drawings))
        hidden = len(drawings) - MAX_SHOWN
        self._more.textContent = f"And {hidden:,} older." if hidden > 0 else ""
        self._tools.show(found)

    def _show_pictures(self, label: str, newest: list[Drawing], count: int) -> None:
        for place in range(len(self._cells), len(newest)):
            row = dom.create("li", self._strip)
            self._cells.append((row, dom.create("button", row, type="button", class_="thumb", data_place=str(place))))
        selected = self._controller.editing.selected
        for place, (row, button) in enumerate(self._cells):
            row.hidden = place >= len(newest)
            if row.hidden:
                continue
            drawing = newest[place]
            if place >= len(self._drawn) or self._drawn[place] is not drawing:
                button.innerHTML = svg_of(drawing)
            button.setAttribute("aria-label", f"Drawing {count - place} of {label}")
            button.setAttribute("aria-pressed", "true" if drawing is selected else "false")
        self._drawn = newest

    def focus(self, place: int = 0) -> None:
        """Focus a picture, or if there is none the button that draws many."""
        if self._drawn:
            self._cells[min(place, len(self._drawn) - 1)][1].focus()
        else:
            self._series.element.focus()

    def _renamed(self) -> None:
        self._controller.do(self._rename())

    async def _rename(self) -> None:
        await self._controller.editing.rename_class(self._place, str(self._name.value))
        if (found := self._controller.found) is not None and self._place < len(found.labels):
            self._name.value = found.labels[self._place]  # a name that cannot be is gone again, and said

    def _on_click(self, event: dom.Event) -> None:
        button = dom.closest(event.target, "button")
        if button is not None:
            drawing, editing = self._drawn[int(dom.data(button, "place"))], self._controller.editing
            editing.select(None if drawing is editing.selected else drawing)

    def _on_key(self, event: dom.Event) -> None:
        """Delete removes the drawing that has the focus, arrows go to its neighbours."""
        button = dom.closest(event.target, "button")
        if button is None:
            return
        place, key = int(dom.data(button, "place")), str(event.key)
        if key in ("Delete", "Backspace"):
            self._controller.do(self._remove_drawing(place))
        elif key in ("ArrowRight", "ArrowLeft"):
            self.focus(max(0, place + (1 if key == "ArrowRight" else -1)))
        else:
            return
        event.preventDefault()

    async def _remove_drawing(self, place: int) -> None:
        await self._controller.editing.remove(self._drawn[place])
        self.focus(place)


class DrawingTools:
    """What can be done with the selected drawing of the class at `place`. `left` is called when it is gone."""

    def __init__(
        self, parent: dom.Element, place: int, controller: AlphabetController, left: Callable[[], object]
    ) -> None:
        self._place, self._controller, self._left = place, controller, left
        self._box = dom.create("div", parent, class_="drawing-tools", role="group", aria_label="This drawing")
        self._box.hidden = True
        label = dom.create("label", self._box, class_="choice")
        dom.create("span", label, text="Move to")
        self._classes = dom.create("select", label, class_="select", data_testid=f"drawing-move-{place}")
        self._moved = dom.Listener(self._classes, "change", lambda _event: self._move())
        self._buttons = [
            Button(self._box, "Remove", self._remove, f"drawing-remove-{place}"),
            Button(self._box, "Put on the pad", self._put, f"drawing-pad-{place}"),
            Button(self._box, "Done", self._close, f"drawing-done-{place}"),
        ]
        self._key = dom.Listener(self._box, "keydown", self._on_key)
        self._shown: object = None

    def show(self, found: DrawingSet) -> None:
        """Show the tools if a drawing of this class is selected."""
        selected = self._controller.editing.selected
        self._box.hidden = selected is None or selected.label != self._place
        if self._box.hidden or self._shown == found.labels:
            return
        self._shown = found.labels
        self._classes.replaceChildren()
        for place, label in enumerate(found.labels):
            dom.create("option", self._classes, text=label, value=str(place))
        self._classes.value = str(self._place)

    def _selected(self) -> Drawing | None:
        return self._controller.editing.selected

    def _move(self) -> None:
        if (drawing := self._selected()) is not None:
            place = int(self._classes.value)
            self._classes.value = str(self._place)
            self._controller.do(self._moved_to(drawing, place))

    async def _moved_to(self, drawing: Drawing, place: int) -> None:
        await self._controller.editing.move(drawing, place)
        self._left()

    def _remove(self) -> None:
        if (drawing := self._selected()) is not None:
            self._controller.do(self._removed(drawing))

    async def _removed(self, drawing: Drawing) -> None:
        await self._controller.editing.remove(drawing)
        self._left()

    def _put(self) -> None:
        if (drawing := self._selected()) is not None:
            self._controller.editing.show_on_pad(drawing)

    def _close(self) -> None:
        self._controller.editing.select(None)
        self._left()

    def _on_key(self, event: dom.Event) -> None:
        if str(event.key) == "Escape":
            event.preventDefault()
            self._close()
