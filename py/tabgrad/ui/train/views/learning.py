"""What a network learns, as it trains: the curves, the time slider, what it confuses, and its first layer.

All of it is in the layout from the start, so that nothing moves when there is something to show.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import DIGITS, Labels, numbered
from tabgrad.artifacts import Curves, TimelineEntry, WeightsFile
from tabgrad.explain.colour import diverging, mosaic
from tabgrad.interop import chart, dom
from tabgrad.network import Tensors

from ...theme import is_dark
from ...widgets.confusion_table import ConfusionTable
from ...widgets.format import percent
from ..curves import ERROR_LIMITS, LOSS_LIMITS, errors_in_100, loss_limits
from ..state import RunState, version_name

TRAIN, VALIDATION = "Training", "Validation"
COLUMNS = ("Epoch", "Training loss", "Training accuracy", "Validation loss", "Validation accuracy")
#: The charts: title, what it means, ends of the empty chart's vertical axis, whether that is logarithmic.
CHARTS = {
    "loss": ("Loss", "how surprised it is by the right answers; lower is better", LOSS_LIMITS, False),
    "accuracy": ("Errors in 100", "lower is better", ERROR_LIMITS, True),
}
NO_CURVE = "The curve appears here when you train."
TIMELINE_TITLE = "Back in time"
TIMELINE_LATER = "After its first epoch, drag to see what an earlier version of this network answers."
TIMELINE_HINT = "Drag to see what it answered before."
CONFUSION_TITLE = "What it confuses, on validation images"
FIRST_LAYER_TITLE = "What its first layer looks for, now"
FIRST_LAYER_NOTE = "Each picture is one unit: orange is ink that it wants, blue is ink that it does not want."
NO_LAYER = "The pictures appear here when you train."
NO_PICTURES = "The first layer of this network has no weights for single pixels."
#: Pictures in the first layer's card, in rows of so many: more would be too small to see.
MAX_UNITS, UNITS_IN_ROW = 21, 7


class CurvesView:
    """Loss and errors: two charts in `parent`, and the same numbers as a table in `table_parent`.

    `load` fetches the chart library; until then the table alone shows the numbers.
    """

    def __init__(self, parent: dom.Element, table_parent: dom.Element) -> None:
        self._curves, self._steps_per_epoch = Curves(), 1.0
        box = dom.create("div", parent, class_="train-charts")
        self._frames, self._empty = {}, []
        for name, (title, meaning, _, _) in CHARTS.items():
            figure = dom.create("figure", box, class_="train-chart train-card")
            caption = dom.create("figcaption", figure)
            dom.create("strong", caption, text=title)
            dom.create("span", caption, text=meaning)
            frame = dom.create("div", figure, class_="train-plot-frame")
            keys = dom.create("p", frame, class_="train-keys")
            for label, colour in ((TRAIN, "bar"), (VALIDATION, "accent")):
                dom.create("span", keys, text=label, class_=f"key key-{colour}")
            self._frames[name] = dom.create("div", frame, class_="train-plot", aria_hidden="true")
            self._empty.append(dom.create("p", frame, text=NO_CURVE, class_="train-empty"))
        details = dom.create("details", table_parent, class_="train-more")
        dom.create("summary", details, text="The curves as a table")
        table = dom.create("table", dom.create("div", details, class_="table-scroll"), data_testid="train-table")
        dom.create("caption", table, text="Validation during the run", class_="sr-only")
        head = dom.create("tr", dom.create("thead", table))
        for title in COLUMNS:
            dom.create("th", head, text=title, scope="col")
        self._rows = dom.create("tbody", table)
        self._row_count = 0
        self._visible = True
        self._charts: dict[str, chart.Chart] = {}

    async def load(self, url: str) -> None:
        """Fetch the chart library and show the charts. Raises OSError with one sentence."""
        await chart.load(url)
        lines = (chart.Line(TRAIN, "--bar"), chart.Line(VALIDATION, "--accent", points=True))
        for name, (_, _, limits, log) in CHARTS.items():
            self._charts[name] = chart.Chart(self._frames[name], lines, "Epoch", limits, log=log)
        self._draw()

    def render(self, state: RunState) -> None:
        """Show the curves of the run."""
        self._curves, self._steps_per_epoch = state.curves, state.steps_per_epoch
        if len(self._curves.validation_step) < self._row_count:  # another run
            self._rows.replaceChildren()
            self._row_count = 0
        for text in self._empty:
            text.hidden = bool(self._curves.step or self._curves.validation_step)
        self._draw()
        self._add_rows()

    def set_visible(self, visible: bool) -> None:
        """Charts are drawn only while the panel is in view; its width is only known then."""
        self._visible = visible
        if visible:
            for one in self._charts.values():
                one.resize()
            self._draw()

    def recolour(self) -> None:
        """Use the colours of the present theme."""
        for one in self._charts.values():
            one.recolour()

    def _draw(self) -> None:
        if not self._visible:
            return
        for name, one in self._charts.items():
            epochs, *lines = self._curves.columns(name, self._steps_per_epoch)
            limits = loss_limits(lines)
            if name == "accuracy":
                lines, limits = errors_in_100(lines)
            one.show(limits, epochs, *lines)

    def _add_rows(self) -> None:
        """One row for each validation; training columns hold the latest mean before it."""
        curves = self._curves
        for i in range(self._row_count, len(curves.validation_step)):
            step = curves.validation_step[i]
            before = max((k for k, s in enumerate(curves.step) if s <= step), default=None)
            row = dom.create("tr", self._rows)
            cells = [f"{step / max(1e-9, self._steps_per_epoch):.2f}"]
            cells += ["", ""] if before is None else [f"{curves.loss[before]:.4f}", percent(curves.accuracy[before], 2)]
            cells += [f"{curves.validation_loss[i]:.4f}", percent(curves.validation_accuracy[i], 2)]
            for text in cells:
                dom.create("td", row, text=text)
        self._row_count = len(curves.validation_step)


class TimelineView:
    """The time slider. `moved` gets its position, an index into the entries of the timeline."""

    def __init__(self, parent: dom.Element, moved: Callable[[int], object]) -> None:
        box = dom.create("div", parent, class_="train-timeline train-card")
        self._label = dom.create("label", box, for_="train-time", class_="field-label")
        self._slider = dom.create(
            "input", box, id="train-time", type="range", min="0", max="0", step="1", data_testid="train-time"
        )
        # Not live: a screen reader hears the slider's own text, and only when it is moved.
        note = dom.create(
            "output", box, for_="train-time", aria_live="off", class_="figures", data_testid="train-time-note"
        )
        self._note = dom.create("strong", note)
        note.append(" ")
        self._hint = dom.create("span", note)
        self._listener = dom.Listener(self._slider, "input", lambda _event: moved(int(self._slider.value)))

    def render(self, state: RunState) -> None:
        """Slider and note."""
        timeline, entry = state.timeline, state.timeline.entry
        self._label.textContent = f"{TIMELINE_TITLE}: {timeline.run}" if timeline.run else TIMELINE_TITLE
        self._slider.max = str(max(0, len(timeline.entries) - 1))
        self._slider.value = str(timeline.position)
        self._slider.disabled = len(timeline.entries) < 2
        if entry is None or len(timeline.entries) < 2:
            self._note.textContent, self._hint.textContent = "", TIMELINE_LATER
            self._slider.setAttribute("aria-valuetext", "now")
            return
        text = f"{version_name(entry)}: {percent(entry.accuracy, 2)} right"
        self._note.textContent = text
        knows_nothing = entry.step == 0 and not timeline.origin
        back = "It knows nothing yet." if knows_nothing else "on validation images"
        self._hint.textContent = TIMELINE_HINT if timeline.at_end else back
        self._slider.setAttribute("aria-valuetext", text)


class ConfusionView:
    """The confusion matrix of the version that answers, on the validation images."""

    def __init__(self, parent: dom.Element) -> None:
        box = dom.create("section", parent, class_="train-confusion train-card", aria_label=CONFUSION_TITLE)
        dom.create("h3", box, text=CONFUSION_TITLE)
        self._table = ConfusionTable(box, None, "train-confusion")
        self._shown: tuple[TimelineEntry | None, Labels] = (None, DIGITS)

    def render(self, state: RunState) -> None:
        """Show the counts; those of a timeline of version 0.1 may be unknown."""
        entry = state.timeline.entry
        counts = entry.confusion if entry is not None else []
        labels = _labels(state, len(counts))
        if entry is not self._shown[0] or labels != self._shown[1]:  # weights come more often
            self._shown = entry, labels
            size = len(labels)
            self._table.show(np.array(counts if len(counts) else np.zeros((size, size)), np.int64), labels)


def _labels(state: RunState, size: int) -> Labels:
    """The labels of the run's network; of those that are known, the ones of `size` classes, or any if it is 0."""
    files = (file for file in (state.answering, state.weights) if file is not None and file.given is not None)
    known = (file.given.alphabet for file in files if file.given is not None)
    fitting = next((labels for labels in known if size in (0, len(labels))), None)
    return fitting or (numbered(size) if size else DIGITS)


