"""The picture of the network that answers: which units it shows, what they look like, and what is said about them.

Short, it ends in the answer; else in the ten digits. Owns the words; `widgets.network_picture` draws.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tabgrad.explain.colour import diverging, grey
from tabgrad.explain.flow import IMAGE, Column, Flow, flow, has_pictures
from tabgrad.interop import dom
from tabgrad.network import Stage

from ..widgets.format import NBSP, signed
from ..widgets.network_column import Look
from ..widgets.network_picture import NetworkPicture
from .section import ViewState

Array = NDArray[np.float32]
#: Units shown with a picture, and without one; fewer where there is little room, so that a finger can hit one.
MOST, NARROW_MOST = (8, 64), (8, 16)
NARROW_PX = 560.0
BLANK = np.zeros((28, 28), np.float32)
PIXELS = f"28{NBSP}\N{MULTIPLICATION SIGN}{NBSP}28 pixels"
NOBODY = "\N{EN DASH}"


class NetworkView:
    """`chosen` gets the stage and the unit that the visitor looks at, and whether it was pressed."""

    def __init__(
        self, parent: dom.Element, chosen: Callable[[int, int, bool], object], testid: str, short: bool = False
    ) -> None:
        self._short = short
        self._picture = NetworkPicture(parent, chosen, testid)

    async def update(self, state: ViewState) -> None:
        """Show the network and, if there is an answer, how it came about. Raises EngineError."""
        assert state.probe is not None
        values = await state.activations()
        structure = state.probe.structure
        image = state.answer.image if state.answer else BLANK
        most = NARROW_MOST if self._picture.width < NARROW_PX else MOST
        found = flow(structure, state.probe.weights, image, values, most)
        if self._short:
            found = _ending_in(found, state.winner)
        looks = [self._look(column, state, values, image) for column in found.columns]
        self._picture.show(found, looks, state.winner, partial(describe, structure, found, state.answer is not None))

    def _look(self, column: Column, state: ViewState, values: dict[str, Array], image: Array) -> Look:
        assert state.probe is not None
        if column.stage == IMAGE:
            return Look("image", PIXELS, ["image"], [lambda: grey(image)], [None])
        stage, active = state.probe.structure[column.stage], state.answer is not None
        caption = caption_of(stage, len(column.units), active)
        if not stage.tap:
            if self._short:
                name = NOBODY if state.winner is None else str(state.winner)
                return Look("answer", "largest sum of votes" if active else "the largest sum of votes wins", [name])
            return Look("digits", "a sum of votes for each digit", [f"Digit {unit}" for unit in column.units])
        names = [unit_name(stage, column.stage, unit) for unit in column.units]
        if not has_pictures(stage):
            return Look("cells", caption, names)
        if len(stage.shape) == 3:
            maps = values[stage.tap]
            pictures = [partial(diverging, maps[unit], None, state.dark) for unit in column.units]
            return Look("tiles", caption, names, pictures, [None] * len(names))
        probe, weight = state.probe, state.probe.weights[stage.weight]
        pictures = [partial(_pattern, weight, unit, state.dark) for unit in column.units]
        return Look("tiles", caption, names, pictures, [(probe, probe.version, u, state.dark) for u in column.units])


def _pattern(weight: Array, unit: int, dark: bool) -> NDArray[np.uint8]:
    return diverging(weight[:, unit].reshape(28, 28), None, dark)


def _ending_in(found: Flow, winner: int | None) -> Flow:
    """The same flow with the answer alone in its last column."""
    *others, last = found.columns
    digit = winner or 0
    answer = Column(last.stage, (digit,), last.values[[digit]], 1)
    return Flow([*others, answer], [*found.terms[:-1], found.terms[-1][:, [digit]]])


def unit_name(stage: Stage, index: int, unit: int) -> str:
    """A unit's name: "unit 9 of layer 1"; a feature map is a map."""
    if not stage.tap:
        return f"Digit {unit}"
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


def describe(structure: Sequence[Stage], found: Flow, active: bool, index: int, place: int) -> str:
    """A sentence or two about the unit at a place of a column."""
    column = found.columns[index]
    stage, value = structure[column.stage], float(column.values[place])
    name = unit_name(stage, column.stage, column.units[place])
    if not active:
        return f"{name}. Nothing is drawn yet, so it has nothing to say."
    if not stage.tap:
        return f"{name} gets a sum of votes of {signed(value)}. The digit with the largest sum is the answer."
    if not value:
        return f"{name} is not active now, so it passes nothing on."
    out = found.terms[index][place]
    best = int(np.abs(out).argmax())
    after = found.columns[index + 1]
    to = unit_name(structure[after.stage], after.stage, after.units[best]).lower()
    verb = "speaks for" if out[best] > 0 else "speaks against"
    return f"{name} has the value {signed(value)}. Most of all it {verb} {to}: {signed(float(out[best]))}."
