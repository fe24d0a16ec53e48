"""A store of runs over a storage that can be full, for the tests of what training leaves behind."""

from __future__ import annotations

from typing import Any

from tabgrad.artifacts import make_row
from tabgrad.protocol import Finished
from tabgrad.settings import RunSettings
from tabgrad.ui.train.store import TrainStore


class FakeStorage(dict[str, bytes]):
    """A store with room for `room` bytes."""

    room = 10**9

    async def get(self, key: str) -> bytes | None:  # type: ignore[override] # the protocol's, not the dict's
        return dict.get(self, key)

    async def put(self, key: str, value: bytes) -> None:
        if sum(len(v) for k, v in self.items() if k != key) + len(value) > self.room:
            raise OSError("The browser's storage for this page is full.")
        self[key] = value

    async def delete(self, key: str) -> None:
        self.pop(key, None)


def stores(room: int = 10**9) -> tuple[TrainStore, FakeStorage, list[str]]:
    storage, said = FakeStorage(), list[str]()
    storage.room = room

    async def open_storage() -> FakeStorage:
        return storage

    return TrainStore(open_storage, said.append), storage, said


def run_row(run_id: str) -> dict[str, Any]:
    """A finished run, not in the table yet."""
    finished = Finished(
        reason="completed",
        step=10,
        epoch=1.5,
        validation_accuracy=0.97,
        test_accuracy=0.975,
        interval=[0.97, 0.98],
        seconds=2.5,
        settings=RunSettings(hidden=(64, 32)).to_json(),
    )
    return make_row(run_id, finished, "WebAssembly", 1000, "")
