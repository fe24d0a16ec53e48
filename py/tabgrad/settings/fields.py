"""The settings of a training run: their meaning, defaults and limits, and their two spellings (JSON and URL).

Worker and panel both work from this table, so a knob cannot be offered that the session would refuse. This module
knows no network, no engine and no page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode


class SettingsError(ValueError):
    """A setting cannot be used. The message is one sentence, fit to be shown to the visitor."""


@dataclass(frozen=True, slots=True)
class NumberField:
    """A knob that is a number within [low, high]. `zero_is_off` allows 0 below `low`."""

    label: str
    low: float
    high: float
    hint: str
    integer: bool = False
    zero_is_off: bool = False

    def check(self, value: Any) -> float:
        """`value` as int or float within the limits; SettingsError with one sentence otherwise."""
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise SettingsError(f"{self.label} must be a number, not {str(value)[:40]!r}.") from None
        if not math.isfinite(number) or (self.integer and number != int(number)):
            raise SettingsError(f"{self.label} must be a {'whole ' if self.integer else ''}number.")
        if not self.low <= number <= self.high and not (self.zero_is_off and number == 0):
            raise SettingsError(f"{self.label} must lie between {self.low:g} and {self.high:g}, not {number:g}.")
        return int(number) if self.integer else number


@dataclass(frozen=True, slots=True)
class ChoiceField:
    """A knob with a few named values: `options` maps each value to what the page calls it."""

    label: str
    options: Mapping[str, str]
    hint: str

    def check(self, value: Any) -> str:
        """`value` if it is an option; SettingsError with one sentence otherwise."""
        if not isinstance(value, str) or value not in self.options:
            raise SettingsError(f"{self.label} can be {', '.join(self.options)}, not {str(value)[:40]!r}.")
        return value


@dataclass(frozen=True, slots=True)
class SizesField:
    """A knob that lists the sizes of the hidden layers: at most `most` whole numbers up to `high`, or none."""

    label: str
    most: int
    high: int
    hint: str

    def check(self, value: Any) -> tuple[int, ...]:
        """Accepts "128, 64" and [128, 64]; SettingsError with one sentence otherwise."""
        parts = value.replace(",", " ").replace("-", " ").split() if isinstance(value, str) else value
        try:
            sizes = tuple(int(part) for part in parts)
        except (TypeError, ValueError):
            raise SettingsError(f"{self.label} must be whole numbers such as 128 or 128, 64.") from None
        if len(sizes) > self.most or any(not 1 <= size <= self.high for size in sizes):
            raise SettingsError(f"{self.label} can be at most {self.most} numbers from 1 to {self.high}.")
        return sizes


#: Every knob by its name in `RunSettings`, in the order the panel shows them.
FIELDS: Mapping[str, NumberField | ChoiceField | SizesField] = {
    "model": ChoiceField("Network", {"mlp": "MLP", "cnn": "Small CNN"}, "What kind of network is trained."),
    "hidden": SizesField("Hidden layers", 4, 1024, "SizesField of the MLP's hidden layers, such as 128 or 256, 64."),
    "activation": ChoiceField(
        "Activation",
        {"relu": "ReLU", "leaky_relu": "Leaky ReLU", "silu": "SiLU", "tanh": "tanh"},
        "The nonlinearity after each hidden layer.",
    ),
    "center": ChoiceField(
        "Inputs",
        {"mean": "Centred", "plain": "As they are"},
        "Centred: minus the mean image, which lets an MLP take larger steps. As they are: 0 to 1.",
    ),
    "dropout": NumberField("Dropout", 0.0, 0.9, "Share of hidden units silenced at random in every step."),
    "optimizer": ChoiceField(
        "Optimizer",
        {"sgd": "SGD", "momentum": "SGD, momentum", "adam": "Adam", "adamw": "AdamW", "muon": "Muon"},
        "How a gradient becomes a step.",
    ),
    "lr": NumberField("Learning rate", 1e-6, 10.0, "Size of a step; the peak of the schedule."),
    "schedule": ChoiceField(
        "Schedule",
        {
            "one_cycle": "One cycle",
            "cosine": "Cosine",
            "exponential": "Exponential decay",
            "constant": "Constant",
        },
        "How the learning rate changes over the run.",
    ),
    "warm_up": NumberField("Warm-up", 0.01, 0.9, "One cycle: the share of the run in which the rate rises."),
    "decay": NumberField(
        "Decay per epoch", 0.01, 1.0, "Factor of exponential decay: what an epoch leaves of the rate."
    ),
    "momentum": NumberField("Momentum", 0.0, 0.999, "How much of the last step the next one keeps (SGD, Muon)."),
    "weight_decay": NumberField("Weight decay", 0.0, 1.0, "Pulls weights towards zero."),
    "label_smoothing": NumberField("Label smoothing", 0.0, 0.5, "Share of the label spread over all ten digits."),
    "clip": NumberField(
        "Gradient clipping", 1e-3, 1e3, "Longest gradient allowed (its norm); 0 is off.", zero_is_off=True
    ),
    "batch": NumberField("Batch size", 1, 1024, "Images per step.", integer=True),
    "epochs": NumberField("Epochs", 0.01, 1000, "Passes over the training images; fractions are fine."),
    "augment": ChoiceField(
        "Augmentation",
        {"none": "None", "mild": "Mild", "strong": "Strong"},
        "Randomly turned, scaled, sheared and shifted copies.",
    ),
    "patience": NumberField(
        "Early stopping",
        1,
        100,
        "Stop after this many epochs without a better validation accuracy; 0 is off.",
        True,
        True,
    ),
    "data": ChoiceField(
        "Data",
        {"mnist": "MNIST", "strokes": "Generated", "mine": "Your own"},
        "What the network learns from. Keep your own under “Data and mistakes”.",
    ),
    "seed": NumberField("Seed", 0, 2**31 - 1, "Same seed, settings and engine: same run.", integer=True),
    "engine": ChoiceField(
        "Engine",
        {"auto": "Fastest here", "webgpu": "WebGPU", "wasm": "WebAssembly"},
        "Where training runs; the fastest is found by timing both.",
    ),
}

#: Settings that are inputs of the training program or the loop's own: they can change during a run.
TUNABLE = frozenset({"lr", "momentum", "weight_decay", "clip", "patience", "epochs", "schedule", "decay", "warm_up"})

#: A learning rate to begin with for each optimizer, at the default batch size: theirs differ by a hundred times.
USUAL_RATES: Mapping[str, float] = {"sgd": 0.5, "momentum": 0.4, "adam": 0.003, "adamw": 0.003, "muon": 0.05}


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Everything that decides a run, JSON-able. Construct through `make` to have the limits checked."""

    model: str = "mlp"
    hidden: tuple[int, ...] = (128,)
    activation: str = "relu"
    center: str = "mean"
    dropout: float = 0.0
    optimizer: str = "momentum"
    lr: float = 0.4
    schedule: str = "one_cycle"
    warm_up: float = 0.25
    decay: float = 0.8
    momentum: float = 0.9
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    clip: float = 0.0
    batch: int = 128
    epochs: float = 3.0
    augment: str = "none"
    patience: int = 0
    data: str = "mnist"
    seed: int = 1
    engine: str = "auto"

    @classmethod
    def make(cls, values: Mapping[str, Any], base: RunSettings | None = None) -> RunSettings:
        """`base` (default: the defaults) changed by `values`; SettingsError names the first value that is wrong."""
        unknown = sorted(set(values) - set(FIELDS))
        if unknown:
            raise SettingsError(f"There is no setting called {unknown[0][:40]!r}.")
        checked: dict[str, Any] = {name: FIELDS[name].check(value) for name, value in values.items()}
        return replace(base or cls(), **checked)

    def to_json(self) -> dict[str, Any]:
        """Plain values, complete: `make` of it gives an equal object."""
        return {**asdict(self), "hidden": list(self.hidden)}


def to_query(settings: RunSettings) -> str:
    """The settings that differ from the defaults as a URL query, such as "lr=0.1&hidden=128-64"."""
    pairs = []
    for item in fields(RunSettings):
        value = getattr(settings, item.name)
        if value != getattr(RunSettings(), item.name):
            text = "-".join(map(str, value)) if isinstance(value, tuple) else f"{value}".removesuffix(".0")
            pairs.append((item.name, text))
    return urlencode(pairs)


def from_query(query: str) -> tuple[RunSettings, list[str]]:
    """Settings from a URL query, and a sentence for each value that was refused. Other keys are ignored."""
    settings, refused = RunSettings(), []
    for name, text in parse_qsl(query.removeprefix("?"), keep_blank_values=True):
        if name in FIELDS:
            try:
                settings = RunSettings.make({name: text}, settings)
            except SettingsError as error:
                refused.append(str(error))
    return settings, refused
