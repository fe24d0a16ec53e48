"""tinygrad's random numbers in NumPy, bit for bit: Threefry-2x32 with 20 rounds.

Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", https://doi.org/10.1145/2063384.2063405. The order of
key, counter and words is that of `Tensor.rand` in tinygrad 0.14.0 (mixin/rand.py, codegen/decomp/op.py). Here they cost
no kernels, and they are the same on every engine.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = np.uint32(0x1BD11BDA)
#: Pairs of words that are made at once: they stay in a processor's cache.
_BLOCK = 1 << 15


def key_of(seed: int) -> Words:
    """The key (2,) of tinygrad's first device for a seed: what `Tensor.manual_seed(seed)` stands for."""
    device = hashlib.sha256((0).to_bytes(4, "big")).digest()[-4:]
    return np.array([int.from_bytes(device, "big"), seed & 0xFFFFFFFF], np.uint32)


def random_words(key: Words, offset: int, count: int) -> Words:
    """`count` random words (count,), as the generator gives them after `offset` words."""
    inner = np.concatenate(_threefry(key, *(_words(offset >> shift) for shift in (0, 32))))
    half = -(-count // 2)
    out = np.empty(2 * half, np.uint32)
    for begin in range(0, half, _BLOCK):
        first = np.arange(begin, min(half, begin + _BLOCK), dtype=np.uint32)
        last = begin + len(first)
        out[begin:last], out[half + begin : half + last] = _threefry(inner, first, first + np.uint32(half))
    return out[:count]


def _words(number: int) -> Words:
    return np.array([number & 0xFFFFFFFF], np.uint32)


def _threefry(key: Words, x0: Words, x1: Words) -> tuple[Words, Words]:
    """The block cipher on pairs of words; key (2,)."""
    keys = (key[1:], key[:1] ^ key[1:] ^ _PARITY, key[:1])
    x0, x1 = x0 + keys[2], x1 + keys[0]
    for i in range(5):
        for r in _ROTATIONS[i % 2]:
            x0 = x0 + x1
            x1 = x0 ^ ((x1 << np.uint32(r)) | (x1 >> np.uint32(32 - r)))
        x0, x1 = x0 + keys[i % 3], x1 + keys[(i + 1) % 3] + np.uint32(i + 1)
    return x0, x1
