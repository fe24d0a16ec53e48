"""Paints the pad from vectors, so that it is sharp at any size and pixel ratio. Takes no input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.ink import CELLS, Snapshot
from tabgrad.interop import dom


class PadCanvas:
    """The canvas `element`. Its side is `size` units long, and the normal pen `pen` units wide."""

    def __init__(self, element: dom.Element, size: float, pen: float) -> None:
        self._element, self._size, self._pen = element, size, pen
        self._context = element.getContext("2d")
        self.grid = False  #: whether the lines between cells are shown
        self.cursor: tuple[int, int] | None = None  #: the cell (row, column) that the keyboard is at

    def units(self, events: list[dom.Event]) -> NDArray[np.float32]:
        """Where pointer events happened: x and y in units, (n, 2)."""
        box = self._element.getBoundingClientRect()
        points = np.array([(event.clientX, event.clientY) for event in events], np.float64)
        scaled: NDArray[np.float32] = ((points - (box.x, box.y)) * (self._size / max(box.width, 1))).astype(np.float32)
        return scaled

    def redraw(self, ink: Snapshot) -> None:
        """Paint everything again, at the canvas's current size."""
        side = max(1, round(self._element.clientWidth * dom.device_pixel_ratio()))
        if self._element.width != side or self._element.height != side:
            self._element.width = self._element.height = side
        context, scale = self._context, side / self._size
        context.setTransform(scale, 0, 0, scale, 0, 0)
        context.clearRect(0, 0, self._size, self._size)
        context.globalCompositeOperation = "source-over"  # the boot script's eraser may have set another mode
        context.lineCap = context.lineJoin = "round"
        context.fillStyle = context.strokeStyle = dom.style(self._element, "color")
        for stroke in ink.strokes:
            self.line(stroke.points, stroke.width)
        if ink.cells:
            cell = self._size / CELLS
            context.fill(dom.path("".join(f"M{c * cell} {r * cell}h{cell}v{cell}h-{cell}z" for r, c in ink.cells)))
        if self.grid:
            self._draw_grid(scale)

    def line(self, points: NDArray[np.float32], width: float) -> None:
        """Paint a polyline (n, 2), in units, over what is there. `width` 1 is the normal pen."""
        self._context.lineWidth = self._pen * width
        (x, y), *_ = corners = np.round(points, 2).tolist()
        # Browsers paint nothing for a line of length 0. To make a dot visible, each line starts 0.01 units to the left.
        self._context.stroke(dom.path(f"M{x - 0.01} {y}L" + " ".join(f"{x} {y}" for x, y in corners)))

    def _draw_grid(self, scale: float) -> None:
        context: Any = self._context
        cell = self._size / CELLS
        context.lineWidth = 1 / scale  # one device pixel
        context.strokeStyle = dom.style(self._element, "--line")
        at = [round(i * cell * scale) / scale + 0.5 / scale for i in range(1, CELLS)]
        context.stroke(dom.path("".join(f"M{p} 0V{self._size}M0 {p}H{self._size}" for p in at)))
        if self.cursor:
            row, column = self.cursor
            context.lineWidth = 2.5
            context.strokeStyle = dom.style(self._element, "--accent")
            context.strokeRect(column * cell, row * cell, cell, cell)
