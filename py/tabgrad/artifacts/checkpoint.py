"""A checkpoint file: safetensors with weights under their own names, optimizer state, and the run's record as metadata.

The safetensors library reads it, and a program that knows only weights finds them. Nothing outside the record is
needed to go on: data order and augmentation follow from seed and step, dropout's generator is among the state. Points
of the curves lie on a fixed grid of steps: a resumed run records the same points as an uninterrupted one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, get_type_hints

import numpy as np
from numpy.typing import NDArray

from tabgrad.incoming import fits, is_finite, quoted, read_json
from tabgrad.network import (
    TRAINING_STATE,
    Tensors,
    WeightsError,
    check_shapes,
    load_safetensors,
    read_header,
    save_safetensors,
    spec_shapes,
)
from tabgrad.protocol import Metrics
from tabgrad.settings import TUNABLE, RunSettings, total_steps, training_spec

FORMAT = "tabgrad-checkpoint"
#: Prefix of the weights of the best epoch, kept while early stopping is on.
BEST = "best."
#: Points of a training curve over the whole run, about: as many as a plot can show.
CURVE_POINTS = 200
#: Larger numbers in a record are not those of a run: steps or samples, seconds, characters of a name.
MAX_STEPS, MAX_SECONDS, MAX_NAME = 10**10, 1e9, 200


@dataclass
class Curves:
    """Parallel lists: training means per point, validation measurements. Losses in nats, accuracies in 0..1."""

    step: list[int] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    validation_step: list[int] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)

    def extend(self, points: Metrics) -> None:
        """Append points."""
        for name, values in vars(self).items():
            values.extend(getattr(points, name))

    @classmethod
    def from_json(cls, body: Any) -> Curves:
        """The curves of a record. Raises ValueError if they are none."""
        hints = get_type_hints(cls)
        if not isinstance(body, dict) or body.keys() != hints.keys():
            raise ValueError("The curves are not those of a record.")
        if not all(fits(values, hints[name]) for name, values in body.items()):
            raise ValueError("The curves hold something that is no number.")
        for prefix in ("", "validation_"):
            steps, losses, accuracies = (body[prefix + name] for name in ("step", "loss", "accuracy"))
            if not len(steps) == len(losses) == len(accuracies) or steps != sorted(steps) or min(steps, default=0) < 0:
                raise ValueError("The curves are not parallel, or not in order.")
            if not all(map(is_finite, losses)) or not all(0 <= accuracy <= 1 for accuracy in accuracies):
                raise ValueError("The curves hold a number that is out of range.")
        return cls(**body)

    def columns(self, name: str, steps_per_epoch: float) -> tuple[NDArray[np.float64], ...]:
        """(epochs, training, validation) of "loss" or "accuracy" on one axis, NaN where there is no value."""
        steps = np.union1d(self.step, self.validation_step)
        train, validation = np.full(len(steps), np.nan), np.full(len(steps), np.nan)
        train[np.searchsorted(steps, self.step)] = getattr(self, name)
        validation[np.searchsorted(steps, self.validation_step)] = getattr(self, f"validation_{name}")
        return steps / max(1e-9, steps_per_epoch), train, validation


@dataclass
class Record:
    """What a run has done so far.

    `step` counts finished steps; `window_*` sum the losses and hits since the last point of the curves. `fingerprint`
    is the data's, empty where the site alone decides what is in it. `origin` names the network that the run began with,
    empty if its weights were drawn.
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

    @property
    def epoch(self) -> float:
        """Passes over the training set so far."""
        return self.step * self.settings.batch / self.samples

    @property
    def _every(self) -> int:
        """Steps from one point of the curves to the next."""
        return max(1, self.steps // CURVE_POINTS)

    def add(self, losses: NDArray[np.float32], correct: NDArray[np.int32]) -> None:
        """Take in the results of consecutive steps: mean losses (n,) and correct answers per batch (n,)."""
        every = self._every
        begin = 0
        while begin < len(losses):
            end = min(len(losses), begin + max(1, every - self.window_steps))  # fewer epochs bring points closer
            self.window_loss += float(losses[begin:end].sum(dtype=np.float64))
            self.window_correct += int(correct[begin:end].sum())
            self.window_steps += end - begin
            self.step += end - begin
            begin = end
            if self.window_steps >= every:
                self.curves.step.append(self.step)
                self.curves.loss.append(self.window_loss / self.window_steps)
                self.curves.accuracy.append(self.window_correct / (self.window_steps * self.settings.batch))
                self.window_steps, self.window_loss, self.window_correct = 0, 0.0, 0

    def add_validation(self, loss: float, accuracy: float) -> None:
        """Note a measurement on the validation split at the present step."""
        self.curves.validation_step.append(self.step)
        self.curves.validation_loss.append(loss)
        self.curves.validation_accuracy.append(accuracy)

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` of it goes on where this one is."""
        return {**vars(self), "settings": self.settings.to_json(), "curves": vars(self.curves)}

    @classmethod
    def from_json(cls, body: Any) -> Record:
        """The record in a checkpoint's metadata. Raises ValueError if it is none."""
        hints = get_type_hints(cls)
        if not isinstance(body, dict) or not {"settings", "steps", "samples", "curves"} <= body.keys() <= hints.keys():
            raise ValueError("A record lacks a part, or has one too many.")
        values = body | {"settings": RunSettings.stored(body["settings"]), "curves": Curves.from_json(body["curves"])}
        if not all(fits(value, hints[name]) for name, value in values.items()):
            raise ValueError("A part of the record has the wrong type.")
        record = cls(**values)
        record._check()
        return record

    def _check(self) -> None:
        """Raises ValueError if the parts contradict each other."""
        inside = (
            (self.step, 0, self.steps),
            (self.steps, 1, MAX_STEPS),
            (self.samples, 1, MAX_STEPS),
            (self.seconds, 0, MAX_SECONDS),
            (self.best_accuracy, 0, 1),
            (self.best_epoch, 0, MAX_STEPS),
            (self.window_steps, 0, self.step),
            (self.window_correct, 0, self.window_steps * self.settings.batch),
            (len(self.fingerprint), 0, MAX_NAME),
            (len(self.origin), 0, MAX_NAME),
        )
        if not all(low <= value <= high for value, low, high in inside) or not is_finite(self.window_loss):
            raise ValueError("A number of the record is out of range.")
        if max([0, *self.curves.step, *self.curves.validation_step]) > self.step:
            raise ValueError("The curves of the record go on after its last step.")
        for tuning in self.tunings:
            changed = {name: value for name, value in tuning.items() if name != "step"}
            if not fits(tuning.get("step"), int) or not 0 <= tuning["step"] <= self.step or changed.keys() - TUNABLE:
                raise ValueError("The record changes a setting that cannot change.")
            RunSettings.make(changed, self.settings)
        # Fewer epochs end a run where it is, so that it may have more steps than they have.
        last = max((tuning["step"] for tuning in self.tunings), default=0)
        if self.steps != max(last, total_steps(self.settings, self.samples)):
            raise ValueError("The record has another number of steps than its settings.")


class CheckpointFile(NamedTuple):
    """`tensors` holds weights and training state; `best` only weights, empty without early stopping."""

    tensors: dict[str, NDArray[Any]]
    record: Record
    best: dict[str, NDArray[Any]]


def pack(tensors: Tensors, record: Record, best: Tensors | None = None) -> bytes:
    """The checkpoint as a file; arguments as in `CheckpointFile`."""
    everything = {**tensors, **{BEST + name: array for name, array in (best or {}).items()}}
    return save_safetensors(everything, {"format": FORMAT, "record": json.dumps(record.to_json())})


def unpack(data: bytes) -> CheckpointFile:
    """Read a checkpoint. WeightsError with one sentence if the file is none."""
    tensors, metadata = load_safetensors(data)
    record = _record(metadata)
    best = {name.removeprefix(BEST): tensors.pop(name) for name in list(tensors) if name.startswith(BEST)}
    return CheckpointFile(tensors, record, best)


def read_record(data: bytes) -> Record:
    """What a checkpoint says of its run, from its header alone. WeightsError if the file is no checkpoint."""
    return _record(read_header(data)[1])


def fitting_record(data: bytes) -> Record:
    """The record of a checkpoint whose tensors have the shapes that its settings ask for, from its header alone.

    WeightsError else: before anything is compiled, which takes seconds. Training state is compared with the weights
    that it belongs to; what else there must be of it, the training program tells. It tells everything of a network that
    somebody wrote.
    """
    found, metadata = read_header(data)
    record = _record(metadata)
    needed = spec_shapes(training_spec(record.settings))
    if needed is None:
        return record
    groups: dict[str, dict[str, tuple[int, ...]]] = {"": {}, BEST: {}}
    for name, shape in found.items():
        weight = name.removeprefix("opt.").rpartition(".")[0]
        if name.startswith("opt.") and weight in needed and shape != needed[weight]:
            raise WeightsError(
                f"The tensor {quoted(name)} is {shape} in the file, this network needs {needed[weight]}."
            )
        if not name.startswith(TRAINING_STATE):
            group = BEST if name.startswith(BEST) else ""
            groups[group][name.removeprefix(group)] = shape
    check_shapes(needed, groups[""])
    if groups[BEST]:
        check_shapes(needed, groups[BEST])
    return record


def _record(metadata: Mapping[str, str]) -> Record:
    if metadata.get("format") != FORMAT:
        raise WeightsError("The file holds weights but no checkpoint: it can be imported, not resumed.")
    try:
        return Record.from_json(read_json(metadata.get("record", "")))
    except ValueError as error:
        raise WeightsError("The checkpoint's record is damaged: the run cannot go on from it.") from error
