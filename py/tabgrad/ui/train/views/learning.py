"""What a network learns, as it trains: the curves, the timeline with its confusion matrix, and the first layer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tabgrad.artifacts import Curves, WeightsFile
from tabgrad.explain.colour import columns_for, diverging, mosaic
from tabgrad.interop import chart, dom

from ...theme import is_dark
from ...widgets.confusion_table import ConfusionTable
from ...widgets.format import percent
from ..state import RunState

TRAIN, VALIDATION = "Training", "Validation"
COLUMNS = ("Epoch", "Training loss", "Training accuracy", "Validation loss", "Validation accuracy")
TIMELINE_TITLE = "Back in time"
TIMELINE_HINT = (
    "Moves the network that answers, its weights, its mistakes and the answer to your drawing. Kept in this browser "
    "until another run takes its place."
)
#: Pictures at most: more could not be told apart.
MAX_UNITS = 64
FIRST_LAYER_NOTE = "One picture for each unit: ink on orange speaks for it, ink on blue against it."


class CurvesView:
    """Loss and accuracy: two charts side by side, and the same numbers as a table.

    `load` fetches the chart library; until then the table alone shows the numbers.
    """

    def __init__(self, parent: dom.Element) -> None:
        self._curves, self._steps_per_epoch = Curves(), 1.0
        self._box = box = dom.create("div", parent, class_="train-charts")
        box.hidden = True
        self._frames = {}
        for name, title in (("loss", "Loss, nats"), ("accuracy", "Accuracy, %")):
            figure = dom.create("figure", box, class_="train-chart")
            caption = dom.create("figcaption", figure, text=title)
            for label, colour in ((TRAIN, "bar"), (VALIDATION, "accent")):
                dom.create("span", caption, text=label, class_=f"key key-{colour}")
            self._frames[name] = dom.create("div", figure, class_="train-plot", aria_hidden="true")
        details = dom.create("details", parent, class_="train-more")
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
        self._charts = {name: chart.Chart(frame, lines, "Epoch") for name, frame in self._frames.items()}
        self._draw()

    def render(self, state: RunState) -> None:
        """Show the curves of the run."""
        self._curves, self._steps_per_epoch = state.curves, state.steps_per_epoch
        if len(self._curves.validation_step) < self._row_count:  # another run
            self._rows.replaceChildren()
            self._row_count = 0
        self._box.hidden = not (self._curves.step or self._curves.validation_step)
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
            one.show(epochs, *[line * 100 for line in lines] if name == "accuracy" else lines)

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
    """`moved` gets the slider's position, an index into the entries of the timeline."""

    def __init__(self, parent: dom.Element, moved: Callable[[int], object]) -> None:
        self._box = dom.create("section", parent, class_="train-timeline", aria_label="The run, epoch by epoch")
        side = dom.create("div", self._box)
        self._label = dom.create("label", side, for_="train-time", class_="field-label")
        self._slider = dom.create(
            "input", side, id="train-time", type="range", min="0", max="0", step="1", data_testid="train-time"
        )
        self._note = dom.create("output", side, for_="train-time", class_="figures", data_testid="train-time-note")
        dom.create("p", side, text=TIMELINE_HINT, class_="field-hint")
        self._frame = dom.create("div", self._box, class_="train-confusion")
        self._confusion = ConfusionTable(self._frame, None, "train-confusion")
        self._listener = dom.Listener(self._slider, "input", lambda _event: moved(int(self._slider.value)))

    def render(self, state: RunState) -> None:
        """Slider, accuracy and confusion matrix."""
        timeline, entry = state.timeline, state.timeline.entry
        self._label.textContent = f"{TIMELINE_TITLE}: {timeline.run}" if timeline.run else TIMELINE_TITLE
        self._slider.max = str(max(0, len(timeline.entries) - 1))
        self._slider.value = str(timeline.position)
        self._slider.disabled = len(timeline.entries) < 2
        self._box.hidden = entry is None
        if entry is None:
            return
        text = f"epoch {entry.epoch:.2f}: {percent(entry.accuracy, 2)} on validation"
        self._note.textContent = text
        self._slider.setAttribute("aria-valuetext", text)
        self._frame.hidden = not len(entry.confusion)
        if len(entry.confusion):
            self._confusion.show(np.array(entry.confusion, np.int64))


class FirstLayer:
    """Builds itself in `parent`, folded up."""

    def __init__(self, parent: dom.Element) -> None:
        self._details = dom.create("details", parent, class_="train-more")
        dom.create("summary", self._details, text="The first layer, as it learns")
        dom.create("p", self._details, text=FIRST_LAYER_NOTE, class_="field-hint")
        self._canvas = dom.create(
            "canvas",
            self._details,
            class_="first-layer",
            role="img",
            aria_label=FIRST_LAYER_NOTE,
            data_testid="train-first-layer",
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
