"""The visitor's own labelled drawings: a test set for the network that answers now, and data to fine-tune it on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import DIGITS
from tabgrad.data.drawings import DrawingsError, loads
from tabgrad.incoming import unexpected
from tabgrad.ink import Snapshot
from tabgrad.interop import dom
from tabgrad.interop.page import download
from tabgrad.metrics import Results, wilson_95

from ...context import TRY_AN_EXAMPLE
from ...faults import FAULTS
from ...tasks import Tasks
from ...widgets.controls import Button, FilePicker
from ...widgets.format import interval_95, percent
from ...widgets.labels import known
from ...widgets.picture import Gallery, GalleryItem
from ..probe import Probe
from ..section import InspectContext, ViewState
from .own import FaultLine, OwnDrawings
from .tuner import TUNED, fine_tune

#: Drawings shown at most. The network reads all of them.
MAX_SHOWN = 200
EMPTY = "You have kept no drawings yet. Draw a digit, and press its button at “This drawing is a …”."
OTHERS = "This test set holds digits; the network that answers knows {}."
TUNE_LEAD = (
    "Keep at least two drawings of a digit. The network that answers now learns from half of your drawings, and is "
    "tested on the other half. Only its last layer changes, and only a little: it can still read the digits "
    "of others."
)


class OwnDrawingsSection:
    """Keeps drawings in this browser, shows how the network reads them, and fine-tunes the network on them."""

    name = "mine"
    title = "Your own test set"
    lead = (
        "Draw digits and say which ones they are. No network has seen them before, so they are a good test. They stay "
        "in this browser, on this machine."
    )
    needs_network = False

    def __init__(self, context: InspectContext, own: OwnDrawings) -> None:
        self._page, self._own = context.page, own
        self._tasks = Tasks(self._failed)
        self._probe: Probe | None = None
        self._first = 0  # index of the first drawing that is shown
        self._shown: object = None  # the drawings and the network that are shown

    def build(self, body: dom.Element) -> None:
        self._headline = dom.create("p", body, class_="headline", role="status", data_testid="mine-headline")
        self._example = Button(body, TRY_AN_EXAMPLE, self._page.try_example, "mine-example")
        self._gallery = Gallery(body, "Your drawings", self._pick, "mine-gallery")
        self._more = dom.create("p", body, class_="note")
        tools = dom.create("div", body, class_="controls")
        self._undo = Button(tools, "Remove last", lambda: self._tasks.do(self._remove()), "mine-remove")
        self._export = Button(tools, "Export", self._save, "mine-export")
        self._file = FilePicker(tools, "Import", ".json", lambda: self._tasks.do(self._import()), "mine-import")
        self._note = dom.create("p", body, class_="note", role="status", data_testid="mine-note")
        self._fault = FaultLine(self._note)
        dom.create("h4", body, class_="stage-title tune-title", text="Teach it your handwriting")
        dom.create("p", body, class_="note", text=TUNE_LEAD)
        self._tune = Button(dom.create("div", body, class_="controls"), "Fine-tune", self._begin_tuning, "mine-tune")
        self._tuned = dom.create("p", body, class_="note", role="status", data_testid="mine-tuned")

    def _failed(self, error: BaseException) -> None:
        self._note.textContent = (
            f"An error in the page stopped this ({unexpected(error)}). Your drawings are kept; try again."
        )

    async def _remove(self) -> None:
        self._note.textContent = await self._own.remove_last()

    def _begin_tuning(self) -> None:
        if self._probe is not None:
            self._tasks.do(self._fine_tune(self._probe))

    async def _fine_tune(self, probe: Probe) -> None:
        self._tune.enable(False)
        try:
            result = await fine_tune(probe, self._own.drawings)
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
            f"before and {after} now. You find the tuned network in the list of models."
        )
        self._tuned.dataset.before, self._tuned.dataset.after = str(result.before), str(result.after)
        self._page.offer(TUNED, result.title, result.make)

    def _save(self) -> None:
        download("my-digits.json", self._own.store.dumps(), "application/json")

    async def _import(self) -> None:
        try:
            content = await self._file.read()
            if content is not None:
                drawings = loads(content)
                self._note.textContent = await self._own.add(drawings) or f"Imported {len(drawings):,} drawings."
        except (OSError, DrawingsError) as error:
            self._note.textContent = str(error)

    def _pick(self, place: int) -> None:
        drawing = self._own.drawings[self._first + place]
        self._page.pad.put(Snapshot(drawing.strokes))

    async def update(self, state: ViewState) -> None:
        await self._own.load()
        self._fault.show(self._own.fault)
        drawings, self._probe = list(self._own.drawings), state.probe
        can_read = state.labels == DIGITS
        self._example.element.hidden = bool(drawings) or not state.ink.is_empty or not can_read
        shown = (tuple(map(id, drawings)), state.probe and (state.probe, state.probe.version))
        if shown == self._shown:
            return
        results = await self._own.results(state.probe)
        self._shown = shown
        self._undo.enable(bool(drawings))
        self._export.enable(bool(drawings))
        self._tune.enable(bool(drawings) and state.probe is not None and can_read)
        self._first = max(0, len(drawings) - MAX_SHOWN)
        latest = list(enumerate(drawings))[self._first :]
        self._gallery.show([_item(self._own.picture(d), d.label, i, results) for i, d in latest])
        self._more.textContent = f"The last {MAX_SHOWN} are shown." if self._first else ""
        self._show_results(results, state)

    def _show_results(self, results: Results | None, state: ViewState) -> None:
        if results is None or state.probe is None:
            self._headline.textContent = EMPTY if state.labels == DIGITS else OTHERS.format(known(state.labels))
            return
        count, right = len(results.labels), len(results.labels) - results.errors
        learned = " It has learned from half of them." if state.probe.model.card.get("learned_from") == "mine" else ""
        drawings = "drawing" if count == 1 else "drawings"
        self._headline.textContent = (
            f"{state.probe.model.title} reads {right} of your {count} {drawings}: {percent(results.accuracy)} "
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
