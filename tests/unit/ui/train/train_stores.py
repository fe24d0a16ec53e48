"""A store of runs over a storage that can be full, for the tests of what training leaves behind."""

from __future__ import annotations

from typing import Any

from tabgrad.artifacts import make_row
from tabgrad.protocol import Finished
from tabgrad.settings import RunSettings
from tabgrad.storage import KeptStore
from tabgrad.ui.train.store import TrainStore


class FakeStorage(dict[str, bytes]):
    """A `ByteStore` with room for `room` bytes; while it has a `fault`, it refuses everything."""

    room = 10**9
    fault = ""

    async def open(self) -> FakeStorage:
        self._check()
        return self

    async def get(self, key: str) -> bytes | None:  # type: ignore[override] # the protocol's, not the dict's
        self._check()
        return dict.get(self, key)

    async def put(self, key: str, value: bytes) -> None:
        self._check()
        if sum(len(v) for k, v in self.items() if k != key) + len(value) > self.room:
            raise OSError("The browser's storage for this page is full.")
        self[key] = value

    async def delete(self, key: str) -> None:
        self._check()
        self.pop(key, None)

    async def keys(self, prefix: str) -> list[str]:  # type: ignore[override]
        return [key for key in self if key.startswith(prefix)]

    async def sizes(self) -> dict[str, int]:
        self._check()
        return {key: len(value) for key, value in self.items()}

    async def clear(self) -> None:  # type: ignore[override]
        self._check()
        dict.clear(self)

    def _check(self) -> None:
        if self.fault:
            raise OSError(self.fault)


def stores(room: int = 10**9) -> tuple[TrainStore, FakeStorage, list[str]]:
    storage, said = FakeStorage(), list[str]()
    storage.room = room
    return another_tab(storage, said), storage, said


def another_tab(storage: FakeStorage, said: list[str]) -> TrainStore:
    """What training keeps in `storage`, seen from another tab, or after a reload."""
    return TrainStore(KeptStore(storage.open), said.append, said.remove)


def run_row(run_id: str) -> dict[str, Any]:
    """A finished run, not in the table yet."""
    finished = Finished(
        reason="completed",
        step=10,
        epoch=1.5,
        validation_accuracy=0.97,
        test_accuracy=0.975,
        interval=[0.97, 0.98],
        tested=10_000,
        seconds=2.5,
        settings=RunSettings(hidden=(64, 32)).to_json(),
    )
    return make_row(run_id, finished, "WebAssembly", 1000, "")
