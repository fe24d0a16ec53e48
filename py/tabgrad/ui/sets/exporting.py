"""A data set of this browser as a file for programs elsewhere. Knows no document: pieces go to a function.

Owns what the file is called, and what is said of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from tabgrad.data.index import SPLITS
from tabgrad.data.npz import write_npz
from tabgrad.data.stored import Read, stored_blocks

if TYPE_CHECKING:
    from tabgrad.data.sets import SetHead

SAVED = "{} has {:,} images with their classes. A run's script trains on it, and this page reads it again."
VARIED = "{} has {:,} images of your drawings, {:,} of them to learn from, with variations. A script trains on it."


async def export_images(head: SetHead, read: Read, emit: Callable[[bytes], object]) -> str:
    """Hand a set of images, as an .npz file, to `emit` in pieces; gives what to say. Raises DataError."""
    counts = {name: head.size(name) for name in SPLITS}
    await write_npz(head.labels, counts, partial(stored_blocks, head, read), emit)
    return SAVED.format(file_name(head.name, "npz"), head.samples)


async def export_drawings(name: str, content: bytes, emit: Callable[[bytes], object]) -> str:
    """The same for a file of drawings: as images, those to learn from with variations."""
    from tabgrad.data.drawn import drawn_blocks, open_drawn

    data = open_drawn(content)
    counts = {split: data.count if split == "train" else data.size(split) for split in SPLITS}
    await write_npz(data.alphabet, counts, partial(drawn_blocks, data), emit)
    return VARIED.format(file_name(name, "npz"), sum(counts.values()), data.count)


def file_name(name: str, ending: str) -> str:
    """What the file of a set is called: letters and digits of its name."""
    letters = "".join(c if c.isalnum() else "-" for c in name.lower())
    return f"{'-'.join(filter(None, letters.split('-'))) or 'alphabet'}.{ending}"
