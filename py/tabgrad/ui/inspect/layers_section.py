"""Layers: what every unit does with the drawing now, and one unit close up. Draws stages; `unit_card` has the unit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tabgrad.explain.colour import diverging, mosaic
from tabgrad.explain.units import unit_weights
from tabgrad.explain.wall import Wall
from tabgrad.interop import dom
from tabgrad.network import IMAGE_SHAPE, STAGE_KINDS, Stage

from ..widgets.picture import Picture, legend
from .probe import Probe
from .scene import ViewState
from .unit_card import UnitCard

#: Pictures side by side, and on a phone, where a finger must hit one.
WALL_A_ROW, MAPS_A_ROW, UNITS_A_ROW = 16, 8, 32
NARROW_WALL_A_ROW, NARROW_UNITS_A_ROW = 8, 12
NARROW = "(max-width: 40rem)"
#: Side of a unit without a picture of its own, and of the gap between pictures. Pixels.
CELL_PX, GAP_PX = 7, 1
#: What is to be seen, for somebody who has never seen a layer.
WALL_NOTE = (
    "Each picture is what one unit looks for: orange where it wants ink, blue where it wants none. The bar below it "
    "says how much of that is in your drawing."
)


class StageView:
    """One stage: a picture of all its units. `chosen` gets the unit that the visitor points at."""

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
        self._columns, self._tile = 1, (CELL_PX, CELL_PX)
        canvas = self._picture.canvas
        self._listeners = [
            dom.Listener(canvas, "pointermove", lambda event: self._point(event, pin=False), passive=True),
            dom.Listener(canvas, "click", lambda event: self._point(event, pin=True), passive=True),
        ]

    def _layout(self, narrow: bool) -> tuple[int, tuple[int, int]]:
        """Columns, and height and width of a tile without its gap."""
        if len(self.stage.shape) == 3:
            height, width = self.stage.shape[1:]
            return min(self.stage.units, MAPS_A_ROW), (height, width)
        return min(self.stage.units, NARROW_UNITS_A_ROW if narrow else UNITS_A_ROW), (CELL_PX, CELL_PX)

    def _point(self, event: dom.Event, pin: bool) -> None:
        x, y = self._picture.point(event)
        if self._wall:
            unit = self._wall.unit_at(x, y)
        else:
            height, width = self._tile
            unit = int(y // (height + GAP_PX)) * self._columns + min(int(x // (width + GAP_PX)), self._columns - 1)
        if unit is not None and 0 <= unit < self.stage.units:
            self._card.choose(self.index, unit, pin)

    def mark(self, unit: int | None) -> None:
        """Frame one unit, or none."""
        if unit is None:
            self._picture.overlay("")
            return
        (height, width), step = self._tile, (self._tile[0] + GAP_PX, self._tile[1] + GAP_PX)
        if self._wall:
            height, width = self._wall.tile_height, self._wall.tile_width
            step = (self._wall.height, self._wall.width)
        row, column = divmod(unit, self._wall.columns if self._wall else self._columns)
        x, y = column * step[1] - 0.5, row * step[0] - 0.5
        self._picture.overlay(f'<rect x="{x}" y="{y}" width="{width + 1}" height="{height + 1}"/>')

    def rebuild(self, probe: Probe, dark: bool, narrow: bool) -> None:
        """The weights, the colours or the room are others."""
        self._columns, self._tile = self._layout(narrow)
        if self.has_wall:
            columns = NARROW_WALL_A_ROW if narrow else WALL_A_ROW
            self._wall = Wall(unit_weights(self.stage, probe.weights)[:, 0], columns, dark)

    def show(self, values: NDArray[np.float32], dark: bool) -> None:
        """Activations in the stage's shape."""
        active = int((np.abs(values.reshape(self.stage.units, -1)).max(axis=1) > 0).sum())
        alt = f"{active} of {self.stage.units} {STAGE_KINDS[self.stage.kind].noun} are active"
        if self._wall:
            self._picture.show(self._wall.picture(values), f"Weights of the units; {alt}")
            return
        tiles = values if values.ndim == 3 else np.broadcast_to(values[:, None, None], (len(values), CELL_PX, CELL_PX))
        self._picture.show(diverging(mosaic(tiles, self._columns, GAP_PX), None, dark), alt)


class LayersSection:
    """All stages between input and answer."""

    name = "layers"
    title = "Layer by layer"
    lead = (
        "Between the drawing and the answer lie layers of units. Each looks for a pattern of its own in what the layer "
        "before it found, and the last layer votes. Point at a unit, or tap it, to see what feeds it and what it says."
    )
    needs_network = True

    def __init__(self, refresh: Callable[[], None]) -> None:
        self._refresh = refresh

    def build(self, body: dom.Element) -> None:
        """See `Section`."""
        legend(body, "against", "for")
        self._stages = dom.create("div", body, class_="stage-views")
        self._card_place = dom.create("div", body)
        self._views: list[StageView] = []
        self._card: UnitCard | None = None
        self._shown: tuple[Probe, int, bool, bool] | None = None
        self._room = dom.on_media_change(NARROW, lambda _event: self._refresh())

    def _rebuild(self, probe: Probe, dark: bool, narrow: bool) -> UnitCard:
        """New elements for another network, new colours for other weights."""
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

    async def update(self, scene: ViewState) -> None:
        """See `Section`."""
        assert scene.probe is not None
        values = await scene.activations()
        card = self._card
        narrow = dom.media_matches(NARROW)
        if card is None or self._shown != (scene.probe, scene.probe.version, scene.dark, narrow):
            card = self._rebuild(scene.probe, scene.dark, narrow)
        for view in self._views:
            view.show(values[view.stage.tap], scene.dark)
        card.show(scene, values)
