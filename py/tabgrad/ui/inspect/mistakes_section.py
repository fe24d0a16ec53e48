"""The record of the network on images it never learned from: errors, confusion, mistakes, calibration."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.data import DataError, Samples
from tabgrad.data.sets import DataSets
from tabgrad.interop import dom
from tabgrad.metrics import Results

from ..faults import FAULTS
from ..widgets.confusion_table import ConfusionTable
from ..widgets.controls import Button, Select
from ..widgets.format import percent
from ..widgets.gallery import Gallery, GalleryItem
from .calibration_plot import CalibrationPlot
from .lens import Lens
from .measure import measure
from .scene import ViewState

MOST = 40
ORDERS = {"sure": "the surest first", "unsure": "the least sure first"}
EMPTY = "Press Measure: the network that answers now reads the images, which takes a moment."
OUTDATED = "These figures are of another network, of earlier weights or of other images:"
#: The network is measured again when it has not changed for so long; for longer, while it learns. Seconds.
REST_S, REST_LEARNING_S = 0.5, 3.0
#: What takes longer is measured only when asked for. Seconds.
TOO_LONG_S = 15.0
SPLITS = {"test": "test images", "validation": "validation images"}


class MistakesSection:
    """`names` are the data sets on offer, `to_pad` gets the image that the visitor picks; `lens` has the network that
    answers at this very moment, `refresh` has `update` called again.
    """

    name = "mistakes"
    title = "Mistakes"
    lead = (
        "How often is the network wrong on images that it has never seen, and which digits does it take for which? It "
        "reads all of them, and every mistake is counted below."
    )
    needs_network = True

    def __init__(
        self,
        data: DataSets,
        names: dict[str, str],
        to_pad: Callable[[NDArray[np.uint8]], object],
        lens: Lens,
        refresh: Callable[[], None],
    ) -> None:
        self._data, self._names, self._to_pad = data, names, to_pad
        self._lens, self._refresh = lens, refresh
        self._results: Results | None = None
        self._samples: Samples | None = None
        self._measured: object = None  # what the figures are of
        self._noticed: object = None  # what they should be of by now, and since when
        self._noticed_ms = 0.0
        self._seconds = 0.0  # what the last measurement took
        self._count = 0
        self._task: asyncio.Task[None] | None = None
        self._later: asyncio.TimerHandle | None = None
        self._cell: tuple[int, int] | None = None
        self._shown: NDArray[Any] = np.zeros(0, np.intp)

    def build(self, body: dom.Element) -> None:
        """See `Section`."""
        controls = dom.create("div", body, class_="controls", role="group", aria_label="What to measure")
        self._set = Select(controls, "Data", self._names, self._refresh, "mistakes-set")
        self._split = Select(controls, "Part", SPLITS, self._refresh, "mistakes-split")
        self._button = Button(controls, "Measure", self._begin, "mistakes-measure")
        self._progress = dom.create("progress", controls, max="1", value="0", aria_label="Images measured")
        self._progress.hidden = True
        self._headline = dom.create("p", body, class_="headline", role="status", data_testid="mistakes-headline")
        self._note = dom.create("p", body, class_="note", text=EMPTY, data_testid="mistakes-note")
        self._body = dom.create("div", body, class_="mistakes")
        self._body.hidden = True
        left, right = dom.create("div", self._body), dom.create("div", self._body)
        self._table = ConfusionTable(left, self._open_cell)
        self._plot = CalibrationPlot(left)
        tools = dom.create("div", right, class_="controls")
        self._order = Select(tools, "Sort", ORDERS, self._show_gallery, "mistakes-order")
        self._all = Button(tools, "All mistakes", lambda: self._open_cell(None), "mistakes-all")
        self._title = dom.create("h4", right, class_="stage-title", aria_live="polite")
        self._gallery = Gallery(right, "Images", self._pick, "mistakes-gallery")

    @property
    def _wanted(self) -> tuple[object, str, str]:
        """What the figures should be of."""
        return self._lens.moment, self._set.value, self._split.value

    async def update(self, scene: ViewState) -> None:
        """See `Section`. Figures that are shown follow the network, as soon as it rests."""
        wanted, now_ms = self._wanted, dom.now_ms()
        if self._measured is None or self._task is not None or wanted == self._measured or scene.probe is None:
            return
        if wanted != self._noticed:
            self._noticed, self._noticed_ms = wanted, now_ms
        if self._seconds > TOO_LONG_S:
            self._note.textContent = f"{OUTDATED} press Measure for new ones, which takes {self._seconds:.0f} s."
            return
        when = "when the run pauses or ends" if self._lens.learning else "in a moment"
        self._note.textContent = f"{OUTDATED} they are measured again {when}."
        left_s = (REST_LEARNING_S if self._lens.learning else REST_S) - (now_ms - self._noticed_ms) / 1e3
        if left_s <= 0:
            self._begin()
            return
        if self._later is not None:
            self._later.cancel()
        self._later = asyncio.get_running_loop().call_later(left_s, self._refresh)

    def _begin(self) -> None:
        if self._task is None:
            self._task = asyncio.ensure_future(self._measure())

    async def _measure(self) -> None:
        self._button.enable(False)
        self._progress.hidden = False
        begin_ms = dom.now_ms()
        try:
            wanted, network = self._wanted, await self._lens.frozen()
            if network is None:
                return
            try:
                data = await self._data.open(self._set.value)
                samples = await data.split(self._split.value)
                results = await measure(network, samples, lambda done: self._go_on(wanted, done / len(samples.labels)))
            finally:
                network.destroy()
            if results is not None:
                self._results, self._samples, self._measured = results, samples, wanted
                self._seconds = (dom.now_ms() - begin_ms) / 1e3
                self._show(f"{network.title} on {data.description}, {SPLITS[self._split.value]}")
        except (*FAULTS, DataError) as error:
            self._headline.textContent = str(error)
            self._measured = None  # nor will it work by itself in a moment
        finally:
            self._task = None
            self._progress.hidden = True
            self._button.enable(True)
            self._refresh()

    def _go_on(self, wanted: object, done: float) -> bool:
        """False if the figures would be of a network or of data that nobody looks at any more."""
        self._progress.value = done
        return wanted == self._wanted or self._lens.learning

    def _show(self, what: str) -> None:
        assert self._results is not None
        results, count = self._results, len(self._results.labels)
        per_10000, low, high = results.errors_of_10000
        right = percent(1 - results.errors / count, 2)
        self._headline.textContent = f"{right} right: {results.errors:,} errors in {count:,} images."
        self._headline.dataset.errors, self._headline.dataset.count = str(results.errors), str(count)
        self._count += 1
        self._headline.dataset.measurement = str(self._count)
        self._note.textContent = (
            f"{what}. That is {per_10000:.0f} errors of 10,000; with other images of this kind, between {low:.0f} and "
            f"{high:.0f} ({percent(0.95)} interval)."
        )
        self._body.hidden = False
        self._table.show(results.confusion)
        self._plot.show(results)
        self._open_cell(None)

    def _open_cell(self, cell: tuple[int, int] | None) -> None:
        self._cell = cell
        self._show_gallery()

    def _show_gallery(self) -> None:
        results, samples = self._results, self._samples
        if results is None or samples is None:
            return
        if self._cell is None:
            chosen = results.gallery("sure" if self._order.value == "sure" else "unsure")
            title = "All mistakes"
        else:
            chosen = results.cell(*self._cell)
            chosen = chosen if self._order.value == "sure" else chosen[::-1]
            title = f"{self._cell[0]} read as {self._cell[1]}"
        self._shown = chosen[:MOST]
        more = f", the first {MOST} shown" if len(chosen) > MOST else ""
        self._title.textContent = f"{title}: {len(chosen):,}{more}"
        self._gallery.show([self._item(results, samples, int(i)) for i in self._shown])

    def _item(self, results: Results, samples: Samples, i: int) -> GalleryItem:
        truth, answer, sure = int(results.labels[i]), int(results.answers[i]), float(results.confidences[i])
        caption = f"{truth} \N{RIGHTWARDS ARROW} {answer}" if truth != answer else str(truth)
        label = f"Image {i}, a {truth}, read as {answer} with {percent(sure)} confidence"
        return GalleryItem(samples.images[i], f"{caption}, {percent(sure)}", label, truth != answer)

    def _pick(self, place: int) -> None:
        if self._samples is not None:
            self._to_pad(self._samples.images[self._shown[place]])
