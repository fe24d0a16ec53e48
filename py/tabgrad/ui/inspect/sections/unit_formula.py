"""The sum that makes a unit's value: pattern times input, as pictures and as numbers, each with its own sentence.

Owns the pictures, the numbers, and the pixel that the visitor looks at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tabgrad.explain.colour import diverging, grey
from tabgrad.explain.sheet import Sheet
from tabgrad.interop import dom
from tabgrad.network import ACTIVATIONS, IMAGE_SHAPE, Stage

from ...widgets.format import rounded_to_sum, signed
from ...widgets.picture import Picture

Array = NDArray[np.float32]
HINT = "Point at a number or at a pixel to see where it comes from."
TIMES, EQUALS = "\N{MULTIPLICATION SIGN}", "="
PATTERN_ALT = "Its pattern: orange is wanted, blue is not"
WHY_BIAS = "The bias: a number that is added whatever you draw. Training has chosen it."
WHY_TOTAL = "The sum and the bias together."
WHY_RELU = "ReLU lets a number above zero through and turns one below zero into 0. What comes out is the unit's value."
MOVES = "pointermove pointerdown"
_ARROWS = {"ArrowUp": (0, -1), "ArrowDown": (0, 1), "ArrowLeft": (-1, 0), "ArrowRight": (1, 0)}


class _Number:
    """A number that explains itself when it is pointed at, reached by keyboard, or tapped."""

    def __init__(self, line: dom.Element, before: str, why: str, explain: Callable[[str], object]) -> None:
        self.before = dom.create("span", line, text=before)
        button = dom.create("button", line, type="button", class_="figure-button")
        self._value = dom.create("span", button)
        self._why = dom.create("span", button, class_="sr-only")
        self._explain = explain
        self._listeners = [
            dom.Listener(button, "pointerenter focus click", lambda _event: explain(self.why), passive=True),
            dom.Listener(button, "pointerleave blur", lambda _event: explain(""), passive=True),
        ]
        self.why = ""
        self.say(why)

    def say(self, why: str) -> None:
        if why != self.why:
            self.why = why
            self._why.textContent = f": {why}"

    def show(self, value: float) -> None:
        self._value.textContent = signed(value)


@dataclass(frozen=True, slots=True, eq=False)
class UnitSum:
    """A unit of a dense stage: `pattern` (n,) are its weights, `inputs` (n,) what comes in, `value` what comes out.

    `activation` is the name of the layer's activation function. `key` changes when the weights or the colours do.
    """

    stage: Stage
    pattern: Array
    inputs: Array
    bias: float
    value: float
    activation: str
    key: object


class UnitFormula:
    """Shows one dense unit: pattern times input is a sum; with the bias, and through the activation, its value."""

    def __init__(self, parent: dom.Element) -> None:
        self.block = dom.create("div", parent, class_="unit-formula")
        row = dom.create("div", self.block, class_="unit-pictures")
        self._pattern = Picture(row, "its pattern", "unit")
        dom.create("span", row, text=TIMES, class_="sign", aria_hidden="true")
        self._input = Picture(row, "", "unit")
        dom.create("span", row, text=EQUALS, class_="sign", aria_hidden="true")
        self._product = Picture(row, "what it finds", "unit")
        self._line = line = dom.create("p", self.block, class_="formula", data_testid="unit-sum")
        self._sum = _Number(line, "", "", self._say)
        self._bias = _Number(line, ", bias ", WHY_BIAS, self._say)
        self._total = _Number(line, ", together ", WHY_TOTAL, self._say)
        self._after = _Number(line, "", "", self._say)
        self._note = dom.create(
            "p", self.block, class_="note formula-note", aria_live="polite", data_testid="unit-note"
        )
        self._note.textContent = HINT
        self._at: tuple[int, int] | None = None  # the pixel that is looked at
        self._numbers: tuple[Sheet, Array, Array, bool] | None = None  # layout, pattern, input, whether it is the image
        self._pattern_of: object = None
        pictures = (self._pattern, self._input, self._product)
        self._listeners = [
            *(
                dom.Listener(p.canvas, "pointermove pointerdown", partial(self._point, p), passive=True)
                for p in pictures
            ),
            dom.Listener(row, "pointerleave", lambda _event: self._look_at(None), passive=True),
            dom.Listener(self._product.canvas, "keydown", self._on_key),
            dom.Listener(self._product.canvas, "blur", lambda _event: self._look_at(None), passive=True),
        ]
        self._product.canvas.tabIndex = 0

    def show(self, unit: UnitSum, dark: bool, drawn: bool) -> None:
        """Show a unit; `drawn`: whether there is ink."""
        sheet = Sheet(unit.stage)
        is_image = unit.stage.input_shape == IMAGE_SHAPE
        self._numbers = (sheet, unit.pattern, unit.inputs, is_image)
        if unit.key != self._pattern_of:
            self._pattern_of = unit.key
            self._pattern.show(diverging(sheet.picture(unit.pattern), None, dark), PATTERN_ALT)
        shown, products = sheet.picture(unit.inputs), unit.pattern * unit.inputs
        what = "your ink" if is_image else "the layer before"
        self._input.caption(what)
        self._input.show(grey(shown) if is_image else diverging(shown, None, dark), f"What comes in: {what}")
        self._product.show(diverging(sheet.picture(products), None, dark), "The pattern times what comes in")
        self._show_sum(float(products.sum()), unit.bias, unit.activation, what)
        self._line.dataset.value = f"{unit.value:.6f}"
        self._line.hidden = not drawn
        self._mark()

    def _show_sum(self, found: float, bias: float, activation: str, what: str) -> None:
        total = found + bias
        printed = rounded_to_sum([found, bias], total)
        rule = ACTIVATIONS[activation]
        self._sum.before.textContent = f"pattern {TIMES} {what} = "
        self._sum.say(f"Each number of the pattern times {what} at the same place, all of it added up.")
        self._after.before.textContent = f", after {rule.title} "
        self._after.say(WHY_RELU if activation == "relu" else f"{rule.title} turns the sum into the unit's value.")
        after = float(rule.array(np.array([total]))[0])
        for number, value in zip(
            (self._sum, self._bias, self._total, self._after), (*printed, total, after), strict=True
        ):
            number.show(value)

    def _say(self, why: str) -> None:
        self._note.textContent = why or HINT

    # ---- Pixels

    def _point(self, picture: Picture, event: dom.Event) -> None:
        x, y = picture.point(event)
        self._look_at((int(x), int(y)))

    def _look_at(self, at: tuple[int, int] | None) -> None:
        if at != self._at:
            self._at = at
            self._mark()

    def _mark(self) -> None:
        """Frame the pixel in all three pictures, and say what is multiplied there."""
        place = None
        if self._at is not None and self._numbers is not None:
            place = self._numbers[0].place(*self._at)
        frame = "" if place is None or self._at is None else _frame(*self._at)
        for picture in (self._pattern, self._input, self._product):
            picture.overlay(frame)
        if self._at is None:
            if self._note.textContent.startswith(("Row ", "Unit ")):
                self._say("")
            return
        if place is None or self._numbers is None:
            return
        sheet, pattern, inputs, is_image = self._numbers
        x, y = self._at
        where = f"Unit {place}" if sheet.plain else f"Row {y % (sheet.tile[0] + sheet.gap) + 1}, column "
        if not sheet.plain:
            where += str(x % (sheet.tile[1] + sheet.gap) + 1)
        what = "ink" if is_image else "value"
        come_in, weight = float(inputs[place]), float(pattern[place])
        self._note.textContent = (
            f"{where}: {what} {come_in:.2f} {TIMES} pattern {signed(weight, 3)} = {signed(come_in * weight, 3)}"
        )

    def _on_key(self, event: dom.Event) -> None:
        if event.key not in _ARROWS or self._numbers is None:
            return
        event.preventDefault()
        (right, down), sheet = _ARROWS[event.key], self._numbers[0]
        if self._at is None:
            self._look_at((sheet.tile[1] // 2, sheet.tile[0] // 2))
            return
        x, y = self._at
        for _ in range(2):  # a step over the gap between two tiles
            x, y = x + right, y + down
            if sheet.place(x, y) is not None:
                self._look_at((x, y))
                return


def _frame(x: int, y: int) -> str:
    return f'<rect x="{x}" y="{y}" width="1" height="1"/>'
