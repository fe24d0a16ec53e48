"""A copy of a network whose weights stay as they are, so that it can be measured while the original is in training.

Owns an executable with its own weights.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tabgrad.backends import Device, Executable

from ..models import Model, write_weights
from .probe import logits_of

Array = NDArray[np.float32]


class FrozenModel:
    """A copy made by `freeze_model`. `title` and `temperature` are the original's. Call `destroy` when done."""

    def __init__(self, executable: Executable, model: Model) -> None:
        self._executable = executable
        self.title, self.temperature = model.title, model.temperature

    async def logits(self, images: Array) -> Array:
        """Logits (n, 10) for images (n, 28, 28) of values in 0..1, in one submission. Raises EngineError."""
        return await logits_of(self._executable, images)

    def destroy(self) -> None:
        """Free its memory on the engine."""
        self._executable.destroy()


async def freeze_model(device: Device, model: Model) -> FrozenModel:
    """Copy a network with the weights that it has at the call. Raises EngineError."""
    program = model.executable.program
    weights = await model.executable.read(*(b.name for b in program.by_role("weight")))
    executable = await device.load(program)
    write_weights(executable, weights)
    return FrozenModel(executable, model)
