"""Layers: a picture of the whole network, the activation of every unit, and one unit close up beside them.

Draws the stages; `inspect.network` shows the picture, `unit_card` the one unit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from tabgrad.explain.attribution import unit_weights
from tabgrad.explain.colour import Wall, diverging, mosaic, tile_at
from tabgrad.explain.flow import strengths
from tabgrad.interop import dom
from tabgrad.network import IMAGE_SHAPE, Stage
from tabgrad.program import ProgramError

from ...faults import FAULTS
from ...widgets.controls import Button, Switch
from ...widgets.picture import Picture, legend
from ..network import NetworkView
from ..probe import Probe
from ..section import COMPILES, InspectContext, ViewState
from ..stage_words import note_of, title_of, words_of
from .unit_card import UnitCard

#: Width of a picture on the wall, of a feature map and of a unit without a picture, in CSS pixels: a finger can hit it.
WALL_PX, MAP_PX, UNIT_PX = 42, 64, 40
#: Pictures in a row, at most.
WALL_A_ROW, MAPS_A_ROW, UNITS_A_ROW = 16, 8, 32
#: Side of the square for a unit that has no picture, and the gap between pictures. Pixels.
CELL_PX, GAP_PX = 7, 1
#: The card is in view if so much of it is. CSS pixels.
LEAST_PX = 120
#: Units of a layer that are shown at most, and the width of a picture of few. CSS pixels.
MOST_UNITS, LARGEST_PX = 1024, 176
NO_LAYERS = "This network has no hidden layers: each pixel votes for the answers directly."
NO_OUTPUTS = "None of the layers of this network can be shown: keep layers in attributes of Net, and call them there."


class StageView:
    """One stage: a picture of all its units. `choose` gets a unit that is pointed at, and whether it was pressed."""

    def __init__(self, parent: dom.Element, index: int, stage: Stage, choose: Callable[[int, int, bool], None]) -> None:
        self.index, self.stage = index, stage
        self.has_wall = bool(stage.name) and len(stage.shape) == 1 and stage.input_shape == IMAGE_SHAPE
        self._count = stage.units if self.has_wall else min(stage.units, MOST_UNITS)
        title, note = (
            title_of(stage, index, patterns=self.has_wall),
            note_of(stage, patterns=self.has_wall, shown=self._count),
        )
        self.block = dom.create("section", parent, class_="stage-view", data_testid=f"stage-{index}")
        dom.create("h4", self.block, text=title, class_="stage-title")
        dom.create("p", self.block, text=note, class_="stage-note")
        self._picture = Picture(self.block, "", "wall" if self.has_wall else "maps")
        self._choose = choose
        self._wall: Wall | None = None
        self._columns, self._tile, self._step = 1, (1, 1), (1, 1)
        self._order: NDArray[np.intp] = np.arange(self._count)  # the unit of each place
        self._marked: int | None = None
        canvas = self._picture.canvas
        self._listeners = [
            dom.Listener(canvas, "pointermove", lambda event: self._point(event, pin=False), passive=True),
            dom.Listener(canvas, "click", lambda event: self._point(event, pin=True), passive=True),
        ]

    def rebuild(self, probe: Probe, dark: bool, width: int) -> None:
        """Prepare for other weights, other colours or another width, in CSS pixels."""
        if self.has_wall:
            self._columns = columns = int(np.clip(width // WALL_PX, 6, min(WALL_A_ROW, max(6, self.stage.units))))
            self._wall = wall = Wall(unit_weights(self.stage, probe.weights)[:, 0], columns, dark)
            self._tile, self._step = (wall.tile_height, wall.tile_width), (wall.height, wall.width)
        else:
            most, self._tile = min(UNITS_A_ROW, width // UNIT_PX), (CELL_PX, CELL_PX)
            if len(self.stage.shape) == 3:
                most, self._tile = min(MAPS_A_ROW, width // MAP_PX), (self.stage.shape[1], self.stage.shape[2])
            self._columns = max(1, min(self._count, most))
            if self.stage.call:  # few pictures, which may be large, would fill the page
                largest = LARGEST_PX if len(self.stage.shape) == 3 else UNIT_PX
                self._picture.figure.style.maxWidth = f"{self._columns * largest}px"
            self._step = (self._tile[0] + GAP_PX, self._tile[1] + GAP_PX)
        self._picture.canvas.dataset.columns = str(self._columns)

    def _point(self, event: dom.Event, pin: bool) -> None:
        place = tile_at(*self._picture.point(event), self._columns, *self._step)
        if 0 <= place < self._count:
            self._choose(self.index, int(self._order[place]), pin)

    def mark(self, unit: int | None) -> None:
        """Frame one unit, or none."""
        self._marked = unit
        places = np.flatnonzero(self._order == unit)
        if not len(places):
            self._picture.overlay("")
            return
        row, column = divmod(int(places[0]), self._columns)
        x, y = column * self._step[1] - 0.5, row * self._step[0] - 0.5
        height, width = self._tile
        self._picture.overlay(f'<rect x="{x}" y="{y}" width="{width + 1}" height="{height + 1}"/>')

    def show(self, values: NDArray[np.float32], dark: bool, by_activity: bool) -> None:
        """Show activations, in the stage's shape. `by_activity`: the most active unit first."""
        found = np.abs(strengths(values))
        order: NDArray[np.intp] = np.argsort(-found, kind="stable") if by_activity else np.arange(self.stage.units)
        order = order[: self._count]
        moved, self._order = not np.array_equal(order, self._order), order
        alt = f"{int((found > 0).sum())} of {self.stage.units} {words_of(self.stage).noun} are active"
        if self._wall:
            self._picture.show(
                self._wall.picture(values, order if by_activity else None), f"Patterns of the units; {alt}"
            )
        else:
            values = values[order]
            shape = (len(values), CELL_PX, CELL_PX)
            tiles = values if values.ndim == 3 else np.broadcast_to(values[:, None, None], shape)
            self._picture.show(diverging(mosaic(tiles, self._columns, GAP_PX), None, dark), alt)
        if moved:
            self.mark(self._marked)


