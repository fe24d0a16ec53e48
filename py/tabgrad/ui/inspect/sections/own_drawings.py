"""The visitor's own labelled drawings: a test set for the network that answers now, and data to fine-tune it on."""

from __future__ import annotations

import asyncio
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tabgrad.data.drawings import Drawing, DrawingsError, loads
from tabgrad.ink import Snapshot
from tabgrad.interop import dom
from tabgrad.interop.page import download
from tabgrad.interop.storage import ask_to_persist, open_storage
from tabgrad.metrics import Results, wilson_95

from ...faults import FAULTS
from ...prediction import PAD_UNITS
from ...tasks import Tasks
from ...widgets.controls import Button, FilePicker
from ...widgets.format import interval_95, percent
from ...widgets.picture import Gallery, GalleryItem
from ..probe import Probe
from ..section import InspectContext, ViewState
from .drawings_store import DrawingsStore
from .images import CHUNK_MS, read_all
from .tuner import TUNED, fine_tune

#: Drawings shown at most. The network reads all of them.
MAX_SHOWN = 200
EMPTY = "No drawings yet. Draw a digit on the pad at the top, then press the button here that says which one it is."
TUNE_LEAD = (
    "First keep at least two drawings of a digit. The network that answers now then learns from half of your drawings "
    "of each digit, and is tested on the other half. Only its last layer changes, and only a little, so that it can "
    "still read other people's digits."
)
#: A drawing as the network reads it, (28, 28) in 0..1, and as a picture.
Images = tuple[NDArray[np.float32], NDArray[np.uint8]]


