"""“Draw your own alphabet”: the section, and what stands beside the pad while an alphabet is open.

Connects `ui.alphabets` with the pad, the storage and the training form, and remembers which alphabet is open.
"""

from __future__ import annotations

from tabgrad.data.lessons import LESSONS
from tabgrad.ink import Snapshot
from tabgrad.interop import dom
from tabgrad.interop.storage import ask_to_persist
from tabgrad.storage import keys

from ...alphabets.controller import AlphabetController
from ...alphabets.keep_bar import AlphabetBar
from ...alphabets.store import AlphabetStore
from ...alphabets.training import settings_for
from ...alphabets.view import AlphabetsView
from ...context import PageContext
from ...tasks import Tasks
from ..pacing import waiting
from ..section import BesideThePad, ViewState


class _PagePad:
    """The page's pad as a `series.PadPort`."""

    def __init__(self, page: PageContext) -> None:
        self._page = page

    @property
    def ink(self) -> Snapshot:
        return self._page.ink

    @property
    def is_drawing(self) -> bool:
        return self._page.pad.is_drawing

    def put(self, ink: Snapshot) -> None:
        self._page.pad.put(ink)


class Alphabets:
    """What section and bar share: the controller, and what is read when the first of them is shown."""

    def __init__(self, page: PageContext) -> None:
        self.page = page
        tasks = Tasks(lambda _error: None)  # asking to persist is worth trying; it decides nothing
        store = AlphabetStore(page.kept, lambda: tasks.do(ask_to_persist()))
        self.controller = AlphabetController(store, _PagePad(page), self._on_opened)
        self._is_loaded = self._is_ready = False
        page.kept.watchers.append(self.controller.tell)
        page.erasers.append(self.controller.erased)

    def _on_opened(self, set_id: str) -> None:
        dom.store(keys.ALPHABET, set_id)
        if set_id:
            self.page.bench.make_room()  # on a phone the pad stays in sight

    async def load(self) -> None:
        """Read what is stored, the first time."""
        if not self._is_loaded:
            self._is_loaded = True
            await self.controller.load(dom.stored(keys.ALPHABET))
            if self.controller.found is not None:
                self.page.bench.make_room()
            self._is_ready = True
        if self._is_ready and self.page.lesson:
            name, self.page.lesson = self.page.lesson, ""
            await self.controller.begin_lesson(name)

    def open_lesson(self, name: str) -> None:
        """The visitor has chosen a ready alphabet. The address names it, so that it can be shared."""
        self.page.address.set_lesson(name)
        self.controller.do(self.controller.begin_lesson(name))

    def train(self) -> None:
        """The training form gets the open alphabet, and settings that suit it."""
        self.controller.do(self._train())

    async def _train(self) -> None:
        store = self.controller.store
        if store.fault:
            self.controller.say(f"A network learns from what is stored. {store.fault}")
            return
        await self.page.sets.load()
        if store.found is not None and store.open_id in self.page.sets.heads:
            self.page.train_on(settings_for(store.open_id, store.found, self.page.run_settings()))


class AlphabetsSection:
    """Implements `Section`."""

    name = "alphabets"
    title = "Draw your own alphabet"
    lead = (
        "Name some classes: letters, runes, animals, emoji. Draw each a few times, and train a network that reads "
        "them. Five drawings of each are enough to begin. They stay in this browser, on this machine."
    )
    needs_network = False

    def __init__(self, alphabets: Alphabets) -> None:
        self._alphabets = alphabets

    def build(self, body: dom.Element) -> None:
        """See `Section`."""
        self._view = AlphabetsView(
            body, self._alphabets.controller, LESSONS, self._alphabets.open_lesson, self._alphabets.train
        )

    async def update(self, state: ViewState) -> None:
        """See `Section`. It follows the controller, not the answer."""
        await waiting(self._alphabets.load())


class AlphabetKeepBar(BesideThePad):
    """The buttons of the open alphabet's classes."""

    def __init__(self, alphabets: Alphabets) -> None:
        self._alphabets = alphabets
        alphabets.controller.watchers.append(self._name_pad)

    def show(self, visible: bool) -> None:
        """See `BesideThePad`."""
        super().show(visible)
        self._name_pad()

    def _name_pad(self) -> None:
        found = self._alphabets.controller.found
        self._alphabets.page.draw_for(found.name if found is not None and self.visible else "")

    def build(self, body: dom.Element) -> None:
        """See `BesideThePad`."""
        self._bar = AlphabetBar(body, self._alphabets.controller)

    async def update(self, state: ViewState) -> None:
        """See `BesideThePad`."""
        await waiting(self._alphabets.load())
