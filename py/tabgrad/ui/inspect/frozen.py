"""The network that answers, held still: measured for seconds while the one on the page goes on learning.

Owns an executable with weights of its own, as long as it is needed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tabgrad.backends import Device, Executable

from ..models import Model, write_weights
from .probe import logits_of

Array = NDArray[np.float32]


class Frozen:
    """`title` and `temperature` are the model's; make one with `freeze`."""

    def __init__(self, executable: Executable, model: Model) -> None:
        self._executable = executable
        self.title, self.temperature = model.title, model.temperature

    async def logits(self, images: Array) -> Array:
        """Logits (n, 10) for images (n, 28, 28), in one submission."""
        return await logits_of(self._executable, images)

    def destroy(self) -> None:
        """Free it."""
        self._executable.destroy()


async def freeze(device: Device, model: Model) -> Frozen:
    """A copy of the network with the weights it has at the moment of the call. Raises EngineError."""
    program = model.executable.program
    weights = await model.executable.read(*(b.name for b in program.by_role("weight")))
    executable = await device.load(program)
    write_weights(executable, weights)
    return Frozen(executable, model)
