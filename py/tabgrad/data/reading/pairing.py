"""Which array has the images, which their labels, and which of several data sets is meant; then reads them.

Files are grouped by folder, name and split: "emnist-letters-train-images" belongs to "emnist-letters-train-labels".
Where no file has labels, each holds one class and is named after it, as in Quick, Draw!.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import MAX_CLASSES
from tabgrad.data.base import IMAGE_SIZE, DataError
from tabgrad.data.index import SplitName
from tabgrad.data.npz import ARRAYS

from .arrays import ArrayFile, read_labels
from .collect import check_class_count
from .sampling import as_28, as_grey, image_shape
from .streams import called
from .words import array_role, has_label_name, parts, quick_draw_class, set_name, stem
from .work import Work

_ALL = "all"
#: EMNIST comes as one archive of six sets; of those with at most 36 classes this one is new to whoever knows MNIST.
_FIRST_CHOICE = "emnist-letters"


@dataclass(frozen=True, slots=True)
class _Pair:
    """Images and their labels."""

    images: ArrayFile
    labels: ArrayFile
    role: SplitName | None


async def read_arrays(arrays: Sequence[ArrayFile], work: Work) -> None:
    """Collect the images of all arrays. Raises DataError."""
    images = [array for array in arrays if array.has_images]
    names = _class_names(arrays)
    labels = [array for array in arrays if array.has_labels and array is not names]
    if names is not None:
        codes, texts = await read_labels(names)
        work.names = {number: texts[code] for number, code in enumerate(codes.tolist())}
        work.is_ours = _is_ours(arrays)
    for array in arrays:
        if not (array.has_images or array.has_labels):
            work.leave_out(array.name)
    if not images:
        shape = "x".join(str(n) for n in arrays[0].shape)
        raise DataError(f"{called(arrays[0].name)} has no images: its shape is {shape}.")
    if labels:
        pairs = _chosen(_pairs(images, labels, work), work)
        for pair in pairs:
            pair.images.check_size()
            pair.labels.check_size()
        for pair in pairs:
            await _read_pair(pair, work)
    else:
        await _read_classes(images, work)


def _class_names(arrays: Sequence[ArrayFile]) -> ArrayFile | None:
    """The array that says what the numbers of the classes stand for, if there is one."""
    numbers = {array.shape[0] for array in arrays if array.has_labels and array.dtype.kind in "iu"}
    if not all(array.shape[0] in numbers for array in arrays if array.has_images):
        return None
    texts = [array for array in arrays if array.has_labels and array.dtype.kind in "US"]
    return texts[0] if len(texts) == 1 and texts[0].shape[0] <= MAX_CLASSES else None


def _is_ours(arrays: Sequence[ArrayFile]) -> bool:
    """Whether this is a data set that the page has exported."""
    images = [array for array in arrays if array.has_images]
    return {stem(array.name) for array in arrays} == ARRAYS and all(
        array.dtype == np.uint8 and array.shape[1:] == IMAGE_SIZE for array in images
    )


def _group(array: ArrayFile) -> tuple[str, SplitName | None]:
    """What images and their labels have in common: the set, with its folder if that has a name, and the split."""
    *folders, name = parts(array.name)
    named = [set_name(part) for part in folders] + [set_name(name)]
    return "/".join(part for part in named if part), array_role(array.name)


def _pairs(images: Sequence[ArrayFile], labels: Sequence[ArrayFile], work: Work) -> dict[str, list[_Pair]]:
    """The pairs of each set, by the set's name."""
    found: dict[str, list[_Pair]] = {}
    taken = set[tuple[str, SplitName | None, int]]()
    for image in sorted(images, key=lambda a: (-len(a.shape), a.name)):
        name, role = _group(image)
        partners = [label for label in labels if _group(label) == (name, role)] or _as_many(image, images, labels)
        if (name, role, image.shape[0]) in taken:
            work.leave_out(image.name)  # the same images in another form
        elif partners:
            taken.add((name, role, image.shape[0]))
            found.setdefault(name, []).append(_Pair(image, _partner(image, partners), role))
        else:
            work.note(f"{called(image.name)} has no labels and is left out.")
    if not found:
        raise DataError(f"There are no labels for {called(images[0].name)}: choose the file with the labels, too.")
    return found


