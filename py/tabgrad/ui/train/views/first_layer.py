"""The weights that each unit of the first layer gives the pixels, as one picture. Drawn only while it is seen."""

from __future__ import annotations

from tabgrad.artifacts import WeightsFile
from tabgrad.explain.colour import columns_for, diverging, mosaic
from tabgrad.interop import dom

from ...theme import is_dark
from ..state import RunState

#: Pictures at most: more could not be told apart.
MAX_UNITS = 64
NOTE = "One picture for each unit: ink on orange speaks for it, ink on blue against it."


class FirstLayer:
    """Builds itself in `parent`, folded up."""

    def __init__(self, parent: dom.Element) -> None:
        self._details = dom.create("details", parent, class_="train-more")
        dom.create("summary", self._details, text="The first layer, as it learns")
        dom.create("p", self._details, text=NOTE, class_="field-hint")
        self._canvas = dom.create(
            "canvas", self._details, class_="first-layer", role="img", aria_label=NOTE, data_testid="train-first-layer"
        )
        self._weights: WeightsFile | None = None
        self._visible = True
        self._listener = dom.Listener(self._details, "toggle", lambda _event: self.draw())

    def set_visible(self, visible: bool) -> None:
        """The panel comes into view or leaves it."""
        self._visible = visible
        self.draw()

    def render(self, state: RunState) -> None:
        """The weights that answer now."""
        self._weights = state.answering
        self.draw()

    def draw(self) -> None:
        """Paint the picture, in the colours of the present theme."""
        if self._weights is None or not self._visible or not self._details.open:
            return
        tensors = self._weights.tensors
        if "convs.0.weight" in tensors:
            images = tensors["convs.0.weight"][:MAX_UNITS, 0]
        else:
            images = tensors["layers.0.weight"].T[:MAX_UNITS].reshape(-1, 28, 28)
        columns = columns_for(len(images), images.shape[1], images.shape[2], 2.0)
        rgba = diverging(mosaic(images, columns), dark=is_dark())
        self._canvas.height, self._canvas.width = rgba.shape[:2]
        dom.put_rgba(self._canvas, rgba)
