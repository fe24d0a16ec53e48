"""How the network does on images that it did not learn from: errors, confusion, mistakes, calibration."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import Labels
from tabgrad.data import SET_KEY, DataError, Samples
from tabgrad.interop import dom
from tabgrad.metrics import Results, wilson_95

from ...faults import FAULTS
from ...widgets.confusion_table import ConfusionTable
from ...widgets.controls import Button, Select
from ...widgets.format import duration, percent
from ...widgets.labels import isolated
from ...widgets.picture import Gallery, GalleryItem
from ..probe import as_input, logits_of
from ..section import InspectContext, ViewState
from .images import SetChoice, SiteData, check_reads, read_all

MAX_SHOWN = 40
ORDERS = {"sure": "the surest first", "unsure": "the least sure first"}
LOADING = "Loading the images …"
READING = "The network reads the images …"
OUTDATED = "These numbers are of another network, of earlier weights or of other images."
#: A network is measured again when it has not changed for this long: at rest, and while it is in training. Seconds.
REST_S, REST_IN_TRAINING_S = 0.5, 3.0
#: If the last measurement took longer than this, the next one waits for a press. Seconds.
MAX_UNASKED_S = 15.0
SPLITS = {"test": "test images", "validation": "validation images"}
#: Side of the plot in its own units, and the margin for the axes' labels.
SIZE, MARGIN = 100, 11
#: Labels of the axes: x, y, rotation in degrees, anchor, text.
_LABELS = (
    (SIZE / 2, SIZE + 9.5, 0, "middle", "how sure it says it is"),
    (-6.5, SIZE / 2, -90, "middle", "how often it is right"),
    (0, SIZE + 4.5, 0, "start", percent(0)),
    (SIZE, SIZE + 4.5, 0, "end", percent(1)),
    (-1.5, SIZE, -90, "start", percent(0)),
    (-1.5, 0, -90, "end", percent(1)),
)
_LABELS_SVG = "".join(
    f'<text x="{x}" y="{y}" transform="rotate({turned} {x} {y})" text-anchor="{anchor}">{text}</text>'
    for x, y, turned, anchor, text in _LABELS
)


class MistakesSection:
    """Measures the network that answers on one split. Measures again by itself when another network answers."""

    name = "mistakes"
    title = "Mistakes"
    lead = (
        "How often is the network wrong on images that it has never seen? What does it mix up? Press Measure, "
        "and it reads all of them."
    )
    needs_network = True

    def __init__(self, context: InspectContext, data: SiteData) -> None:
        self._page, self._data, self._network = context.page, data, context.probe
        self._to_pad, self._refresh = context.inputs.to_pad, context.refresh
        self._found: tuple[Results, Samples, Labels] | None = None
        self._measured: object = None  # the subject that the numbers on the page belong to
        self._noticed: object = None  # the latest subject that `update` saw, and since when
        self._noticed_ms = 0.0
        self._duration_s = 0.0  # of the last measurement
        self._measurements = 0
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._cell: tuple[int, int] | None = None
        self._shown: NDArray[Any] = np.zeros(0, np.intp)

    def build(self, body: dom.Element) -> None:
        controls = dom.create("div", body, class_="controls", role="group", aria_label="What to measure")
        self._set = SetChoice(controls, self._data, self._refresh, "mistakes-set")
        self._split = Select(controls, "Part", SPLITS, self._refresh, "mistakes-split")
        self._button = Button(controls, "Measure", self._begin, "mistakes-measure")
        self._progress = dom.create("progress", controls, max="1", value="0", aria_label="Images measured")
        self._progress.hidden = True
        self._headline = dom.create("p", body, class_="headline", role="status", data_testid="mistakes-headline")
        self._note = dom.create("p", body, class_="note", data_testid="mistakes-note")
        self._body = dom.create("div", body, class_="mistakes")
        self._body.hidden = True
        left, right = (dom.create("div", self._body, class_=f"data-card{kind}") for kind in ("", " tall"))
        dom.create("h4", left, text="What it mixes up", class_="stage-title")
        self._table = ConfusionTable(left, self._open_cell)
        self._title = dom.create("h4", right, class_="stage-title", aria_live="polite")
        tools = dom.create("div", right, class_="controls")
        self._order = Select(tools, "Sort", ORDERS, self._show_gallery, "mistakes-order")
        self._all = Button(tools, "All mistakes", lambda: self._open_cell(None), "mistakes-all")
        self._plot = CalibrationPlot(dom.create("div", self._body, class_="data-card"))
        self._gallery = Gallery(right, "Images", self._pick, "mistakes-gallery")

    @property
    def _subject(self) -> object:
        """What there is to measure now: the network with its weights, the data set, the split."""
        return self._page.model, self._page.weights_version, self._set.value, self._split.value

    async def update(self, state: ViewState) -> None:
        """See `Section`. Once there are numbers, they follow the network."""
        if state.probe is not None:
            self._set.follow(state.probe.model)
        subject, now_ms = self._subject, dom.now_ms()
        if self._measured is None or self._task is not None or subject == self._measured or state.probe is None:
            return
        if subject != self._noticed:
            self._noticed, self._noticed_ms = subject, now_ms
        if self._duration_s > MAX_UNASKED_S:
            self._note.textContent = f"{OUTDATED} Press Measure for new ones, which takes {duration(self._duration_s)}."
            return
        when = "when the run pauses or ends" if self._network.is_training else "in a moment"
        self._note.textContent = f"{OUTDATED} They are measured again {when}."
        left_s = (REST_IN_TRAINING_S if self._network.is_training else REST_S) - (now_ms - self._noticed_ms) / 1e3
        if left_s <= 0:
            self._begin()
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(left_s, self._refresh)

    def _begin(self) -> None:
        if self._task is None:
            self._task = asyncio.ensure_future(self._measure())

    async def _measure(self) -> None:
        self._button.enable(False)
        self._progress.hidden = False
        begin_ms = dom.now_ms()

        def go_on(done: int) -> bool:
            self._progress.value = done / len(samples.labels)
            # The subject of a network in training changes all the time.
            return subject == self._subject or self._network.is_training

        try:
            subject, network = self._subject, await self._network.freeze()
            if network is None:
                return
            try:
                self._note.textContent = LOADING
                name = self._set.value
                title = self._data.titles.get(name, name)
                data = await self._data.open(name)
                check_reads(network, title, data.alphabet)
                samples = await data.split(self._split.value)
                self._note.textContent = READING
                logits = await read_all(
                    lambda images: logits_of(network.executable, as_input(images)),
                    samples.images,
                    go_on,
                )
            finally:
                network.executable.destroy()
            if logits is not None:
                results = Results(logits, samples.labels, network.temperature)
                self._found, self._measured = (results, samples, data.alphabet), subject
                self._duration_s = (dom.now_ms() - begin_ms) / 1e3
                what = title if SET_KEY.fullmatch(name) else data.description  # which tells how a set was split
                self._show(results, data.alphabet, f"{network.title} on {what}, {SPLITS[self._split.value]}")
        except (*FAULTS, DataError) as error:
            self._headline.textContent = str(error)
            self._note.textContent = ""
            self._body.hidden = True
            self._measured = None  # so that it is not tried again without a press
        finally:
            self._task = None
            self._progress.hidden = True
            self._button.enable(True)
            self._refresh()

    def _show(self, results: Results, labels: Labels, what: str) -> None:
        count = len(results.labels)
        per_10000, low, high = results.errors_of_10000
        right = percent(results.accuracy, 2)
        self._headline.textContent = f"{right} right: {results.errors:,} errors in {count:,} images."
        self._headline.dataset.errors, self._headline.dataset.count = str(results.errors), str(count)
        self._measurements += 1
        self._headline.dataset.measurement = str(self._measurements)
        as_usual = "" if count == 10_000 else f" That is {per_10000:.0f} in 10,000."
        self._note.textContent = (
            f"{what}.{as_usual} With other images of this kind, expect {low:.0f} to {high:.0f} errors in 10,000 "
            f"({percent(0.95)} interval)."
        )
        self._body.hidden = False
        self._table.show(results.confusion, labels)
        self._plot.show(results)
        self._open_cell(None)

    def _open_cell(self, cell: tuple[int, int] | None) -> None:
        self._cell = cell
        self._show_gallery()

    def _show_gallery(self) -> None:
        if self._found is None:
            return
        results, samples, labels = self._found
        if self._cell is None:
            chosen = results.gallery("sure" if self._order.value == "sure" else "unsure")
            title = "All mistakes"
        else:
            chosen = results.cell(*self._cell)
            chosen = chosen if self._order.value == "sure" else chosen[::-1]
            title = " read as ".join(isolated(labels[i]) for i in self._cell)
        self._shown = chosen[:MAX_SHOWN]
        more = f", the first {MAX_SHOWN} shown" if len(chosen) > MAX_SHOWN else ""
        self._title.textContent = f"{title}: {len(chosen):,}{more}"
        self._gallery.show([_item(results, samples, labels, int(i)) for i in self._shown])

    def _pick(self, place: int) -> None:
        if self._found is not None:
            self._to_pad(self._found[1].images[self._shown[place]])


def _item(results: Results, samples: Samples, labels: Labels, i: int) -> GalleryItem:
    index, answered, sure = int(results.labels[i]), int(results.answers[i]), float(results.confidences[i])
    truth, answer = isolated(labels[index]), isolated(labels[answered])
    caption = f"{truth} \N{RIGHTWARDS ARROW} {answer}" if index != answered else truth
    label = f"Image {i}: {truth}, read as {answer} with {percent(sure)} confidence"
    return GalleryItem(samples.images[i], f"{caption}, {percent(sure)}", label, index != answered)


class CalibrationPlot:
    """One point for each range of confidence, with the 95 % interval of its accuracy."""

    def __init__(self, parent: dom.Element) -> None:
        dom.create(
            "h4", parent, text="Calibration: when it is 90 % sure, is it right 9 times in 10?", class_="stage-title"
        )
        self._figure = dom.create("div", parent, class_="calibration", role="img", aria_label="Calibration")
        self._note = dom.create("p", parent, class_="note", data_testid="calibration-note")

    def show(self, results: Results) -> None:
        """Draw the calibration of these results."""
        bins = results.calibration()
        points, bars = [], []
        for part in bins:
            x, y = part.confidence * SIZE, (1 - part.accuracy) * SIZE
            low, high = wilson_95(round(part.accuracy * part.count), part.count)
            bars.append(f'<path class="interval" d="M{x:.2f} {(1 - low) * SIZE:.2f}V{(1 - high) * SIZE:.2f}"/>')
            points.append(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="1.8"/>')
        side = SIZE + MARGIN + 3
        self._figure.innerHTML = (
            f'<svg viewBox="{-MARGIN} -3 {side} {side}"><rect width="{SIZE}" height="{SIZE}"/>'
            f'<path class="ideal" d="M0 {SIZE}L{SIZE} 0"/>{"".join(bars)}{"".join(points)}{_LABELS_SVG}</svg>'
        )
        words = "; ".join(f"said {percent(p.confidence)}, right {percent(p.accuracy)} of {p.count:,}" for p in bins)
        self._figure.setAttribute("aria-label", f"Confidence and accuracy: {words}")
        error = results.expected_calibration_error()
        self._note.textContent = (
            "Each dot is a group of images. A dot on the dashed line: the network is right as often as it says. A dot "
            f"under the line: it is too sure of itself. The thin lines show how exact a dot is ({percent(0.95)} "
            f"intervals). On average the network is off by {100 * error:.1f} percentage points."
        )
        self._note.dataset.value = f"{error:.6f}"