class FirstLayer:
    """The weights of the first layer's units as pictures, each on a scale of its own."""

    def __init__(self, parent: dom.Element) -> None:
        box = dom.create("section", parent, class_="train-first-layer train-card", aria_label=FIRST_LAYER_TITLE)
        dom.create("h3", box, text=FIRST_LAYER_TITLE)
        frame = dom.create("div", box, class_="first-layer-frame")
        self._canvas = dom.create(
            "canvas",
            frame,
            class_="first-layer",
            role="img",
            aria_label=FIRST_LAYER_NOTE,
            data_testid="train-first-layer",
        )
        self._empty = dom.create("p", frame, text=NO_LAYER, class_="train-empty")
        dom.create("p", box, text=FIRST_LAYER_NOTE, class_="field-hint", aria_hidden="true")
        self._weights: WeightsFile | None = None
        self._visible = True

    def set_visible(self, visible: bool) -> None:
        """The panel comes into view or leaves it."""
        self._visible = visible
        self.draw()

    def render(self, state: RunState) -> None:
        """The weights that answer now."""
        self._weights = state.answering
        self.draw()

    def draw(self) -> None:
        """Paint the pictures, in the colours of the present theme."""
        images = first_layer(self._weights.tensors) if self._weights is not None else None
        self._empty.hidden = images is not None
        self._empty.textContent = NO_LAYER if self._weights is None else NO_PICTURES
        self._canvas.hidden = images is None
        if images is None or not self._visible:
            return
        rgba = diverging(images, 1.0, dark=is_dark())
        self._canvas.height, self._canvas.width = rgba.shape[:2]
        dom.put_rgba(self._canvas, rgba)