class LayersSection:
    """The network as a picture, all stages between input and answer, and the card of one unit."""

    name = "layers"
    title = "Layer by layer"
    lead = (
        "Between your drawing and the answer are layers of units. A unit looks for its own pattern in what the layer "
        "before it found. The units of the last layer vote for the answers. Point at a unit, or tap it, to see what "
        "goes into it and how it votes."
    )
    needs_network = True

    def __init__(self, context: InspectContext) -> None:
        self._refresh, self._page = context.refresh, context.page

    def build(self, body: dom.Element) -> None:
        view = dom.create("div", dom.create("div", body, class_="layers-place"), class_="layers-view")
        network = dom.create("div", view, class_="layers-network")
        self._example = Button(network, "Try an example", self._page.try_example, "layers-example")
        self._wait = dom.create("p", network, class_="note", role="status", data_testid="layers-wait")
        self._network_place = dom.create("div", network)
        self._network: NetworkView | None = None
        self._card_place = dom.create("div", view, class_="layers-card")
        wall = dom.create("div", view, class_="layers-wall")
        controls = dom.create("div", wall, class_="controls")
        legend(controls, "against", "for")
        self._sorted = Switch(controls, "Most active first", False, self._refresh, "layers-sort")
        self._stages = dom.create("div", wall, class_="stage-views")
        self._views: list[StageView] = []
        self._card: UnitCard | None = None
        self._shown: tuple[Probe, int, bool, int] | None = None
        self._width = int(self._stages.clientWidth)
        self._size = dom.SizeWatch(self._stages, self._on_size)

    def _on_size(self) -> None:
        width = int(self._stages.clientWidth)
        if width and width != self._width:  # 0 while the panel is hidden
            self._width = width
            self._refresh()

    def _rebuild(self, probe: Probe, dark: bool, width: int) -> UnitCard:
        """Make new elements for a network with another structure; else only prepare for new weights or colours."""
        known = self._shown[0] if self._shown else None
        made_for = (probe.structure, probe.model.alphabet)
        if self._card is None or known is None or (known.structure, known.model.alphabet) != made_for:
            self._stages.textContent = self._card_place.textContent = ""
            self._card = UnitCard(self._card_place, *made_for, self._mark)
            self._views = [
                StageView(self._stages, i, stage, self._choose) for i, stage in enumerate(probe.structure) if stage.tap
            ]
        for view in self._views:
            view.rebuild(probe, dark, width)
        self._shown = (probe, probe.version, dark, width)
        return self._card

    def _mark(self, stage: int, unit: int) -> None:
        for view in self._views:
            view.mark(unit if view.index == stage else None)

    def _choose(self, stage: int, unit: int, pin: bool) -> None:
        if self._card is None:
            return
        self._card.choose(stage, unit, pin)
        box = self._card_place.getBoundingClientRect()
        if pin and not (box.bottom > LEAST_PX and box.top < dom.root().clientHeight - LEAST_PX):
            self._card_place.scrollIntoView()  # where there is no room for it beside the wall

    def _clear(self) -> None:
        self._card, self._views, self._shown = None, [], None
        self._stages.textContent = self._card_place.textContent = ""

    async def _values(self, state: ViewState, probe: Probe) -> Mapping[str, NDArray[np.float32]]:
        """The activations. Shows the picture of the network, if it is known how its layers are connected."""
        self._network_place.hidden = probe.is_written
        if not probe.is_written:
            if self._network is None:
                self._network = NetworkView(self._network_place, self._choose, "network")
            await self._network.update(state)
            return await state.activations()
        if self._shown is not None and self._shown[0] is not probe:
            self._clear()
        if state.answer and not probe.is_ready("activations"):
            self._wait.textContent = COMPILES
        try:
            return await state.activations()
        except FAULTS:
            self._clear()
            raise
        finally:
            self._wait.textContent = ""

    async def update(self, state: ViewState) -> None:
        assert state.probe is not None
        self._example.element.hidden = state.answer is not None or not self._page.has_examples
        values = await self._values(state, state.probe)
        if len(state.probe.structure) < 2:
            self._clear()
            raise ProgramError(NO_OUTPUTS if state.probe.is_written else NO_LAYERS)
        card = self._card
        if card is None or self._shown != (state.probe, state.probe.version, state.dark, self._width):
            card = self._rebuild(state.probe, state.dark, self._width)
        for view in self._views:
            view.show(values[view.stage.tap], state.dark, self._sorted.on)
        card.show(state, values)
