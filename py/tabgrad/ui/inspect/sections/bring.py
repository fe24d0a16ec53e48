"""Bring your own data: files become a data set, which is shown, stored, and trained on."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tabgrad.incoming import unexpected
from tabgrad.interop import chosen, dom
from tabgrad.interop.page import Download
from tabgrad.interop.storage import ask_to_persist

from ...sets.bringing import Bringing
from ...sets.choosing import MAX_FILES, FileChoice, Files
from ...sets.exporting import export_images, file_name
from ...sets.listing import Actions, SetList
from ...sets.preview import Preview
from ...tasks import Tasks
from ...widgets.controls import Button
from ..section import InspectContext, ViewState

if TYPE_CHECKING:
    from tabgrad.data.sets import SetHead

FORMATS = (
    "CSV, idx, .npz and .npy files, as Fashion-MNIST and Quick, Draw! come; or pictures, in a folder or a zip that has "
    "a folder for each class. Nothing leaves this machine."
)


class BringSection:
    """The picker, how far reading is, the preview, and the list of what is stored."""

    name = "bring"
    title = "Bring your own data"
    lead = (
        "Networks learn whatever you show them: letters, clothes, doodles. Choose files with labelled images. You see "
        "what the page makes of them before you use them."
    )
    needs_network = False

    def __init__(self, context: InspectContext) -> None:
        self._page, self._refresh = context.page, context.refresh
        self._tasks = Tasks(self._failed)
        self._bringing = Bringing(lambda: self._page.worker, self._page.sets, self._show, self._use)
        self._listed = -1  # the version of the sets in the list

    def build(self, body: dom.Element) -> None:
        """See `Section`."""
        dom.create("p", body, class_="note", text=FORMATS)
        self._choice = FileChoice(body, self._read, lambda dropped: self._do(self._read_dropped(dropped)))
        self._progress = dom.create("div", body, class_="data-progress", data_testid="data-progress")
        self._bar = dom.create("progress", self._progress, aria_label="How much is read")
        self._what = dom.create("span", self._progress)
        self._cancel = Button(self._progress, "Cancel", self._stop, "data-cancel")
        self._said = dom.create("p", body, class_="note", role="status", data_testid="data-import-said")
        self._preview = Preview(body, self._bringing, self._switch, self._keep, self._stop)
        actions = Actions(self._train, self._export, self._bringing.drop_held)
        self._list = SetList(dom.create("div", body), self._page.sets, actions, self._do, self._say)
        self._page.sets.watchers.append(self._refresh)
        self._do(self._page.sets.load())
        self._show()

    async def update(self, state: ViewState) -> None:
        """See `Section`."""
        if self._listed != self._page.sets.version:
            self._listed = self._page.sets.version
            self._list.show()

    def _do(self, work: Coroutine[Any, Any, Any]) -> None:
        self._tasks.do(work)

    def _read(self, files: Files) -> None:
        self._do(self._bringing.read(files))

    async def _read_dropped(self, dropped: chosen.Dropped) -> None:
        self._say("Looking through what you dropped …", False)
        try:
            files = await dropped.files(MAX_FILES)
        except OSError as error:
            self._say(str(error), True)
            return
        await self._bringing.read(files)

    def _switch(self, guess: str, value: str) -> None:
        self._do(self._bringing.choose(guess, value))

    def _keep(self, name: str) -> None:
        self._do(self._bringing.use(name))

    def _stop(self) -> None:
        self._do(self._bringing.cancel())

    def _train(self, head: SetHead) -> None:
        self._page.train_on(replace(self._page.run_settings(), data=head.id, labels=head.labels))

    async def _export(self, head: SetHead) -> str:
        file = Download()
        said = await export_images(head, self._page.kept.get, file.add)
        file.save(file_name(head.name, "npz"))
        return said

    async def _use(self, head: SetHead) -> None:
        self._train(head)
        await ask_to_persist()

    def _show(self) -> None:
        bringing = self._bringing
        progress, busy = bringing.progress, bringing.stage in ("reading", "storing")
        self._progress.hidden = not busy
        self._cancel.element.hidden = bringing.stage != "reading"
        if progress is not None and progress.total:
            self._bar.max, self._bar.value = progress.total, progress.done
        else:
            self._bar.removeAttribute("value")
        self._what.textContent = f"{progress.what} …" if progress else "Starting …"
        self._preview.show()
        self._say(bringing.sentence, bringing.is_error)

    def _say(self, sentence: str, is_error: bool) -> None:
        self._said.textContent = sentence
        self._said.classList.toggle("fault", is_error)

    def _failed(self, error: BaseException) -> None:
        self._say(f"An error in the page stopped this ({unexpected(error)}). Nothing of yours is lost.", True)