def _as_many(image: ArrayFile, images: Sequence[ArrayFile], labels: Sequence[ArrayFile]) -> list[ArrayFile]:
    """The labels whatever they are called, if only these can be meant: "arr_0" and "arr_1" of an npz."""
    if len(images) == len(labels) == 1:
        return list(labels)
    found = [label for label in labels if label.shape[0] == image.shape[0] and _group(label)[1] == _group(image)[1]]
    return found if len(found) == 1 else []


def _partner(image: ArrayFile, labels: Sequence[ArrayFile]) -> ArrayFile:
    """The labels among `labels` that are as many as the images. Raises DataError if there are none."""
    ordered = sorted(labels, key=lambda a: (not has_label_name(parts(a.name)[-1]), a.name))
    for label in ordered:
        if label.shape[0] == image.shape[0]:
            return label
    label = ordered[0]
    raise DataError(
        f"{called(image.name)} has {image.shape[0]:,} images, but {called(label.name)} has {label.shape[0]:,} labels."
    )


def _chosen(sets: dict[str, list[_Pair]], work: Work) -> list[_Pair]:
    """The pairs of the set that is meant, if there are several."""
    if len(sets) == 1:
        return next(iter(sets.values()))
    names = sorted(sets)
    keys = {f"{i}": name for i, name in enumerate(names)}
    first = next((key for key, name in keys.items() if _FIRST_CHOICE in name), "0")
    options = {**{key: (name or "without a name")[:40] for key, name in keys.items()}, _ALL: "all of them, together"}
    used = work.guess("set", "Which of the data sets in these files", first, options)
    work.set_name = keys.get(used, "")
    return [pair for key, name in keys.items() if used in (key, _ALL) for pair in sets[name]]


async def _read_pair(pair: _Pair, work: Work) -> None:
    codes, texts = await read_labels(pair.labels)
    codes = work.collector.codes(texts)[codes]
    start = 0
    shape = _shape(pair.images, work)
    async for rows in pair.images.rows():
        images = _images(rows, shape, pair.images, work)
        work.collector.add(images, codes[start : start + len(rows)], pair.role)
        start += len(rows)
        await work.pace.breathe(pair.images.name)


async def _read_classes(images: Sequence[ArrayFile], work: Work) -> None:
    if len(images) == 1:
        name = called(images[0].name)
        raise DataError(f"There are no labels for {name}: choose the labels, too, or one file for each class.")
    check_class_count(len({quick_draw_class(array.name) for array in images}))
    for array in images:
        array.check_size()
    for array in images:
        name, shape = quick_draw_class(array.name), _shape(array, work)
        code = work.class_code(name, parts(array.name)[-1])
        async for rows in array.rows():
            drawn = _images(rows, shape, array, work)
            work.collector.add(drawn, code.repeat(len(rows)), array_role(array.name))
            await work.pace.breathe(array.name)


def _images(rows: NDArray[Any], shape: tuple[int, ...], array: ArrayFile, work: Work) -> NDArray[np.uint8]:
    """Rows of an array as images (n, 28, 28)."""
    values = rows if work.is_ours else work.levels(array.dtype.str).apply(rows, array.name)
    return as_28(as_grey(values, shape))


def _shape(array: ArrayFile, work: Work) -> tuple[int, ...]:
    """The shape of an image, with a note if it is not kept as it is."""
    shape = image_shape(array.shape[1:])
    if shape is None:
        raise DataError(f"{called(array.name)} has no images.")
    work.note_size(shape)
    work.joined["arrays"].append(array.entry)
    return shape
