"""One hidden unit close up: its weights, what feeds it, what it votes for; and all units' votes for one digit."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from tabgrad.explain import units
from tabgrad.explain.colour import columns_for, diverging, mosaic
from tabgrad.explain.units import unit_weights
from tabgrad.interop import dom
from tabgrad.network import Stage

from ..widgets.bars import SignedBars
from ..widgets.controls import Field, Select
from ..widgets.format import signed
from ..widgets.picture import Picture
from .scene import ViewState

Array = NDArray[np.float32]
#: Rows of the sum: the strongest votes one by one, then the others together, then the bias.
STRONGEST = 8
WINNER = "winner"
EMPTY = "Nothing yet: draw a digit on the pad at the top."
#: Units of a plain layer side by side.
UNITS_A_ROW = 16


class UnitCard:
    """`choose` selects a unit; a click pins it, and pointing elsewhere then changes nothing until the next click.

    Until the visitor points at one, it is the unit that says most for the answer. `marked` is told which one is shown.
    """

    def __init__(self, parent: dom.Element, structure: tuple[Stage, ...], marked: Callable[[int, int], object]) -> None:
        self._structure, self._marked = structure, marked
        self._stage, self._unit, self._pinned = max(0, len(structure) - 2), 0, False
        self._follows = True
        self._pattern: object = None  # whose weights are shown
        self._latest: tuple[ViewState, Mapping[str, Array]] | None = None
        self._frames = dom.Frames(self._redraw)
        unit = dom.create("div", parent, class_="unit-card")
        side = dom.create("div", unit)
        self._title = dom.create("h4", side, class_="stage-title", aria_live="polite", data_testid="unit-title")
        self._pick(side)
        pictures = dom.create("div", side, class_="unit-pictures")
        self._weights = Picture(pictures, "what it looks for", "unit")
        self._fed = Picture(pictures, "what it finds: ink times weight", "unit")
        self._sum = dom.create("p", side, class_="note", data_testid="unit-sum")
        votes = dom.create("div", unit)
        self._votes_title = dom.create("h4", votes, class_="stage-title", text="What it votes for now")
        self._votes = SignedBars(votes, "Votes of the unit for each digit", 10)
        self._votes_note = dom.create("p", votes, class_="note")
        total = dom.create("div", unit, data_testid="contributions")
        options = {WINNER: "the answer", **{str(d): str(d) for d in range(10)}}
        self._digit = Select(total, "All votes for", options, self._redraw, "contributions-digit")
        self._total = SignedBars(total, "Contributions to the digit's score", STRONGEST + 2)
        self._logit = dom.create("p", total, class_="note", data_testid="contributions-logit")

    def _pick(self, parent: dom.Element) -> None:
        """A slider for the keyboard: the pictures are for pointers."""
        self._slider = Field(
            parent, "Unit", self._slide, "unit-slider", "input", type="range", min="0", max="0", value="0"
        )

    def _slide(self) -> None:
        place = int(self._slider.value)
        for index, stage in enumerate(self._structure[:-1]):
            if place < stage.units:
                self.choose(index, place, pin=True)
                return
            place -= stage.units

    def choose(self, stage: int, unit: int, pin: bool) -> None:
        """Show this unit. Pinning the pinned one again lets it go."""
        if pin:
            self._pinned = not (self._pinned and (stage, unit) == (self._stage, self._unit))
        elif self._pinned or (stage, unit) == (self._stage, self._unit):
            return
        self._stage, self._unit, self._follows = stage, unit, False
        self._frames.request()

    def show(self, scene: ViewState, values: Mapping[str, Array]) -> None:
        """Another moment."""
        self._latest = (scene, values)
        self._redraw()

    def _redraw(self) -> None:
        if self._latest is None:
            return
        scene, values = self._latest
        if self._follows and scene.winner is not None and scene.probe is not None:
            top = self._parts(scene, values, scene.winner).strongest(1)
            self._stage, self._unit = len(self._structure) - 2, top[0] if top else 0
        self._marked(self._stage, self._unit)
        self._show_unit(scene, values)
        self._show_votes(scene, values)
        self._show_total(scene, values)

    def _input(self, index: int, scene: ViewState, values: Mapping[str, Array]) -> Array:
        """What goes into a stage, in the shape that feeds it."""
        if index:
            return values[self._structure[index - 1].tap]
        image = scene.answer.image if scene.answer else np.zeros((28, 28), np.float32)
        return image.reshape(1, 28, 28)

    def _show_unit(self, scene: ViewState, values: Mapping[str, Array]) -> None:
        assert scene.probe is not None
        stage, unit, weights = self._structure[self._stage], self._unit, scene.probe.weights
        kind = "unit" if stage.kind == "dense" else "map"
        self._title.textContent = f"Layer {self._stage + 1}, {kind} {unit}" + (" (pinned)" if self._pinned else "")
        self._slider.element.max = str(sum(s.units for s in self._structure[:-1]) - 1)
        self._slider.value = str(sum(s.units for s in self._structure[: self._stage]) + unit)
        self._slider.element.setAttribute("aria-valuetext", f"layer {self._stage + 1}, {kind} {unit}")
        value = values[stage.tap][unit]
        self._weights.figure.hidden = stage.kind == "pool"
        pattern = (scene.probe, scene.probe.version, self._stage, unit, scene.dark)
        if stage.kind != "pool" and pattern != self._pattern:
            self._pattern = pattern
            self._weights.show(_sheet(unit_weights(stage, weights)[unit], scene.dark), f"Weights of {kind} {unit}")
        plain = len(stage.input_shape) == 1
        self._weights.caption("which units of the layer before it listens to" if plain else "what it looks for")
        if stage.kind != "dense":
            self._fed.caption("what it finds, and where")
            self._fed.show(diverging(value, None, scene.dark), f"Activations of map {unit}")
            self._sum.textContent = f"Strongest where it is {signed(float(value.max()))}." if scene.answer else ""
            return
        fed = units.feeds(self._input(self._stage, scene, values), weights[stage.weight], weights[stage.bias], unit)
        shape = stage.input_shape if len(stage.input_shape) == 3 else (1, 1, *stage.input_shape)
        self._fed.caption(
            "what they tell it: activation times weight" if plain else "what it finds: input times weight"
        )
        self._fed.show(_sheet(fed.terms.reshape(shape), scene.dark), f"Input times weight of unit {unit}")
        self._sum.textContent = (
            f"All that adds up to {signed(float(fed.terms.sum()))}, plus its bias {signed(fed.bias)}, is "
            f"{signed(fed.total)}; after the activation function {signed(float(value))}."
        )
        self._sum.dataset.value = f"{float(value):.6f}"
        self._sum.hidden = scene.answer is None

    def _show_votes(self, scene: ViewState, values: Mapping[str, Array]) -> None:
        assert scene.probe is not None
        last = self._structure[-1]
        direct = self._stage == len(self._structure) - 2
        self._votes_title.hidden = not direct
        if scene.answer is None:
            self._votes.show([], [])
            self._votes_note.textContent = EMPTY if direct else ""
        elif direct:
            found = units.votes(values[self._structure[-2].tap], scene.probe.weights[last.weight], self._unit)
            self._votes.show([str(d) for d in range(10)], found.tolist(), scene.winner)
            self._votes_note.textContent = ""
        else:
            self._votes.show([], [])
            self._votes_note.textContent = "It feeds the next layer; only the last one before the answer votes itself."

    def _parts(self, scene: ViewState, values: Mapping[str, Array], digit: int) -> units.Contributions:
        """What each unit of the last hidden layer adds to a digit's logit."""
        assert scene.probe is not None
        weights, last = scene.probe.weights, self._structure[-1]
        return units.against(values[self._structure[-2].tap], weights[last.weight], weights[last.bias], digit)

    def _show_total(self, scene: ViewState, values: Mapping[str, Array]) -> None:
        digit = scene.winner if self._digit.value == WINNER else int(self._digit.value)
        if digit is None or scene.answer is None:
            self._total.show([], [])
            self._logit.textContent = "Draw something on the pad, and the votes of all units appear here."
            return
        parts = self._parts(scene, values, digit)
        top = parts.strongest(STRONGEST)
        others = float(parts.terms.sum() - parts.terms[top].sum())
        names = [*(f"unit {i}" for i in top), "all others", "bias"]
        self._total.show(names, [*(float(parts.terms[i]) for i in top), others, parts.bias])
        logit = float(values["logits"][digit])
        self._logit.textContent = f"Together they give {digit} a score (logit) of {signed(logit)}."
        self._logit.dataset.value = f"{logit:.6f}"


def _sheet(parts: Array, dark: bool) -> NDArray[np.uint8]:
    """Pictures (n, height, width), or values of units (1, 1, n), as one picture on one scale."""
    count, height, width = parts.shape
    if height == 1:  # a layer of plain units: in rows, as on the wall
        return diverging(mosaic(parts.reshape(-1, 1, 1), UNITS_A_ROW, 0), None, dark)
    return diverging(mosaic(parts, columns_for(count, height, width), 1), None, dark)
