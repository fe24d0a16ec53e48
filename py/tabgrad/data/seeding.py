"""Random numbers that depend on a seed and a sample's position alone, so that a resumed run repeats them.

Owns how generators and per-sample numbers are derived from a seed; holds no state.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def generator(seed: int, *path: int) -> np.random.RandomState:
    """A random generator for one purpose of a run; `path` numbers the purpose.

    NumPy has frozen RandomState's stream, so a seed gives the same numbers in every version.
    """
    words = [seed % 2**32, *(part % 2**32 for part in path)]
    return np.random.RandomState(np.array(words, np.uint32))


def hashed(seed: int, positions: NDArray[np.integer]) -> NDArray[np.uint64]:
    """64 random bits for each position (n,): uint64 (n,), the same however the positions are split into calls.

    SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014,
    https://doi.org/10.1145/2660193.2660195).
    """
    with np.errstate(over="ignore"):
        z = (positions.astype(np.uint64) + np.uint64(seed % 2**32 * 2**32)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))
