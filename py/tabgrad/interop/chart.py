"""uPlot from Python: a line chart that takes NumPy arrays. Owns its size and colours; never what it shows.

https://github.com/leeoniya/uPlot
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import js
import numpy as np
from numpy.typing import NDArray

from . import dom, page
from .convert import js_function, release, to_js

#: The smallest chart. Pixels.
MIN_WIDTH, MIN_HEIGHT = 160, 80


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
    """A chart as large as its parent element, which has a size of its own. Await `load` first.

    `x_label` names the horizontal axis. With `log` the vertical axis is logarithmic and its values are positive.
    `limits` are the ends of the vertical axis while the chart is empty.
    """

    def __init__(
        self, parent: Any, lines: Sequence[Line], x_label: str, limits: tuple[float, float], *, log: bool = False
    ) -> None:
        self._parent, self._lines, self._x_label, self._log = parent, lines, x_label, log
        self._data: list[NDArray[np.float64]] = [np.zeros(0)] * (len(lines) + 1)
        self._limits = limits
        self._plot: Any = None
        self._powers = js_function(_powers_of_ten)
        self._watch = dom.SizeWatch(parent, self.resize)
        self._build()

    def _build(self) -> None:
        text, grid = dom.colour(self._parent, "--muted"), dom.colour(self._parent, "--line")
        family = dom.style(self._parent, "font-family")
        axis = {
            "stroke": text,
            "font": f"13px {family}",
            "grid": {"stroke": grid, "width": 1},
            "ticks": {"stroke": grid, "width": 1},
        }
        below = {"label": self._x_label, "labelFont": f"13px {family}", "labelSize": 18, "size": 26, "labelGap": 0}
        series: list[dict[str, Any]] = [{}]
        for line in self._lines:
            colour = dom.colour(self._parent, line.colour)
            one: dict[str, Any] = {"label": line.label, "stroke": colour, "width": 2, "spanGaps": True}
            one["points"] = {"show": line.points, "size": 6, "fill": colour}
            series.append(one)
        upright = {"distr": 3, "log": 10, "auto": False} if self._log else {"auto": False}
        lines: dict[str, Any] = {"stroke": grid, "width": 1}
        if self._log:
            lines["filter"] = self._powers
        options = {
            **self._size(),
            "cursor": {"drag": {"x": False, "y": False}},
            "legend": {"show": False},
            "scales": {"x": {"time": False, "auto": False}, "y": upright},
            "axes": [{**axis, **below}, {**axis, "grid": lines, "ticks": lines, "size": 42, "space": 24}],
            "series": series,
        }
        self._plot = js.uPlot.new(to_js(options), self._columns(), self._parent)
        self._scale()

    def _size(self) -> dict[str, int]:
        return {
            "width": max(MIN_WIDTH, int(self._parent.clientWidth)),
            "height": max(MIN_HEIGHT, int(self._parent.clientHeight)),
        }

    def _columns(self) -> Any:
        return js.Array.of(*[_column(values) for values in self._data])

    def _scale(self) -> None:
        """The horizontal axis goes from 0 to the last value, the vertical one between the limits."""
        end = float(self._data[0][-1]) if len(self._data[0]) else 0.0
        self._plot.setScale("x", to_js({"min": 0.0, "max": end or 1.0}))
        self._plot.setScale("y", to_js({"min": self._limits[0], "max": self._limits[1]}))

    def show(self, limits: tuple[float, float], x: NDArray[np.float64], *lines: NDArray[np.float64]) -> None:
        """Show these values: `x` (n,), and for each line an array (n,), NaN where there is no value.

        `limits` are the ends of the vertical axis.
        """
        self._limits, self._data = limits, [x, *lines]
        self._plot.setData(self._columns(), False)
        self._scale()

    def resize(self) -> None:
        """Fit the parent's new size. While the parent is hidden the chart stays as it is."""
        size = self._size()
        if self._plot is None or not self._parent.clientWidth:
            return
        if (self._plot.width, self._plot.height) != (size["width"], size["height"]):
            self._plot.setSize(to_js(size))

    def recolour(self) -> None:
        """Redraw in the colours of the present theme."""
        self._plot.destroy()
        self._build()

    def remove(self) -> None:
        """Remove the chart from the page."""
        self._watch.remove()
        self._plot.destroy()
        release(self._powers)


def _powers_of_ten(_plot: Any, values: Any, *_: Any) -> Any:
    """Of the values on a logarithmic axis those that get a line; the others become null."""
    return to_js([value if math.isclose(math.log10(value) % 1, 0, abs_tol=1e-6) else None for value in values])


def _column(values: NDArray[np.float64]) -> Any:
    """A Float64Array; with gaps an Array, since uPlot reads undefined as "no value" but NaN as a value."""
    if np.isnan(values).any():
        return to_js([None if np.isnan(v) else float(v) for v in values])
    return to_js(np.ascontiguousarray(values))
