"""Data sets, as samples to train on: MNIST, digits from the stroke generator, and the visitor's own drawings.

>>> import asyncio
>>> from tabgrad.data.strokes import StrokeSource
>>> images, labels = asyncio.run(StrokeSource(seed=1).take(32))
>>> images.shape, images.dtype, labels.shape
((32, 28, 28), dtype('uint8'), (32,))

Pure NumPy, the same in CPython and in the page. Knows no network, no engine and no browser: bytes come through
functions that the caller passes in. Importing this package is cheap; the code of a data set is imported when it is
opened.

To add a data set, write a class that implements `RunData` in a module of its own, and add a row to `catalogue`.
"""

from .base import SET_KEY, DataError, Fetch, Inflate, RunData, Samples, Source
from .catalogue import DATA_SET_TITLES

__all__ = [
    "DATA_SET_TITLES",
    "SET_KEY",
    "DataError",
    "Fetch",
    "Inflate",
    "RunData",
    "Samples",
    "Source",
    "augment",
    "augment_shared",
    "blocks",
    "catalogue",
    "drawings",
    "drawn",
    "generated",
    "index",
    "lessons",
    "mnist",
    "npz",
    "packed",
    "reading",
    "seeding",
    "sets",
    "stored",
    "strokes",
]
