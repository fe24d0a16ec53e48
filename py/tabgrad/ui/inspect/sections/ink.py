"""From ink to input: each step of the preparation as a picture, with a switch. Owns the recipe in use."""

from __future__ import annotations

from typing import cast

from tabgrad.explain.colour import grey
from tabgrad.explain.ink_steps import STANDARD, Centring, InkSteps, Recipe, ink_steps
from tabgrad.ink import Snapshot
from tabgrad.interop import dom

from ...context import TRY_AN_EXAMPLE
from ...prediction import DOT_UNITS, PAD_UNITS
from ...widgets.controls import Button, Select, Switch
from ...widgets.picture import Picture
from ..section import InspectContext, ViewState

SAMPLE_NOTE = (
    "This is an image from the data. The network reads the image itself. The strokes on the pad only imitate it, "
    "and count as soon as you change one."
)
UNUSUAL = "The answer is now for this unusual input. In training, the network never saw images like it."
EMPTY = "Nothing is drawn yet. Draw something, and watch every step here while you draw."
CENTRINGS = {"mass": "centre of mass", "box": "middle of its box", "none": "not at all"}


class InkSection:
    """Three pictures from the strokes to the 28 by 28 pixels that the network reads."""

    name = "ink"
    title = "From ink to input"
    lead = (
        "The network learned from images of one size, each in the middle of its picture. So your drawing is made ready "
        "in the same way. Switch a step off, draw something small in a corner, and see why the step is needed."
    )
    needs_network = False

    def __init__(self, context: InspectContext) -> None:
        self._inputs, self._page = context.inputs, context.page
        self._recipe = STANDARD

    def build(self, body: dom.Element) -> None:
        row = dom.create("div", body, class_="steps three")
        self._sheet = Picture(row, "1. Your strokes and their box", "step")
        self._boxed = Picture(row, "", "step")
        self._image = Picture(row, "", "step")
        controls = dom.create("div", body, class_="controls", role="group", aria_label="Steps of the preparation")
        self._fit = Switch(controls, "Scale to fit 20 by 20", True, self._changed, "ink-fit")
        self._aspect = Switch(controls, "Keep proportions", True, self._changed, "ink-aspect")
        self._smooth = Switch(controls, "Soft edges", True, self._changed, "ink-smooth")
        self._centring = Select(controls, "Centre by", CENTRINGS, self._changed, "ink-centring")
        self._reset = Button(controls, "Back to the usual steps", self._use_standard, "ink-reset")
        self._note = dom.create("p", body, class_="note", role="status", data_testid="ink-note")
        self._sample_note = dom.create("p", body, class_="note")
        self._example = Button(body, TRY_AN_EXAMPLE, self._page.try_example, "ink-example")
        self._changed()

    def _use_standard(self) -> None:
        self._fit.on = self._aspect.on = self._smooth.on = True
        self._centring.value = STANDARD.centring
        self._changed()

    def _changed(self) -> None:
        recipe = Recipe(self._fit.on, self._aspect.on, cast("Centring", self._centring.value), self._smooth.on)
        standard = recipe == STANDARD
        self._reset.enable(not standard)
        self._note.textContent = "" if standard else UNUSUAL
        if recipe != self._recipe:
            self._recipe = recipe
            self._inputs.use_recipe(None if standard else lambda ink: self._steps(ink).image)

    def _steps(self, ink: Snapshot) -> InkSteps:
        return ink_steps(ink.ink(PAD_UNITS), PAD_UNITS, self._recipe, DOT_UNITS)

    async def update(self, state: ViewState) -> None:
        steps, sample = self._steps(state.ink), self._inputs.sample(state.ink)
        size = steps.boxed.shape[0]
        self._sheet.show(grey(steps.sheet), "Your drawing" if not state.ink.is_empty else "An empty pad")
        self._boxed.show(grey(steps.boxed), f"The ink scaled into {size} by {size} pixels")
        image = steps.image if sample is None else sample
        self._image.show(grey(image), "The network's input: 28 by 28 pixels")
        scaled = "scaled to 20 by 20 pixels" if self._recipe.fit else "the whole pad at 28 by 28"
        self._boxed.caption(f"2. The ink, {scaled}")
        self._image.caption(f"3. {_placement(self._recipe.centring)}: what the network reads")
        self._example.element.hidden = not state.ink.is_empty or not self._page.has_examples
        if state.ink.is_empty:
            self._sample_note.textContent = EMPTY
            for picture in (self._sheet, self._boxed, self._image):
                picture.overlay("")
            return
        self._sample_note.textContent = "" if sample is None else SAMPLE_NOTE
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
