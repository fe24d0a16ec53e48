"""What a run has done so far: its position, its curves, its best result. Plain data that fits in a checkpoint.

Points of the curves lie on a fixed grid of steps: a resumed run records the same points as an uninterrupted one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.settings import RunSettings

from .curves import Curves

#: Points of a training curve over the whole run, about: as many as a plot can show.
CURVE_POINTS = 200


@dataclass
class Record:
    """`step` counts finished steps. `window_*` sum the losses and hits of the steps since the last point.

    `fingerprint` is the data's, empty where the site alone decides what is in it. `origin` names the network that the
    run began with, empty if its weights were drawn.
    """

    settings: RunSettings
    steps: int
    samples: int
    step: int = 0
    seconds: float = 0.0
    curves: Curves = field(default_factory=Curves)
    best_accuracy: float = 0.0
    best_epoch: int = 0
    window_steps: int = 0
    window_loss: float = 0.0
    window_correct: int = 0
    tunings: list[dict[str, Any]] = field(default_factory=list)
    fingerprint: str = ""
    origin: str = ""
    _sent: tuple[int, int] = field(default=(0, 0), compare=False)

    @property
    def epoch(self) -> float:
        """Passes over the training set so far."""
        return self.step * self.settings.batch / self.samples

    def add(self, losses: NDArray[np.float32], correct: NDArray[np.int32]) -> None:
        """Take in the results of consecutive steps: mean losses (n,) and correct answers per batch (n,)."""
        every = max(1, self.steps // CURVE_POINTS)
        begin = 0
        while begin < len(losses):
            end = min(len(losses), begin + every - self.window_steps)
            self.window_loss += float(losses[begin:end].sum(dtype=np.float64))
            self.window_correct += int(correct[begin:end].sum())
            self.window_steps += end - begin
            self.step += end - begin
            begin = end
            if self.window_steps == every:
                self._close_window()

    def _close_window(self) -> None:
        self.curves.step.append(self.step)
        self.curves.loss.append(self.window_loss / self.window_steps)
        self.curves.accuracy.append(self.window_correct / (self.window_steps * self.settings.batch))
        self.window_steps, self.window_loss, self.window_correct = 0, 0.0, 0

    def add_validation(self, loss: float, accuracy: float) -> None:
        """Note a measurement on the validation split at the present step."""
        self.curves.validation_step.append(self.step)
        self.curves.validation_loss.append(loss)
        self.curves.validation_accuracy.append(accuracy)

    def new_points(self) -> Curves:
        """The points of the curves since the last call."""
        sent, self._sent = self._sent, (len(self.curves.step), len(self.curves.validation_step))
        return self.curves.since(*sent)

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` of it goes on where this one is."""
        plain = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        return {**plain, "settings": self.settings.to_json(), "curves": vars(self.curves)}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Record:
        """The record in a checkpoint's metadata. Raises KeyError, TypeError, ValueError if it is none."""
        settings = RunSettings.make(body["settings"])
        return cls(**{**body, "settings": settings, "curves": Curves(**body["curves"])})
