"""What the picture of a network says: names of units, captions, and a sentence about each unit. Knows no document."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tabgrad.alphabet import DIGITS, Labels
from tabgrad.explain.flow import Flow, has_pictures
from tabgrad.network import Stage

from ..widgets.format import signed
from ..widgets.labels import isolated


def what_of(labels: Labels) -> str:
    """What the classes are called: digits, or classes."""
    return "digit" if labels == DIGITS else "class"


def unit_name(stage: Stage, index: int, unit: int, labels: Labels) -> str:
    """A unit's name: "Unit 9 of layer 1"; a feature map is a map, and at the end is a digit or another class."""
    if not stage.tap:
        return f"{what_of(labels).capitalize()} {isolated(labels[unit])}"
    return f"{'Map' if len(stage.shape) == 3 else 'Unit'} {unit} of layer {index + 1}"


def caption_of(stage: Stage, shown: int, active: bool) -> str:
    """What a column shows: "8 of 128 patterns, the most active now"."""
    kind = "units that combine them"
    if has_pictures(stage):
        kind = "feature maps" if len(stage.shape) == 3 else "patterns"
    if shown == stage.units:
        return f"{shown} {kind}"
    some = f"{shown} of {stage.units} {kind}"
    return f"{some}, the most active now" if active and has_pictures(stage) else some


def describe(structure: Sequence[Stage], found: Flow, labels: Labels, index: int, place: int, *, active: bool) -> str:
    """A sentence or two about the unit at a place of a column."""
    column = found.columns[index]
    stage, value = structure[column.stage], float(column.values[place])
    name = unit_name(stage, column.stage, column.units[place], labels)
    if not active:
        return f"{name}. Nothing is drawn yet, so it has nothing to say."
    if not stage.tap:
        most = f"The {what_of(labels)} with the largest sum is the answer."
        return f"{name} gets a sum of votes of {signed(value)}. {most}"
    if not value:
        return f"{name} is not active now, so it passes nothing on."
    out = found.terms[index][place]
    best = int(np.abs(out).argmax())
    after = found.columns[index + 1]
    to = unit_name(structure[after.stage], after.stage, after.units[best], labels)
    to = to[:1].lower() + to[1:]
    verb = "speaks for" if out[best] > 0 else "speaks against"
    return f"{name} has the value {signed(value)}. Most of all it {verb} {to}: {signed(float(out[best]))}."
