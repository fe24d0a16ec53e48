"""The classes of files that were read: a field with the name of each, how many images it has, and some of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tabgrad.explain.colour import grey
from tabgrad.interop import dom
from tabgrad.protocol import DataRead

SIDE = 28
HOW = "The names of the classes can be changed. A list that is pasted into the first field names all of them."


class Naming(Protocol):
    """What is done with the fields: `bringing.Bringing`."""

    def call(self, label: str, name: str) -> None:
        """A class has another name."""

    def paste_names(self, place: int, text: str) -> bool:
        """A text is pasted at a class; False if it is no list."""


class _Row(NamedTuple):
    label: str
    field: dom.Element
    fault: dom.Element
    images: dom.Element | None


class ClassFields:
    """Shows the classes of a `DataRead`."""

    def __init__(self, parent: dom.Element, naming: Naming) -> None:
        self._naming = naming
        dom.create("p", parent, class_="note", text=HOW, id="data-class-how")
        self._list = dom.create("ul", parent, class_="data-classes", aria_label="Classes")
        self._rows = list[_Row]()
        self._listeners = [
            dom.Listener(self._list, "change", self._on_change),
            dom.Listener(self._list, "paste", self._on_paste),
            dom.Listener(self._list, "keydown", self._on_key),
        ]

    def show(self, found: DataRead) -> None:
        """Show other classes. What is in the fields comes with `refresh`."""
        pixels = np.frombuffer(found.images, np.uint8).reshape(-1, SIDE, SIDE)
        self._list.replaceChildren()
        self._rows = []
        first = 0
        for place, label in enumerate(found.labels):
            count = sum(row[place] for row in found.counts.values())
            self._add(place, label, count, pixels[first : first + found.shown[place]])
            first += found.shown[place]

    def _add(self, place: int, label: str, count: int, images: NDArray[np.uint8]) -> None:
        row = dom.create("li", self._list, data_testid=f"data-class-{place}")
        field = dom.create(
            "input",
            row,
            type="text",
            class_="text-field",
            autocomplete="off",
            enterkeyhint="next",
            dir="auto",
            data_place=f"{place}",
            data_testid=f"data-class-name-{place}",
        )
        field.setAttribute("aria-label", f"Name of class {place + 1}, {label} in the files")
        field.setAttribute("aria-describedby", f"data-class-fault-{place}{'' if place else ' data-class-how'}")
        dom.create("span", row, text="1 image" if count == 1 else f"{count:,} images", class_="note")
        fault = dom.create("span", row, class_="note fault", id=f"data-class-fault-{place}", role="status")
        self._rows.append(_Row(label, field, fault, _strip(row, images)))

    def refresh(self, text_of: Callable[[str], str], faults: Mapping[str, str]) -> None:
        """Show what each class is called, and what is wrong with that."""
        for label, field, fault, images in self._rows:
            text, sentence = text_of(label), faults.get(label, "")
            if str(field.value) != text:
                field.value = text
            if str(fault.textContent) != sentence:
                fault.textContent = sentence
            field.setAttribute("aria-invalid", "true" if sentence else "false")
            if images is not None:
                images.setAttribute("aria-label", f"Examples of {text}")

    def focus_fault(self) -> None:
        """Go to the first field with a fault, if there is one."""
        for row in self._rows:
            if str(row.fault.textContent):
                row.field.focus()
                return

    def _on_change(self, event: dom.Event) -> None:
        row = self._rows[int(dom.data(event.target, "place"))]
        self._naming.call(row.label, str(event.target.value))

    def _on_paste(self, event: dom.Event) -> None:
        text = str(event.clipboardData.getData("text/plain"))
        if self._naming.paste_names(int(dom.data(event.target, "place")), text):
            event.preventDefault()  # else the text would go into this field, on one line

    def _on_key(self, event: dom.Event) -> None:
        """Enter goes on to the next class, Escape takes back what is being written."""
        place, key = int(dom.data(event.target, "place")), str(event.key)
        if event.isComposing or key not in ("Enter", "Escape"):
            return
        event.preventDefault()
        if key == "Escape":
            event.target.value = event.target.defaultValue
        following = self._rows[min(place + 1, len(self._rows) - 1)].field if key == "Enter" else event.target
        event.target.blur()  # tells of the change, also in the last field
        following.focus()
        following.select()


def _strip(row: dom.Element, images: NDArray[np.uint8]) -> dom.Element | None:
    """All examples of a class, side by side on one canvas."""
    if not len(images):
        return None
    strip = np.concatenate(list(np.pad(images, ((0, 0), (0, 0), (0, 2)))), axis=1)[:, :-2]
    height, width = strip.shape
    canvas = dom.create("canvas", row, width=f"{width}", height=f"{height}", role="img")
    dom.put_rgba(canvas, grey(strip / 255))
    return canvas
