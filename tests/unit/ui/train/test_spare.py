"""A worker that is started ahead takes the place of one that is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tabgrad.ui.train.client import Channel
from tabgrad.ui.train.spare import Receive, SpareWorkers


class FakeChannel:
    """Remembers what it was told."""

    def __init__(self, receive: Receive, fault: str) -> None:
        self.receive, self._fault = receive, fault
        self.told: list[str] = []
        self.ended = False

    async def start(self, first: str) -> None:
        await asyncio.sleep(0)
        if self._fault:
            raise RuntimeError(self._fault)
        self.told.append(first)

    def send(self, text: str, blobs: Sequence[bytes] = ()) -> None:
        self.told.append(text)

    def terminate(self) -> None:
        self.ended = True


class Page:
    """Workers as they are made, and what they say."""

    def __init__(self) -> None:
        self.made: list[FakeChannel] = []
        self.heard: list[str] = []
        self.fault = ""
        self.spares = SpareWorkers(self._make, "first")

    def _make(self, receive: Receive) -> FakeChannel:
        self.made.append(FakeChannel(receive, self.fault))
        return self.made[-1]

    def take(self) -> Channel:
        return self.spares.make(lambda text, _blobs: self.heard.append(text))


def test_the_spare_is_handed_out_once_and_speaks_to_who_has_it() -> None:
    async def go() -> None:
        page = Page()
        await asyncio.gather(page.spares.prepare(), page.spares.prepare())
        await page.spares.prepare()
        assert len(page.made) == 1
        channel = page.take()
        await channel.start("first")
        channel.send("command")
        assert page.made[0].told == ["first", "command"]
        page.made[0].receive("event", [])
        assert page.heard == ["event"]
        page.take()
        assert len(page.made) == 2, "there was no other spare"
        channel.terminate()
        assert page.made[0].ended

    asyncio.run(go())


def test_a_spare_that_cannot_start_is_none() -> None:
    async def go() -> None:
        page = Page()
        page.fault = "The script could not be fetched."
        await page.spares.prepare()
        page.fault = ""
        await page.spares.prepare()
        page.made[-1].receive("it has failed in the worker", [])
        page.take()
        assert [channel.ended for channel in page.made] == [True, True, False]
        assert page.heard == []

    asyncio.run(go())
