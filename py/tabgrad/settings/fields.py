"""The fields of a run's settings: what each means, its limits and its choices.

Worker and form both work from this table, so the form cannot offer what the worker would refuse. A choice comes from
the table of the layer that implements it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tabgrad.alphabet import DIGITS, AlphabetError, Labels, check_labels
from tabgrad.backends.engines import ENGINE_TITLES
from tabgrad.data import DATA_SET_TITLES, SET_KEY
from tabgrad.incoming import quoted
from tabgrad.network import ACTIVATIONS, CODE, SourceError, check_source

from .optimizers import OPTIMIZERS


class SettingsError(ValueError):
    """A setting cannot be used. The message is one sentence, fit to be shown to the visitor."""


def _digits(number: float) -> str:
    """A number as people write it: 0.000001 and 2147483647, not 1e-06 and 2.14748e+09."""
    return f"{number:.9f}".rstrip("0").rstrip(".") if number == 0 or 1e-9 <= abs(number) < 1e15 else f"{number:g}"


@dataclass(frozen=True, slots=True)
class NumberField:
    """A field that is a number within [low, high]. `zero_is_off` allows 0 below `low`.

    `hint` is, as in every field, one sentence that says what the setting does.
    """

    label: str
    low: float
    high: float
    hint: str
    integer: bool = False
    zero_is_off: bool = False

    def check(self, value: Any) -> float:
        """`value` as int or float within the limits; SettingsError with one sentence otherwise."""
        try:
            number = float(value if isinstance(value, str | int | float) and not isinstance(value, bool) else "")
        except (ValueError, OverflowError):
            raise SettingsError(f"{self.label} must be a number, not {quoted(value)}.") from None
        if not math.isfinite(number) or (self.integer and number != int(number)):
            raise SettingsError(f"{self.label} must be a {'whole ' if self.integer else ''}number.")
        if not self.low <= number <= self.high and not (self.zero_is_off and number == 0):
            low, high, given = map(_digits, (self.low, self.high, number))
            raise SettingsError(f"{self.label} must be between {low} and {high}, not {given}.")
        return int(number) if self.integer else number


@dataclass(frozen=True, slots=True)
class ChoiceField:
    """A field with a few named values: `options` maps each value to what the page calls it."""

    label: str
    options: Mapping[str, str]
    hint: str

    def check(self, value: Any) -> str:
        """`value` if it is an option; SettingsError with one sentence otherwise."""
        if not isinstance(value, str) or value not in self.options:
            raise SettingsError(f"{self.label} can be {', '.join(self.options)}, not {quoted(value, 40)}.")
        return value


@dataclass(frozen=True, slots=True)
class DataField(ChoiceField):
    """A field that names a data set: one of `options`, or one that the visitor has made or brought, by its key."""

    def check(self, value: Any) -> str:
        """`value` if it is an option or the key of a set; SettingsError with one sentence otherwise."""
        return value if isinstance(value, str) and SET_KEY.fullmatch(value) else ChoiceField.check(self, value)


@dataclass(frozen=True, slots=True)
class SizesField:
    """A field that lists the sizes of the hidden layers: at most `most` whole numbers up to `high`, or none."""

    label: str
    most: int
    high: int
    hint: str

    def check(self, value: Any) -> tuple[int, ...]:
        """Accepts "128, 64" and [128, 64]; SettingsError with one sentence otherwise."""
        parts = value.replace(",", " ").replace("-", " ").split() if isinstance(value, str) else value
        try:
            if not isinstance(parts, list | tuple) or any(type(part) not in (int, str) for part in parts):
                raise ValueError
            sizes = tuple(map(int, parts))
        except ValueError:
            raise SettingsError(f"{self.label} must be whole numbers such as 128 or 128, 64.") from None
        if len(sizes) > self.most or any(not 1 <= size <= self.high for size in sizes):
            raise SettingsError(f"{self.label} can be at most {self.most} numbers from 1 to {self.high}.")
        return sizes


def check_code(value: Any) -> str:
    """`value` if it is a text that a source can be; SettingsError with one sentence otherwise."""
    if not isinstance(value, str):
        raise SettingsError(f"The code must be a text, not {quoted(value)}.")
    try:
        check_source(value)
    except SourceError as error:
        raise SettingsError(str(error)) from error
    return value


def check_alphabet(value: Any) -> Labels:
    """`value` as the labels of a data set, empty for the ten digits; SettingsError with one sentence otherwise."""
    try:
        labels = check_labels(value) if value else ()
    except AlphabetError as error:
        raise SettingsError(str(error)) from error
    return () if labels == DIGITS else labels


LEAST_RATE, LARGEST_RATE = 1e-6, 10.0
#: Every field by its name in `RunSettings`, in the order in which the form shows them.
FIELDS: Mapping[str, NumberField | ChoiceField | SizesField] = {
    "model": ChoiceField(
        "Network",
        {"mlp": "MLP", "cnn": "Small CNN", CODE: "Your code"},
        "An MLP weighs all pixels at once, a CNN looks for small shapes; “Your code” comes from the tab Code.",
    ),
    "hidden": SizesField(
        "Hidden layers", 4, 1024, "How many units each hidden layer has: 128, or 256, 64 for two layers."
    ),
    "start_from": ChoiceField(
        "Start from",
        {"scratch": "Scratch", "features": "Features of CNN"},
        "“Features” keeps the shapes that CNN looks for, so that a few examples are enough; the last layers are new.",
    ),
    "activation": ChoiceField(
        "Activation",
        {name: activation.title for name, activation in ACTIVATIONS.items()},
        "What each unit does with its sum before it passes the number on.",
    ),
    "center": ChoiceField(
        "Inputs",
        {"mean": "Centred", "plain": "As they are"},
        "“Centred” takes the average image away first, so that an MLP can learn in larger steps.",
    ),
    "dropout": NumberField(
        "Dropout", 0.0, 0.9, "This share of the units rests in each step, so that no unit becomes too important."
    ),
    "optimizer": ChoiceField(
        "Optimizer",
        {name: optimizer.title for name, optimizer in OPTIMIZERS.items()},
        "The rule by which the network changes its weights after each batch.",
    ),
    "lr": NumberField(
        "Learning rate", LEAST_RATE, LARGEST_RATE, "How far the weights move in one step; too far spoils what it knows."
    ),
    "schedule": ChoiceField(
        "Schedule",
        {"one_cycle": "One cycle", "cosine": "Cosine", "exponential": "Exponential decay", "constant": "Constant"},
        "How the learning rate changes during the run.",
    ),
    "warm_up": NumberField(
        "Warm-up", 0.01, 0.9, "The learning rate grows in this share of the run; then it shrinks to the end."
    ),
    "decay": NumberField(
        "Decay per epoch", 0.01, 1.0, "Each epoch multiplies the learning rate by this number: 0.5 halves it."
    ),
    "momentum": NumberField(
        "Momentum", 0.0, 0.999, "How much of the last step goes into the next one, as in a ball that keeps rolling."
    ),
    "weight_decay": NumberField("Weight decay", 0.0, 1.0, "Shrinks all weights a little in each step."),
    "label_smoothing": NumberField(
        "Label smoothing", 0.0, 0.5, "Teaches the network to be this much less than completely sure."
    ),
    "clip": NumberField(
        "Gradient clipping",
        1e-3,
        1e3,
        "The largest change that one batch may ask for; 0 sets no limit.",
        zero_is_off=True,
    ),
    "batch": NumberField(
        "Batch size", 1, 1024, "How many images the network sees before it changes its weights.", integer=True
    ),
    "epochs": NumberField(
        "Epochs", 0.01, 1000, "How many times it goes through all training images; 0.5 is half of them."
    ),
    "augment": ChoiceField(
        "Augmentation",
        {"none": "None", "mild": "Mild", "strong": "Strong"},
        "Turns, shifts and stretches each image a little, so that no two are the same.",
    ),
    "patience": NumberField(
        "Early stopping",
        1,
        100,
        "Stops after this many epochs in which the network got no better; 0 never stops early.",
        integer=True,
        zero_is_off=True,
    ),
    "data": DataField(
        "Data", DATA_SET_TITLES, "The images it learns from; you can keep your own under “Data and mistakes”."
    ),
    "seed": NumberField(
        "Seed",
        0,
        2**31 - 1,
        "Decides what is left to chance; with the same seed, settings and engine you get the same run again.",
        integer=True,
    ),
    "engine": ChoiceField(
        "Engine",
        {"auto": "Fastest here", **ENGINE_TITLES},
        "The part of the browser that computes; “Fastest here” times them all and takes the quickest.",
    ),
}

#: Settings that can change during a run: inputs of the training program, and what the training loop itself reads.
TUNABLE = frozenset({"lr", "momentum", "weight_decay", "clip", "patience", "epochs", "schedule", "decay", "warm_up"})
