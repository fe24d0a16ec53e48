"""Pictures of few pixels, enlarged by CSS, and the scale that says what their two colours mean. Computes no pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tabgrad.interop import dom


class Picture:
    """A canvas with a caption and a text alternative."""

    def __init__(self, parent: dom.Element, caption: str = "", kind: str = "") -> None:
        self.figure = dom.create("figure", parent, class_=f"picture {kind}".strip())
        frame = dom.create("div", self.figure, class_="picture-frame")
        self.canvas = dom.create("canvas", frame, role="img", width="1", height="1")
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
        """Change the caption."""
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


def legend(parent: dom.Element, negative: str, positive: str) -> None:
    """The scale from blue (`negative`) to orange (`positive`)."""
    line = dom.create("p", parent, class_="legend")
    dom.create("span", line, text=negative)
    dom.create("span", line, class_="legend-scale", aria_hidden="true")
    dom.create("span", line, text=positive)
