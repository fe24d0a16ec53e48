"""A network in training on a device: its training and its evaluation program, which share their weights.

Owns the executables and what is in their buffers; knows nothing of data, schedules or messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.backends import Device, Executable
from tabgrad.network import INPUT_MEAN, draw_weights, fold_mean, initial_state, unfold_mean
from tabgrad.program import Program, ProgramError

Tensors = Mapping[str, NDArray[Any]]


class LoadedNetwork:
    """`train` and `evaluate` are loaded programs of one network; make one with `load_network`."""

    def __init__(self, train: Executable, evaluate: Executable) -> None:
        self.train, self.evaluate = train, evaluate
        self.weight_names = tuple(b.name for b in train.program.by_role("weight"))
        self.state_names = tuple(b.name for b in train.program.by_role("state"))

    def initialise(self, seed: int, mean: NDArray[np.float32], given: Tensors | None = None) -> None:
        """Set the weights, drawn by the seed or `given` ones that fit, and fresh optimizer state.

        `mean` (784,) is the training images' mean, for a network that centres.
        """
        program = self.train.program
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
                raise ProgramError(f"This network has no tensor called {name!r}.")
            if self.train.program.buffer(name).shape != value.shape:
                raise ProgramError(f"The tensor {name!r} has the shape {value.shape}, which does not fit this network.")
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


async def load_network(device: Device, train: Program, evaluate: Program) -> LoadedNetwork:
    """Load both programs on `device`, sharing weights. Raises ProgramError or EngineError."""
    training = await device.load(train)
    try:
        return LoadedNetwork(training, await device.load(evaluate, share=training))
    except BaseException:
        training.destroy()
        raise
