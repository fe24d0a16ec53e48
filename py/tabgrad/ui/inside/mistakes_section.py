"""The record of the network on images it never learned from: errors, confusion, mistakes, calibration."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.data import DataError, Samples
from tabgrad.data.sets import DataSets
from tabgrad.explain.results import Results
from tabgrad.interop import dom

from .calibration_plot import CalibrationPlot
from .confusion_table import ConfusionTable
from .gallery import Gallery, Item
from .measure import measure
from .probe import Probe
from .scene import FAULTS, Scene
from .widgets import Button, Choice

MOST = 40
ORDERS = {"sure": "the surest first", "unsure": "the least sure first"}
SPLITS = {"test": "test images", "validation": "validation images"}


class MistakesSection:
    """`names` are the data sets on offer, `to_pad` gets the image that the visitor picks; `current` looks into the
    network that answers at this very moment.
    """

    name = "mistakes"
    title = "Mistakes"
    lead = (
        "How often is it wrong on images it has never seen, and what does it take for what? A row is the true digit, a "
        "column the answer; press a number to see those images."
    )
    needs_network = True

    def __init__(
        self,
        data: DataSets,
        names: dict[str, str],
        to_pad: Callable[[NDArray[np.uint8]], object],
        current: Callable[[], Awaitable[Probe | None]],
    ) -> None:
        self._data, self._names, self._to_pad, self._current = data, names, to_pad, current
        self._probe: Probe | None = None
        self._results: Results | None = None
        self._samples: Samples | None = None
        self._measured: tuple[Probe, int] | None = None
        self._task: asyncio.Task[None] | None = None
        self._cell: tuple[int, int] | None = None
        self._shown: NDArray[Any] = np.zeros(0, np.intp)

    def build(self, body: dom.Element) -> None:
        """See `Section`."""
        controls = dom.create("div", body, class_="controls", role="group", aria_label="What to measure")
        self._set = Choice(controls, "Data", self._names, lambda: None, "mistakes-set")
        self._split = Choice(controls, "Part", SPLITS, lambda: None, "mistakes-split")
        self._button = Button(controls, "Measure", self._begin, "mistakes-measure")
        self._progress = dom.create("progress", controls, max="1", value="0", aria_label="Images measured")
        self._progress.hidden = True
        self._headline = dom.create("p", body, class_="headline", role="status", data_testid="mistakes-headline")
        self._note = dom.create("p", body, class_="note")
        self._body = dom.create("div", body, class_="mistakes")
        self._body.hidden = True
        left, right = dom.create("div", self._body), dom.create("div", self._body)
        self._table = ConfusionTable(left, self._open_cell)
        self._plot = CalibrationPlot(left)
        tools = dom.create("div", right, class_="controls")
        self._order = Choice(tools, "Sort", ORDERS, self._show_gallery, "mistakes-order")
        self._all = Button(tools, "All mistakes", lambda: self._open_cell(None), "mistakes-all")
        self._title = dom.create("h4", right, class_="stage-title", aria_live="polite")
        self._gallery = Gallery(right, "Images", self._pick, "mistakes-gallery")

    async def update(self, scene: Scene) -> None:
        """See `Section`."""
        self._probe = scene.probe
        if self._measured is None or scene.probe is None:
            return
        probe, version = self._measured
        if probe is not scene.probe:
            self._note.textContent = (
                f"These are the figures of {probe.model.title}; measure again for the other network."
            )
        elif version != scene.probe.version:
            self._note.textContent = "The network has learned since; measure again to see what it does now."

    def _begin(self) -> None:
        if self._task is None:
            self._task = asyncio.ensure_future(self._measure())

    async def _measure(self) -> None:
        self._button.enable(False)
        self._progress.hidden = False
        try:
            probe = self._probe = await self._current()
            if probe is None:
                return
            version = probe.version
            data = await self._data.open(self._set.value)
            samples = await data.split(self._split.value)
            results = await measure(probe, samples, lambda done: self._report(probe, done, len(samples.labels)))
            if results is not None:
                self._results, self._samples, self._measured = results, samples, (probe, version)
                self._show(f"{probe.model.title} on {data.description}, {SPLITS[self._split.value]}")
        except (*FAULTS, DataError) as error:
            self._headline.textContent = str(error)
        finally:
            self._task = None
            self._progress.hidden = True
            self._button.enable(True)

    def _report(self, probe: Probe, done: int, total: int) -> bool:
        self._progress.value = done / total
        return self._probe is probe

    def _show(self, what: str) -> None:
        assert self._results is not None
        results, count = self._results, len(self._results.labels)
        per_10000, low, high = results.errors_of_10000
        right = 100 * (1 - results.errors / count)
        self._headline.textContent = f"{right:.2f} % right: {results.errors:,} errors in {count:,} images."
        self._headline.dataset.errors, self._headline.dataset.count = str(results.errors), str(count)
        self._note.textContent = (
            f"{what}. That is {per_10000:.0f} errors of 10,000; with other images of this kind, between {low:.0f} and "
            f"{high:.0f} (95 % interval)."
        )
        self._body.hidden = False
        self._table.show(results)
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

    def _item(self, results: Results, samples: Samples, i: int) -> Item:
        truth, answer, sure = int(results.labels[i]), int(results.answers[i]), float(results.confidences[i])
        caption = f"{truth} \N{RIGHTWARDS ARROW} {answer}" if truth != answer else str(truth)
        label = f"Image {i}, a {truth}, read as {answer} with {sure:.0%} confidence"
        return Item(samples.images[i], f"{caption}, {sure:.0%}", label, truth != answer)

    def _pick(self, place: int) -> None:
        if self._samples is not None:
            self._to_pad(self._samples.images[self._shown[place]])
