"""The visitor's own labelled drawings: a test set for the network that answers now, and data to fine-tune it on."""

from __future__ import annotations

from collections.abc import Sequence

from tabgrad.alphabet import DIGITS
from tabgrad.data.drawings import Drawing, DrawingsError, loads
from tabgrad.incoming import unexpected
from tabgrad.ink import Snapshot
from tabgrad.interop import dom
from tabgrad.interop.page import download
from tabgrad.metrics import wilson_95

from ...alphabets.controller import AlphabetController
from ...context import TRY_AN_EXAMPLE
from ...faults import FAULTS
from ...tasks import Tasks
from ...widgets.controls import Button, FilePicker
from ...widgets.format import interval_95, percent
from ...widgets.labels import isolated
from ..probe import Probe
from ..section import InspectContext, ViewState
from .own import FaultLine, OwnDrawings
from .own_reading import Reading
from .own_results import OwnResults
from .tuner import TUNED, fine_tune

#: While an alphabet is open, its buttons are beside the pad.
OPEN = (
    "“{}” is open, so what you keep beside the pad goes into that alphabet, to learn from. Close it to keep drawings "
    "for this test set."
)
TUNE_LEAD = (
    "Keep at least two drawings of a class. The network that answers now learns from half of your drawings, and is "
    "tested on the other half. Only its last layer changes, and only a little: it can still read the drawings "
    "of others."
)
AGAIN = "Keep the same class at least twice: one drawing to learn from, and one to test on."


class OwnDrawingsSection:
    """Keeps drawings in this browser, shows how the network reads them, and fine-tunes the network on them."""

    name = "mine"
    title = "Your own test set"
    lead = (
        "Draw what the network knows, and say what it is. No network has seen these drawings before, so they are a "
        "good test. Each alphabet has a test set of its own. They stay in this browser, on this machine."
    )
    needs_network = False

    def __init__(self, context: InspectContext, own: OwnDrawings, alphabets: AlphabetController) -> None:
        self._page, self._own, self._alphabets = context.page, own, alphabets
        self._tasks = Tasks(self._failed)
        self._probe: Probe | None = None
        self._shown: Reading | None = None
        alphabets.watchers.append(context.refresh)

    def build(self, body: dom.Element) -> None:
        self._headline = dom.create("p", body, class_="headline", role="status", data_testid="mine-headline")
        self._example = Button(body, TRY_AN_EXAMPLE, self._page.try_example, "mine-example")
        self._open = dom.create("div", body, class_="controls")
        self._open_note = dom.create("p", self._open, class_="note", data_testid="mine-open")
        self._close = Button(self._open, "Close it", self._close_alphabet, "mine-close-alphabet")
        self._results = OwnResults(body, self._to_pad)
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
        """With all drawings that are kept now: the latest may not be shown yet."""
        if self._probe is not None and self._probe.model.alphabet == self._own.store.labels:
            self._tasks.do(self._fine_tune(self._probe, list(self._own.drawings)))

    async def _fine_tune(self, probe: Probe, drawings: Sequence[Drawing]) -> None:
        self._tune.enable(False)
        try:
            result = await fine_tune(probe, drawings)
        except FAULTS as error:
            self._tuned.textContent = str(error)
            return
        finally:
            self._tune.enable(True)
        if result is None:
            self._tuned.textContent = AGAIN
            return
        before, after = (_right_of(right, result.count) for right in (result.before, result.after))
        self._tuned.textContent = (
            f"Learned from {result.learned} drawings. Of the {result.count} held out, it read {before} correctly "
            f"before and {after} now. You find the tuned network in the list of models."
        )
        self._tuned.dataset.before, self._tuned.dataset.after = str(result.before), str(result.after)
        self._page.offer(TUNED, result.title, result.make)

    def _save(self) -> None:
        name = "my-digits" if self._own.store.labels == DIGITS else "my-test-set"
        download(f"{name}.json", self._own.store.dumps(), "application/json")

    async def _import(self) -> None:
        try:
            content = await self._file.read()
            if content is not None:
                drawings = loads(content, self._own.store.labels)
                self._note.textContent = await self._own.add(drawings) or f"Imported {len(drawings):,} drawings."
        except (OSError, DrawingsError) as error:
            self._note.textContent = str(error)

    def _to_pad(self, ink: Snapshot) -> None:
        self._page.pad.put(ink)

    def _close_alphabet(self) -> None:
        self._alphabets.do(self._alphabets.close())

    async def update(self, state: ViewState) -> None:
        await self._own.load(state.labels)
        self._fault.show(self._own.fault)
        self._probe = state.probe
        opened = self._alphabets.found
        self._open.hidden = opened is None
        self._open_note.textContent = OPEN.format(isolated(opened.name)) if opened is not None else ""
        reading = await self._own.read(state.probe)
        is_empty = not reading.drawings
        self._example.element.hidden = not (is_empty and state.ink.is_empty and reading.labels == DIGITS)
        if reading is self._shown:
            return
        self._shown = reading
        self._undo.enable(not is_empty)
        self._export.enable(not is_empty)
        self._tune.enable(reading.results is not None)
        self._results.show(reading)
        model = state.probe.model if state.probe is not None else None
        self._headline.textContent = reading.headline(
            model.title if model else "", model is not None and model.card.get("learned_from") == "mine"
        )
        self._headline.dataset.right, self._headline.dataset.count = str(reading.right), str(len(reading.drawings))


def _right_of(right: int, count: int) -> str:
    """ "7 (70 %, 95 % interval 40 % to 89 %)": how many of `count` were read correctly."""
    return f"{right} ({percent(right / count)}, {interval_95(*wilson_95(right, count))})"
