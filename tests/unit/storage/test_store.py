"""A cache over a store that fails is only slow."""

import asyncio

from tabgrad.storage import BestEffortCache


class Failing:
    async def get(self, key: str) -> bytes | None:
        raise OSError("The browser keeps nothing.")

    async def put(self, key: str, value: bytes) -> None:
        raise OSError("The browser keeps nothing.")

    async def delete(self, key: str) -> None:
        raise OSError("The browser keeps nothing.")


class Working(dict[str, bytes]):
    async def get(self, key: str) -> bytes | None:  # type: ignore[override]
        return dict.get(self, key)

    async def put(self, key: str, value: bytes) -> None:
        self[key] = value

    async def delete(self, key: str) -> None:
        self.pop(key, None)


def test_a_store_that_fails_is_a_cache_that_misses() -> None:
    async def go() -> None:
        async def open_store() -> Failing:
            return Failing()

        cache = BestEffortCache(open_store)
        await cache.put("a", b"1")
        assert await cache.get("a") is None

    asyncio.run(go())


def test_a_store_that_cannot_be_opened_is_a_cache_that_misses() -> None:
    async def go() -> None:
        async def open_store() -> Failing:
            raise OSError("No storage here.")

        cache = BestEffortCache(open_store)
        await cache.put("a", b"1")
        assert await cache.get("a") is None

    asyncio.run(go())


def test_what_was_put_is_there() -> None:
    async def go() -> None:
        store = Working()

        async def open_store() -> Working:
            return store

        cache = BestEffortCache(open_store)
        await cache.put("a", b"1")
        assert await cache.get("a") == b"1"

    asyncio.run(go())
