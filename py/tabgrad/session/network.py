"""A network in training on a device: its training and its evaluation program, which share their weights.

Owns the executables, what is in their buffers, and how a network is measured; knows no schedules and no messages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.backends import Device, Executable
from tabgrad.data import Samples, Source
from tabgrad.incoming import quoted
from tabgrad.metrics import Results
from tabgrad.network import (
    INPUT_MEAN,
    SourceError,
    Tensors,
    draw_weights,
    fold_mean,
    initial_state,
    threefry,
    unfold_mean,
)
from tabgrad.program import DTYPES, Program, ProgramError

from .pace import Emit, Pace, max_step_s

#: What a written network starts from, by name, for a seed; without what is 0.
Draw = Callable[[int], Awaitable[Tensors]]
#: Images that the mean is taken over: they are in the first block, so a run need not wait for the rest.
MEAN_SAMPLES = 1000


class LoadedNetwork:
    """`train` and `evaluate` are loaded programs of one network; make one with `load_network`.

    `draw` gives what a written network starts from, for a seed; None for the networks of this page.
    """

    def __init__(self, train: Executable, evaluate: Executable, draw: Draw | None = None) -> None:
        self.train, self.evaluate, self._draw = train, evaluate, draw
        self.weight_names = tuple(b.name for b in train.program.by_role("weight"))
        self.state_names = tuple(b.name for b in train.program.by_role("state"))

    async def initialise(self, seed: int, mean: NDArray[np.float32], given: Tensors | None = None) -> None:
        """Set the weights, drawn by the seed or `given` ones that fit, and fresh optimizer state.

        `mean` (784,) is the training images' mean, for a network that centres. Raises ProgramError or EngineError.
        """
        program = self.train.program
        if self._draw is not None:
            self.write(beginning(program, await self._draw(seed), seed) | dict(given or {}))
            return
        weights = draw_weights({b.name: b.shape for b in program.by_role("weight")}, seed)
        if INPUT_MEAN in self.weight_names:
            weights = unfold_mean(fold_mean(given), mean) if given else {**weights, INPUT_MEAN: mean}
        elif given:
            weights = dict(given)
        self.write(weights)
        self.write({b.name: initial_state(b.name, b.shape, seed) for b in program.by_role("state")})

    def write(self, tensors: Tensors) -> None:
        """Set weights and state; ProgramError, before anything is changed, for a name or shape that does not fit."""
        for name, value in tensors.items():
            if name not in self.weight_names and name not in self.state_names:
                raise ProgramError(f"This network has no tensor called {quoted(name)}.")
            if self.train.program.buffer(name).shape != value.shape:
                raise ProgramError(
                    f"The tensor {quoted(name)} has the shape {value.shape}, which does not fit this network."
                )
        for name, value in tensors.items():
            self.train.write(name, value)

    async def weights(self) -> dict[str, NDArray[Any]]:
        """Copy of the weights after all steps submitted so far."""
        return await self.train.read(*self.weight_names)

    async def everything(self) -> dict[str, NDArray[Any]]:
        """Copy of weights and state: what a resume needs."""
        return await self.train.read(*self.weight_names, *self.state_names)

    def destroy(self) -> None:
        """Free both programs. Idempotent."""
        self.evaluate.destroy()
        self.train.destroy()


def beginning(program: Program, values: Tensors, seed: int) -> dict[str, NDArray[Any]]:
    """All that a written network's program keeps, before its first step. What is not in `values` is 0.

    The state of an optimizer of this page, which the source does not know, starts as for other networks.
    """
    found = {b.name: np.zeros(b.shape, DTYPES[b.dtype]) for b in program.by_role("weight")}
    found |= {b.name: initial_state(b.name, b.shape, seed).astype(DTYPES[b.dtype]) for b in program.by_role("state")}
    return found | {name: value for name, value in values.items() if name in found}


class FirstValuesError(SourceError):
    """A written network begins with values that are not finite numbers, in `tensor`."""

    def __init__(self, tensor: str, line: int = 0) -> None:
        super().__init__(f"The tensor “{tensor}” begins with values that are not finite numbers.", line)
        self.tensor = tensor


async def first_values(device: Device, program: Program, seed: int) -> dict[str, NDArray[Any]]:
    """What a written network starts from, by name, without what is 0: `program` is its "init" program.

    Raises ProgramError, EngineError, or FirstValuesError.
    """
    key = threefry.key_of(seed)
    values: dict[str, NDArray[Any]] = {
        buffer.name: np.frombuffer(buffer.data, DTYPES[buffer.dtype]).reshape(buffer.shape)
        for buffer in program.by_role("const")
    }
    if program.dispatch:
        words = {
            buffer.name: threefry.random_words(key, int(buffer.name.removeprefix("rand.")), buffer.shape[0])
            for buffer in program.by_role("input")
        }
        executable = await device.load(program)
        try:
            values |= await executable.run(words, [buffer.name for buffer in program.by_role("output")])
        finally:
            executable.destroy()
    for name, value in values.items():
        if not np.isfinite(value).all():
            raise FirstValuesError(name)
    return {**values, "rng.seed": key}


async def load_network(device: Device, train: Program, evaluate: Program, init: Program | None = None) -> LoadedNetwork:
    """Load both programs on `device`, sharing weights; `init` is a written network's. Raises ProgramError or
    EngineError.
    """
    draw = None if init is None else partial(first_values, device, init)
    training = await device.load(train)
    try:
        return LoadedNetwork(training, await device.load(evaluate, share=training), draw)
    except BaseException:
        training.destroy()
        raise


async def mean_image(source: Source) -> NDArray[np.float32]:
    """Mean of the first images of a seed's order, float32 (784,) in 0..1. Leaves `source` where it was."""
    position, source.position = source.position, 0
    samples = await source.take(MEAN_SAMPLES)
    source.position = position
    mean: NDArray[np.float32] = (samples.images.reshape(-1, 784).mean(0) / 255).astype(np.float32)
    return mean


def evaluation_pace(program: Executable, emit: Emit = lambda _event: None) -> Pace:
    """The pace for `evaluate`. Keep it: finding it again takes a few slow chunks."""
    return Pace(program.program.buffer("x").shape[0] * 784, emit, max_step_s(program.program))


async def evaluate(
    program: Executable, samples: Samples, between: Callable[[], Awaitable[None]], pace: Pace | None = None
) -> Results:
    """The network's results on `samples`, computed a chunk at a time.

    `between` runs after each chunk: it lets messages in, and raises to give up. A last batch that is not full is filled
    with the first images; their results are dropped.
    """
    batch = program.program.buffer("x").shape[0]
    total = len(samples.labels)
    steps = -(-total // batch)
    pace = pace or evaluation_pace(program)
    pace.restart()
    parts: list[NDArray[Any]] = []
    done = 0
    while done < steps:
        count = min(pace.count, steps - done)
        first, last = done * batch, (done + count) * batch
        # A slice copies nothing.
        rows: Any = slice(first, last) if last <= total else np.arange(first, last) % total
        streams = {
            "x": samples.images[rows].reshape(count, batch, 784),
            "y": samples.labels[rows].astype(np.int32).reshape(count, batch),
        }
        result = await pace.submit(count, partial(program.run_steps, count, streams, ["logits"]))
        parts.append(result["logits"].reshape(count * batch, -1))
        pace.finished(count)
        done += count
        await between()
        pace.restart()
    return Results(np.concatenate(parts)[:total], samples.labels)
