"""The picture of the network that answers: which units it shows, and what they look like.

Short, it ends in the answer; else in all classes. `network_words` has what is said about units;
`widgets.network_picture` draws.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tabgrad.explain.colour import diverging, grey
from tabgrad.explain.flow import IMAGE, Column, Flow, flow, has_pictures
from tabgrad.interop import dom

from ..widgets.format import NBSP
from ..widgets.network_column import Look
from ..widgets.network_picture import NetworkPicture
from .network_words import caption_of, describe, unit_name, what_of
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
        said = partial(describe, structure, found, state.labels, active=state.answer is not None)
        self._picture.show(found, looks, state.winner, said)

    def _look(self, column: Column, state: ViewState, values: dict[str, Array], image: Array) -> Look:
        assert state.probe is not None
        if column.stage == IMAGE:
            return Look("image", PIXELS, ["image"], [lambda: grey(image)], [None])
        stage, active = state.probe.structure[column.stage], state.answer is not None
        names = [unit_name(stage, column.stage, unit, state.labels) for unit in column.units]
        caption = caption_of(stage, len(column.units), active)
        if not stage.tap:
            if self._short:
                name = NOBODY if state.winner is None else state.labels[state.winner]
                caption = "largest sum of votes" if active else "the largest sum of votes wins"
                return Look("answer", caption, [name], texts=[name])
            texts = [state.labels[unit] for unit in column.units]
            return Look("classes", f"a sum of votes for each {what_of(state.labels)}", names, texts=texts)
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
    best = winner or 0
    answer = Column(last.stage, (best,), last.values[[best]], 1)
    return Flow([*others, answer], [*found.terms[:-1], found.terms[-1][:, [best]]])
