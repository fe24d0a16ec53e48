"""Many pictures, each in a folder that is called as its class: decodes them one by one and collects their images."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import MIN_CLASSES
from tabgrad.data.base import DataError
from tabgrad.incoming import quoted

from .collect import ALL_BLANK, check_class_count
from .kinds import is_svg
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
_FOLDERS = "Put the pictures of each class into a folder with its name, such as cats/1.png."
_SVG = "SVG pictures are not read: save them as PNG"
_UNREADABLE, _BLANK, _IS_SVG = "cannot be read", "shows nothing", "is an SVG picture: save it as PNG"
#: Characters of a name and of a reason in a sentence that has several of them.
_SHORT, _MAX_REASON = 16, 64
#: Bytes in which an SVG begins.
_SVG_HEAD = 2048


async def read_pictures(entries: Sequence[Entry], work: Work) -> None:
    """Collect the images of all pictures. Raises DataError if none can be used; single ones are counted in a note."""
    if all(is_svg(entry.name) for entry in entries):
        raise DataError(f"{_SVG}.")
    classes = {entry.name: folder_class(entry.name) for entry in entries}
    if len(set(classes.values())) == 1:  # all in one folder, or in none
        classes = _numbered(entries)
    elif len(set(filter(None, classes.values()))) == 1:
        raise DataError(_FOLDERS)
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
        *above, folder = parts(entries[0].name)[-3:-1] or [""]
        if above and above[0] != folder and folder_class(entries[0].name):
            return {entry.name: folder for entry in entries}  # one class: refused with the others' sentence
        raise DataError(_FOLDERS)  # the only folder is the visitor's own, or has the name of the archive
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
        #: Pictures that cannot be used, by the reason; and more of the first one of each class.
        self.unused: dict[str, list[str]] = {_UNREADABLE: [], _IS_SVG: [], _BLANK: []}
        self.first_unused: dict[str, tuple[str, str]] = {}

    async def read(self, entries: Sequence[Entry]) -> None:
        """Decode all pictures, several at the same time while they are small."""
        waiting: list[tuple[Entry, bytes]] = []
        for entry in entries:
            data = await self._file(entry)
            if data and _is_small(data):
                waiting.append((entry, data))
            elif data:
                self._take(entry, await self._decode(entry, data))
            if len(waiting) == _TOGETHER or entry is entries[-1]:
                decoded = await asyncio.gather(*(self._decode(small, data) for small, data in waiting))
                for (small, _), rgba in zip(waiting, decoded, strict=True):
                    self._take(small, rgba)
                waiting = []
            await self.work.pace.breathe(entry.archive)

    async def _file(self, entry: Entry) -> bytes | None:
        """The bytes of a picture; None if they are damaged, or none that are decoded."""
        try:
            data = await entry.whole(_MAX_PICTURE)
        except DamagedError as error:
            self._leave_out(entry, _UNREADABLE, str(error).removeprefix(called(entry.name)))
            return None
        if not data:
            self._leave_out(entry, _UNREADABLE, "is empty")
        elif is_svg(entry.name, data[:_SVG_HEAD]):
            self._leave_out(entry, _IS_SVG)
        else:
            return data
        return None

    async def _decode(self, entry: Entry, data: bytes) -> NDArray[np.uint8] | None:
        try:
            return await self.work.decode(data)
        except DataError as error:
            self._leave_out(entry, _UNREADABLE, str(error).removeprefix("It "))
            return None

    def _leave_out(self, entry: Entry, reason: str, more: str = "") -> None:
        """This picture is not used. `more`: a sentence on the reason, without its subject."""
        self.unused[reason].append(entry.name)
        more = more.strip(" .")
        exact = more if more[:1].islower() and len(more) <= _MAX_REASON else reason
        self.first_unused.setdefault(self.classes[entry.name], (entry.name, exact))

    def _take(self, entry: Entry, rgba: NDArray[np.uint8] | None) -> None:
        if rgba is None:
            return
        if self.fit is None:
            guessed = "whole" if is_finished(rgba) else "ink"
            chosen = self.work.guess("fit", "What of a picture is used", guessed, _FIT)
            self.fit = "whole" if chosen == "whole" else "ink"
        image = picture_image(rgba, self.polarity, self.fit)
        if image is None:
            self._leave_out(entry, _BLANK)
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
        """Say what could not be used. Raises DataError if that leaves less than two classes."""
        self._check_classes()
        for reason in (_UNREADABLE, _BLANK):
            if names := self.unused[reason]:
                more = f", as with {len(names) - 1:,} more" if len(names) > 1 else ""
                self.work.note(f"{called(names[0])} {reason} and is left out{more}.")
        if names := self.unused[_IS_SVG]:
            more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
            self.work.note(f"{_SVG} ({called(names[0])}{more}).")
        if homeless:
            self.work.note(f"Pictures that are in no folder of a class and are left out: {homeless:,}.")

    def _check_classes(self) -> None:
        """Classes of which nothing is left: a note if there are others enough, otherwise a DataError."""
        found = self.work.collector.texts
        for name, (file, reason) in self.first_unused.items():
            self.work.unused[name] = f"{quoted(parts(file)[-1], 20)} {reason}"
        gone = [name for name in self.first_unused if name not in found]
        if not found and not any(names for reason, names in self.unused.items() if reason != _BLANK):
            raise DataError(ALL_BLANK)
        if not found:
            raise DataError(f"No picture could be used: {self.work.unused[gone[0]]}.")
        if gone and len(found) < MIN_CLASSES:
            only, lost = (quoted(name, _SHORT) for name in (next(iter(found)), gone[0]))
            raise DataError(f"Only {only} has pictures that can be used; of {lost}, {self.work.unused[gone[0]]}.")
        for name in gone:
            self.work.note(f"The class {quoted(name, 24)} is left out: {self.work.unused[name]}.")