class OwnDrawingsSection:
    """Keeps drawings in this browser, shows how the network reads them, and fine-tunes the network on them."""

    name = "mine"
    title = "Your own test set"
    lead = (
        "Draw a digit, say which one it is, and keep it. Your drawings become a test set that no network has seen, "
        "until you train one on them. They stay in this browser, on this machine."
    )
    needs_network = False

    def __init__(self, context: InspectContext) -> None:
        self._page, self._refresh = context.page, context.refresh
        self._tasks = Tasks(self._failed)
        self._store = DrawingsStore(open_storage, lambda: self._tasks.do(ask_to_persist()))
        self._probe: Probe | None = None
        self._images: dict[int, Images] = {}  # by the drawing's `id`
        self._first = 0  # index of the first drawing that is shown
        self._loaded = False
        self._shown: object = None  # the drawings and the network that are shown

    def build(self, body: dom.Element) -> None:
        digits = dom.create("div", body, class_="digits", role="group", aria_label="The drawing on the pad is a")
        dom.create("span", digits, text="The drawing on the pad is a")
        self._digits = [Button(digits, str(d), partial(self._keep_as, d), f"mine-add-{d}") for d in range(10)]
        self._headline = dom.create("p", body, class_="headline", role="status", data_testid="mine-headline")
        self._gallery = Gallery(body, "Your drawings", self._pick, "mine-gallery")
        self._more = dom.create("p", body, class_="note")
        tools = dom.create("div", body, class_="controls")
        self._undo = Button(tools, "Remove last", lambda: self._tasks.do(self._remove()), "mine-remove")
        self._export = Button(tools, "Export", self._save, "mine-export")
        self._file = FilePicker(tools, "Import", ".json", lambda: self._tasks.do(self._import()), "mine-import")
        self._note = dom.create("p", body, class_="note", role="status", data_testid="mine-note")
        dom.create("h4", body, class_="stage-title tune-title", text="Teach it your handwriting")
        dom.create("p", body, class_="note", text=TUNE_LEAD)
        self._tune = Button(dom.create("div", body, class_="controls"), "Fine-tune", self._begin_tuning, "mine-tune")
        self._tuned = dom.create("p", body, class_="note", role="status", data_testid="mine-tuned")

    def _failed(self, error: BaseException) -> None:
        self._note.textContent = (
            f"An error in the page stopped this ({type(error).__name__}: {error}). Your drawings are kept; try again."
        )

    def _keep_as(self, digit: int) -> None:
        self._tasks.do(self._add(digit))

    async def _add(self, label: int) -> None:
        ink = self._page.ink
        if ink.is_empty:
            self._note.textContent = "The pad is empty: draw the digit first."
            return
        drawing = Drawing(label, ink.ink(PAD_UNITS), PAD_UNITS)
        if await self._keep([drawing], f"Kept as a {label}."):
            self._page.pad.put(Snapshot())

    async def _remove(self) -> None:
        self._note.textContent = await self._store.remove_last() or "Removed the last drawing."
        self._refresh()

    async def _keep(self, drawings: list[Drawing], done: str) -> bool:
        """Add drawings; returns whether there was room for them. Without storage they stay until the tab closes."""
        try:
            self._note.textContent = await self._store.add(drawings) or done
        except DrawingsError as error:
            self._note.textContent = str(error)
            return False
        self._refresh()
        return True

    def _begin_tuning(self) -> None:
        if self._probe is not None:
            self._tasks.do(self._fine_tune(self._probe))

    async def _fine_tune(self, probe: Probe) -> None:
        self._tune.enable(False)
        try:
            result = await fine_tune(probe, self._store.drawings)
        except FAULTS as error:
            self._tuned.textContent = str(error)
            return
        finally:
            self._tune.enable(True)
        if result is None:
            self._tuned.textContent = (
                "Keep the same digit at least twice: one drawing to learn from, and one to test on."
            )
            return
        before, after = (_right_of(right, result.count) for right in (result.before, result.after))
        self._tuned.textContent = (
            f"Learned from {result.learned} drawings. Of the {result.count} held out, it read {before} correctly "
            f"before and {after} now. The tuned network is in the model picker."
        )
        self._tuned.dataset.before, self._tuned.dataset.after = str(result.before), str(result.after)
        self._page.offer(TUNED, result.title, result.make)

    def _save(self) -> None:
        download("my-digits.json", self._store.dumps(), "application/json")

    async def _import(self) -> None:
        content = await self._file.read()
        if content is None:
            return
        try:
            drawings = loads(content)
        except DrawingsError as error:
            self._note.textContent = str(error)
            return
        await self._keep(drawings, f"Imported {len(drawings)} drawings.")

    def _pick(self, place: int) -> None:
        drawing = self._store.drawings[self._first + place]
        self._page.pad.put(Snapshot(drawing.strokes))

    async def _prepare(self, drawings: list[Drawing]) -> None:
        """Compute the images of new drawings, and drop those of others. Pauses often, so that the page stays quick."""
        kept, self._images = self._images, {}
        begin_ms = dom.now_ms()
        for drawing in drawings:
            key = id(drawing)
            if key in kept:
                self._images[key] = kept[key]
                continue
            image = drawing.image()
            self._images[key] = image, np.rint(image * 255).astype(np.uint8)
            if dom.now_ms() - begin_ms > CHUNK_MS:
                await asyncio.sleep(0)
                begin_ms = dom.now_ms()

    async def update(self, state: ViewState) -> None:
        if not self._loaded:
            self._loaded = True
            self._note.textContent = await self._store.load()
        drawings, self._probe = self._store.drawings, state.probe
        for button in self._digits:
            button.enable(not state.ink.is_empty)
        shown = (tuple(map(id, drawings)), state.probe and (state.probe, state.probe.version))
        if shown == self._shown:
            return
        self._shown = shown
        await self._prepare(drawings)
        self._undo.enable(bool(drawings))
        self._export.enable(bool(drawings))
        self._tune.enable(bool(drawings) and state.probe is not None)
        results = await self._results(state, drawings)
        self._first = max(0, len(drawings) - MAX_SHOWN)
        latest = list(enumerate(drawings))[self._first :]
        self._gallery.show([_item(self._images[id(d)][1], d.label, i, results) for i, d in latest])
        self._more.textContent = f"The last {MAX_SHOWN} are shown." if self._first else ""
        self._show_results(results, state)

    async def _results(self, state: ViewState, drawings: list[Drawing]) -> Results | None:
        if state.probe is None or not drawings:
            return None
        images, labels = [self._images[id(d)][0] for d in drawings], np.array([d.label for d in drawings])
        logits = await read_all(state.probe.logits, images, lambda _done: True)
        assert logits is not None
        return Results(logits, labels, state.probe.model.temperature)

    def _show_results(self, results: Results | None, state: ViewState) -> None:
        if results is None or state.probe is None:
            self._headline.textContent = EMPTY
            return
        count, right = len(results.labels), len(results.labels) - results.errors
        learned = " It has learned from half of them." if state.probe.model.card.get("learned_from") == "mine" else ""
        self._headline.textContent = (
            f"{state.probe.model.title} reads {right} of your {count} drawings: {percent(results.accuracy)} "
            f"({interval_95(*results.interval_95)}).{learned}"
        )
        self._headline.dataset.right, self._headline.dataset.count = str(right), str(count)


def _right_of(right: int, count: int) -> str:
    """ "7 (70 %, 95 % interval 40 % to 89 %)": how many of `count` were read correctly."""
    return f"{right} ({percent(right / count)}, {interval_95(*wilson_95(right, count))})"


def _item(pixels: NDArray[np.uint8], label: int, place: int, results: Results | None) -> GalleryItem:
    if results is None:
        return GalleryItem(pixels, str(label), f"Drawing {place + 1}, a {label}")
    answer = int(results.answers[place])
    caption = str(label) if answer == label else f"{label} \N{RIGHTWARDS ARROW} {answer}"
    return GalleryItem(pixels, caption, f"Drawing {place + 1}, a {label}, read as {answer}", answer != label)
