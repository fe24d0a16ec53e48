"""What reading other people's data takes and gives: files, a decoder of pictures, guesses, and the finished reading.

Holds types and limits only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import Labels
from tabgrad.data.base import Samples
from tabgrad.data.index import SplitName

#: The bytes of a picture -> RGBA, uint8 (height, width, 4), at most `MAX_SIDE` a side. Raises DataError if it is none.
Decode = Callable[[bytes], Awaitable[NDArray[np.uint8]]]
#: What is being read (a file's name, fit to be shown), and of all files the bytes that are read and that there are.
#: Awaited between pieces of work, so that the worker can do something else. It may raise, which ends the reading.
Progress = Callable[[str, int, int], Awaitable[None]]

#: Side of an image that a network reads, and of the largest picture that is decoded. Pixels.
IMAGE_SIDE, MAX_SIDE = 28, 4096
#: Images that are kept; of more, these are chosen evenly. 118 MB.
MAX_IMAGES = 150_000
#: Images that a class must have: one for each split.
MIN_IMAGES = 3


class InputFile(Protocol):
    """A file that the visitor has chosen. `name` may be a path, such as "letters/a/1.png"."""

    name: str
    size: int

    async def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` up to `stop`, fewer at the end of the file. Raises OSError."""


@dataclass(frozen=True, slots=True)
class Guess:
    """Something that the files do not say, with a switch: `read` takes another value as `choices[name]`.

    `title` and the values of `options` are shown on the page; `value` is the key of the option in use.
    """

    name: str
    title: str
    value: str
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """A data set as it was read. `content` stands for its images, their classes and splits: hexadecimal digits.

    `samples` has each of the three splits, with at least one image of each class. `notes` are sentences.
    """

    name: str
    labels: Labels
    samples: Mapping[SplitName, Samples]
    guesses: tuple[Guess, ...]
    notes: tuple[str, ...]
    content: str

    @property
    def id(self) -> str:
        """ "set-" and 16 hexadecimal digits, made from labels and content: other names make another data set."""
        all_of_it = "\n".join([self.content, *self.labels]).encode()
        return f"set-{hashlib.blake2b(all_of_it, digest_size=8).hexdigest()}"
