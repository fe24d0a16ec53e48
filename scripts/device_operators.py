"""tinygrad's operators on the device WASM, compared with NumPy: the table in py/tinygrad_device/README.md.

    python -m scripts.device_operators

Owns the list of operators, which the tests share.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tinygrad_device
from tabgrad.program import ProgramError

from tinygrad import Tensor  # isort: skip # after the device

Array = NDArray[Any]
FLOATS = ("float32", "float16", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
DTYPES = (*FLOATS, *INTEGERS, "bool")
#: The engine computes no float64; every operator refuses it in a sentence.
REFUSED = "float64"
_KINDS = {"f": FLOATS, "i": INTEGERS, "b": ("bool",)}
_TOLERANCE = {np.dtype(np.float32): 2e-5, np.dtype(np.float16): 5e-3}
SHAPE = (3, 4, 6)


@dataclass(frozen=True)
class Operator:
    """An operator in tinygrad and in NumPy. `kinds`: which of floats (f), integers (i) and bool (b) it takes.

    `floats`, `integers`: the range of its inputs, without the end; None means all integers of the dtype, and then NumPy
    wraps around as tinygrad does. `shapes`: the shapes of its inputs, made of one shape with at least one axis.
    """

    name: str
    kinds: str
    tiny: Callable[..., Tensor]
    reference: Callable[..., Any]
    floats: tuple[float, float] = (-2, 2)
    integers: tuple[int, int] | None = (-9, 9)
    shapes: Callable[[tuple[int, ...]], Sequence[tuple[int, ...]]] = lambda shape: (shape,)

    @property
    def dtypes(self) -> tuple[str, ...]:
        """The dtypes that it takes."""
        return tuple(name for kind in self.kinds for name in _KINDS[kind])

    def inputs(self, dtype: str, shape: tuple[int, ...], seed: int) -> list[Array]:
        """Random inputs; those after the first have no 0, so that one can divide by them."""
        rng = np.random.default_rng(seed)
        made: list[Array] = []
        for each in self.shapes(shape):
            if dtype == "bool":
                value: Array = rng.integers(0, 2, each).astype(bool)
            elif dtype in FLOATS:
                value = rng.uniform(*self.floats, each).astype(dtype)
            else:
                info = np.iinfo(dtype)
                low, high = self.integers or (info.min, int(info.max) + 1)
                value = rng.integers(max(low, info.min), high, each, dtype=dtype)
            made.append(np.where(value == 0, np.ones_like(value), value) if made else value)
        return made

    def fault(self, dtype: str, shape: tuple[int, ...] = SHAPE, seed: int = 0) -> str:
        """How the device's answer differs from NumPy's; empty if it does not. ProgramError if the device refuses."""
        arrays = self.inputs(dtype, shape, seed)
        tensors = [Tensor(array.tolist(), dtype=dtype, device=tinygrad_device.DEVICE) for array in arrays]
        found = self.tiny(*tensors).to(tinygrad_device.DEVICE).numpy()
        # exact in floats, and wrapping around as the device does in integers
        wanted = np.asarray(self.reference(*(a.astype(np.float64) if dtype in FLOATS else a for a in arrays)))
        return difference(found, wanted, _TOLERANCE.get(np.dtype(dtype), _TOLERANCE[np.dtype(np.float32)]))


def difference(found: Array, wanted: Array, tolerance: float) -> str:
    """How `found` differs from `wanted`; empty if it does not. Integers and bool must be equal."""
    if found.shape != wanted.shape:
        return f"shape {found.shape}, not {wanted.shape}"
    exact = found.dtype.kind in "iub"
    same = found == wanted.astype(found.dtype) if exact else np.isclose(found, wanted, tolerance, tolerance)
    if same.all():
        return ""
    at = tuple(int(i) for i in np.argwhere(~same)[0])
    return f"{found[at]}, not {wanted[at]}, at {at}, and {int((~same).sum()) - 1} more of {same.size}"


def _sigmoid(x: Array) -> Any:
    return 1 / (1 + np.exp(-x))


def _softmax(x: Array) -> Any:
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


def _gelu(x: Array) -> Any:
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def _layernorm(x: Array) -> Any:
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)


def _pool(x: Array, reduce: Callable[..., Any]) -> Any:
    """2x2 windows that do not overlap: (1, 1, rows, columns) to (1, rows // 2, columns // 2)."""
    rows, columns = x.shape[-2] // 2, x.shape[-1] // 2
    return reduce(x[0, :, : 2 * rows, : 2 * columns].reshape(-1, rows, 2, columns, 2), axis=(2, 4))


def _conv(x: Array, w: Array) -> Any:
    """A valid cross-correlation: x (1, in, rows, columns), w (out, in, 3, 3)."""
    wide = x[0].astype(np.result_type(x, np.int32))  # in which tinygrad adds
    windows = np.lib.stride_tricks.sliding_window_view(wide, (3, 3), axis=(1, 2))  # type: ignore[call-overload]
    return np.einsum("irckl,oikl->orc", windows, w)[None]


def _plane(shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    return ((1, 1, shape[0] + 1, shape[-1] + 1),)


def _pair(shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    return shape, (1, *shape[1:])  # the second one is repeated along the first axis


def _same(names: str, kinds: str, **options: Any) -> list[Operator]:
    """Operators with the same name in tinygrad and in NumPy."""
    return [Operator(n, kinds, getattr(Tensor, n), getattr(np, n), **options) for n in names.split()]


_DIVISION: dict[str, Any] = {"floats": (0.5, 9), "shapes": _pair}
_FULL: dict[str, Any] = {"integers": None, "shapes": _pair}
ELEMENTWISE = (
    *_same("square sign abs", "fi"),
    *_same("exp sin exp2 cos tanh sinh cosh isnan", "f"),
    *_same("floor ceil round trunc", "f", floats=(-9, 9)),
    *_same("sqrt log log2 reciprocal", "f", floats=(0.1, 9)),
    *_same("tan asin acos", "f", floats=(-0.9, 0.9)),
    *_same("logical_not", "fib"),
    *_same("bitwise_not", "ib", integers=None),
    Operator("neg", "fi", Tensor.neg, np.negative, integers=None),
    Operator("relu", "fi", Tensor.relu, lambda x: np.maximum(x, 0)),
    Operator("clamp", "fi", lambda x: x.clamp(1, 3), lambda x: x.clip(1, 3)),
    Operator("exp of integers", "i", Tensor.exp, lambda x: np.exp(x.astype(np.float64))),
    Operator("sin of integers", "i", Tensor.sin, lambda x: np.sin(x.astype(np.float64))),
    Operator("sigmoid", "f", Tensor.sigmoid, _sigmoid),
    Operator("silu", "f", Tensor.silu, lambda x: x * _sigmoid(x)),
    Operator("gelu", "f", Tensor.gelu, _gelu),
    Operator("elu", "f", Tensor.elu, lambda x: np.where(x > 0, x, np.expm1(x))),
    Operator("leaky_relu", "f", Tensor.leaky_relu, lambda x: np.where(x > 0, x, 0.01 * x)),
    Operator("softplus", "f", Tensor.softplus, lambda x: np.log1p(np.exp(x))),
    Operator("rsqrt", "f", Tensor.rsqrt, lambda x: x**-0.5, floats=(0.1, 9)),
    Operator("erf", "f", Tensor.erf, np.vectorize(math.erf)),
    Operator("atan", "f", Tensor.atan, np.arctan),
    Operator("add", "fi", Tensor.add, np.add, **_FULL),
    Operator("sub", "fi", Tensor.sub, np.subtract, **_FULL),
    Operator("mul", "fi", Tensor.mul, np.multiply, **_FULL),
    Operator("div", "fi", Tensor.div, np.divide, **_DIVISION),
    Operator("floor division", "fi", lambda x, y: x // y, np.floor_divide, **_DIVISION),
    Operator("mod", "fi", lambda x, y: x % y, np.mod, **_DIVISION),
    Operator("pow", "f", Tensor.pow, np.power, floats=(0.1, 3), shapes=_pair),
    Operator("maximum", "fib", Tensor.maximum, np.maximum, **_FULL),
    Operator("minimum", "fib", Tensor.minimum, np.minimum, **_FULL),
    Operator("less", "fib", lambda x, y: x < y, np.less, **_FULL),
    Operator("greater or equal", "fib", lambda x, y: x >= y, np.greater_equal, **_FULL),
    Operator("equal", "fib", lambda x, y: x == y, np.equal, shapes=_pair),
    Operator("where", "fib", lambda x, y: (x < y).where(x, y), lambda x, y: np.where(x < y, x, y), **_FULL),
    *_same("bitwise_and bitwise_or bitwise_xor", "ib", **_FULL),
    Operator("shift left", "i", lambda x: x << 3, lambda x: x << x.dtype.type(3), integers=None),
    Operator("shift right", "i", lambda x: x >> 2, lambda x: x >> x.dtype.type(2), integers=None),
    *(
        Operator(f"cast to {to}", "fib", lambda x, to=to: x.cast(to), lambda x, to=to: x.astype(to), integers=(0, 9))
        for to in ("float32", "float16", "int8", "int32", "int64", "bool")
    ),
)
REDUCTIONS = (
    *_same("sum", "fib"),
    *_same("max min", "fib", integers=None),
    *_same("argmax argmin", "fi", integers=None),
    *_same("any all", "fib"),
    *_same("mean", "fi"),
    Operator("prod", "fi", lambda x: x.prod(-1), lambda x: x.prod(-1), integers=(-2, 3)),
    Operator("sum of an axis", "fi", lambda x: x.sum(0), lambda x: x.sum(0)),
    Operator("max of an axis", "fi", lambda x: x.max(-1), lambda x: x.max(-1), integers=None),
    Operator("std", "f", lambda x: x.std(correction=0), np.std),
    Operator("logsumexp", "f", lambda x: x.logsumexp(-1), lambda x: np.log(np.exp(x).sum(-1))),
    Operator("softmax", "f", Tensor.softmax, _softmax),
    Operator("log_softmax", "f", Tensor.log_softmax, lambda x: np.log(_softmax(x))),
    Operator("layernorm", "f", lambda x: x.layernorm(eps=1e-5), _layernorm),
    Operator("cumsum", "fi", lambda x: x.cumsum(-1), lambda x: x.cumsum(-1)),
    Operator("cummax", "fi", lambda x: x.cummax(-1)[0], lambda x: np.maximum.accumulate(x, -1)),
    Operator("sort", "fi", lambda x: x.sort(-1)[0], lambda x: np.sort(x, -1), integers=None),
)
MOVEMENT = (
    Operator("reshape", "fib", lambda x: x.reshape(-1).contiguous(), np.ravel),
    Operator("transpose", "fib", lambda x: x.permute(*range(x.ndim)[::-1]).contiguous(), np.transpose),
    Operator("flip", "fib", lambda x: x.flip(0).contiguous(), lambda x: np.flip(x, 0)),
    Operator("pad", "fib", lambda x: x.pad(((1, 2),) * x.ndim), lambda x: np.pad(x, ((1, 2),) * x.ndim)),
    Operator("slice", "fib", lambda x: x[1:, ...].contiguous(), lambda x: x[1:]),
    Operator("strided slice", "fib", lambda x: x[..., ::2].contiguous(), lambda x: x[..., ::2]),
    Operator("expand", "fib", lambda x: x.unsqueeze(0).expand(3, *x.shape).contiguous(), lambda x: np.stack([x] * 3)),
    Operator("cat", "fib", lambda x, y: x.cat(y), lambda x, y: np.concatenate([x, y]), shapes=_pair),
    Operator("stack", "fib", lambda x: Tensor.stack(x, x, dim=-1), lambda x: np.stack([x, x], -1)),
    Operator("repeat", "fib", lambda x: x.reshape(-1).repeat(3), lambda x: np.tile(x.ravel(), 3)),
    Operator("roll", "fib", lambda x: x.roll(1, 0), lambda x: np.roll(x, 1, 0)),
    Operator("gather", "fib", lambda x: x[Tensor([0, -1, 0], device=x.device)], lambda x: x[[0, -1, 0]]),
    Operator("triu", "fib", Tensor.triu, np.triu, shapes=lambda shape: [(shape[0], shape[-1])]),
)
MATRICES = (
    Operator("matmul", "fi", Tensor.matmul, np.matmul, shapes=lambda s: [(s[0], s[-1]), (s[-1], 5)]),
    Operator("batched matmul", "fi", Tensor.matmul, np.matmul, shapes=lambda s: [(3, s[0], s[-1]), (3, s[-1], 4)]),
    Operator("conv2d", "fi", Tensor.conv2d, _conv, shapes=lambda s: [(1, 2, s[0] + 2, s[-1] + 2), (3, 2, 3, 3)]),
    Operator("max_pool2d", "fi", lambda x: x.max_pool2d()[0], lambda x: _pool(x, np.max), shapes=_plane),
    Operator("avg_pool2d", "f", lambda x: x.avg_pool2d()[0], lambda x: _pool(x, np.mean), shapes=_plane),
)
OPERATORS = (*ELEMENTWISE, *REDUCTIONS, *MOVEMENT, *MATRICES)


def tried(dtype: str) -> tuple[int, int, int]:
    """How many operators take `dtype`, how many agree with NumPy, and how many the device refuses in a sentence."""
    passed = refused = 0
    able = [operator for operator in OPERATORS if dtype in operator.dtypes]
    for operator in able:
        try:
            fault = operator.fault(dtype)
        except ProgramError:
            refused += 1
            continue
        passed += not fault
        if fault:
            print(f"{operator.name} in {dtype}: {fault}", file=sys.stderr)
    return len(able), passed, refused


if __name__ == "__main__":
    print("| dtype | operators | equal to NumPy | refused |\n|---|---|---|---|")
    for name in DTYPES:
        print(f"| {name} |", " | ".join(map(str, tried(name))), "|")
