"""A small picture of a drawing, as SVG: it takes the colour of the text around it, in light and dark. Shows nothing."""

from __future__ import annotations

import numpy as np

from tabgrad.data.drawings import Drawing
from tabgrad.ink import ink_bounds, thin

#: The normal pen, the room around the ink, and the least side that is shown: shares of the pad's side.
_PEN, _ROOM, _LEAST = 0.08, 0.08, 0.4
#: Strokes are thinned: by this share of the pad's side their line may move.
_THINNING = 0.004


def svg_of(drawing: Drawing) -> str:
    """The drawing as an SVG element. It has numbers only, nothing that anybody has typed."""
    bounds = ink_bounds(drawing.strokes)
    side = max(float(bounds.extent) + 2 * _ROOM * drawing.size, _LEAST * drawing.size)
    x, y = (float(v) - side / 2 for v in bounds.middle)
    paths = []
    for stroke in drawing.strokes:
        points = np.round(thin(stroke.points, _THINNING * drawing.size), 1).tolist()
        line = " ".join(f"{px:g} {py:g}" for px, py in points)
        paths.append(
            f'<path d="M{points[0][0]:g} {points[0][1]:g}L{line}" stroke-width="{_pen(drawing, stroke.width):g}"/>'
        )
    return (
        f'<svg viewBox="{x:.1f} {y:.1f} {side:.1f} {side:.1f}" fill="none" stroke="currentColor" '
        f'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{"".join(paths)}</svg>'
    )


def _pen(drawing: Drawing, width: float) -> float:
    return round(_PEN * drawing.size * width, 1)
