"""Other people's data in the worker: files are read, shown to the visitor, and kept as a data set.

Owns what was read last, until it is used or dropped. How files are read is `data.reading`'s, how sets are stored
`shelf`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import AlphabetError, Labels, check_labels
from tabgrad.data import DataError, Samples
from tabgrad.data.catalogue import DataSets
from tabgrad.data.index import SPLITS, SplitName
from tabgrad.data.sets import MAX_ORIGIN, SetHead, check_name
from tabgrad.data.stored import StoredData
from tabgrad.incoming import unexpected
from tabgrad.interop.clock import now_s
from tabgrad.protocol import (
    Accepted,
    DataKept,
    DataProgress,
    DataRead,
    DropData,
    Handle,
    ReadData,
    UseData,
)

from .pace import Emit
from .shelf import Shelf

if TYPE_CHECKING:  # few visitors bring data
    from tabgrad.data.reading import InputFile, Progress, Reading

#: Reads files as a data set: `data.reading.read` with the browser's decoders. Raises DataError or OSError.
ReadFiles = Callable[["Sequence[InputFile]", Mapping[str, str], "Progress"], Awaitable["Reading"]]
#: Makes a file that can be read from a handle and a name.
OpenFile = Callable[[Handle, str], "InputFile"]
#: The page hears of progress at most this often. Seconds.
TELL_EVERY_S = 0.1
#: Images of each class that the page shows before a set is used.
SHOWN = 8
STOPPED = "Reading was stopped. Nothing was changed."
NOTHING_READ = "What was read from these files is no longer here: choose them again."
NOT_STORED = "{} The data set stays here until this tab closes."


class Importing:
    """Answers ReadData, UseData and DropData through `emit`. Sets that storage refuses go to `data_sets.held`."""

    def __init__(self, read: ReadFiles, open_file: OpenFile, shelf: Shelf, data_sets: DataSets, emit: Emit) -> None:
        self._read, self._open_file, self._shelf = read, open_file, shelf
        self._data_sets, self._emit = data_sets, emit
        self._reading: Reading | None = None  # what was read last
        self._origin = ""
        self._asked = 0  # goes up with every command that ends a reading under way
        self._told_at_s = 0.0
        self._one_at_a_time = asyncio.Lock()  # memory is bounded for one reading

    async def answer(self, command: ReadData | UseData | DropData) -> None:
        """Do what a command asks, and answer it. Raises DataError or OSError with one sentence, and no other error."""
        try:
            if isinstance(command, ReadData):
                await self._read_files(command)
            elif isinstance(command, UseData):
                await self._use(command)
            else:
                self._drop(command)
        except (DataError, OSError):
            raise
        except MemoryError as error:
            self._forget()
            raise DataError("These files need more memory than this tab has: bring fewer of them.") from error
        except Exception as error:
            raise DataError(f"An error stopped this ({unexpected(error)}). Nothing was changed.") from error

    def _drop(self, command: DropData) -> None:
        if command.set_id:
            self._data_sets.held.pop(command.set_id, None)
        else:
            self._forget()
        self._emit(Accepted(reply_to=command.id))

    def _forget(self) -> int:
        self._reading = None
        self._asked += 1
        return self._asked

    async def _read_files(self, command: ReadData) -> None:
        asked = self._forget()

        async def tell(what: str, done: int, total: int) -> None:
            await self._tell(command.id, what, done, total)
            if asked != self._asked:
                raise DataError(STOPPED)

        async with self._one_at_a_time:
            await tell("Opening the files", 0, 0)
            files = [self._open_file(*both) for both in zip(command.files, command.names, strict=True)]
            reading = await self._read(files, command.choices, tell)
            await tell("Looking at the images", 0, 0)
            self._reading, self._origin = reading, origin_of(command.names)
            self._emit(preview(reading, command.id))

    async def _use(self, command: UseData) -> None:
        found, name = self._reading, check_name(command.name)
        if found is None or found.id != command.set_id:
            raise DataError(NOTHING_READ)
        reading = renamed(found, command.labels) if command.labels else found
        head = SetHead(reading.id, name, "images", reading.labels, counts_of(reading), self._origin)

        async def tell(done: int, total: int) -> None:
            await self._tell(command.id, "Storing the images", done, total)

        reason = ""
        try:
            head = await self._shelf.keep(head, reading.samples, tell)
            self._data_sets.held.pop(head.id, None)
        except OSError as error:
            reason = NOT_STORED.format(error)
            self._data_sets.held[head.id] = StoredData(head, self._data_sets.read, reading.samples)
        if self._reading is found:
            self._reading = None
        self._emit(DataKept(reply_to=command.id, head=head.dumps(), reason=reason))

    async def _tell(self, reply_to: int, what: str, done: int, total: int) -> None:
        """Tell the page, not too often, and let the worker do something else."""
        now = now_s()
        if now - self._told_at_s >= TELL_EVERY_S or done == 0:
            self._told_at_s = now
            known = max(done, total) if total else 0
            self._emit(DataProgress(reply_to=reply_to, what=what, done=done, total=known))
        await asyncio.sleep(0)


def renamed(reading: Reading, labels: Sequence[str]) -> Reading:
    """The same images in classes of these names. Raises DataError."""
    try:
        checked = check_labels(labels)
    except AlphabetError as error:
        raise DataError(str(error)) from error
    if len(checked) != len(reading.labels):
        raise DataError(f"There are {len(reading.labels)} classes, but {len(checked)} names for them.")
    return replace(reading, labels=checked)


def counts_of(reading: Reading) -> dict[str, tuple[int, ...]]:
    """The samples of each class for each split."""
    classes = len(reading.labels)
    return {name: tuple(np.bincount(reading.samples[name].labels, minlength=classes).tolist()) for name in SPLITS}


def preview(reading: Reading, reply_to: int = 0) -> DataRead:
    """What the page shows of a reading."""
    shown = examples(reading.samples, reading.labels)
    return DataRead(
        reply_to=reply_to,
        set_id=reading.id,
        name=reading.name,
        labels=list(reading.labels),
        counts={name: list(row) for name, row in counts_of(reading).items()},
        guesses=[
            {"name": one.name, "title": one.title, "value": one.value, "options": dict(one.options)}
            for one in reading.guesses
        ],
        notes=list(reading.notes),
        shown=[len(images) for images in shown],
        images=b"".join(image.tobytes() for images in shown for image in images),
    )


def examples(samples: Mapping[SplitName, Samples], labels: Labels) -> list[list[NDArray[np.uint8]]]:
    """Up to `SHOWN` images of each class, spread over the training images, so that a row shows how they differ."""
    train = samples["train"]
    found = []
    for k in range(len(labels)):
        places = np.flatnonzero(train.labels == k)
        chosen = places[np.linspace(0, len(places) - 1, min(SHOWN, len(places))).astype(int)]
        found.append([train.images[place] for place in chosen])
    return found


def origin_of(names: Sequence[str]) -> str:
    """Where a set comes from, in one line: "train.csv and 2 other files"."""
    more = f" and {len(names) - 1:,} other file{'s' if len(names) > 2 else ''}" if len(names) > 1 else ""
    first = "".join(c if c.isprintable() else " " for c in names[0]) if names else ""
    return f"{first[: MAX_ORIGIN - len(more)]}{more}"
