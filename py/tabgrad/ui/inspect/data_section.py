"""Browse the data: any split, by digit, by index, or only what the network gets wrong; any image to the pad."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tabgrad.data import DataError, Samples
from tabgrad.data.sets import DataSets
from tabgrad.explain import browse
from tabgrad.interop import dom

from ..widgets.controls import Button, Field, Select, Switch
from ..widgets.gallery import Gallery, GalleryItem
from .probe import Probe, as_input
from .scene import ViewState

PAGE = 40
ANY = "any"
SPLITS = {"test": "test", "validation": "validation", "train": "training"}


class DataSection:
    """`to_pad` gets the image that the visitor picks; `refresh` has `update` called again."""

    name = "data"
    title = "The data"
    lead = (
        "A network knows nothing but the images it was shown. Here they are: those it learns from, and those kept back "
        "to see whether it learned digits and not just these images. Press one to put it on the pad."
    )
    needs_network = False

    def __init__(
        self,
        data: DataSets,
        names: dict[str, str],
        to_pad: Callable[[NDArray[np.uint8]], object],
        refresh: Callable[[], None],
    ) -> None:
        self._data, self._names, self._to_pad, self._refresh = data, names, to_pad, refresh

    def build(self, body: dom.Element) -> None:
        """See `Section`."""
        controls = dom.create("div", body, class_="controls", role="group", aria_label="Which images")
        self._set = Select(controls, "Data", self._names, self._restart, "data-set")
        self._split = Select(controls, "Part", SPLITS, self._restart, "data-split")
        digits = {ANY: "any", **{str(d): str(d) for d in range(10)}}
        self._digit = Select(controls, "Digit", digits, self._restart, "data-digit")
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
        self._answers: NDArray[np.intp] = np.zeros(0, np.intp)
        self._asked: object = None

    def _restart(self) -> None:
        self._starts = [0]
        self._from.value = "0"
        self._refresh()

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

    async def update(self, scene: ViewState) -> None:
        """See `Section`."""
        wrong = self._wrong.on and scene.probe is not None
        network = (scene.probe, scene.probe.version) if wrong and scene.probe else None
        asked = (self._set.value, self._split.value, self._digit.value, self._starts[-1], network)
        if asked == self._asked:
            return  # the pen has moved, which changes nothing here
        self._asked = asked
        self._note.textContent = "Looking …"
        try:
            data = await self._data.open(self._set.value)
            split = self._split.value
            page = await browse.find(
                lambda indices: data.samples(split, indices),
                data.size(split),
                self._starts[-1],
                PAGE,
                self._wanted(scene.probe if wrong else None),
            )
        except DataError as error:
            self._asked = None
            self._note.textContent = str(error)
            return
        self._page = page
        self._show(page, data.description, data.size(split))

    def _wanted(self, probe: Probe | None) -> browse.Wanted:
        digit = self._digit.value

        async def wanted(samples: Samples) -> NDArray[np.bool_]:
            keep = np.ones(len(samples.labels), bool) if digit == ANY else samples.labels == int(digit)
            if probe is not None and keep.any():
                logits = await probe.logits(as_input(samples.images[keep]))
                keep[keep] = logits.argmax(axis=1) != samples.labels[keep]
            return np.asarray(keep)

        return wanted

    def _show(self, page: browse.Page, description: str, size: int) -> None:
        self._gallery.show(
            [
                GalleryItem(image, str(label), f"Image {index}, a {label}")
                for index, image, label in zip(page.indices, page.samples.images, page.samples.labels, strict=True)
            ]
        )
        self._before.enable(len(self._starts) > 1)
        self._next.enable(not page.done)
        what = f"{description}, {SPLITS[self._split.value]} images, {size:,} in all."
        where = (
            f" Shown: {page.indices[0]:,} to {page.indices[-1]:,}."
            if page.indices
            else " None of this kind here: choose another digit or part."
        )
        self._note.textContent = what + where
