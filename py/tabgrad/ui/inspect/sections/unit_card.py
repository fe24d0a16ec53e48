"""One hidden unit close up: its weights, its input and its votes; and all units' votes for one digit."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from tabgrad.explain import attribution
from tabgrad.explain.colour import columns_for, diverging, mosaic
from tabgrad.interop import dom
from tabgrad.network import Stage

from ...widgets.controls import Field, Select
from ...widgets.format import signed
from ...widgets.picture import Picture, SignedBars
from ..section import DIGITS, WINNER, ViewState

Array = NDArray[np.float32]
#: Of all units' votes for a digit, this many of the strongest have a row of their own.
MAX_VOTES = 8
EMPTY = "Nothing yet: draw a digit on the pad at the top."
#: Units of a dense layer in a row.
UNITS_A_ROW = 16


class UnitCard:
    """`choose` selects a unit. A pinned unit stays until it is clicked again, whatever the visitor points at.

    Until the visitor points at a unit, the card shows the one that votes most strongly for the answer. `marked` gets
    the stage and the unit that are shown.
    """

    def __init__(self, parent: dom.Element, structure: tuple[Stage, ...], marked: Callable[[int, int], object]) -> None:
        self._structure, self._marked = structure, marked
        self._stage, self._unit, self._pinned = len(structure) - 2, 0, False
        self._follows = True
        self._weights_of: object = None  # the unit and the version whose weights are shown
        self._latest: tuple[ViewState, Mapping[str, Array]] | None = None
        self._frames = dom.Frames(self._redraw)
        unit = dom.create("div", parent, class_="unit-card")
        side = dom.create("div", unit)
        self._title = dom.create("h4", side, class_="stage-title", aria_live="polite", data_testid="unit-title")
        # For the keyboard: the pictures react to pointers only.
        self._slider = Field(side, "Unit", self._slide, "unit-slider", "input", type="range", min="0", value="0")
        pictures = dom.create("div", side, class_="unit-pictures")
        self._weights = Picture(pictures, "", "unit")
        self._fed = Picture(pictures, "", "unit")
        self._sum = dom.create("p", side, class_="note", data_testid="unit-sum")
        votes = dom.create("div", unit)
        self._votes_title = dom.create("h4", votes, class_="stage-title", text="Its votes now")
        self._votes = SignedBars(votes, "Votes of the unit for each digit", 10)
        self._votes_note = dom.create("p", votes, class_="note")
        total = dom.create("div", unit, data_testid="contributions")
        choices = {WINNER: "the answer"} | DIGITS
        self._digit = Select(total, "All votes for", choices, self._redraw, "contributions-digit")
        self._total = SignedBars(total, "Contributions to the digit's score", MAX_VOTES + 2)
        self._logit = dom.create("p", total, class_="note", data_testid="contributions-logit")

    def _slide(self) -> None:
        place = int(self._slider.value)
        for index, stage in enumerate(self._structure[:-1]):
            if place < stage.units:
                self.choose(index, place, pin=True)
                return
            place -= stage.units

    def choose(self, stage: int, unit: int, pin: bool) -> None:
        """Show a unit of a stage. Pinning the pinned unit again unpins it."""
        if pin:
            self._pinned = not (self._pinned and (stage, unit) == (self._stage, self._unit))
        elif self._pinned or (stage, unit) == (self._stage, self._unit):
            return
        self._stage, self._unit, self._follows = stage, unit, False
        self._frames.request()

    def show(self, state: ViewState, values: Mapping[str, Array]) -> None:
        """Show this state; `values` are its activations by tap."""
        self._latest = state, values
        self._redraw()

    def _redraw(self) -> None:
        if self._latest is None:
            return
        state, values = self._latest
        if self._follows and state.winner is not None:
            top = self._parts(len(self._structure) - 1, state.winner, state, values).strongest(1)
            self._stage, self._unit = len(self._structure) - 2, top[0] if top else 0
        self._marked(self._stage, self._unit)
        self._show_unit(state)
        self._show_input(state, values)
        self._show_votes(state, values)
        self._show_total(state, values)

    def _parts(self, index: int, unit: int, state: ViewState, values: Mapping[str, Array]) -> attribution.Contributions:
        """What each input and the bias add to a unit of a dense stage. A unit of the last stage is a digit's logit."""
        assert state.probe is not None
        stage, weights = self._structure[index], state.probe.weights
        blank = np.zeros((28, 28), np.float32)
        image = state.answer.image if state.answer else blank
        inputs = values[self._structure[index - 1].tap] if index else image
        return attribution.contributions(inputs, weights[stage.weight], weights[stage.bias], unit)

    def _show_unit(self, state: ViewState) -> None:
        """Its place in the network, and its weights."""
        assert state.probe is not None
        stage, unit, probe = self._structure[self._stage], self._unit, state.probe
        name = f"{'unit' if stage.kind == 'dense' else 'map'} {unit}"
        self._title.textContent = f"Layer {self._stage + 1}, {name}" + (" (pinned)" if self._pinned else "")
        self._slider.element.max = str(sum(s.units for s in self._structure[:-1]) - 1)
        self._slider.value = str(sum(s.units for s in self._structure[: self._stage]) + unit)
        self._slider.element.setAttribute("aria-valuetext", f"layer {self._stage + 1}, {name}")
        self._weights.figure.hidden = not stage.weight
        weights_of = (probe, probe.version, self._stage, unit, state.dark)
        if not stage.weight or weights_of == self._weights_of:
            return
        self._weights_of = weights_of
        plain = len(stage.input_shape) == 1
        self._weights.caption(
            "Its weight for each unit of the layer before" if plain else "Its weights: what it looks for"
        )
        weights = attribution.unit_weights(stage, probe.weights)[unit]
        self._weights.show(_sheet(weights, state.dark), f"Weights of {name}")

    def _show_input(self, state: ViewState, values: Mapping[str, Array]) -> None:
        """What goes into the unit, and the value that comes out."""
        stage, unit = self._structure[self._stage], self._unit
        value = values[stage.tap][unit]
        if stage.kind != "dense":
            self._fed.caption("Where it finds its pattern")
            self._fed.show(diverging(value, None, state.dark), f"Activations of map {unit}")
            self._sum.textContent = f"Its largest value is {signed(float(value.max()))}." if state.answer else ""
            return
        fed = self._parts(self._stage, unit, state, values)
        plain = len(stage.input_shape) == 1
        self._fed.caption(
            "What they tell it: activation times weight" if plain else "What it finds: input times weight"
        )
        products = fed.terms.reshape(attribution.picture_shape(stage))
        self._fed.show(_sheet(products, state.dark), f"Input times weight of unit {unit}")
        self._sum.textContent = (
            f"All of that adds up to {signed(float(fed.terms.sum()))}. With the bias {signed(fed.bias)} it is "
            f"{signed(fed.total)}, and after the activation function {signed(float(value))}."
        )
        self._sum.dataset.value = f"{float(value):.6f}"
        self._sum.hidden = state.answer is None

    def _show_votes(self, state: ViewState, values: Mapping[str, Array]) -> None:
        assert state.probe is not None
        before_last, last = self._structure[-2:]
        votes, note = list[float](), ""
        direct = self._stage == len(self._structure) - 2
        if direct and state.answer is None:
            note = EMPTY
        elif direct:
            found = attribution.votes(values[before_last.tap], state.probe.weights[last.weight], self._unit)
            votes = found.tolist()
        elif state.answer is not None:
            note = "It passes its value on to the next layer. Only the last layer before the answer votes."
        self._votes_title.hidden = not direct
        self._votes.show(list(DIGITS), votes, state.winner)
        self._votes_note.textContent = note

    def _show_total(self, state: ViewState, values: Mapping[str, Array]) -> None:
        digit = state.digit(self._digit.value)
        if digit is None or state.answer is None:
            self._total.show([], [])
            self._logit.textContent = "Draw something on the pad to see the votes of all units here."
            return
        parts = self._parts(len(self._structure) - 1, digit, state, values)
        top = parts.strongest(MAX_VOTES)
        others = float(parts.terms.sum() - parts.terms[top].sum())
        names = [*(f"unit {i}" for i in top), "all others", "bias"]
        self._total.show(names, [*(float(parts.terms[i]) for i in top), others, parts.bias])
        logit = float(values["logits"][digit])
        self._logit.textContent = f"Together they give {digit} a score (logit) of {signed(logit)}."
        self._logit.dataset.value = f"{logit:.6f}"


def _sheet(parts: Array, dark: bool) -> NDArray[np.uint8]:
    """Pictures (n, height, width), or values of units (1, 1, n), as one RGBA picture with one colour scale."""
    count, height, width = parts.shape
    if height == 1:  # values of units: in rows, as the wall shows them
        return diverging(mosaic(parts.reshape(-1, 1, 1), UNITS_A_ROW, 0), None, dark)
    return diverging(mosaic(parts, columns_for(count, height, width), 1), None, dark)
