"""The visitor's own test set for the network that answers: one for each alphabet, and how that network reads it.

Shared by the buttons that keep a drawing (`keep_bar`) and the section that lists them (`own_drawings`). Shows nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import DIGITS, Labels
from tabgrad.data.drawings import Drawing, DrawingsError
from tabgrad.ink import Snapshot
from tabgrad.interop import dom
from tabgrad.interop.storage import ask_to_persist
from tabgrad.metrics import Results

from ...context import PageContext
from ...prediction import PAD_UNITS
from ...tasks import Tasks
from ...widgets.labels import isolated
from ..pacing import waiting
from ..probe import Probe
from .drawings_store import DrawingsStore
from .images import CHUNK_MS, read_all
from .own_reading import Reading

#: A drawing as the network reads it, (28, 28) in 0..1, and as a picture.
Images = tuple[NDArray[np.float32], NDArray[np.uint8]]
EMPTY_PAD = "The pad is empty. Draw a {} first."


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
    """`store` has the test set of the classes that were asked for last. `refresh` is called when it has changed."""

    def __init__(self, page: PageContext, refresh: Callable[[], object]) -> None:
        self._page, self._refresh = page, refresh
        self._tasks = Tasks(lambda _error: None)  # asking to persist is worth trying; it decides nothing
        page.kept.watchers.append(refresh)
        page.erasers.append(self._erased)
        self.store = self._open(DIGITS)
        self._loading: asyncio.Future[str] | None = None
        self._images: dict[Drawing, Images] = {}
        self._found: Reading | None = None
        self._read: object = None  # the drawings and the network that `_found` belongs to

    def _open(self, labels: Labels) -> DrawingsStore:
        return DrawingsStore(self._page.kept, lambda: self._tasks.do(ask_to_persist()), labels)

    @property
    def drawings(self) -> Sequence[Drawing]:
        """In the order in which they were made."""
        return self.store.drawings

    @property
    def fault(self) -> str:
        """Why storage does not work, in one sentence; empty if it does."""
        return self.store.fault

    async def load(self, labels: Labels) -> None:
        """From now on it is the test set of these classes. Read what is stored of it, the first time."""
        self._use(labels)
        if self._loading is None:
            self._loading = asyncio.ensure_future(self.store.load())
        await waiting(asyncio.shield(self._loading))

    def _use(self, labels: Labels) -> None:
        if labels != self.store.labels:
            self.store, self._loading = self._open(labels), None

    def _erased(self) -> None:
        """The storage was erased: read it again."""
        self._loading = None
        self._refresh()

    async def keep_drawing(self, labels: Labels, place: int) -> str:
        """Keep what is on the pad as one of these classes, and empty the pad; one sentence that says what happened."""
        ink, is_digit = self._page.ink, labels == DIGITS
        if ink.is_empty:
            return EMPTY_PAD.format("digit" if is_digit else isolated(labels[place]))
        self._use(labels)  # another network may answer since the press
        try:
            said = await self.add([Drawing(place, ink.ink(PAD_UNITS), PAD_UNITS)])
        except DrawingsError as error:
            return str(error)
        self._page.pad.put(Snapshot())
        return said or f"Kept as {'a ' if is_digit else ''}{isolated(labels[place])}."

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

    async def read(self, probe: Probe | None) -> Reading:
        """How the network reads the drawings. Raises EngineError.

        Computed again only for other drawings or weights.
        """
        labels, drawings = self.store.labels, list(self.store.drawings)
        if probe is not None and probe.model.alphabet != labels:
            probe = None
        asked = (labels, drawings, probe and (probe, probe.version))
        if self._found is None or asked != self._read:
            images = await self._prepare(drawings)
            results = await self._measure(probe, drawings, images)
            self._found = Reading(labels, drawings, [picture for _, picture in images], results)
            self._read = asked
        return self._found

    async def _measure(
        self, probe: Probe | None, drawings: Sequence[Drawing], images: Sequence[Images]
    ) -> Results | None:
        if probe is None or not drawings:
            return None
        logits = await read_all(probe.logits, [image for image, _ in images], lambda _done: True)
        assert logits is not None
        return Results(logits, np.array([d.label for d in drawings]), probe.model.temperature)

    async def _prepare(self, drawings: Sequence[Drawing]) -> list[Images]:
        """Compute the images of new drawings, and drop those of others. Pauses often, so that the page stays quick."""
        kept, made = self._images, dict[Drawing, Images]()
        begin_ms = dom.now_ms()
        for drawing in drawings:
            if drawing in kept:
                made[drawing] = kept[drawing]
                continue
            image = drawing.image()
            made[drawing] = image, np.rint(image * 255).astype(np.uint8)
            if dom.now_ms() - begin_ms > CHUNK_MS:
                await asyncio.sleep(0)
                begin_ms = dom.now_ms()
        self._images = made
        return list(made.values())
