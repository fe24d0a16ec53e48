"""Randomness that depends on a seed and a sample's position alone, so that a resumed run repeats itself.

Owns the derivation of generators and of per-sample numbers; holds no state.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def generator(seed: int, *path: int) -> np.random.RandomState:
    """A generator for the purpose that `path` numbers. NumPy froze RandomState's stream: a seed keeps its meaning."""
    words = [seed % 2**32, *(part % 2**32 for part in path)]
    return np.random.RandomState(np.array(words, np.uint32))


def hashed(seed: int, positions: NDArray[np.integer]) -> NDArray[np.uint64]:
    """64 well mixed bits for each position, the same in any chunking.

    SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
    """
    with np.errstate(over="ignore"):
        z = (positions.astype(np.uint64) + np.uint64(seed % 2**32 * 2**32)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))
