"""The visitor's own drawings, and how the network that answers reads them.

Shared by the buttons that keep a drawing (`keep_bar`) and the section that lists them (`own_drawings`). Shows nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import DIGITS
from tabgrad.data.drawings import Drawing, DrawingsError
from tabgrad.ink import Snapshot
from tabgrad.interop import dom
from tabgrad.interop.storage import ask_to_persist
from tabgrad.metrics import Results

from ...context import PageContext
from ...prediction import PAD_UNITS
from ...tasks import Tasks
from ..pacing import waiting
from ..probe import Probe
from .drawings_store import DrawingsStore
from .images import CHUNK_MS, read_all

#: A drawing as the network reads it, (28, 28) in 0..1, and as a picture.
Images = tuple[NDArray[np.float32], NDArray[np.uint8]]


class FaultLine:
    """Shows in a line, which also says other things, why drawings are not stored, and takes it back when they are."""

    def __init__(self, line: dom.Element) -> None:
        self._line, self._shown = line, ""

    def show(self, fault: str) -> None:
        """Show a sentence in the place of the one before, unless the line says something else."""
        if self._line.textContent in ("", self._shown):
            self._line.textContent = fault
        self._shown = fault


class OwnDrawings:
    """`drawings` in the order in which they were made. `refresh` is called when they have changed."""

    def __init__(self, page: PageContext, refresh: Callable[[], object]) -> None:
        self._page, self._refresh = page, refresh
        self._tasks = Tasks(lambda _error: None)  # asking to persist is worth trying; it decides nothing
        self.store = DrawingsStore(page.kept, lambda: self._tasks.do(ask_to_persist()))
        page.kept.watchers.append(refresh)
        page.erasers.append(self._erased)
        self._loading: asyncio.Future[str] | None = None
        self._images: dict[int, Images] = {}  # by the drawing's `id`
        self._found: Results | None = None
        self._read: object = None  # the drawings and the network that `_found` belongs to

    @property
    def drawings(self) -> Sequence[Drawing]:
        return self.store.drawings

    @property
    def fault(self) -> str:
        """Why storage does not work, in one sentence; empty if it does."""
        return self.store.fault

    async def load(self) -> None:
        """Read what is stored, the first time."""
        if self._loading is None:
            self._loading = asyncio.ensure_future(self.store.load())
        await waiting(asyncio.shield(self._loading))

    def _erased(self) -> None:
        """The storage was erased: read it again."""
        self._loading = None
        self._refresh()

    async def keep_drawing(self, label: int) -> str:
        """Keep what is on the pad as a digit, and empty the pad; one sentence that says what happened."""
        ink = self._page.ink
        if ink.is_empty:
            return "The pad is empty. Draw a digit first."
        try:
            said = await self.add([Drawing(label, ink.ink(PAD_UNITS), PAD_UNITS)])
        except DrawingsError as error:
            return str(error)
        self._page.pad.put(Snapshot())
        return said or f"Kept as a {label}."

    async def add(self, drawings: Sequence[Drawing]) -> str:
        """Add drawings. A sentence if they could not be stored; DrawingsError if there is no room for them."""
        said = await self.store.add(drawings)
        self._refresh()
        return said

    async def remove_last(self) -> str:
        """Remove the newest drawing; one sentence that says what happened."""
        said = await self.store.remove_last()
        self._refresh()
        return said or "Removed the last drawing."

    def picture(self, drawing: Drawing) -> NDArray[np.uint8]:
        """What the network sees of a drawing, uint8 (28, 28). Call `results` before."""
        return self._images[id(drawing)][1]

    async def results(self, probe: Probe | None) -> Results | None:
        """How the network reads the drawings; None without drawings or a network that knows digits. Raises EngineError.

        Computed again only for other drawings or weights.
        """
        drawings = list(self.store.drawings)
        if probe is not None and probe.model.alphabet != DIGITS:
            probe = None
        asked = (tuple(map(id, drawings)), probe and (probe, probe.version))
        if asked != self._read:
            await self._prepare(drawings)
            self._found = await self._measure(probe, drawings)
            self._read = asked
        return self._found

    async def _measure(self, probe: Probe | None, drawings: Sequence[Drawing]) -> Results | None:
        if probe is None or not drawings:
            return None
        images, labels = [self._images[id(d)][0] for d in drawings], np.array([d.label for d in drawings])
        logits = await read_all(probe.logits, images, lambda _done: True)
        assert logits is not None
        return Results(logits, labels, probe.model.temperature)

    async def _prepare(self, drawings: Sequence[Drawing]) -> None:
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
