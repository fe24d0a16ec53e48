"""Ink as the log of actions that web/boot.js keeps: so the drawing is there again at once when the page is reloaded."""

from __future__ import annotations

import json
from typing import Any

from tabgrad.ink import CELLS, Snapshot


def to_log(ink: Snapshot, size: float, pen: float) -> str:
    """JSON that `Pad` and web/boot.js read: [{"tool", "width", "points": [x0, y0, x1, y1, …]}]; empty without ink.

    `size` is the pad's side and `pen` the normal pen's width, in its units.
    """
    actions: list[dict[str, Any]] = [
        {"tool": "pen", "width": s.width, "points": [round(float(v), 2) for v in s.points.reshape(-1)]}
        for s in ink.strokes
    ]
    side = size / CELLS
    # The boot script paints a cell as a dot of its side, until the pad fills it.
    actions += [
        {"tool": "cells", "width": side / pen, "points": [(column + 0.5) * side, (row + 0.5) * side]}
        for row, column in sorted(ink.cells)
    ]
    return json.dumps(actions, separators=(",", ":")) if actions else ""
