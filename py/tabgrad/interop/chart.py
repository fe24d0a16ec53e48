"""uPlot from Python: a line chart that takes NumPy arrays. Owns its size and colours; never what it shows.

https://github.com/leeoniya/uPlot
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import js
import numpy as np
from numpy.typing import NDArray

from . import dom, page
from .convert import to_js

#: Pixels.
HEIGHT = 220
MIN_WIDTH = 220


@dataclass(frozen=True, slots=True)
class Line:
    """A series. `colour` is the name of a CSS variable; with `points` each value is marked by a dot."""

    label: str
    colour: str
    points: bool = False


async def load(url: str) -> None:
    """Load uPlot if it is not loaded yet. Raises OSError with one sentence."""
    if getattr(js, "uPlot", None) is None:
        page.ensure_locale()
        await page.load_script(url)
    if getattr(js, "uPlot", None) is None:
        raise OSError("This browser could not start the library that draws the curves.")


class Chart:
    """A chart as wide as its parent element; `x_label` names the horizontal axis. Await `load` first."""

    def __init__(self, parent: Any, lines: Sequence[Line], x_label: str) -> None:
        self._parent, self._lines, self._x_label = parent, lines, x_label
        self._data: list[NDArray[np.float64]] = [np.zeros(0)] * (len(lines) + 1)
        self._plot: Any = None
        self._watch = dom.SizeWatch(parent, self.resize)
        self._build()

    def _build(self) -> None:
        text, grid = dom.colour(self._parent, "--ink"), dom.colour(self._parent, "--line")
        family = dom.style(self._parent, "font-family")
        axis = {
            "stroke": text,
            "font": f"13px {family}",
            "grid": {"stroke": grid, "width": 1},
            "ticks": {"stroke": grid, "width": 1},
        }
        below = {"label": self._x_label, "labelFont": f"13px {family}", "labelSize": 20, "size": 28, "labelGap": 0}
        series: list[dict[str, Any]] = [{}]
        for line in self._lines:
            colour = dom.colour(self._parent, line.colour)
            one: dict[str, Any] = {"label": line.label, "stroke": colour, "width": 2, "spanGaps": True}
            one["points"] = {"show": line.points, "size": 6, "fill": colour}
            series.append(one)
        options = {
            "width": self._width(),
            "height": HEIGHT,
            "cursor": {"drag": {"x": False, "y": False}},
            "legend": {"show": False},
            "scales": {"x": {"time": False}, "y": {}},
            "axes": [{**axis, **below}, {**axis, "size": 46}],
            "series": series,
        }
        self._plot = js.uPlot.new(to_js(options), self._columns(), self._parent)

    def _width(self) -> int:
        return max(MIN_WIDTH, int(self._parent.clientWidth))

    def _columns(self) -> Any:
        return js.Array.of(*[_column(values) for values in self._data])

    def show(self, x: NDArray[np.float64], *lines: NDArray[np.float64]) -> None:
        """Show these values: `x` (n,), and for each line an array (n,), NaN where there is no value."""
        self._data = [x, *lines]
        self._plot.setData(self._columns())

    def resize(self) -> None:
        """Fit the parent's new width."""
        if self._plot is not None and self._plot.width != self._width():
            self._plot.setSize(to_js({"width": self._width(), "height": HEIGHT}))

    def recolour(self) -> None:
        """Redraw in the colours of the present theme."""
        self._plot.destroy()
        self._build()

    def remove(self) -> None:
        """Remove the chart from the page."""
        self._watch.remove()
        self._plot.destroy()


def _column(values: NDArray[np.float64]) -> Any:
    """A Float64Array; with gaps an Array, since uPlot reads undefined as "no value" but NaN as a value."""
    if np.isnan(values).any():
        return to_js([None if np.isnan(v) else float(v) for v in values])
    return to_js(np.ascontiguousarray(values))
