"""The visitor's own labelled drawings: a personal test set, with the accuracy of whatever network answers now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tabgrad.data.drawings import Drawing, DrawingsError, loads
from tabgrad.ink import Snapshot
from tabgrad.interop import dom, page
from tabgrad.metrics import Results, wilson_95

from ..faults import FAULTS
from ..prediction import PAD_UNITS
from ..tasks import Tasks
from ..widgets.controls import Button, FilePicker
from ..widgets.format import interval_95, percent
from ..widgets.gallery import Gallery, GalleryItem
from .measure import CHUNK_MS
from .own_store import OwnDrawings
from .probe import Probe
from .scene import ViewState
from .tuner import Outcome, tune_to

#: Drawings shown at most; all of them are read, so many at once.
MOST, AT_ONCE = 200, 32
EMPTY = "No drawings yet: draw a digit on the pad at the top, then press here which one it is."
TUNE_LEAD = (
    "Keep at least two drawings of a digit first. The network that answers then learns from half of your drawings of "
    "each digit and is tested on the other half. Only its last layer changes, and only a little, so that it does not "
    "forget other hands."
)


class OwnSection:
    """`ink` gives what is on the pad, `put` lays ink on it, `offer` puts a tuned network into the model picker;
    `refresh` has `update` called again.
    """

    name = "mine"
    title = "Your own test set"
    lead = (
        "Draw a digit, say which it is, and keep it. Your handwriting then is a test set that no network has seen, "
        "until you train one on it. It stays in this browser, on this machine."
    )
    needs_network = False

    def __init__(
        self,
        store: OwnDrawings,
        ink: Callable[[], Snapshot],
        put: Callable[[Snapshot], object],
        offer: Callable[[Outcome], object],
        refresh: Callable[[], None],
    ) -> None:
        self._store, self._ink, self._put, self._offer, self._refresh = store, ink, put, offer, refresh
        self._probe: Probe | None = None
        self._images: dict[int, tuple[NDArray[np.float32], NDArray[np.uint8]]] = {}  # by the drawing's identity
        self._first = 0  # of the drawings that are shown
        self._loaded = False
        self._tasks = Tasks(self._failed)
        self._asked: object = None

    def build(self, body: dom.Element) -> None:
        """See `Section`."""
        digits = dom.create("div", body, class_="digits", role="group", aria_label="The drawing on the pad is a")
        dom.create("span", digits, text="The drawing on the pad is a")
        self._digits = [Button(digits, str(d), partial(self._label, d), f"mine-add-{d}") for d in range(10)]
        self._headline = dom.create("p", body, class_="headline", role="status", data_testid="mine-headline")
        self._gallery = Gallery(body, "Your drawings", self._pick, "mine-gallery")
        self._more = dom.create("p", body, class_="note")
        tools = dom.create("div", body, class_="controls")
        self._undo = Button(tools, "Remove last", lambda: self._tasks.do(self._remove()), "mine-remove")
        self._export = Button(tools, "Export", self._save, "mine-export")
        self._file = FilePicker(tools, "Import", ".json", lambda: self._tasks.do(self._import()), "mine-import")
        self._note = dom.create("p", body, class_="note", role="status", data_testid="mine-note")
        dom.create("h4", body, class_="stage-title tune-title", text="Teach it your hand")
        dom.create("p", body, class_="note", text=TUNE_LEAD)
        self._tune = Button(dom.create("div", body, class_="controls"), "Fine-tune", self._begin_tuning, "mine-tune")
        self._tuned = dom.create("p", body, class_="note", role="status", data_testid="mine-tuned")

    def _failed(self, error: BaseException) -> None:
        self._note.textContent = f"That failed inside ({type(error).__name__}: {error}); your drawings are kept."

    def _label(self, digit: int) -> None:
        self._tasks.do(self._add(digit))

    async def _add(self, label: int) -> None:
        ink = self._ink()
        if ink.is_empty:
            self._note.textContent = "The pad is empty: draw the digit first."
            return
        drawing = Drawing(label, ink.ink(PAD_UNITS), PAD_UNITS)
        if await self._keep([drawing], f"Kept as a {label}."):
            self._put(Snapshot())

    async def _remove(self) -> None:
        self._note.textContent = await self._store.remove_last() or "Removed the last drawing."
        self._refresh()

    async def _keep(self, drawings: list[Drawing], done: str) -> bool:
        """Whether there was room for them; where they cannot be stored they stay until the tab closes."""
        try:
            self._note.textContent = await self._store.add(drawings) or done
        except DrawingsError as error:
            self._note.textContent = str(error)
            return False
        self._refresh()
        return True

    def _begin_tuning(self) -> None:
        if self._probe is not None:
            self._tasks.do(self._tune_to(self._probe))

    async def _tune_to(self, probe: Probe) -> None:
        self._tune.enable(False)
        try:
            outcome = await tune_to(probe, self._store.drawings)
        except FAULTS as error:
            self._tuned.textContent = str(error)
            return
        finally:
            self._tune.enable(True)
        if outcome is None:
            self._tuned.textContent = "Draw a digit at least twice: once to learn from, once to be tested on."
            return
        before, after = (_share(right, outcome.count) for right in (outcome.before, outcome.after))
        self._tuned.textContent = (
            f"Learned from {outcome.learned} drawings. Of the {outcome.count} held out, it read {before} right before "
            f"and {after} now. The tuned network is in the model picker."
        )
        self._tuned.dataset.before, self._tuned.dataset.after = str(outcome.before), str(outcome.after)
        self._offer(outcome)

    def _save(self) -> None:
        page.download("my-digits.json", self._store.dumps(), "application/json")

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
        self._put(Snapshot(drawing.strokes))

    def _image(self, drawing: Drawing) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """What the network reads, and its picture; kept, as long as the drawing is."""
        key = id(drawing)
        if key not in self._images:
            image = drawing.image()
            self._images[key] = image, np.rint(image * 255).astype(np.uint8)
        return self._images[key]

    async def _look_at(self, drawings: list[Drawing]) -> None:
        """Have the images of all drawings, and of no others. The pen and the page do not wait for many."""
        begin_ms = dom.now_ms()
        for drawing in drawings:
            self._image(drawing)
            if dom.now_ms() - begin_ms > CHUNK_MS:
                await asyncio.sleep(0)
                begin_ms = dom.now_ms()
        self._images = {id(drawing): self._images[id(drawing)] for drawing in drawings}

    async def update(self, scene: ViewState) -> None:
        """See `Section`."""
        if not self._loaded:
            self._loaded = True
            self._note.textContent = await self._store.load()
        drawings, self._probe = self._store.drawings, scene.probe
        for button in self._digits:
            button.enable(not scene.ink.is_empty)
        asked = (tuple(map(id, drawings)), scene.probe and (scene.probe, scene.probe.version))
        if asked == self._asked:
            return
        self._asked = asked
        await self._look_at(drawings)
        self._undo.enable(bool(drawings))
        self._export.enable(bool(drawings))
        self._tune.enable(bool(drawings) and scene.probe is not None)
        results = await self._results(scene, drawings)
        self._first = max(0, len(drawings) - MOST)
        shown = list(enumerate(drawings))[self._first :]
        self._gallery.show([_item(self._image(d)[1], d.label, i, results) for i, d in shown])
        self._more.textContent = f"The last {MOST} are shown." if self._first else ""
        self._say(results, scene)

    async def _results(self, scene: ViewState, drawings: list[Drawing]) -> Results | None:
        if scene.probe is None or not drawings:
            return None
        images, parts = [self._image(d)[0] for d in drawings], list[NDArray[np.float32]]()
        for first in range(0, len(images), AT_ONCE):
            parts.append(await scene.probe.logits(np.stack(images[first : first + AT_ONCE])))
            await asyncio.sleep(0)
        return Results(np.concatenate(parts), np.array([d.label for d in drawings]), scene.probe.model.temperature)

    def _say(self, results: Results | None, scene: ViewState) -> None:
        if results is None or scene.probe is None:
            self._headline.textContent = EMPTY
            return
        count, right = len(results.labels), len(results.labels) - results.errors
        low, high = wilson_95(right, count)
        learned = " It has learned from half of them." if scene.probe.model.card.get("learned_from") == "mine" else ""
        self._headline.textContent = (
            f"{scene.probe.model.title} reads {right} of your {count} drawings: {percent(right / count)} "
            f"({interval_95(low, high)}).{learned}"
        )
        self._headline.dataset.right, self._headline.dataset.count = str(right), str(count)


def _share(right: int, count: int) -> str:
    low, high = wilson_95(right, count)
    return f"{right} ({percent(right / count)}, {interval_95(low, high)})"


def _item(pixels: NDArray[np.uint8], label: int, place: int, results: Results | None) -> GalleryItem:
    if results is None:
        return GalleryItem(pixels, str(label), f"Drawing {place + 1}, a {label}")
    answer = int(results.answers[place])
    caption = str(label) if answer == label else f"{label} \N{RIGHTWARDS ARROW} {answer}"
    return GalleryItem(pixels, caption, f"Drawing {place + 1}, a {label}, read as {answer}", answer != label)
