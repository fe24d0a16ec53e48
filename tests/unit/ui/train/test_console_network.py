"""The console's network is told to each worker that takes the place of another one, and to no other."""

from __future__ import annotations

import asyncio
from typing import Any

from tabgrad import protocol
from tabgrad.ui.train.console_network import ConsoleNetwork

COMPILED = protocol.Written(description={}, program=b"p", weights=b"w", seconds=1.0)
TRAINED = protocol.Checkpoint(
    step=5, epoch=1.0, end_of_epoch=True, validation_accuracy=0.5, checkpoint=b"c", weights=b"v"
)
AUTOSAVED = protocol.Checkpoint(step=6, epoch=1.2, end_of_epoch=False, validation_accuracy=0.5, checkpoint=b"a")


class Worker:
    """Notes what it is told."""

    started = True

    def __init__(self) -> None:
        self.told: list[protocol.Command] = []

    async def ensure(self) -> None: ...

    async def ask(self, command: protocol.Command, tell: Any = None) -> protocol.AnyEvent:
        self.told.append(command)
        return protocol.Accepted()

    async def replace_worker(self) -> None: ...


def told(network: ConsoleNetwork) -> list[protocol.Command]:
    """What a worker is told before two commands of the console."""
    worker = Worker()
    asyncio.run(network.bring_back(worker))
    asyncio.run(network.bring_back(worker))
    return worker.told


def begun() -> ConsoleNetwork:
    network = ConsoleNetwork(lambda _receive: None)  # type: ignore[arg-type, return-value] # nobody uses the channel
    network.make(lambda _text, _blobs: None)
    return network


def test_the_worker_that_made_it_is_told_nothing() -> None:
    network = begun()
    assert told(network) == []
    network.follow(COMPILED)
    assert told(network) == []


def test_the_next_worker_is_told_once_of_the_latest() -> None:
    network = begun()
    for event, expected in ((COMPILED, b"w"), (TRAINED, b"c"), (COMPILED, b"w")):
        network.follow(event)
        network.follow(AUTOSAVED)
        network.make(lambda _text, _blobs: None)
        (command,) = told(network)
        assert isinstance(command, protocol.Remember)
        assert expected == command.weights + command.checkpoint


def test_what_the_visitor_threw_away_does_not_come_back() -> None:
    network = begun()
    network.follow(TRAINED)
    network.forget()
    network.make(lambda _text, _blobs: None)
    assert told(network) == []
