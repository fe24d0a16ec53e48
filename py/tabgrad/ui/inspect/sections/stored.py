"""What this page has stored in this browser, and a button that erases all of it, once the visitor has said so twice."""

from __future__ import annotations

import asyncio

from tabgrad.artifacts import is_table, load_rows
from tabgrad.data import drawings
from tabgrad.incoming import unexpected
from tabgrad.interop import dom, erasing, storage
from tabgrad.storage import keys

from ...code import copies
from ...tasks import Tasks
from ...widgets.controls import Button
from ..pacing import waiting
from ..section import InspectContext, ViewState
from .stored_summary import Stored

#: What is stored is looked up at most this often. Seconds.
MIN_LOOK_INTERVAL_S = 2.0
PROMISED = "The browser has promised to keep it until you erase it."
NOT_PROMISED = "The browser has not promised to keep it: it may delete it when the disk is nearly full."
RUN_UNDER_WAY = "A run is under way, and it would store itself again. Stop it first."
ERASED = "Everything is erased. The copy of the page for use offline comes back on your next visit."
SHARED = "What earlier versions stored for all tabgrad pages of this site is erased, too."


class StoredSection:
    """A summary of what is stored, and the button with its question."""

    name = "stored"
    title = "What is stored here"
    lead = (
        "Your runs, drawings, data sets and networks stay in this browser, on this machine, so that they are here on "
        "your next visit. You can erase them."
    )
    needs_network = False

    def __init__(self, context: InspectContext) -> None:
        self._page, self._refresh = context.page, context.refresh
        self._tasks = Tasks(self._failed)
        self._shown: object = None  # the versions of store and sets, and whether a run was under way
        self._looked_at_s = -MIN_LOOK_INTERVAL_S
        self._stored = Stored()

    def build(self, body: dom.Element) -> None:
        """See `Section`."""
        self._summary = dom.create("p", body, class_="headline", data_testid="storage-summary")
        self._promise = dom.create("p", body, class_="note", data_testid="storage-promise")
        self._erase = Button(
            dom.create("div", body, class_="controls"), "Erase everything stored here", self._ask, "storage-erase"
        )
        self._question = dom.create("div", body, class_="erase-question", role="group", aria_labelledby="erase-text")
        self._text = dom.create("p", self._question, id="erase-text", tabindex="-1")
        buttons = dom.create("div", self._question, class_="controls")
        self._yes = Button(buttons, "Erase it all", self._confirmed, "storage-erase-confirm")
        self._no = Button(buttons, "Keep it", self._cancelled, "storage-cancel")
        self._escape = dom.Listener(self._question, "keydown", self._on_key)
        self._question.hidden = True
        self._said = dom.create("p", body, class_="note", role="status", tabindex="-1", data_testid="storage-said")

    async def update(self, state: ViewState) -> None:
        """See `Section`."""
        shown = (self._page.kept.version, self._page.sets.version, self._page.run_under_way())
        if shown == self._shown:
            return
        loop = asyncio.get_running_loop()
        if (left_s := self._looked_at_s + MIN_LOOK_INTERVAL_S - loop.time()) > 0:
            loop.call_later(left_s, self._refresh)
            return
        self._shown, self._looked_at_s = shown, loop.time()
        await waiting(self._look())

    async def _look(self) -> None:
        try:
            self._stored = await self._found()
        except OSError as error:
            self._summary.textContent = f"{error} What you make is here until this tab closes."
            self._promise.textContent = ""
            self._erase.enable(False)
            return
        self._summary.textContent = self._stored.summary
        self._erase.enable(bool(self._stored.listing))
        promise = PROMISED if await storage.is_persisted() else NOT_PROMISED
        self._promise.textContent = promise if self._stored.bytes else ""

    async def _found(self) -> Stored:
        kept, sets = self._page.kept, self._page.sets
        await sets.load()
        sizes = await kept.sizes()
        rows = await kept.get(keys.RUNS)
        unread = sum(map(keys.is_put_aside, sizes)) + (rows is not None and not is_table(rows)) + len(sets.damaged)
        count = 0
        for key in await kept.keys(keys.DRAWINGS):  # a test set for each alphabet
            if not keys.is_put_aside(key) and (own := await kept.get(key)):
                try:
                    count += len(drawings.read_set(own).drawings)
                except drawings.DrawingsError:
                    unread += 1
        return Stored(
            runs=len(load_rows(rows)) if rows else 0,
            drawings=count,
            sets=sum(not sets.is_held(name) for name in sets.heads),
            unread=unread,
            networks=len(copies.loads(await kept.get(keys.CODE))),
            resumable=keys.RESUME in sizes,
            settings=erasing.has_texts(keys.is_shared_text),
            offline_bytes=await erasing.offline_bytes(),
            bytes=sum(sizes.values()),
            shared=await storage.has_shared(),
            under_way=self._page.run_under_way(),
        )

    # ---- The button and its question

    def _ask(self) -> None:
        if self._page.run_under_way():
            self._say(RUN_UNDER_WAY)
            return
        self._tasks.do(self._show_question())

    async def _show_question(self) -> None:
        await self._look()
        shared = f" {SHARED}" if self._stored.shared else ""
        self._text.textContent = f"This erases {self._stored.listing}. It cannot be undone.{shared}"
        self._said.textContent = ""
        self._question.hidden, self._erase.element.hidden = False, True
        self._text.focus()

    def _close(self) -> None:
        self._question.hidden, self._erase.element.hidden = True, False

    def _cancelled(self) -> None:
        self._close()
        self._erase.element.focus()

    def _on_key(self, event: dom.Event) -> None:
        if event.key == "Escape":
            event.preventDefault()
            self._cancelled()

    def _confirmed(self) -> None:
        self._close()
        if self._page.run_under_way():  # it has begun meanwhile
            self._say(RUN_UNDER_WAY)
        else:
            self._tasks.do(self._erase_all())

    async def _erase_all(self) -> None:
        try:
            await self._page.kept.clear()
        except OSError as error:
            self._say(f"{error} Nothing was erased.")
            return
        erasing.erase_texts(keys.is_shared_text)
        await erasing.erase_offline_copy()
        for forget in self._page.erasers:
            forget()
        await self._look()
        self._say(ERASED)

    def _say(self, sentence: str) -> None:
        self._said.textContent = sentence
        self._said.focus()

    def _failed(self, error: BaseException) -> None:
        self._close()
        self._say(f"An error in the page stopped this ({unexpected(error)}). Try again.")
