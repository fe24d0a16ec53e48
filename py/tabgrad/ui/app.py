"""The page's main program: makes the parts of the page and connects them. Decides nothing: `answering` does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from tabgrad.backends.engines import EngineChoice, select_engine
from tabgrad.ink import Snapshot
from tabgrad.interop import dom, page
from tabgrad.interop.files import fetch_bytes
from tabgrad.program import Program, Target
from tabgrad.storage import keys

from .address import Address
from .answer import AnswerView
from .answering import Answering
from .bench import Bench
from .context import PageContext
from .guide import Guide
from .inspect.panels import InspectPanels
from .models.picker import ModelPicker
from .models.registry import ModelRegistry
from .models.shipped import ShippedPrograms
from .pad.pad import Pad
from .prediction import Answer, Predictor
from .share import CopyLink
from .status import Status
from .tabs import BuildPanel, Shown, Tabs
from .theme import Theme

#: Ink is kept for a reload when nothing was drawn for so long: if Python dies, there is no later moment. Seconds.
KEEP_AFTER_S = 0.5
LINK_COPIED = "The link is copied. It opens this tab, with these settings."


class App:
    """Everything on the page; `page` is what its panels see."""

    def __init__(self) -> None:
        manifest = dom.manifest()
        self._has_ink = self._had_ink = False
        self._keep_later: asyncio.TimerHandle | None = None
        self._stop_example: Callable[[], object] | None = None
        self._address = address = Address(page)
        dom.root_dataset().hides = " ".join(address.hidden)
        self._status, self._answer_view = Status(), AnswerView()
        self._predictor = Predictor(self._show, self._on_fault, self._answer_view.set_status)
        picker = ModelPicker(self._pick)
        titles = picker.titles()
        self._answering = Answering(
            ModelRegistry(manifest["models"], fetch_bytes, titles, address.model(list(titles)), picker.render),
            self._predictor,
            open_engine=open_engine,
            forced=dom.query_parameter("engine"),
            show_engine=self._answer_view.show_engine,
            changed=self._network_changed,
            say=self._status.say,
            fail=self._status.fail,
        )
        self.page = PageContext(manifest, self._predictor, self._answering, address)
        self.page.pad, self.page.bench = Pad(self._on_ink), Bench()
        self.page.purpose_changed = self._network_changed
        page.on_leaving(self._keep_ink)
        page.on_hidden(self._store_again)
        page.on_visible(self.page.sets.changed_elsewhere)
        page.show_pulse()
        self._theme, self._guide = Theme(self._recolour), Guide()

    async def run(self) -> None:
        """Open the engine and the first model that works; afterwards the page lives on its listeners."""
        await self._answering.start()
        if self._answering.has_no_engine:
            self._answer_view.show(None, self._has_ink)
        else:
            await asyncio.sleep(0)  # ink that has waited is answered before panels are built
        self._open_panels()
        if self._address.refused:
            self._status.fail(" ".join(self._address.refused))
        self._status.set_ready()
        await asyncio.sleep(0)  # not in one long task with the panels
        if self.page.has_examples:
            self._show_example_digit()
        self._looking = asyncio.ensure_future(self._look_for_storage())

    def _pick(self, name: str) -> None:
        """The visitor has picked a model."""
        self._address.set_model(name)
        self._picking = asyncio.ensure_future(self._answering.pick(name))

    async def _look_for_storage(self) -> None:
        """Say it if nothing is kept from this visit to the next."""
        try:
            await self.page.kept.get(keys.RUNS)
        except OSError as error:
            self._status.add(f"{error} What you make is here until this tab closes.")

    def _store_again(self) -> None:
        """The tab is hidden and may never come back: store what could not be stored so far."""
        self._storing = asyncio.ensure_future(self.page.kept.retry())

    def _open_panels(self) -> None:
        """The work area. A panel is imported when it is shown: the first answer does not wait for it."""
        inspect = InspectPanels(self.page)
        panels = {"train": self._build_train, **inspect.builders()}
        panels["code"] = partial(self._build_code, panels["code"])
        shown = {name: build for name, build in panels.items() if self._address.shows(name)}
        self._tabs = tabs = Tabs(shown, self._on_tab, self.page.bench.make_room)
        self.page.open_panel = tabs.show
        if tabs.has("train"):
            tabs.build("train")  # it offers finished runs in the model picker, and an interrupted one
        inspect.follow_links(tabs)
        if shown and not tabs.name:
            tabs.show(next(iter(shown)))
        link = dom.by_id("copy-link")
        self._link = CopyLink(link, lambda: (self._address.link(), LINK_COPIED), self._status.say)
        example = dom.by_id("try-example")
        example.disabled = False
        self._example = dom.Listener(example, "click", lambda _event: self.page.try_example())

    def _on_tab(self, name: str) -> None:
        self._guide.show(name)
        if name != "train" or self._address.place.tab:  # the first tab needs no name in the address
            self._address.set_tab(name)

    def _show_example_digit(self) -> None:
        """Where nothing was ever drawn, an example draws itself, so that the page shows what it does."""
        if self.page.model is not None and self.page.ink.is_empty and not dom.stored(keys.SEEN):
            from .pad.ghost import GhostDigit

            ghost = GhostDigit(self.page.pad, self._read_example)
            self._stop_example = ghost.stop
            self.page.painters.append(ghost.redraw)

    def _build_train(self, place: dom.Element) -> Shown:
        from .train.panel import TrainPanel

        return TrainPanel(self.page, place).set_visible

    def _build_code(self, kernels: BuildPanel, place: dom.Element) -> Shown:
        from .code.panel import CodePanel

        return CodePanel(self.page, place, kernels).set_visible

    def _show(self, answer: Answer | None) -> None:
        self.page.latest = answer
        self._answer_view.show(answer, self._has_ink)
        if answer is None and self.page.example is not None:
            self._answer_view.show_example(self.page.example)
        self._tell()

    def _read_example(self, ink: Snapshot | None) -> None:
        self._predictor.read_example(ink, self._show_example)
        if ink is None:
            self._show_example(None)

    def _show_example(self, answer: Answer | None) -> None:
        self.page.example = answer
        self._answer_view.show_example(answer)
        self._tell()

    def _on_fault(self, error: Exception) -> None:
        self._answering.on_fault(error)

    def _on_ink(self, ink: Snapshot) -> None:
        self._has_ink = not ink.is_empty
        if self._has_ink and self._stop_example is not None:
            self._stop_example()
        if self._has_ink and not self._had_ink:
            self._had_ink = True
            dom.store(keys.SEEN, "yes")
        if self._keep_later is not None:
            self._keep_later.cancel()
        self._keep_later = asyncio.get_running_loop().call_later(KEEP_AFTER_S, self._keep_ink)
        self._predictor.update(ink)
        if self._answering.model is None:  # else the answer will tell the watchers
            if self._answering.has_no_engine and self._has_ink:
                self._answer_view.show(None, True)
            self._tell()

    def _keep_ink(self) -> None:
        page.keep_for_reload(keys.INK, self.page.pad.log())

    def _network_changed(self) -> None:
        """Another network answers, or its weights have changed, or the pad is for something else."""
        if not self.page.has_examples and self._stop_example is not None:
            self._stop_example()
        self._answer_view.show_alphabet(self.page.alphabet)
        self._answer_view.show_purpose(self.page.drawn_for)
        dom.by_id("try-example").hidden = not self.page.has_examples
        self._tell()

    def _recolour(self) -> None:
        self.page.pad.redraw()
        for paint in self.page.painters:
            paint()
        self._tell()

    def _tell(self) -> None:
        for watcher in self.page.watchers:
            watcher()


class LocalStorageCache:
    """Short texts kept in localStorage between visits, if the browser allows it: a `storage.Cache`."""

    async def get(self, key: str) -> bytes | None:
        return dom.stored(keys.ENGINE_CHOICE_PREFIX + key).encode() or None

    async def put(self, key: str, value: bytes) -> None:
        dom.store(keys.ENGINE_CHOICE_PREFIX + key, value.decode())


async def open_engine(wanted: str, programs: ShippedPrograms, model: str) -> EngineChoice:
    """The engine called `wanted` ("webgpu", "wasm"); for any other name the fastest at predicting with `model`.

    Raises EngineError with one sentence if no engine can be opened.
    """

    async def infer(target: Target, variant: str) -> Program | None:
        return await programs.get(model, "infer", target, variant)

    return await select_engine(infer, wanted, LocalStorageCache())


async def start() -> App:
    """Start the page; called once by web/main.py."""
    app = App()
    await app.run()
    return app
