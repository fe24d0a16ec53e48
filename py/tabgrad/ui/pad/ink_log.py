"""Ink as the log of actions that web/boot.js keeps: so the drawing is there at once when the page is reloaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np

from tabgrad.incoming import is_finite, read_json
from tabgrad.ink import CELLS, MAX_PEN_WIDTH, Snapshot

from .gestures import Points, Tool

#: Of a pen's width, 1 is normal; the distance of points from the pad, in its units.
MIN_WIDTH, MAX_WIDTH, MAX_DISTANCE = 0.01, 99, 1e5
#: Bytes of a log, its actions, and the numbers in all of their points. The tab's storage has room for less.
MAX_BYTES, MAX_ACTIONS, MAX_NUMBERS = 6 << 20, 5_000, 1_000_000
_TOOLS = frozenset([*get_args(Tool), "clear"])


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

    It keeps the log where other scripts can write. What is no action is left out, and so is what
    no longer fits; of anything else nothing is left.
    """
    try:
        body = read_json(text, max_bytes=MAX_BYTES)
    except ValueError:
        return [], -1
    if not isinstance(body, dict) or not isinstance(body.get("log"), list):
        return [], -1
    found = list[LoggedAction]()
    room = MAX_NUMBERS
    for item in body["log"]:
        if len(found) == MAX_ACTIONS:
            break
        action = _action(item, room)
        if action is not None:
            found.append(action)
            room -= action.points.size
    pointer = body.get("pointer")
    return found, pointer if type(pointer) is int else -1


def _action(item: Any, room: int) -> LoggedAction | None:
    """An action of at most `room` numbers, or None. Wider pens than the page has are narrowed."""
    tool = item.get("tool") if isinstance(item, dict) else None
    if not isinstance(tool, str) or tool not in _TOOLS:
        return None
    if tool == "clear":
        return LoggedAction("clear", np.zeros((0, 2), np.float32), 1)
    values, width = item.get("points"), item.get("width", 1)
    if not isinstance(values, list) or not values or len(values) % 2 or len(values) > room:
        return None
    if not set(map(type, values)) <= {int, float} or not is_finite(width) or not MIN_WIDTH <= width <= MAX_WIDTH:
        return None
    points = np.array(values, np.float64).reshape(-1, 2)
    if not (np.abs(points) < MAX_DISTANCE).all():
        return None
    return LoggedAction(cast(Tool, tool), points.astype(np.float32), min(float(width), MAX_PEN_WIDTH))
