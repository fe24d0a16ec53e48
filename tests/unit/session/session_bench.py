"""A host with everything it is given from outside made up: engine, programs, data, and a page that collects events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from tabgrad.alphabet import DIGITS, Labels
from tabgrad.artifacts import load_weights
from tabgrad.backends import Arrays, Device, DeviceLostError, EngineError
from tabgrad.backends.engines import EngineChoice
from tabgrad.backends.oracle import OracleNetwork
from tabgrad.backends.wasm import open_device
from tabgrad.data import DataError, RunData, Samples, Source
from tabgrad.data.catalogue import DataSets
from tabgrad.metrics import Results
from tabgrad.protocol import AnyEvent, Command, Dispose, decode_command, decode_event, encode
from tabgrad.session.host import WorkerHost
from tabgrad.session.programs import ProgramLibrary
from tabgrad.session.runtime import FetchFeatures, no_features
from tests.unit.session.session_runs import TRAINING_IMAGES, Digits, digits

E = TypeVar("E", bound=AnyEvent)


HELD_OUT_SEEDS = {"validation": 2, "test": 3}


class MadeUpData:
    """`RunData` of the noisy patterns, one for each class of `alphabet`."""

    description, count, fingerprint = "Patterns", TRAINING_IMAGES, ""

    def __init__(self, alphabet: Labels = DIGITS) -> None:
        self.alphabet = alphabet
        self.sources: list[Digits] = []

    def source(self, seed: int) -> Source:
        self.sources.append(Digits(seed, classes=len(self.alphabet)))
        return self.sources[-1]

    async def split(self, name: str) -> Samples:
        return digits(400, HELD_OUT_SEEDS[name], len(self.alphabet))

    async def samples(self, name: str, indices: Any) -> Samples:
        everything = digits(TRAINING_IMAGES, 1, len(self.alphabet))
        if max(indices) >= TRAINING_IMAGES:
            raise DataError("There is no such sample.")
        return Samples(everything.images[indices], everything.labels[indices])


class MadeUpSets(DataSets):
    """Has one data set, whatever is asked for."""

    def __init__(self, alphabet: Labels = DIGITS) -> None:
        self.data = MadeUpData(alphabet)

    async def open(self, name: str) -> RunData:
        return self.data


class MemoryCache(dict[str, bytes]):
    """A `Cache`; a dict's own get is not a coroutine."""

    async def get(self, key: str) -> bytes | None:  # type: ignore[override] # the protocol's, not the dict's
        return dict.get(self, key)

    async def put(self, key: str, value: bytes) -> None:
        self[key] = value


#: Shared by all benches: each program is compiled once a session.
COMPILED = MemoryCache()


class Bench:
    """Messages go through the wire's encoding both ways, as between page and worker."""

    def __init__(self, sets: DataSets | None = None, fetch_features: FetchFeatures = no_features) -> None:
        self.events: list[AnyEvent] = []
        self.sets = sets or MadeUpSets()
        self.opened: list[tuple[str, Device]] = []
        self.wrap: Callable[[Device], Device] = lambda device: device
        self._news = asyncio.Event()
        self._ids = 0
        programs = ProgramLibrary({}, self._no_file, COMPILED, self._tinygrad, "test")
        self.host = WorkerHost(self._open, programs, self.sets, self._take, fetch_features=fetch_features)

    async def _open(self, choice: str) -> EngineChoice:
        device = self.wrap(await open_device())
        self.opened.append((choice, device))
        return EngineChoice(device, "it is the only one")

    async def _no_file(self, url: str) -> bytes:
        raise OSError(f"There is no {url}.")

    async def _tinygrad(self) -> None:
        """It is importable here."""

    def _take(self, event: AnyEvent) -> None:
        self.events.append(decode_event(*encode(event)))
        self._news.set()

    def send(self, kind: type[Any], **fields: Any) -> int:
        """Give a command; returns its id."""
        self._ids += 1
        command: Command = kind(id=self._ids, **fields)
        self.host.receive(decode_command(*encode(command)))
        return self._ids

    async def expect(self, kind: type[E], fits: Callable[[E], bool] = lambda _: True) -> E:
        """The first event of a kind that fits, waited for; those before it stay in `events`."""
        seen = 0
        async with asyncio.timeout(60):
            while True:
                for event in self.events[seen:]:
                    if isinstance(event, kind) and fits(event):
                        return event
                seen = len(self.events)
                self._news.clear()
                await self._news.wait()

    async def answer(self, kind: type[Any], **fields: Any) -> AnyEvent:
        """Give a command and wait for its one answer."""
        number = self.send(kind, **fields)
        return await self.expect(AnyEvent, lambda event: event.reply_to == number)  # type: ignore[arg-type] # a union

    def forget_events(self) -> None:
        self.events.clear()


class LosesItsDevice:
    """A device whose programs fail after so many chunks of steps, as a driver reset makes them."""

    def __init__(self, device: Device, chunks: int, fault: EngineError | None = None) -> None:
        self._device, self._chunks = device, chunks
        self._fault = fault or DeviceLostError("The graphics device was lost.")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._device, name)

    async def load(self, program: Any, share: Any = None) -> Any:
        executable = await self._device.load(program, share)
        run_steps = executable.run_steps

        def failing(count: int, streams: Arrays, collect: Any) -> Any:
            self._chunks -= 1
            if self._chunks < 0:
                raise self._fault
            return run_steps(count, streams, collect)

        executable.run_steps = failing  # type: ignore[method-assign] # the fault is the point
        return executable


def on_bench(
    test: Callable[[Bench], Awaitable[None]],
    sets: DataSets | None = None,
    fetch_features: FetchFeatures = no_features,
) -> None:
    """Have `test` use a bench of its own."""

    async def go() -> None:
        bench = Bench(sets, fetch_features)
        await test(bench)
        bench.send(Dispose)
        await asyncio.sleep(0)

    asyncio.run(go())


def measured(weights: bytes, split: str = "validation") -> Results:
    """What NumPy makes of a weights file on a split of the made-up data."""
    file = load_weights(weights)
    samples = digits(400, HELD_OUT_SEEDS[split], len(file.settings.alphabet))
    logits = OracleNetwork(file.spec or {"kind": "mlp"}, file.tensors).forward(samples.images.reshape(-1, 784) / 255)
    return Results(logits, samples.labels)
