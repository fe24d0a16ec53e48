"""From files to a data set: the order of what `read` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tabgrad.alphabet import Labels, listed
from tabgrad.data.base import DataError

from .arrays import ArrayFile, open_idx, open_npy
from .collect import hashes_of
from .contract import Decode, InputFile, Progress, Reading
from .gallery import read_pictures
from .kinds import UnknownKindError
from .naming import name_classes, parse_mapping
from .pairing import read_arrays
from .sampling import WHITE
from .splitting import SORTING, split_samples
from .streams import Pace
from .table import read_table
from .unfold import Item, unfold
from .words import parts, set_name, stem
from .work import Work

#: Numbers of images that only EMNIST's files have: letters, digits, balanced.
_EMNIST_COUNTS = {124_800, 20_800, 240_000, 112_800, 18_800}
_MAX_MAPPING = 1 << 16
_TRANSPOSED = {"no": "as they are in the files", "yes": "swapped in the files: turn them back"}
_POLARITY = {"light": "light ink on dark paper: kept", "dark": "dark ink on light paper: turned to light on dark"}
_MAX_NAME = 40


async def read(files: Sequence[InputFile], choices: Mapping[str, str], decode: Decode, progress: Progress) -> Reading:
    """The data set in `files`, whatever their formats and their order. Raises DataError with one sentence.

    `choices`: values of guesses that the visitor has switched, by name; unknown names and values are ignored.
    """
    pace = Pace(progress, sum(file.size for file in files))
    work = Work(choices, decode, pace)
    try:
        items, refused = await unfold(files, pace)
        if not items:
            raise refused[0] if refused else DataError("There is no data in these files: choose others.")
        for error in refused:
            work.leave_out(error.name)
        await _collect(items, work)
        return await _finished(files, items, work)
    except MemoryError as error:
        raise DataError("These files need more memory than this tab has: choose fewer of them.") from error


async def _collect(items: Sequence[Item], work: Work) -> None:
    """Read all files, kind by kind. Pictures count only if there are no images in other files."""
    arrays = await _arrays(items, work)
    tables = [item.entry for item in items if item.kind == "table"]
    pictures = [item.entry for item in items if item.kind == "picture"]
    if arrays and not any(array.has_images for array in arrays) and (tables or pictures):
        work.leave_out(*(array.name for array in arrays))
    elif arrays:
        await read_arrays(arrays, work)
    refused: list[UnknownKindError] = []
    for entry in tables:
        try:
            await read_table(entry, work)
        except UnknownKindError as error:
            refused.append(error)
    if pictures and work.collector.seen:
        work.leave_out(*(entry.name for entry in pictures))
    elif pictures:
        await read_pictures(pictures, work)
    if not work.collector.seen:
        raise refused[0] if refused else DataError("There are no images in these files: choose others.")
    for refusal in refused:
        work.note(str(refusal))


async def _arrays(items: Sequence[Item], work: Work) -> list[ArrayFile]:
    found = []
    for item in items:
        if item.kind in ("idx", "npy"):
            found.append(await (open_idx if item.kind == "idx" else open_npy)(item.entry))
            if item.kind == "idx":
                work.rows.add(found[-1].shape[0])
            await work.pace.breathe(item.entry.name)
    return found


async def _finished(files: Sequence[InputFile], items: Sequence[Item], work: Work) -> Reading:
    collector = work.collector
    collector.thin()
    collector.check_differ()
    if collector.held < collector.seen:
        work.note(f"There are {collector.seen:,} images; {collector.held:,} of them are kept, chosen evenly.")
    hints = " ".join([name for item in items for name in (item.entry.name, *item.hints)]).lower()
    labels, classes = name_classes(collector.texts, await _mapping(items, work), work, hints)
    await _turn(hints, work)
    samples, content = await split_samples(classes, labels, work)
    work.finish_notes()
    return Reading(
        _title(files, labels, work.set_name), labels, samples, tuple(work.guesses.values()), tuple(work.notes), content
    )


async def _mapping(items: Sequence[Item], work: Work) -> dict[int, str]:
    """The names of numbers, from an array or the mapping of the set that was chosen: EMNIST's archive has several."""
    if work.names:
        return work.names
    chosen = work.set_name
    found = [item.entry for item in items if item.kind == "mapping"]
    mine = [entry for entry in found if chosen.endswith(set_name(entry.name))] if chosen else found
    return parse_mapping(await mine[0].head(_MAX_MAPPING)) if len(mine) == 1 else {}


async def _turn(hints: str, work: Work) -> None:
    """Make images white on black, and turn EMNIST's the right way round. Pictures are that already."""
    brightness, count = work.collector.border
    if not count:
        return
    emnist = not work.is_ours and ("emnist" in hints or bool(work.rows & _EMNIST_COUNTS))
    turned = work.guess("transposed", "Rows and columns", "yes" if emnist else "no", _TRANSPOSED) == "yes"
    looks_dark = brightness / count > WHITE / 2 and not work.is_ours
    dark = work.guess("polarity", "Ink and paper", "dark" if looks_dark else "light", _POLARITY)
    if emnist and turned:
        work.note("EMNIST stores rows as columns; the images were turned the right way round.")
    for chunk in work.collector.chunks:
        if turned:
            chunk.images = np.ascontiguousarray(chunk.images.transpose(0, 2, 1))
        if dark == "dark":
            chunk.images = np.subtract(WHITE, chunk.images, dtype=np.uint8)
        if turned or dark == "dark":
            chunk.hashes = hashes_of(chunk.images)
            await work.pace.breathe(SORTING)


def _title(files: Sequence[InputFile], labels: Labels, chosen: str) -> str:
    """The set that was chosen, or what the files are called, if they agree; else what the classes are."""
    tops = {parts(file.name)[0] for file in files}
    names = {stem(top) for top in tops} if len(tops) == 1 else {set_name(top) for top in tops}
    name = chosen or (names.pop() if len(names) == 1 else "")
    shown = "".join(c for c in name if c.isprintable()).strip()[:_MAX_NAME]
    return shown or listed(labels)
