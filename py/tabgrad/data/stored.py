"""Images that the visitor has brought, as a data set: read from storage block by block, or held in memory.

Owns what a run sees of them; their form in storage is `sets`'. Opens no storage: the caller reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace

from tabgrad.alphabet import listed
from tabgrad.incoming import quoted
from tabgrad.storage import keys

from .base import IMAGE_SIZE, DataError, RunData, Samples
from .blocks import BlockData, Split
from .index import SPLITS, SplitName
from .sets import SetHead, blocks_of, decode_block, hash_block, load_head

#: Gives what is stored under a key, None if nothing is. Raises OSError with one sentence.
Read = Callable[[str], Awaitable[bytes | None]]
DAMAGED = "The data set {} is damaged in this browser's storage: bring its files again."
GONE = "The data set {} is no longer stored in this browser: bring its files again."


class StoredData(BlockData):
    """The images of the set `head`. Implements `base.RunData`.

    A block is read when it is first needed; all are in memory already if `samples` has them.
    """

    def __init__(self, head: SetHead, read: Read, samples: Mapping[SplitName, Samples] | None = None) -> None:
        self.head, self._read = head, read
        self.alphabet = head.labels
        # Labels belong to the contents: with others the same images teach something else.
        self.fingerprint = hashlib.sha256("\n".join([head.id, *head.labels]).encode()).hexdigest()[:16]
        super().__init__({name: self._split(name, samples) for name in SPLITS})
        self.rename(head.name)

    def _split(self, name: SplitName, samples: Mapping[SplitName, Samples] | None) -> Split:
        counts = [block.stop - block.start for block in blocks_of(self.head.size(name))]
        if samples is not None:
            return Split.whole(name, counts, samples[name])
        return Split(name, counts, IMAGE_SIZE, lambda k: read_block(self.head, self._read, name, k))

    def rename(self, name: str) -> None:
        """Call the set otherwise."""
        self.head = replace(self.head, name=name)
        self.description = f"{name}: {self.head.samples:,} images of {listed(self.alphabet)}"


async def read_block(head: SetHead, read: Read, split: SplitName, k: int) -> Samples:
    """Block `k` of a split of a set of images. Raises DataError."""
    try:
        content = await read(keys.set_block(head.id, split, k))
    except OSError as error:
        raise DataError(str(error)) from error
    if content is None:
        raise DataError(GONE.format(quoted(head.name)))
    rows = list(blocks_of(head.size(split)))[k]
    samples = decode_block(content, rows.stop - rows.start)
    if hash_block(content) != head.hashes[split][k] or samples.labels.max() >= len(head.labels):
        raise DataError(DAMAGED.format(quoted(head.name)))
    return samples


async def stored_blocks(head: SetHead, read: Read, split: SplitName) -> AsyncIterator[Samples]:
    """The samples of a split of a set of images, block by block. Keeps none of them. Raises DataError."""
    for k in range(len(head.hashes[split])):
        yield await read_block(head, read, split, k)


async def open_set(name: str, read: Read, opened: RunData | None) -> RunData:
    """The set `name` as it is stored now; `opened` again, with its blocks, if only its name has changed.

    Raises DataError, and OSError if storage cannot be read.
    """
    content = await read(keys.set_head(name))
    if content is None:
        raise DataError(GONE.format("that was chosen"))
    head = load_head(content)
    if head.id != name:
        raise DataError(DAMAGED.format("that was chosen"))
    if head.kind == "drawings":
        return await _open_drawings(head, read, opened)
    if isinstance(opened, StoredData) and (opened.head.labels, opened.head.hashes) == (head.labels, head.hashes):
        opened.rename(head.name)
        return opened
    return StoredData(head, read)


async def _open_drawings(head: SetHead, read: Read, opened: RunData | None) -> RunData:
    """The drawings of an alphabet as they are now: they can change during a visit."""
    from .drawn import DrawnData, fingerprint, open_drawn

    content = await read(keys.set_drawings(head.id))
    if content is None:
        raise DataError(f"The alphabet {quoted(head.name)} is no longer stored in this browser: import its file again.")
    if isinstance(opened, DrawnData) and opened.fingerprint == fingerprint(content):
        return opened
    return open_drawn(content)
