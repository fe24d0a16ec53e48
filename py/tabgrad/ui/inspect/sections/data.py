"""Browse the data: any split, by class, from any index, or only mistakes. A press puts an image on the pad."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import DIGITS, Labels
from tabgrad.data import DataError, Samples
from tabgrad.explain import browse
from tabgrad.incoming import unexpected
from tabgrad.interop import dom

from ...faults import FAULTS
from ...tasks import Tasks
from ...widgets.controls import Button, Field, Select, Switch
from ...widgets.labels import isolated
from ...widgets.picture import Gallery, GalleryItem
from ..probe import Probe, as_input
from ..section import InspectContext, ViewState, class_choices
from .images import MisfitError, SetChoice, SiteData, check_reads

PAGE_SIZE = 40
ANY = "any"
ANY_CLASS = {ANY: "any"}
SPLITS = {"test": "test", "validation": "validation", "train": "training"}
LOADING = "Loading the images …"


class _Superseded(Exception):
    """The visitor has chosen other images meanwhile."""


class DataSection:
    """A page of images at a time, with controls that choose which."""

    name = "data"
    title = "The data"
    lead = (
        "These are the images that networks learn from, and the images that test whether they can read new ones. Press "
        "an image to put it on the pad."
    )
    needs_network = False

    def __init__(self, context: InspectContext, data: SiteData) -> None:
        self._data, self._to_pad, self._refresh = data, context.inputs.to_pad, context.refresh
        self._tasks = Tasks(self._failed)

    def build(self, body: dom.Element) -> None:
        controls = dom.create("div", body, class_="controls", role="group", aria_label="Which images")
        self._set = SetChoice(controls, self._data, self._restart, "data-set")
        self._split = Select(controls, "Part", SPLITS, self._restart, "data-split")
        self._class = Select(controls, "Digit", class_choices(ANY_CLASS, DIGITS), self._restart, "data-digit")
        self._wrong = Switch(controls, "Only what the network gets wrong", False, self._restart, "data-wrong")
        self._from = Field(
            controls, "From image", self._jump, "data-from", type="number", min="0", value="0", class_="number"
        )
        self._gallery = Gallery(body, "Images", self._pick, "data-gallery")
        foot = dom.create("div", body, class_="controls")
        self._before = Button(foot, "Back", self._back, "data-back")
        self._next = Button(foot, "More", self._more, "data-more")
        self._note = dom.create("p", body, class_="note", role="status", data_testid="data-note")
        self._starts = [0]
        self._page: browse.Page | None = None
        self._shown: object = None  # the choice that the page of images is for

    def _restart(self) -> None:
        self._from.value = "0"
        self._jump()

    def _jump(self) -> None:
        text = self._from.value
        self._starts = [int(text) if text.isdecimal() else 0]
        self._refresh()

    def _more(self) -> None:
        if self._page is not None:
            self._starts.append(self._page.next_start)
            self._refresh()

    def _back(self) -> None:
        del self._starts[-1]
        self._refresh()

    def _pick(self, place: int) -> None:
        if self._page is not None:
            self._to_pad(self._page.samples.images[place])

    async def update(self, state: ViewState) -> None:
        if state.probe is not None and self._set.follow(state.probe.model):
            self._restart()
        probe = state.probe if self._wrong.on else None
        chosen = (self._set.value, self._split.value, self._class.value, self._starts[-1], probe and probe.version)
        if (chosen, probe) != self._shown:  # else only the pen has moved
            self._shown = chosen, probe
            self._note.textContent = LOADING
            self._tasks.do(self._search(self._set.value, self._split.value, self._starts[-1], probe))

    async def _search(self, name: str, split: str, start: int, probe: Probe | None) -> None:
        """Find the images and show them, unless others were chosen meanwhile."""
        mine = self._shown

        async def take(indices: Sequence[int]) -> Samples:
            samples = await data.samples(split, indices)
            await asyncio.sleep(0)  # new ink is answered first
            if self._shown is not mine:
                raise _Superseded
            return samples

        try:
            data = await self._data.open(name)
            self._offer(data.alphabet)
            if probe is not None:
                check_reads(probe.model, self._data.titles.get(name, name), data.alphabet)
            page = await browse.find(take, data.size(split), start, PAGE_SIZE, self._wanted(probe))
        except _Superseded:
            return
        except MisfitError as error:  # the choice stays: to try once more would change nothing
            if self._shown is mine:
                self._gallery.show([])
                self._note.textContent = str(error)
            return
        except (*FAULTS, DataError) as error:
            self._say_failed(mine, str(error))
            return
        if self._shown is mine:
            self._page = page
            self._show_page(
                page, data.alphabet, f"{data.description}, {SPLITS[split]} images, {data.size(split):,} in all."
            )

    def _offer(self, labels: Labels) -> None:
        """Let the visitor choose among the classes of the data."""
        if self._class.offer(class_choices(ANY_CLASS, labels)):
            self._class.rename("Digit" if labels == DIGITS else "Class")

    def _say_failed(self, mine: object, sentence: str) -> None:
        if self._shown is mine:
            self._shown = None
            self._note.textContent = f"{sentence} Choose again to try once more."

    def _failed(self, error: BaseException) -> None:
        self._say_failed(self._shown, f"An error in the page stopped this ({unexpected(error)}).")

    def _wanted(self, probe: Probe | None) -> browse.Wanted:
        chosen = self._class.value

        async def wanted(samples: Samples) -> NDArray[np.bool_]:
            keep = np.ones(len(samples.labels), bool) if chosen == ANY else samples.labels == int(chosen)
            if probe is not None and keep.any():
                logits = await probe.logits(as_input(samples.images[keep]))
                keep[keep] = logits.argmax(axis=1) != samples.labels[keep]
            return np.asarray(keep)

        return wanted

    def _show_page(self, page: browse.Page, labels: Labels, what: str) -> None:
        names = [isolated(labels[label]) for label in page.samples.labels]
        self._gallery.show(
            [
                GalleryItem(image, name, f"Image {index}: {name}")
                for index, image, name in zip(page.indices, page.samples.images, names, strict=True)
            ]
        )
        self._before.enable(len(self._starts) > 1)
        self._next.enable(not page.done)
        where = "There are none of this kind here: choose another one, or another part."
        if page.indices:
            where = f"Shown: {page.indices[0]:,} to {page.indices[-1]:,}."
        self._note.textContent = f"{what} {where}"
