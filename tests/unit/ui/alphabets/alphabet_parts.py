"""Alphabets, pads and stores for tests, without a document."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import numpy as np

from tabgrad.data.drawings import Drawing, DrawingSet
from tabgrad.ink import Snapshot, Stroke
from tabgrad.storage import KeptStore
from tabgrad.ui.alphabets.controller import AlphabetController
from tabgrad.ui.alphabets.store import AlphabetStore
from tests.unit.ui.train.train_stores import FakeStorage


def line(x: float) -> tuple[Stroke, ...]:
    """Ink that differs with `x`."""
    return (Stroke(np.array([[x, 2], [30, 40]], np.float32)),)


def drawing(label: int, x: float = 1) -> Drawing:
    return Drawing(label, line(x), 280.0)


def shape(found: DrawingSet | None) -> dict[str, list[float]]:
    """The first number of each drawing, by the name of its class."""
    assert found is not None
    made: dict[str, list[float]] = {label: [] for label in found.labels}
    for one in found.drawings:
        made[found.labels[one.label]].append(float(one.strokes[0].points[0, 0]))
    return made


class FakePad:
    """A `PadPort`."""

    def __init__(self) -> None:
        self.ink = Snapshot()
        self.is_drawing = False

    def put(self, ink: Snapshot) -> None:
        self.ink = ink

    def draw(self, x: float) -> None:
        self.ink = Snapshot(line(x))


class Tab:
    """The alphabets in `storage`, seen from a tab of its own. `go` runs what a press starts."""

    def __init__(self, storage: FakeStorage | None = None) -> None:
        self.storage = FakeStorage() if storage is None else storage
        self.kept = KeptStore(self.storage.open)
        self.pad, self.opened, self.asked = FakePad(), list[str](), list[str]()
        self.store = AlphabetStore(self.kept, lambda: self.asked.append("persist"))
        self.controller = AlphabetController(self.store, self.pad, self.opened.append)
        self.editing = self.controller.editing

    def go(self, *work: Coroutine[Any, Any, Any]) -> str:
        """Run this, one after the other; returns what is said then."""

        async def all_of_it() -> None:
            for one in work:
                await one

        asyncio.run(all_of_it())
        return self.controller.said

    def begin(self, *labels: str, name: str = "Runes") -> Tab:
        """With an alphabet of these classes."""
        self.go(self.controller.create(name), *(self.editing.add_class(label) for label in labels))
        return self

    def keep(self, place: int, *xs: float) -> str:
        """Draw and keep, once for each of `xs`."""
        for x in xs:
            self.pad.draw(x)
            self.go(self.editing.keep(place))
        return self.controller.said

    def shape(self) -> dict[str, list[float]]:
        return shape(self.store.found)
