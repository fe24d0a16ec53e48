"""Training data: MNIST in blocks, its fixed split, augmentation, and digits generated from strokes.

Pure NumPy, the same in CPython and in the page. Knows no network, no engine and no browser: bytes come through
callables that the caller gives.
"""

from .batches import Mixture, Source, SplitSource
from .errors import DataError
from .index import DataIndex, SplitName, load_index
from .reader import DataSet, Samples, Split, gunzip, open_data

__all__ = [
    "DataError",
    "DataIndex",
    "DataSet",
    "Mixture",
    "Samples",
    "Source",
    "Split",
    "SplitName",
    "SplitSource",
    "gunzip",
    "load_index",
    "open_data",
]
