"""Layers: the activation of every unit, and one unit close up. Draws the stages; `unit_card` shows the one unit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tabgrad.explain.attribution import unit_weights
from tabgrad.explain.colour import Wall, diverging, mosaic, tile_at
from tabgrad.interop import dom
from tabgrad.network import IMAGE_SHAPE, STAGE_KINDS, Stage
from tabgrad.program import ProgramError

from ...widgets.picture import Picture, legend
from ..probe import Probe
from ..section import InspectContext, ViewState
from .unit_card import UnitCard

#: Pictures in a row; fewer on a narrow screen, where a finger has to hit one.
WALL_A_ROW, MAPS_A_ROW, UNITS_A_ROW = 16, 8, 32
NARROW_WALL_A_ROW, NARROW_UNITS_A_ROW = 8, 12
NARROW = "(max-width: 40rem)"
#: Side of the square for a unit that has no picture, and the gap between pictures. Pixels.
CELL_PX, GAP_PX = 7, 1
#: What the pictures of a layer show, for people who have never seen a layer.
WALL_NOTE = (
    "Each picture shows the weights of one unit. Ink on orange makes the unit more active, ink on blue less. The bar "
    "below the picture shows how active the unit is now."
)


class StageView:
    """One stage: a picture of all its units. Pointing at a unit shows it on `card`."""

    def __init__(self, parent: dom.Element, index: int, stage: Stage, card: UnitCard) -> None:
        self.index, self.stage = index, stage
        kind = STAGE_KINDS[stage.kind]
        title = f"Layer {index + 1}: {stage.units} {kind.noun}"
        self.block = dom.create("section", parent, class_="stage-view")
        dom.create("h4", self.block, text=title, class_="stage-title")
        self.has_wall = stage.kind == "dense" and stage.input_shape == IMAGE_SHAPE
        dom.create("p", self.block, text=WALL_NOTE if self.has_wall else kind.note, class_="stage-note")
        self._picture = Picture(self.block, "", "wall" if self.has_wall else "maps")
        self._card = card
        self._wall: Wall | None = None
        self._columns, self._tile, self._step = 1, (1, 1), (1, 1)
        canvas = self._picture.canvas
        self._listeners = [
            dom.Listener(canvas, "pointermove", lambda event: self._point(event, pin=False), passive=True),
            dom.Listener(canvas, "click", lambda event: self._point(event, pin=True), passive=True),
        ]

    def rebuild(self, probe: Probe, dark: bool, narrow: bool) -> None:
        """Prepare for other weights, other colours or another width of the screen."""
        if self.has_wall:
            columns = NARROW_WALL_A_ROW if narrow else WALL_A_ROW
            self._wall = wall = Wall(unit_weights(self.stage, probe.weights)[:, 0], columns, dark)
            self._columns, self._tile = columns, (wall.tile_height, wall.tile_width)
            self._step = (wall.height, wall.width)
            return
        most, self._tile = NARROW_UNITS_A_ROW if narrow else UNITS_A_ROW, (CELL_PX, CELL_PX)
        if len(self.stage.shape) == 3:
            most, self._tile = MAPS_A_ROW, (self.stage.shape[1], self.stage.shape[2])
        self._columns = min(self.stage.units, most)
        self._step = (self._tile[0] + GAP_PX, self._tile[1] + GAP_PX)

    def _point(self, event: dom.Event, pin: bool) -> None:
        unit = tile_at(*self._picture.point(event), self._columns, *self._step)
        if 0 <= unit < self.stage.units:
            self._card.choose(self.index, unit, pin)

    def mark(self, unit: int | None) -> None:
        """Frame one unit, or none."""
        if unit is None:
            self._picture.overlay("")
            return
        row, column = divmod(unit, self._columns)
        x, y = column * self._step[1] - 0.5, row * self._step[0] - 0.5
        height, width = self._tile
        self._picture.overlay(f'<rect x="{x}" y="{y}" width="{width + 1}" height="{height + 1}"/>')

    def show(self, values: NDArray[np.float32], dark: bool) -> None:
        """Show activations, in the stage's shape."""
        active = int((np.abs(values.reshape(self.stage.units, -1)).max(axis=1) > 0).sum())
        alt = f"{active} of {self.stage.units} {STAGE_KINDS[self.stage.kind].noun} are active"
        if self._wall:
            self._picture.show(self._wall.picture(values), f"Weights of the units; {alt}")
            return
        tiles = values if values.ndim == 3 else np.broadcast_to(values[:, None, None], (len(values), CELL_PX, CELL_PX))
        self._picture.show(diverging(mosaic(tiles, self._columns, GAP_PX), None, dark), alt)


class LayersSection:
    """All stages between input and answer, and the card of one unit."""

    name = "layers"
    title = "Layer by layer"
    lead = (
        "Between your drawing and the answer are layers of units. Each unit looks for its own pattern in what the "
        "layer before it found, and the units of the last layer vote for digits. Point at a unit, or tap it, to see "
        "what goes into it and how it votes."
    )
    needs_network = True

    def __init__(self, context: InspectContext) -> None:
        self._refresh = context.refresh

    def build(self, body: dom.Element) -> None:
        legend(body, "against", "for")
        self._stages = dom.create("div", body, class_="stage-views")
        self._card_place = dom.create("div", body)
        self._views: list[StageView] = []
        self._card: UnitCard | None = None
        self._shown: tuple[Probe, int, bool, bool] | None = None
        self._width_listener = dom.on_media_change(NARROW, lambda _event: self._refresh())

    def _rebuild(self, probe: Probe, dark: bool, narrow: bool) -> UnitCard:
        """Make new elements for a network with another structure; else only prepare for new weights or colours."""
        known = self._shown[0] if self._shown else None
        if self._card is None or known is None or known.structure != probe.structure:
            self._stages.textContent = self._card_place.textContent = ""
            self._card = UnitCard(self._card_place, probe.structure, self._mark)
            self._views = [
                StageView(self._stages, i, stage, self._card) for i, stage in enumerate(probe.structure) if stage.tap
            ]
        for view in self._views:
            view.rebuild(probe, dark, narrow)
        self._shown = (probe, probe.version, dark, narrow)
        return self._card

    def _mark(self, stage: int, unit: int) -> None:
        for view in self._views:
            view.mark(unit if view.index == stage else None)

    async def update(self, state: ViewState) -> None:
        assert state.probe is not None
        if len(state.probe.structure) < 2:
            self._card, self._views = None, []
            self._stages.textContent = self._card_place.textContent = ""
            raise ProgramError("This network has no hidden layers: each pixel votes for the digits directly.")
        values = await state.activations()
        card = self._card
        narrow = dom.media_matches(NARROW)
        if card is None or self._shown != (state.probe, state.probe.version, state.dark, narrow):
            card = self._rebuild(state.probe, state.dark, narrow)
        for view in self._views:
            view.show(values[view.stage.tap], state.dark)
        card.show(state, values)
