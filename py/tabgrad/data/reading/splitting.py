"""Which image belongs to training, validation and test: fixed by the hash of its bytes, so that it is the same whatever
the order of the files, and two equal images are never on both sides.

Files that bring a test split keep it, unless the visitor chooses otherwise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import Labels
from tabgrad.data.base import DataError, Samples
from tabgrad.data.index import SPLITS, SplitName
from tabgrad.incoming import quoted

from .collect import NO_ROLE, Hashes
from .contract import IMAGE_SIDE, MIN_IMAGES
from .work import Work

#: Of 84 images, 12 (one in seven) are for the test, and 7 (one in twelve) for validation.
_PARTS, _TEST, _VALIDATION = 84, 12, 7
_TRAIN_SPLIT, _VALIDATION_SPLIT, _TEST_SPLIT = range(3)

#: What is shown when all files are read.
SORTING = "Sorting the images"

Splits = NDArray[np.int8]


async def split_samples(classes: list[int], labels: Labels, work: Work) -> tuple[dict[SplitName, Samples], str]:
    """The samples of each split, and `Reading.content`. `classes`: the class of each code. Raises DataError."""
    collector = work.collector
    numbers = np.array(classes, np.uint8)
    of = numbers[np.concatenate([chunk.codes for chunk in collector.chunks])]
    hashes = np.concatenate([chunk.hashes for chunk in collector.chunks])
    roles = np.concatenate([chunk.roles for chunk in collector.chunks])
    _check_enough(of, labels, work.unused)
    splits = _assigned(roles, hashes, work)
    moved = _fill(splits, of, hashes, len(labels))
    if moved and "split" in work.guesses and work.guesses["split"].value == "files":
        work.note(f"Images that changed sides, so that each class is in training, validation and test: {moved:,}.")
    # Sorted by their hashes, samples lie as if shuffled, so that each block of them is a fair sample.
    order = np.lexsort((of, hashes, splits))
    content = hashes[order].astype("<u8").tobytes() + of[order].tobytes() + splits[order].tobytes()
    digest = hashlib.blake2b(content, digest_size=8).hexdigest()
    return await _gathered(work, of, splits, order), digest


def _check_enough(of: NDArray[np.uint8], labels: Labels, unused: Mapping[str, str]) -> None:
    counts = np.bincount(of, minlength=len(labels))
    few = int(counts.argmin())
    if counts[few] < MIN_IMAGES:
        have = "1 image" if counts[few] == 1 else f"{counts[few]} images"
        why = f": {unused[labels[few]]}" if labels[few] in unused else ""
        raise DataError(f"The class {quoted(labels[few], 24)} has {have}; each needs {MIN_IMAGES} or more{why}.")


def _assigned(roles: Splits, hashes: Hashes, work: Work) -> Splits:
    """The split of each image, by its file or by its hash."""
    place = hashes % np.uint64(_PARTS)
    by_hash = np.where(place < _TEST, _TEST_SPLIT, np.where(place < _TEST + _VALIDATION, _VALIDATION_SPLIT, 0))
    said = [bool((roles == split).any()) for split in range(3)]
    rest = bool((roles == NO_ROLE).any()) or said[_TRAIN_SPLIT]
    if rest and (said[_TEST_SPLIT] or said[_VALIDATION_SPLIT]):
        options = {"files": "as the files say", "content": "one image in seven, chosen by its content"}
        if work.guess("split", "Images for the test", "files", options) == "files":
            learnt = (roles == NO_ROLE) | (roles == _TRAIN_SPLIT)
            free = (by_hash == _VALIDATION_SPLIT) & (not said[_VALIDATION_SPLIT])
            free |= (by_hash == _TEST_SPLIT) & (not said[_TEST_SPLIT])
            return np.where(learnt, np.where(free, by_hash, 0), roles).astype(np.int8)
    return by_hash.astype(np.int8)


def _fill(splits: Splits, of: NDArray[np.uint8], hashes: Hashes, classes: int) -> int:
    """Each split gets an image of each class: from the largest split of the class, the one with the smallest hash.

    Changes `splits`; gives the number of images that were moved.
    """
    moved = 0
    for k in range(classes):
        mine = np.flatnonzero(of == k)
        counts = np.bincount(splits[mine], minlength=3)
        while not counts.all():
            empty, full = int(counts.argmin()), int(counts.argmax())
            there = mine[splits[mine] == full]
            splits[there[hashes[there].argmin()]] = empty
            moved += 1
            counts = np.bincount(splits[mine], minlength=3)
    return moved


async def _gathered(
    work: Work, of: NDArray[np.uint8], splits: Splits, order: NDArray[np.intp]
) -> dict[SplitName, Samples]:
    """Copies the images into their splits, and lets go of each chunk after that: twice all images would be too much."""
    counts = np.bincount(splits, minlength=3)
    images = [np.empty((int(n), IMAGE_SIDE, IMAGE_SIDE), np.uint8) for n in counts]
    place = np.empty(len(order), np.intp)
    for split, start in enumerate(np.cumsum([0, *counts[:-1]])):
        place[order[start : start + counts[split]]] = np.arange(counts[split])
    at, chunks = 0, work.collector.chunks
    chunks.reverse()
    while chunks:
        chunk = chunks.pop()
        rows = slice(at, at + len(chunk.codes))
        for split in range(3):
            mine = splits[rows] == split
            images[split][place[rows][mine]] = chunk.images[mine]
        at = rows.stop
        await work.pace.breathe(SORTING)
    classes: list[Any] = np.split(of[order], np.cumsum(counts)[:-1])
    return {name: Samples(images[i], np.ascontiguousarray(classes[i])) for i, name in enumerate(SPLITS)}
