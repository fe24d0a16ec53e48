"""Pictures of few pixels, enlarged by CSS: single ones and galleries; bars for signed numbers; and a colour scale.

Each owns its elements; what a press means is up to its user.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tabgrad.explain.colour import grey
from tabgrad.interop import dom

from .format import signed

#: A longer caption of a small image takes more than one line. Characters.
ONE_LINE = 14
#: The text alternative of a picture that is not drawn yet.
NOTHING = "Nothing to see yet"


class Picture:
    """A canvas with a caption and a text alternative."""

    def __init__(self, parent: dom.Element, caption: str = "", kind: str = "") -> None:
        self.figure = dom.create("figure", parent, class_=f"picture {kind}".strip())
        frame = dom.create("div", self.figure, class_="picture-frame")
        self.canvas = dom.create("canvas", frame, role="img", aria_label=NOTHING, width="1", height="1")
        self._overlay = dom.create("div", frame, class_="picture-overlay", aria_hidden="true")
        self._caption = dom.create("figcaption", self.figure, text=caption)
        self._shape = (1, 1)

    def show(self, rgba: NDArray[np.uint8], alt: str) -> None:
        """Show uint8 (height, width, 4); `alt` is the text alternative."""
        if rgba.shape[:2] != self._shape:
            self._shape = (rgba.shape[0], rgba.shape[1])
            self.canvas.height, self.canvas.width = self._shape
        dom.put_rgba(self.canvas, rgba)
        self.canvas.setAttribute("aria-label", alt)

    def caption(self, text: str) -> None:
        self._caption.textContent = text

    def overlay(self, shapes: str) -> None:
        """Lay SVG shapes over the picture, in units of its pixels; an empty text removes them."""
        height, width = self._shape
        self._overlay.innerHTML = f'<svg viewBox="0 0 {width} {height}">{shapes}</svg>' if shapes else ""

    def point(self, event: dom.Event) -> tuple[float, float]:
        """Where a pointer event hit: x and y in pixels of the picture."""
        box = self.canvas.getBoundingClientRect()
        height, width = self._shape
        return (
            (event.clientX - box.x) / max(box.width, 1) * width,
            (event.clientY - box.y) / max(box.height, 1) * height,
        )


@dataclass(frozen=True, slots=True, eq=False)
class GalleryItem:
    """`image` uint8 (28, 28); `label` describes it to screen readers; `wrong` marks a mistake."""

    image: NDArray[np.uint8]
    caption: str
    label: str
    wrong: bool = False


class Gallery:
    """Small images with captions, each a button. `pressed` gets the position of the one that was pressed, from 0."""

    def __init__(self, parent: dom.Element, label: str, pressed: Callable[[int], object], testid: str) -> None:
        self._list = dom.create("ul", parent, class_="gallery", aria_label=label, data_testid=testid)
        self._cells: list[tuple[dom.Element, ...]] = []
        self._items: list[GalleryItem | None] = []  # what each cell shows
        self._pressed = pressed
        self._listener = dom.Listener(self._list, "click", self._on_click)

    def _on_click(self, event: dom.Event) -> None:
        button = dom.closest(event.target, "button")
        if button is not None:
            self._pressed(int(dom.data(button, "place")))

    def show(self, items: Sequence[GalleryItem]) -> None:
        """Replace what is shown. Elements are kept for reuse; what has not changed is not drawn again."""
        for place in range(len(self._cells), len(items)):
            row = dom.create("li", self._list)
            button = dom.create("button", row, type="button", class_="sample", data_place=str(place))
            canvas = dom.create("canvas", button, width="28", height="28", aria_hidden="true")
            self._cells.append((row, button, canvas, dom.create("span", button, aria_hidden="true")))
            self._items.append(None)
        for place, (row, button, canvas, caption) in enumerate(self._cells):
            row.hidden = place >= len(items)
            if row.hidden:
                continue
            before, item = self._items[place], items[place]
            self._items[place] = item
            if before is None or before.image is not item.image:
                dom.put_rgba(canvas, grey(item.image / 255))
            if before is not None and _words(before) == _words(item):
                continue
            caption.textContent = item.caption
            # The name has the visible caption in it, for those who speak what they want pressed.
            label = item.label if item.caption in item.label else f"{item.caption}: {item.label}"
            button.setAttribute("aria-label", f"{label}. Put it on the pad.")
            button.toggleAttribute("data-wrong", item.wrong)
            button.toggleAttribute("data-long", len(item.caption) > ONE_LINE)


def _words(item: GalleryItem) -> tuple[str, str, bool]:
    return item.caption, item.label, item.wrong


class SignedBars:
    """Rows of a label, a bar that grows to the right (orange) or left (blue) of zero, and a number."""

    def __init__(self, parent: dom.Element, label: str, count: int) -> None:
        self._list = dom.create("ol", parent, class_="signed-bars", aria_label=label)
        self._rows: list[tuple[dom.Element, ...]] = []
        self._shown: list[object] = [None] * count  # what each row shows: most do not change while the pen moves
        for _ in range(count):
            row = dom.create("li", self._list, class_="signed-bar")
            name = dom.create("span", row, class_="signed-bar-name")
            track = dom.create("span", row, class_="signed-bar-track", aria_hidden="true")
            fill = dom.create("span", track, class_="signed-bar-fill")
            self._rows.append((row, name, fill, dom.create("span", row, class_="signed-bar-value")))

    def show(
        self,
        names: Sequence[str],
        values: Sequence[float],
        best: int | None = None,
        printed: Sequence[float] | None = None,
    ) -> None:
        """Show one row for each value, all on one scale. The row `best` is marked; rows without a value are hidden.

        `printed` are the numbers to print, if they are not just `values` rounded: parts of a sum that is printed too.
        """
        printed = values if printed is None else printed
        limit = max((abs(v) for v in values), default=0.0) or 1.0
        for i, (row, name, fill, number) in enumerate(self._rows):
            row.hidden = i >= len(values)
            if row.hidden:
                continue
            size, exact = f"{abs(values[i]) / limit:.4f}", f"{values[i]:.6f}"
            shown = (names[i], exact, printed[i], size, i == best)
            if shown == self._shown[i]:
                continue
            self._shown[i] = shown
            name.textContent, number.textContent = names[i], signed(printed[i])
            row.dataset.value = exact
            row.toggleAttribute("data-best", i == best)
            row.toggleAttribute("data-negative", values[i] < 0)
            fill.style.setProperty("--size", size)


def legend(parent: dom.Element, negative: str, positive: str) -> None:
    """The scale from blue (`negative`) to orange (`positive`)."""
    line = dom.create("p", parent, class_="legend")
    dom.create("span", line, text=negative)
    dom.create("span", line, class_="legend-scale", aria_hidden="true")
    dom.create("span", line, text=positive)
