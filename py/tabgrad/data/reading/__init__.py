"""Other people's data: idx, npz, CSV, Quick, Draw! bitmaps and pictures become one data set, with what was guessed.

    reading = await read(files, {}, decode, progress)
    reading.labels, reading.guesses          # ("cat", "dog"), (Guess("polarity", ...), ...)
    await read(files, {"polarity": "dark"}, decode, progress)   # again, with a guess overridden

NumPy and the standard library only, the same in the worker and in CPython. Files are read in chunks, so that memory
stays bounded; nothing in them is run or unpickled. Stores nothing and shows nothing.
"""

from .contract import IMAGE_SIDE, MAX_IMAGES, MAX_SIDE, MIN_IMAGES, Decode, Guess, InputFile, Progress, Reading
from .reader import read

__all__ = [
    "IMAGE_SIDE",
    "MAX_IMAGES",
    "MAX_SIDE",
    "MIN_IMAGES",
    "Decode",
    "Guess",
    "InputFile",
    "Progress",
    "Reading",
    "read",
]
