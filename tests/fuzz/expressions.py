"""Random tensor expressions, each as tinygrad and as NumPy in float64 at once.

An `Expr` grows step by step from random inputs. Values are kept near 1, so that one tolerance fits all; whatever is
discontinuous (comparisons, casts to integers, argmax) is applied to inputs only, which both sides hold exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass
class Expr:
    """`build` makes it from tinygrad tensors, `value` from arrays; both take the list of inputs."""

    shape: tuple[int, ...]
    build: Callable[[Sequence[Any]], Any]
    value: Callable[[Sequence[Array]], Array]
    text: str
    dtype: str = "float64"


@dataclass
class Generator:
    """Draws expressions from one random generator; `inputs` are the arrays the last one reads."""

    rng: np.random.Generator
    inputs: list[Array] = field(default_factory=list)

    def pick(self, options: Sequence[Any]) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def size(self) -> int:
        """Sizes that do and do not divide by four, and an occasional larger one."""
        return int(self.pick([1, 2, 3, 4, 4, 5, 7, 8, 8, 12, 16, 17, 20, 32, 33]))

    def shape(self, rank: int | None = None) -> tuple[int, ...]:
        rank = int(self.rng.integers(1, 5)) if rank is None else rank
        shape = [self.size() for _ in range(rank)]
        while math.prod(shape) > 6000:
            shape[int(self.rng.integers(rank))] = 3
        return tuple(shape)

    # -- inputs

    def leaf(self, shape: tuple[int, ...], dtype: str = "float32") -> Expr:
        """A new input."""
        kind = np.dtype(dtype)
        if dtype == "float32":
            array: Array = self.rng.standard_normal(shape).astype(kind)
        elif dtype == "bool":
            array = self.rng.random(shape) < 0.5
        else:
            info = np.iinfo(kind)
            low, high = max(info.min, -1000), min(info.max, 1000)
            array = self.rng.integers(low, high, shape, dtype=kind, endpoint=True)
        self.inputs.append(array)
        i = len(self.inputs) - 1
        wide = "float64" if dtype == "float32" else dtype
        return Expr(shape, lambda t: t[i], lambda a: a[i].astype(wide), f"{dtype}{list(shape)}", wide)

    # -- floats

    def grow(self, steps: int) -> Expr:
        """A float expression of so many operations."""
        e = self.leaf(self.shape())
        for _ in range(steps):
            e = self.pick(_STEPS)(self, e)
        return e


def apply(e: Expr, name: str, tensor: Callable[[Any], Any], array: Callable[[Array], Array]) -> Expr:
    """One more operation on `e`; the new shape and dtype are found by trying it on zeros."""
    tried = array(np.zeros(e.shape, e.dtype))
    return Expr(
        tried.shape, lambda t: tensor(e.build(t)), lambda a: array(e.value(a)), f"{name}({e.text})", tried.dtype.name
    )


def apply2(e: Expr, f: Expr, name: str, tensor: Callable[..., Any], array: Callable[..., Array]) -> Expr:
    """One more operation on two expressions."""
    tried = array(np.zeros(e.shape, e.dtype), np.zeros(f.shape, f.dtype))
    return Expr(
        tried.shape,
        lambda t: tensor(e.build(t), f.build(t)),
        lambda a: array(e.value(a), f.value(a)),
        f"{name}({e.text}, {f.text})",
        tried.dtype.name,
    )


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def _softmax(x: Array, axis: int) -> Array:
    z = np.exp(x - x.max(axis=axis, keepdims=True))
    out: Array = z / z.sum(axis=axis, keepdims=True)
    return out


UNARY: dict[str, tuple[Callable[[Any], Any], Callable[[Array], Array]]] = {
    "relu": (lambda t: t.relu(), lambda a: np.maximum(a, 0)),
    "tanh": (lambda t: t.tanh(), np.tanh),
    "sigmoid": (lambda t: t.sigmoid(), _sigmoid),
    "silu": (lambda t: t.silu(), lambda a: a * _sigmoid(a)),
    "exp": (lambda t: (-t.abs()).exp(), lambda a: np.exp(-np.abs(a))),
    "log": (lambda t: (t.abs() + 0.5).log(), lambda a: np.log(np.abs(a) + 0.5)),
    "sqrt": (lambda t: (t.abs() + 0.1).sqrt(), lambda a: np.sqrt(np.abs(a) + 0.1)),
    "rsqrt": (lambda t: (t.square() + 0.5).rsqrt(), lambda a: 1 / np.sqrt(a * a + 0.5)),
    "abs": (lambda t: t.abs(), np.abs),
    "neg": (lambda t: -t, lambda a: -a),
    "square": (lambda t: t.square() * 0.5, lambda a: a * a * 0.5),
    "sin": (lambda t: t.sin(), np.sin),
    "cos": (lambda t: (t * 3).cos(), lambda a: np.cos(a * 3)),
    "clip": (lambda t: t.clip(-0.5, 0.75), lambda a: a.clip(-0.5, 0.75)),
    "affine": (lambda t: t * 0.75 - 0.25, lambda a: a * 0.75 - 0.25),
    "reciprocal": (lambda t: 1 / (t.abs() + 1), lambda a: 1 / (np.abs(a) + 1)),
    "pow": (lambda t: (t.abs() + 0.1) ** 1.5, lambda a: (np.abs(a) + 0.1) ** 1.5),
}
BINARY: dict[str, tuple[Callable[..., Any], Callable[..., Array]]] = {
    "add": (lambda t, u: t + u, lambda a, b: a + b),
    "sub": (lambda t, u: t - u, lambda a, b: a - b),
    "mul": (lambda t, u: t * u, lambda a, b: a * b),
    "div": (lambda t, u: t / (u.abs() + 0.5), lambda a, b: a / (np.abs(b) + 0.5)),
    "max": (lambda t, u: t.maximum(u), np.maximum),
    "min": (lambda t, u: t.minimum(u), np.minimum),
}


def unary(g: Generator, e: Expr) -> Expr:
    name = g.pick(list(UNARY))
    return apply(e, name, *UNARY[name])


def binary(g: Generator, e: Expr) -> Expr:
    """With a new input that may be broadcast, or with itself shifted."""
    name = g.pick(list(BINARY))
    shape = tuple(n if g.rng.random() < 0.7 else 1 for n in e.shape)
    other = g.leaf(shape[int(g.rng.integers(len(shape))) :] if shape and g.rng.random() < 0.4 else shape)
    pair = (e, other) if g.rng.random() < 0.5 else (other, e)
    return apply2(*pair, name, *BINARY[name])


def where(g: Generator, e: Expr) -> Expr:
    """A comparison of two inputs chooses between the expression and a third input."""
    a, b, other = g.leaf(e.shape), g.leaf(e.shape[-1:]), g.leaf(e.shape)
    gate = apply2(a, b, "less", lambda t, u: t < u, lambda x, y: x < y)
    return Expr(
        e.shape,
        lambda t: gate.build(t).where(e.build(t), other.build(t)),
        lambda x: np.where(gate.value(x), e.value(x), other.value(x)),
        f"where({gate.text}, {e.text})",
    )


def reduce(g: Generator, e: Expr) -> Expr:
    """Over one axis, or one and the last."""
    name, axis = g.pick(["sum", "mean", "max", "min", "var"]), int(g.pick(range(len(e.shape))))
    axes = (axis,) if g.rng.random() < 0.7 else tuple(sorted({axis, len(e.shape) - 1}))
    keep = len(e.shape) == len(axes) or g.rng.random() < 0.4
    count = math.prod(e.shape[i] for i in axes)
    if name == "var":
        if count < 2:
            return e
        return apply(
            e, f"var{axes}", lambda t: t.var(axis=axes, keepdim=keep), lambda a: a.var(axis=axes, keepdims=keep, ddof=1)
        )
    scale = 1 / math.sqrt(count) if name == "sum" else 1
    return apply(
        e,
        f"{name}{axes}",
        lambda t: getattr(t, name)(axis=axes, keepdim=keep) * scale,
        lambda a: getattr(a, name)(axis=axes, keepdims=keep) * scale,
    )


def normalise(g: Generator, e: Expr) -> Expr:
    axis = int(g.pick(range(len(e.shape))))
    name = g.pick(["softmax", "log_softmax", "cumsum"])
    if name == "softmax":
        return apply(e, f"softmax{axis}", lambda t: t.softmax(axis), lambda a: _softmax(a, axis))
    if name == "log_softmax":
        return apply(e, f"log_softmax{axis}", lambda t: t.log_softmax(axis), lambda a: np.log(_softmax(a, axis)))
    n = e.shape[axis]
    return apply(e, f"cumsum{axis}", lambda t: t.cumsum(axis) / n, lambda a: np.cumsum(a, axis) / n)


def reshape(g: Generator, e: Expr) -> Expr:
    """To any two sizes."""
    total = math.prod(e.shape)
    first = g.pick([d for d in range(1, total + 1) if total % d == 0])
    return apply(e, "reshape", lambda t: t.reshape(first, total // first), lambda a: a.reshape(first, total // first))


def move(g: Generator, e: Expr) -> Expr:
    """Permute, pad, expand, or write down."""
    kind = g.pick(["permute", "pad", "expand", "contiguous"])
    if kind == "permute":
        order = tuple(int(i) for i in g.rng.permutation(len(e.shape)))
        return apply(e, f"permute{order}", lambda t: t.permute(order), lambda a: a.transpose(order))
    if kind == "pad":
        pads = tuple((int(g.rng.integers(0, 4)), int(g.rng.integers(0, 4))) for _ in e.shape)
        return apply(e, f"pad{pads}", lambda t: t.pad(pads), lambda a: np.pad(a, pads))
    if kind == "expand" and math.prod(e.shape) < 1500:
        return apply(e, kind, lambda t: t.unsqueeze(0).expand(3, *e.shape), lambda a: np.stack([a] * 3))
    return apply(e, "contiguous", lambda t: t.contiguous(), lambda a: a)


def along(g: Generator, e: Expr) -> Expr:
    """Shrink, flip or stride an axis, or join something to it."""
    kind, axis = g.pick(["shrink", "flip", "stride", "cat"]), int(g.pick(range(len(e.shape))))
    if kind == "cat":
        other = g.leaf(tuple(g.size() if i == axis else n for i, n in enumerate(e.shape)))
        return apply2(
            e, other, f"cat{axis}", lambda t, u: t.cat(u, dim=axis), lambda a, b: np.concatenate([a, b], axis)
        )
    first = int(g.rng.integers(0, (e.shape[axis] + 1) // 2))
    part = {"shrink": slice(first, None), "flip": slice(None, None, -1), "stride": slice(None, None, 2)}[kind]
    index = tuple(part if i == axis else slice(None) for i in range(len(e.shape)))
    return apply(e, f"{kind}{axis}", lambda t: t[index], lambda a: a[index])


def product(g: Generator, e: Expr) -> Expr:
    """A matrix product over the last axis, from the left or the right, perhaps with a transposed factor."""
    k, n = e.shape[-1], g.size()
    scale = 1 / math.sqrt(k)
    if g.rng.random() < 0.5:
        other = g.leaf((k, n))
        return apply2(e, other, "matmul", lambda t, u: t @ u * scale, lambda a, b: a @ b * scale)
    other = g.leaf((n, k))
    return apply2(e, other, "matmul_t", lambda t, u: t @ u.T * scale, lambda a, b: a @ b.T * scale)


def _conv(a: Array, w: Array, padding: int, stride: int) -> Array:
    a = np.pad(a, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows, columns = ((n - k) // stride + 1 for n, k in zip(a.shape[2:], w.shape[2:], strict=True))
    out = np.zeros((a.shape[0], w.shape[0], rows, columns))
    for i, j in np.ndindex(*w.shape[2:]):
        part = a[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride]
        out += np.einsum("bcyx,oc->boyx", part[:, :, :rows, :columns], w[:, :, i, j])
    return out


def image(g: Generator, e: Expr) -> Expr:
    """A convolution or a pool on a new image, its mean over space added to the expression."""
    channels, size = g.pick([1, 2, 3, 4, 8]), g.pick([6, 7, 8, 12])
    x = g.leaf((g.pick([1, 2, 3]), channels, size, size))
    if g.rng.random() < 0.6:
        kernel, padding, stride = g.pick([1, 2, 3, 5]), g.pick([0, 1, 2]), g.pick([1, 1, 2])
        w = g.leaf((g.pick([1, 3, 4, 8]), channels, kernel, kernel))
        scale = 1 / math.sqrt(channels * kernel * kernel)
        y = apply2(
            x,
            w,
            f"conv{kernel}p{padding}s{stride}",
            lambda t, u: t.conv2d(u, padding=padding, stride=stride) * scale,
            lambda a, b: _conv(a, b, padding, stride) * scale,
        )
    else:

        def blocks(a: Array) -> Array:
            half = size // 2
            return a[:, :, : half * 2, : half * 2].reshape(*a.shape[:2], half, 2, half, 2)

        if g.rng.random() < 0.5:
            y = apply(x, "max_pool", lambda t: t.max_pool2d((2, 2)), lambda a: blocks(a).max((3, 5)))
        else:
            y = apply(x, "avg_pool", lambda t: t.avg_pool2d((2, 2)), lambda a: blocks(a).mean((3, 5)))
    if g.rng.random() < 0.6:
        return y
    total = apply(y, "mean", lambda t: t.mean(), lambda a: np.asarray(a.mean()))
    return apply2(e, total, "add", lambda t, u: t + u, lambda a, b: a + b)


_STEPS: list[Callable[[Generator, Expr], Expr]] = [unary, unary, unary, binary, binary, where, reduce, normalise]
_STEPS += [reshape, move, along, product, image]
