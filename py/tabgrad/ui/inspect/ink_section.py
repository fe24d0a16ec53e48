"""From ink to input: every step of the normalisation as a picture, and a switch for each. Owns the recipe in use."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from tabgrad.explain.colour import grey
from tabgrad.explain.ink_steps import STANDARD, Centring, InkSteps, Recipe, ink_steps
from tabgrad.ink import Snapshot
from tabgrad.interop import dom

from ..prediction import DOT_UNITS, PAD_UNITS
from ..widgets.controls import Button, Select, Switch
from ..widgets.picture import Picture
from .inputs import Inputs
from .scene import ViewState

SAMPLE_NOTE = (
    "This digit is a sample from the data: the network reads its own pixels; the strokes on the pad are traced. Change "
    "one, and your ink counts."
)
EMPTY = "Draw a digit on the pad at the top: every step shows here as you draw."
CENTRINGS = {"mass": "centre of mass", "box": "middle of its box", "none": "not at all"}


class InkSection:
    """`inputs` is told how to make the network's input."""

    name = "ink"
    title = "From ink to input"
    lead = (
        "The network has learned from digits that were all scaled and centred in the same way, so your drawing gets "
        "the same treatment. Switch a step off, draw small in a corner, and see why programs without it fail."
    )
    needs_network = False

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs
        self._recipe = STANDARD

    def build(self, body: dom.Element) -> None:
        """See `Section`."""
        row = dom.create("div", body, class_="steps three")
        self._sheet = Picture(row, "1. Your strokes and their box", "step")
        self._boxed = Picture(row, "", "step")
        self._image = Picture(row, "", "step")
        controls = dom.create("div", body, class_="controls", role="group", aria_label="Steps of the preparation")
        self._fit = Switch(controls, "Scale to fit 20 by 20", True, self._changed, "ink-fit")
        self._aspect = Switch(controls, "Keep proportions", True, self._changed, "ink-aspect")
        self._smooth = Switch(controls, "Soft edges", True, self._changed, "ink-smooth")
        self._centring = Select(controls, "Centre by", CENTRINGS, self._changed, "ink-centring")
        self._reset = Button(controls, "Back to the real recipe", self._standard, "ink-reset")
        self._note = dom.create("p", body, class_="note", role="status", data_testid="ink-note")
        self._sample_note = dom.create("p", body, class_="note")
        self._changed()

    def _standard(self) -> None:
        self._fit.on = self._aspect.on = self._smooth.on = True
        self._centring.value = STANDARD.centring
        self._changed()

    def _changed(self) -> None:
        recipe = Recipe(self._fit.on, self._aspect.on, cast("Centring", self._centring.value), self._smooth.on)
        standard = recipe == STANDARD
        self._reset.enable(not standard)
        self._note.textContent = (
            "" if standard else "The answer above is now for this unusual input: the network was never trained on such."
        )
        if recipe != self._recipe:
            self._recipe = recipe
            self._inputs.use_recipe(None if standard else self._input)

    def _steps(self, ink: Snapshot) -> InkSteps:
        return ink_steps(ink.ink(PAD_UNITS), PAD_UNITS, self._recipe, DOT_UNITS)

    def _input(self, ink: Snapshot) -> NDArray[np.float32]:
        return self._steps(ink).image

    async def update(self, scene: ViewState) -> None:
        """See `Section`."""
        steps = self._steps(scene.ink)
        size = steps.boxed.shape[0]
        self._sheet.show(grey(steps.sheet), "Your drawing" if not scene.ink.is_empty else "An empty pad")
        self._boxed.show(grey(steps.boxed), f"The ink scaled into {size} by {size} pixels")
        sample = scene.answer is not None and self._inputs.is_sample(scene.ink)
        image = scene.answer.image if scene.answer is not None and sample else steps.image
        self._image.show(grey(image), "The network's input: 28 by 28 pixels")
        self._sample_note.textContent = EMPTY if scene.ink.is_empty else SAMPLE_NOTE if sample else ""
        scaled = "scaled to 20 by 20 pixels" if self._recipe.fit else "the whole pad at 28 by 28"
        self._boxed.caption(f"2. The ink, {scaled}")
        self._image.caption(f"3. {_placement(self._recipe.centring)}: what the network reads")
        if scene.ink.is_empty:
            for picture in (self._sheet, self._boxed, self._image):
                picture.overlay("")
            return
        left, top, right, bottom = steps.box
        self._sheet.overlay(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}"/>'
        )
        self._boxed.overlay(_cross(*steps.centre, size))
        self._image.overlay(_cross(*steps.target, 28))


def _placement(centring: Centring) -> str:
    if centring == "none":
        return "Left where it was drawn"
    return f"Its {CENTRINGS[centring].removeprefix('middle of its ')} moved to the centre"


def _cross(x: float, y: float, size: int) -> str:
    """Two fine lines through a point of a square picture."""
    return f'<path d="M{x:.2f} 0V{size}M0 {y:.2f}H{size}"/>'
