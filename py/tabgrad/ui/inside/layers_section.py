"""Layers: what every unit does with the drawing now, and one unit close up. Draws stages; `unit_card` has the unit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tabgrad.explain.colour import diverging, mosaic
from tabgrad.explain.stages import Stage, unit_weights
from tabgrad.explain.wall import Wall
from tabgrad.interop import dom

from .probe import Probe
from .scene import Scene
from .unit_card import UnitCard
from .widgets import Picture, legend

#: Pictures side by side. Walls have half as many on a phone.
WALL_A_ROW, MAPS_A_ROW, UNITS_A_ROW = 16, 8, 32
NARROW_PX = 600
#: Side of a unit without a picture of its own, and of the gap between pictures. Pixels.
CELL_PX, GAP_PX = 7, 1
NAMES = {"dense": "units", "conv": "feature maps", "pool": "maps, shrunk"}


class StageView:
    """One stage: a picture of all its units. `chosen` gets the unit that the visitor points at."""

    def __init__(self, parent: dom.Element, index: int, stage: Stage, card: UnitCard) -> None:
        self.index, self.stage = index, stage
        title = f"Layer {index + 1}: {stage.units} {NAMES[stage.kind]}"
        self.block = dom.create("section", parent, class_="stage-view")
        dom.create("h4", self.block, text=title, class_="stage-title")
        self.has_wall = stage.kind == "dense" and stage.fed_by == (1, 28, 28)
        self._picture = Picture(self.block, "", "wall" if self.has_wall else "maps")
        self._card = card
        self._wall: Wall | None = None
        self._columns, self._tile = self._layout()
        canvas = self._picture.canvas
        self._listeners = [
            dom.Listener(canvas, "pointermove", lambda event: self._point(event, pin=False), passive=True),
            dom.Listener(canvas, "click", lambda event: self._point(event, pin=True), passive=True),
        ]

    def _layout(self) -> tuple[int, tuple[int, int]]:
        """Columns, and height and width of a tile without its gap."""
        if len(self.stage.shape) == 3:
            height, width = self.stage.shape[1:]
            return min(self.stage.units, MAPS_A_ROW), (height, width)
        return min(self.stage.units, UNITS_A_ROW), (CELL_PX, CELL_PX)

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

    def rebuild(self, probe: Probe, dark: bool) -> None:
        """The weights or the colours are others."""
        if self.has_wall:
            columns = WALL_A_ROW if self.block.clientWidth > NARROW_PX else WALL_A_ROW // 2
            self._wall = Wall(unit_weights(self.stage, probe.weights)[:, 0], columns, dark)

    def show(self, values: NDArray[np.float32], dark: bool) -> None:
        """Activations in the stage's shape."""
        active = int((np.abs(values.reshape(self.stage.units, -1)).max(axis=1) > 0).sum())
        alt = f"{active} of {self.stage.units} {NAMES[self.stage.kind]} are active"
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
        "Every unit looks for one pattern: orange where it wants ink, blue where it wants none. The more of it is "
        "in your drawing, the brighter the unit gets. Point at one to see what feeds it and what it votes for."
    )
    needs_network = True

    def build(self, body: dom.Element) -> None:
        """See `Section`."""
        legend(body, "against", "for")
        self._stages = dom.create("div", body, class_="stage-views")
        self._card_place = dom.create("div", body)
        self._views: list[StageView] = []
        self._card: UnitCard | None = None
        self._shown: tuple[Probe, int, bool] | None = None

    def _rebuild(self, probe: Probe, dark: bool) -> UnitCard:
        """New elements for another network, new colours for other weights."""
        known = self._shown[0] if self._shown else None
        if self._card is None or known is None or known.structure != probe.structure:
            self._stages.textContent = self._card_place.textContent = ""
            self._card = UnitCard(self._card_place, probe.structure, self._mark)
            self._views = [
                StageView(self._stages, i, stage, self._card) for i, stage in enumerate(probe.structure) if stage.tap
            ]
        for view in self._views:
            view.rebuild(probe, dark)
        self._shown = (probe, probe.version, dark)
        return self._card

    def _mark(self, stage: int, unit: int) -> None:
        for view in self._views:
            view.mark(unit if view.index == stage else None)

    async def update(self, scene: Scene) -> None:
        """See `Section`."""
        assert scene.probe is not None
        values = await scene.activations()
        card = self._card
        if card is None or self._shown != (scene.probe, scene.probe.version, scene.dark):
            card = self._rebuild(scene.probe, scene.dark)
        for view in self._views:
            view.show(values[view.stage.tap], scene.dark)
        card.show(scene, values)
