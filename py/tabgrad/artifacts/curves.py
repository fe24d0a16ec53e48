"""The curves of a run: points that both the worker, in checkpoints, and the page, in charts, keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Points(Protocol):
    """Parallel lists of points, as `Curves` and `protocol.Metrics` have them."""

    @property
    def step(self) -> list[int]: ...
    @property
    def loss(self) -> list[float]: ...
    @property
    def accuracy(self) -> list[float]: ...
    @property
    def validation_step(self) -> list[int]: ...
    @property
    def validation_loss(self) -> list[float]: ...
    @property
    def validation_accuracy(self) -> list[float]: ...


@dataclass
class Curves:
    """Parallel lists: training means per point, validation measurements. Losses in nats, accuracies in 0..1."""

    step: list[int] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    validation_step: list[int] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)

    def extend(self, points: Points) -> None:
        """Append points."""
        for name, values in vars(self).items():
            values.extend(getattr(points, name))

    def since(self, training: int, validation: int) -> Curves:
        """The points after the first `training` training points and the first `validation` measurements."""
        return Curves(
            *(
                values[validation if name.startswith("validation_") else training :]
                for name, values in vars(self).items()
            )
        )

    def columns(self, name: str, steps_per_epoch: float) -> tuple[NDArray[np.float64], ...]:
        """(epochs, training, validation) of "loss" or "accuracy" on one axis, NaN where there is no value."""
        steps = np.union1d(self.step, self.validation_step)
        train, validation = np.full(len(steps), np.nan), np.full(len(steps), np.nan)
        train[np.searchsorted(steps, self.step)] = getattr(self, name)
        validation[np.searchsorted(steps, self.validation_step)] = getattr(self, f"validation_{name}")
        return steps / max(1e-9, steps_per_epoch), train, validation
