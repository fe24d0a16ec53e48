"""Random expressions on integers and bools of all widths: exact, and NumPy wraps as two's complement does.

One step may change the dtype; divisors are never 0, shifts never as wide as the number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.fuzz.expressions import Array, Expr, Generator, apply, apply2

DTYPES = ("int32", "int32", "uint32", "uint8", "int8", "int16", "uint16", "int64")


def _cast(dtype: str) -> Callable[[Any], Any]:
    from tinygrad.dtype import to_dtype

    return lambda t: t.cast(to_dtype(dtype))


def _typed(e: Expr, dtype: str, name: str = "") -> Expr:
    """`e` brought to `dtype` on both sides: NumPy and tinygrad promote differently."""
    return apply(e, name or dtype, _cast(dtype), lambda a: a.astype(dtype))


def grow(g: Generator, steps: int) -> Expr:
    """An integer expression of so many operations."""
    e = g.leaf(g.shape(), g.pick(DTYPES))
    for _ in range(steps):
        e = g.pick(_STEPS)(g, e)
    return e


def constant(g: Generator, e: Expr) -> Expr:
    """An operation with a constant."""
    bits = np.dtype(e.dtype).itemsize * 8
    n, shift = int(g.rng.integers(1, 100)), int(g.rng.integers(1, bits))
    options: dict[str, Callable[[Any], Any]] = {
        f"+{n}": lambda x: x + n,
        f"*{n}": lambda x: x * n,
        f"//{n}": lambda x: x // n,
        f"%{n}": lambda x: x % n,
        f"&{n}": lambda x: x & n,
        f"|{n}": lambda x: x | n,
        f"^{n}": lambda x: x ^ n,
        f">>{shift}": lambda x: x >> shift,
    }
    name = g.pick(list(options))
    return _typed(apply(e, name, options[name], options[name]), e.dtype)


_BINARY: dict[str, tuple[Callable[..., Any], Callable[..., Array]]] = {
    "+": (lambda t, u: t + u, lambda a, b: a + b),
    "-": (lambda t, u: t - u, lambda a, b: a - b),
    "*": (lambda t, u: t * u, lambda a, b: a * b),
    "&": (lambda t, u: t & u, lambda a, b: a & b),
    "|": (lambda t, u: t | u, lambda a, b: a | b),
    "^": (lambda t, u: t ^ u, lambda a, b: a ^ b),
    "max": (lambda t, u: t.maximum(u), np.maximum),
    "min": (lambda t, u: t.minimum(u), np.minimum),
    "//": (lambda t, u: t // (u | 1), lambda a, b: a // (b | 1)),
    "%": (lambda t, u: t % (u | 1), lambda a, b: a % (b | 1)),
    "<": (lambda t, u: (t < u).where(t, u + 1), lambda a, b: np.where(a < b, a, b + b.dtype.type(1))),
    "==": (lambda t, u: (t == u).where(t, u), lambda a, b: np.where(a == b, a, b)),
}


def binary(g: Generator, e: Expr) -> Expr:
    """An operation with a new input, perhaps broadcast along the last axis."""
    other = g.leaf((*e.shape[:-1], 1) if g.rng.random() < 0.3 else e.shape, e.dtype)
    name = g.pick(list(_BINARY))
    return _typed(apply2(e, other, name, *_BINARY[name]), e.dtype)


def convert(g: Generator, e: Expr) -> Expr:
    """Another width or sign."""
    return _typed(e, g.pick(DTYPES))


def total(g: Generator, e: Expr) -> Expr:
    """Sum or maximum over an axis; sums are made in 32 or 64 bits."""
    axis = int(g.pick(range(len(e.shape))))
    if g.rng.random() < 0.5:
        return apply(e, f"max{axis}", lambda t: t.max(axis, keepdim=True), lambda a: a.max(axis, keepdims=True))
    wide = _typed(e, "int64" if e.dtype == "int64" else "int32")
    return apply(
        wide,
        f"sum{axis}",
        lambda t: t.sum(axis, keepdim=True),
        lambda a: a.sum(axis, keepdims=True, dtype=wide.dtype),
    )


def choose(g: Generator, e: Expr) -> Expr:
    """Rows picked by an index, or the place of the largest of an input added."""
    if g.rng.random() < 0.6:
        n = e.shape[0]
        index = g.leaf((int(g.rng.integers(1, 9)),), "int32")
        return apply2(e, index, "gather", lambda t, i: t[i.maximum(-i) % n], lambda a, i: a[np.maximum(i, -i) % n])
    axis = int(g.pick(range(len(e.shape))))
    best = apply(
        g.leaf(e.shape, "int32"),
        f"argmax{axis}",
        lambda t: t.argmax(axis, keepdim=True),
        lambda a: a.argmax(axis, keepdims=True),
    )
    return apply2(_typed(e, "int32"), _typed(best, "int32"), "+", lambda t, u: t + u, lambda a, b: a + b)


def move(g: Generator, e: Expr) -> Expr:
    """Permute, flip, pad, or copy."""
    kind, axis = g.pick(["permute", "flip", "pad", "contiguous"]), int(g.pick(range(len(e.shape))))
    if kind == "permute":
        order = tuple(int(i) for i in g.rng.permutation(len(e.shape)))
        return apply(e, f"permute{order}", lambda t: t.permute(order), lambda a: a.transpose(order))
    if kind == "flip":
        return apply(e, f"flip{axis}", lambda t: t.flip(axis), lambda a: np.flip(a, axis))
    if kind == "pad":
        pads = tuple((int(g.rng.integers(0, 3)), int(g.rng.integers(0, 3))) for _ in e.shape)
        return apply(e, f"pad{pads}", lambda t: t.pad(pads), lambda a: np.pad(a, pads))
    return apply(e, "contiguous", lambda t: t.contiguous(), lambda a: a)


_STEPS: list[Callable[[Generator, Expr], Expr]] = [
    constant,
    constant,
    binary,
    binary,
    convert,
    total,
    choose,
    move,
]
