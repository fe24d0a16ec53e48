"""Ink as the log of actions that web/boot.js keeps: so the drawing is there at once when the page is reloaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np

from tabgrad.incoming import fits, is_finite, read_json
from tabgrad.ink import CELLS, Snapshot

from .gestures import Points, Tool

#: Of a pen's width, 1 is normal; the distance of points from the pad, in its units.
MIN_WIDTH, MAX_WIDTH, MAX_DISTANCE = 0.01, 99, 1e5


@dataclass(frozen=True, slots=True, eq=False)
class LoggedAction:
    """What a press of the pointer did: `points` (n, 2), n >= 1, or none for "clear"."""

    tool: Tool | Literal["clear"]
    points: Points
    width: float


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


def from_log(text: str) -> tuple[list[LoggedAction], int]:
    """What web/boot.js hands over: the actions, and the pointer that is drawing now or -1.

    It keeps the log where other scripts can write. What is no action is left out; of anything else nothing is left.
    """
    try:
        body = read_json(text)
    except ValueError:
        return [], -1
    if not isinstance(body, dict) or not isinstance(body.get("log"), list):
        return [], -1
    found = [action for action in map(_action, body["log"]) if action is not None]
    pointer = body.get("pointer")
    return found, pointer if type(pointer) is int else -1


def _action(item: Any) -> LoggedAction | None:
    if not isinstance(item, dict) or item.get("tool") not in [*get_args(Tool), "clear"]:
        return None
    tool, points, width = item["tool"], item.get("points", []), item.get("width", 1)
    if tool == "clear":
        return LoggedAction("clear", np.zeros((0, 2), np.float32), 1)
    if not fits(points, list[float]) or not points or len(points) % 2 or not is_finite(width):
        return None
    if not MIN_WIDTH <= width <= MAX_WIDTH or not all(abs(value) < MAX_DISTANCE for value in points):
        return None
    return LoggedAction(cast(Tool, tool), np.array(points, np.float32).reshape(-1, 2), float(width))