def _as_images(tensor: NDArray[Any]) -> NDArray[Any] | None:
    """A picture (side, side) for each unit of a layer that sees the image: a convolution, or a dense layer."""
    if tensor.ndim == 4 and tensor.shape[2] == tensor.shape[3]:
        return tensor[:, 0]
    if tensor.ndim == 2 and 784 in tensor.shape:  # (inputs, outputs) here, (outputs, inputs) in tinygrad
        return (tensor.T if tensor.shape[0] == 784 else tensor).reshape(-1, 28, 28)
    return None


def first_layer(tensors: Tensors) -> NDArray[np.floating[Any]] | None:
    """The weights of the first units as one picture, each within -1 to 1. A few are larger: eight in two rows.

    None if no tensor has weights for images.
    """
    images = next((found for tensor in tensors.values() if (found := _as_images(tensor)) is not None), None)
    if images is None:
        return None
    images = images[:MAX_UNITS]
    largest = np.abs(images).max(axis=(1, 2), keepdims=True)
    size = max(1, 28 // images.shape[1])
    tiles = (images / np.where(largest > 0, largest, 1)).repeat(size, 1).repeat(size, 2)
    columns = UNITS_IN_ROW if len(tiles) > UNITS_IN_ROW + 1 else max(1, -(-len(tiles) // 2))
    return mosaic(tiles, columns, gap=2)
