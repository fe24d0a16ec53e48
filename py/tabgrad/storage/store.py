"""Bytes under keys: a store that says what fails, and a cache that does not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol


class ByteStore(Protocol):
    """Bytes by key, kept between visits. Every method raises OSError with one sentence where that fails."""

    async def get(self, key: str) -> bytes | None:
        """The bytes under `key`, or None."""

    async def put(self, key: str, value: bytes) -> None:
        """Keep `value`; where that fails, what was there before stays."""

    async def delete(self, key: str) -> None:
        """Forget `key`."""

    async def keys(self, prefix: str) -> list[str]:
        """The keys that begin with `prefix`."""

    async def sizes(self) -> dict[str, int]:
        """All keys, with how many bytes each of them has."""

    async def clear(self) -> None:
        """Forget everything."""


OpenStore = Callable[[], Awaitable[ByteStore]]


class Cache(Protocol):
    """Bytes that can be made again. Both methods do their best and never raise: a cache that fails is a slow one."""

    async def get(self, key: str) -> bytes | None:
        """What was put under `key`, or None."""

    async def put(self, key: str, value: bytes) -> None:
        """Keep `value` if that is possible."""


class BestEffortCache:
    """A `Cache` over a `ByteStore`, which is opened when it is first needed."""

    def __init__(self, open_store: OpenStore) -> None:
        self._open = open_store

    async def get(self, key: str) -> bytes | None:
        try:
            return await (await self._open()).get(key)
        except OSError:
            return None

    async def put(self, key: str, value: bytes) -> None:
        try:
            await (await self._open()).put(key, value)
        except OSError:
            return
