"""Many pictures, each in a folder that is called as its class: decodes them one by one and collects their images."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tabgrad.data.base import DataError

from .collect import check_class_count
from .pictures import Fit, Polarity, is_finished, picture_image
from .streams import DamagedError, Entry, called
from .words import folder_class, folder_role, numbered_class, parts
from .work import Work

#: Bytes of a picture's file.
_MAX_PICTURE = 64 << 20
#: Pictures that are decoded at the same time, if each has at most so many bytes and pixels.
_TOGETHER, _SMALL_BYTES, _SMALL_PIXELS = 8, 64 << 10, 512 * 512
#: Pictures that are collected at once.
_BATCH = 256
_POLARITY = {
    "each": "as its border tells, each picture for itself",
    "dark": "dark ink on light paper, all",
    "light": "light ink on dark, all",
}
_FIT = {"ink": "what is drawn, scaled and centred as on the pad", "whole": "the whole picture"}
_PNG = b"\x89PNG"


async def read_pictures(entries: Sequence[Entry], work: Work) -> None:
    """Collect the images of all pictures. Raises DataError if none can be used; single ones are counted in a note."""
    classes = {entry.name: folder_class(entry.name) for entry in entries}
    if len(set(classes.values())) == 1:  # all in one folder, or in none
        classes = _numbered(entries)
    check_class_count(len(set(filter(None, classes.values()))))  # before thousands of pictures are decoded
    polarity = _polarity(work.guess("polarity", "Ink and paper", "each", _POLARITY))
    reader = _Gallery(work, classes, polarity)
    await reader.read([entry for entry in entries if classes[entry.name]])
    reader.flush()
    reader.report(sum(not classes[entry.name] for entry in entries))


def _polarity(value: str) -> Polarity:
    return "dark" if value == "dark" else "light" if value == "light" else "each"


def _numbered(entries: Sequence[Entry]) -> dict[str, str]:
    """The class of each picture by the beginning of its name, if all of them have a number at the end."""
    found = {entry.name: numbered_class(entry.name) for entry in entries}
    if not all(found.values()) or len(set(found.values())) < 2:
        folder = folder_class(entries[0].name)
        if folder:
            return {entry.name: folder for entry in entries}  # one class: refused with the others' sentence
        raise DataError(
            f"Nothing says which class {called(entries[0].name)} is of: put the pictures of each class into a folder."
        )
    return found


def _is_small(data: bytes) -> bool:
    """Whether a picture needs little memory as pixels: its file says so, and it is a PNG."""
    width, height = (int.from_bytes(data[i : i + 4], "big") for i in (16, 20))
    return data.startswith(_PNG) and len(data) <= _SMALL_BYTES and width * height <= _SMALL_PIXELS


class _Gallery:
    """Pictures on their way to the collector."""

    def __init__(self, work: Work, classes: dict[str, str], polarity: Polarity) -> None:
        self.work, self.classes, self.polarity = work, classes, polarity
        self.fit: Fit | None = None
        self.images: list[NDArray[np.uint8]] = []
        self.names: list[str] = []
        self.broken: list[str] = []
        self.blank: list[str] = []

    async def read(self, entries: Sequence[Entry]) -> None:
        """Decode all pictures, several at the same time while they are small."""
        waiting: list[tuple[Entry, bytes]] = []
        for entry in entries:
            data = await self._file(entry)
            if data is not None and _is_small(data):
                waiting.append((entry, data))
            else:
                self._take(entry, await self._decode(data))
            if len(waiting) == _TOGETHER or entry is entries[-1]:
                decoded = await asyncio.gather(*(self._decode(small) for _, small in waiting))
                for (small, _), rgba in zip(waiting, decoded, strict=True):
                    self._take(small, rgba)
                waiting = []
            await self.work.pace.breathe(entry.archive)

    async def _file(self, entry: Entry) -> bytes | None:
        """The bytes of a picture; None if they are damaged."""
        try:
            return await entry.whole(_MAX_PICTURE)
        except DamagedError:
            return None

    async def _decode(self, data: bytes | None) -> NDArray[np.uint8] | None:
        try:
            return await self.work.decode(data) if data else None
        except DataError:
            return None

    def _take(self, entry: Entry, rgba: NDArray[np.uint8] | None) -> None:
        if rgba is None:
            self.broken.append(entry.name)
            return
        if self.fit is None:
            guessed = "whole" if is_finished(rgba) else "ink"
            chosen = self.work.guess("fit", "What of a picture is used", guessed, _FIT)
            self.fit = "whole" if chosen == "whole" else "ink"
        image = picture_image(rgba, self.polarity, self.fit)
        if image is None:
            self.blank.append(entry.name)
            return
        self.images.append(image)
        self.names.append(entry.name)
        if len(self.images) == _BATCH:
            self.flush()

    def flush(self) -> None:
        """Hand over what waits."""
        for role in sorted({folder_role(name) for name in self.names}, key=str):
            chosen = [i for i, name in enumerate(self.names) if folder_role(name) == role]
            codes = [self.work.class_code(self.classes[self.names[i]], self._source(self.names[i])) for i in chosen]
            images = np.stack([self.images[i] for i in chosen])
            self.work.collector.add(images, np.concatenate(codes), role, drawn=True)
        self.images, self.names = [], []

    def _source(self, name: str) -> str:
        """The folders of a picture without those that only say a split."""
        role = folder_role(name)
        folders = parts(name)[:-1]
        return "/".join(folder for folder in folders if role is None or folder_role(f"{folder}/x") is None)

    def report(self, homeless: int) -> None:
        """Say what could not be used. Raises DataError if that is all."""
        for names, reason in ((self.broken, "cannot be read"), (self.blank, "shows nothing")):
            if names and not self.work.collector.seen:
                raise DataError(f"No picture could be used: {called(names[0])} {reason}.")
            if names:
                more = f", as with {len(names) - 1:,} more" if len(names) > 1 else ""
                self.work.note(f"{called(names[0])} {reason} and is left out{more}.")
        if homeless:
            self.work.note(f"Pictures that are in no folder of a class and are left out: {homeless:,}.")
