"""Damaged values that the browser keeps: the ink of a page that was reloaded, the table of runs, a timeline's index."""

from __future__ import annotations

import json

import numpy as np

from tabgrad.artifacts import RunRow, TimelineEntry, dump_index, dump_rows, load_index, load_rows, to_csv
from tabgrad.ink import Sheet, Snapshot, Stroke
from tabgrad.metrics import is_confusion
from tabgrad.settings import RunSettings
from tabgrad.ui.code import console_history, copies, tab_memory
from tabgrad.ui.code.copies import Copy
from tabgrad.ui.code.tab_memory import TabMemory
from tabgrad.ui.pad.gestures import begin
from tabgrad.ui.pad.ink_log import LoggedAction, from_log, to_log
from tests.fuzz.formats.base import SETTINGS, Format
from tests.fuzz.mutate import Damage

SIZE = 280.0


def damaged_log(damage: Damage) -> str:
    ink = Snapshot((Stroke(np.array([[1, 2], [30, 40]], np.float32), 1.5),), frozenset({(3, 4)}))
    log = [
        *json.loads(to_log(ink, SIZE, 22)),
        {"tool": "eraser", "width": 1, "points": [1, 2, 3, 4]},
        {"tool": "clear"},
    ]
    return damage.text({"log": log, "pointer": damage.rng.choice([-1, 3])}).decode("utf-8", "replace")


def use_log(_text: str, read: tuple[list[LoggedAction], int]) -> None:
    sheet = Sheet(SIZE)
    for action in read[0][:20]:
        if action.tool == "clear":
            sheet.clear()
        else:
            begin(action.tool, sheet, action.width, 16).move(action.points[:50])
    assert all(np.isfinite(stroke.points).all() for stroke in sheet.now.strokes)


def damaged_rows(damage: Damage) -> bytes:
    row = {
        "id": "19aa5f3d704",
        "number": 2,
        "reason": "completed",
        "engine": "WebAssembly",
        "origin": "Run 1",
        "parameters": 3190,
        "epochs_done": 3.0329,
        "steps": 49,
        "validation_accuracy": 0.5,
        "test_accuracy": 0.6,
        "test_interval": [0.2, 0.9],
        "seconds": 0.533,
        "settings": SETTINGS.to_json(),
    }
    return damage.text([row, {**row, "id": "b", "number": 1}])


def use_rows(_content: bytes, rows: list[RunRow]) -> None:
    assert load_rows(dump_rows(rows)) == rows
    assert len({row["id"] for row in rows}) == len(rows)
    to_csv(rows)
    for row in rows:
        RunSettings.stored(row["settings"])
        f"{row['test_accuracy'] * 100:.2f} {row['seconds']:.1f} {row['epochs_done']:.2f} {1 + row['number']}"


def damaged_timeline(damage: Damage) -> bytes:
    entries = [TimelineEntry(step, step / 10, 0.5, b"", np.eye(10, dtype=int).tolist()) for step in (0, 3, 9)]
    return damage.text(json.loads(dump_index("19aa", entries)), "moments")


def use_timeline(_content: bytes, read: tuple[str, list[TimelineEntry]]) -> None:
    assert load_index(dump_index(*read)) == read
    for entry in read[1]:
        assert not entry.confusion or is_confusion(entry.confusion)


def damaged_copies(damage: Damage) -> bytes:
    rows = [Copy("1", "mlp", "class Net: ..."), Copy("2", "link", "x = 1", "x = 2", True, 3, 1.7e9)]
    return damage.text(json.loads(copies.dumps(rows)))


def use_copies(_content: bytes, rows: list[Copy]) -> None:
    assert copies.loads(copies.dumps(rows)) == rows


def damaged_memory(damage: Damage) -> str:
    memory = TabMemory("mlp", "", "x = 1", "{}", "1", 2, True, False)
    return damage.text(json.loads(tab_memory.dumps(memory))).decode("utf-8", "replace")


def use_memory(_text: str, memory: TabMemory | None) -> None:
    assert memory is None or tab_memory.loads(tab_memory.dumps(memory)) == memory


def damaged_history(damage: Damage) -> str:
    return damage.text(["x", "def f():\n    return 1"]).decode("utf-8", "replace")


def use_history(_text: str, commands: list[str]) -> None:
    history = console_history.History(console_history.dumps(commands))
    while (command := history.older("")) is not None:
        assert command in commands


KEPT: dict[str, Format] = {
    "ink log": Format(damaged_log, from_log, use_log),
    "runs": Format(damaged_rows, load_rows, use_rows),
    "timeline": Format(damaged_timeline, load_index, use_timeline, (ValueError,), shown=False),
    "code copies": Format(damaged_copies, copies.loads, use_copies),
    "console": Format(damaged_history, console_history.loads, use_history),
    "code editor": Format(damaged_memory, tab_memory.loads, use_memory),
}
