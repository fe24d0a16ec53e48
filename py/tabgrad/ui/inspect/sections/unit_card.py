"""One hidden unit close up: the sum that makes its value, and its votes; and all units' votes for one class."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import Labels
from tabgrad.explain import attribution
from tabgrad.explain.colour import columns_for, diverging, mosaic
from tabgrad.explain.flow import strengths
from tabgrad.explain.written import Votes, votes
from tabgrad.interop import dom
from tabgrad.network import Stage

from ...widgets.controls import Field, Select
from ...widgets.format import rounded_to_sum, signed
from ...widgets.labels import isolated
from ...widgets.picture import Picture, SignedBars
from ..section import WINNER, ViewState, class_choices
from ..stage_words import place_of, words_of
from .unit_formula import UnitFormula, UnitSum

Array = NDArray[np.float32]
#: Of all units' votes for a class, this many of the strongest have a row of their own.
MAX_VOTES = 8
EMPTY = "No votes yet: nothing is drawn."
PASSES_ON = "It passes its value on to the next layer. Only the last layer before the answer votes."
NO_VOTES = (
    "Which unit votes for which answer cannot be told here: between its last layer and the answer, the network does "
    "more than add up votes."
)
NO_TOTAL = "Draw something to see the votes of all units here."


class UnitCard:
    """`choose` selects a unit. A pinned unit stays until it is clicked again, whatever the visitor points at.

    Until the visitor points at a unit, the card shows the one that votes most strongly for the answer. `marked` gets
    the stage and the unit that are shown.
    """

    def __init__(
        self,
        parent: dom.Element,
        structure: tuple[Stage, ...],
        labels: Labels,
        marked: Callable[[int, int], object],
    ) -> None:
        self._labels = [isolated(label) for label in labels]
        self._structure, self._marked = structure, marked
        self._stage, self._unit, self._pinned = len(structure) - 2, 0, False
        self._follows = True
        self._weights_of: object = None  # the map and the version whose weights are shown
        self._latest: tuple[ViewState, Mapping[str, Array]] | None = None
        self._frames = dom.Frames(self._redraw)
        card = dom.create("div", parent, class_="unit-card")
        side = dom.create("div", card)
        self._title = dom.create("h4", side, class_="stage-title", aria_live="polite", data_testid="unit-title")
        # For the keyboard: the pictures react to pointers only.
        self._slider = Field(side, "Unit", self._slide, "unit-slider", "input", type="range", min="0", value="0")
        self._formula = UnitFormula(side)
        self._maps = dom.create("div", side, class_="unit-pictures")
        self._weights = Picture(self._maps, "Its weights: what it looks for", "unit")
        self._map = Picture(self._maps, "Where it finds its pattern", "unit")
        self._largest = dom.create("p", side, class_="note", data_testid="unit-largest")
        votes = dom.create("div", card)
        self._votes_title = dom.create("h4", votes, class_="stage-title", text="What it votes for")
        self._votes = SignedBars(votes, "Votes of the unit for each answer", len(labels))
        self._votes_note = dom.create("p", votes, class_="note")
        total = dom.create("div", card, data_testid="contributions")
        choices = class_choices({WINNER: "the answer"}, labels)
        self._class = Select(total, "All votes for", choices, self._redraw, "contributions-digit")
        self._total = SignedBars(total, "Contributions to its score", MAX_VOTES + 2)
        self._logit = dom.create("p", total, class_="note", data_testid="contributions-logit")

    def _slide(self) -> None:
        place = int(self._slider.value)
        for index, stage in enumerate(self._structure[:-1]):
            if place < stage.units:
                self._pinned = False
                self.choose(index, place, pin=True)
                return
            place -= stage.units

    def choose(self, stage: int, unit: int, pin: bool) -> None:
        """Show a unit of a stage. Pinning the pinned unit again unpins it. A unit of the last stage is a class."""
        if stage == len(self._structure) - 1:
            if pin:
                self._class.value = str(unit)
                self._frames.request()
            return
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
        found = votes(self._structure, state.probe.weights, values) if state.answer and state.probe else None
        if self._follows and state.winner is not None:
            before = self._structure[-2]
            sizes = found.terms[:, state.winner] if found else strengths(values[before.tap])
            self._stage, self._unit = len(self._structure) - 2, int(np.abs(sizes).argmax())
        self._marked(self._stage, self._unit)
        self._show_unit()
        is_dense = self._structure[self._stage].kind == "dense"
        self._formula.block.hidden = not is_dense
        self._maps.hidden = self._largest.hidden = is_dense
        if is_dense:
            self._show_formula(state, values)
        else:
            self._show_map(state, values)
        self._show_votes(state, found)
        self._show_total(state, values, found)

    def _inputs(self, index: int, state: ViewState, values: Mapping[str, Array]) -> Array:
        """What goes into a stage: the values of the one before, or the image."""
        if index:
            return values[self._structure[index - 1].tap]
        return state.answer.image if state.answer else np.zeros((28, 28), np.float32)

    def _show_unit(self) -> None:
        """Its place in the network."""
        place = place_of(self._structure[self._stage], self._stage, self._unit)
        self._title.textContent = place + (" (pinned)" if self._pinned else "")
        self._slider.element.max = str(sum(s.units for s in self._structure[:-1]) - 1)
        self._slider.value = str(sum(s.units for s in self._structure[: self._stage]) + self._unit)
        self._slider.element.setAttribute("aria-valuetext", place[:1].lower() + place[1:])

    def _show_formula(self, state: ViewState, values: Mapping[str, Array]) -> None:
        """The sum of a dense unit."""
        assert state.probe is not None
        stage, unit, probe = self._structure[self._stage], self._unit, state.probe
        spec = probe.model.card.get("spec") or {}
        found = UnitSum(
            stage,
            probe.weights[stage.weight][:, unit],
            self._inputs(self._stage, state, values).reshape(-1),
            float(probe.weights[stage.bias][unit]),
            float(values[stage.tap][unit]),
            str(spec.get("activation", "relu")),
            key=(probe, probe.version, self._stage, unit, state.dark),
        )
        self._formula.show(found, state.dark, drawn=state.answer is not None)

    def _show_map(self, state: ViewState, values: Mapping[str, Array]) -> None:
        """A feature map or a single value, and the weights that it looks with."""
        assert state.probe is not None
        stage, unit, probe = self._structure[self._stage], self._unit, state.probe
        value = values[stage.tap][unit]
        self._map.figure.hidden = value.ndim == 0
        if value.ndim:
            self._map.show(diverging(value, None, state.dark), f"Activations of map {unit}")
        what = "largest value" if value.ndim else "value"
        self._largest.textContent = f"Its {what} is {signed(float(value.max()))}." if state.answer else ""
        self._weights.figure.hidden = not stage.weight
        weights_of = (probe, probe.version, self._stage, unit, state.dark)
        if not stage.weight or weights_of == self._weights_of:
            return
        self._weights_of = weights_of
        parts = attribution.unit_weights(stage, probe.weights)[unit]
        sheet = mosaic(parts, columns_for(*parts.shape), 1)
        self._weights.show(diverging(sheet, None, state.dark), f"Weights of map {unit}")

    def _show_votes(self, state: ViewState, found: Votes | None) -> None:
        own, note = list[float](), ""
        direct = self._stage == len(self._structure) - 2
        if direct and state.answer is None:
            note = EMPTY
        elif direct and found is not None:
            own = found.terms[self._unit].tolist()
        elif state.answer is not None and not direct:
            note = PASSES_ON
        self._votes_title.hidden = not direct or (found is None and state.answer is not None)
        self._votes.show(self._labels, own, state.winner)
        self._votes_note.textContent = note

    def _show_total(self, state: ViewState, values: Mapping[str, Array], found: Votes | None) -> None:
        answer = state.chosen(self._class.value)
        if answer is None or state.answer is None:
            self._total.show([], [])
            self._logit.textContent = NO_TOTAL
            return
        if found is None:
            self._total.show([], [])
            self._logit.textContent = NO_VOTES
            return
        parts, kind = found.of(answer), words_of(self._structure[-2]).one
        top = parts.strongest(MAX_VOTES)
        others = float(parts.terms.sum() - parts.terms[top].sum())
        names = [*(f"{kind} {i}" for i in top), "all others", "bias"]
        sizes = [*(float(parts.terms[i]) for i in top), others, parts.bias]
        logit = float(values["logits"][answer])
        self._total.show(names, sizes, printed=rounded_to_sum(sizes, logit))
        self._logit.textContent = f"Together they give {self._labels[answer]} a score (logit) of {signed(logit)}."
        self._logit.dataset.value = f"{logit:.6f}"
