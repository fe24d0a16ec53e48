"""Operations of tinygrad in a form whose gradient is quicker, for networks that use tinygrad's own layers.

The numbers are the same. It concerns convolutions with stride 1 and poolings whose windows do not overlap, which most
networks of small images are made of; anything else is left to tinygrad.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tinygrad import Tensor
from tinygrad.dtype import dtypes
from tinygrad.helpers import make_tuple

from .layers import convolve

_CONV2D, _MAX_POOL2D, _AVG_POOL2D = Tensor.conv2d, Tensor.max_pool2d, Tensor.avg_pool2d


@contextmanager
def quicker_gradients() -> Iterator[None]:
    """Within this context the methods of `Tensor` have these forms, also for those who keep hold of a method."""
    Tensor.conv2d, Tensor.max_pool2d, Tensor.avg_pool2d = _conv2d, _max_pool2d, _avg_pool2d
    try:
        yield
    finally:
        Tensor.conv2d, Tensor.max_pool2d, Tensor.avg_pool2d = _CONV2D, _MAX_POOL2D, _AVG_POOL2D


def _is_image(x: Tensor) -> bool:
    return x.ndim == 4 and all(isinstance(n, int) for n in x.shape)


@functools.wraps(_CONV2D)
def _conv2d(x: Tensor, weight: Tensor, bias: Tensor | None = None, *positional: Any, **named: Any) -> Tensor:
    options = dict(zip(("groups", "stride", "dilation", "padding", "dtype"), positional, strict=False)) | named
    plain = all(make_tuple(options.get(name, 1), 2) == (1, 1) for name in ("groups", "stride", "dilation"))
    padding = make_tuple(options.get("padding", 0), 2)
    formats = {x.dtype, weight.dtype, options.get("dtype") or dtypes.float32}
    if not (plain and len(padding) == 2 and formats == {dtypes.float32} and _is_image(x) and _is_image(weight)):
        return _CONV2D(x, weight, bias, *positional, **named)
    if any(padding):
        x = x.pad(((0, 0), (0, 0), *((p, p) for p in padding)))
    fits = all(size >= window for size, window in zip(x.shape[2:], weight.shape[2:], strict=True))
    if not fits or x.shape[1] != weight.shape[1]:
        return _CONV2D(x, weight, bias)  # which says what is wrong
    with _as_they_are():
        out: Tensor = convolve(x, weight)
    return out if bias is None else out + bias.reshape(1, -1, 1, 1)


@contextmanager
def _as_they_are() -> Iterator[None]:
    """Within this context `convolve` itself finds tinygrad's convolution."""
    quicker, Tensor.conv2d = Tensor.conv2d, _CONV2D
    try:
        yield
    finally:
        Tensor.conv2d = quicker


def _pooled(reduce: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """A pooling as a maximum or mean over blocks: every pixel belongs to one window."""

    @functools.wraps(method)
    def pool(x: Tensor, kernel_size: Any = (2, 2), stride: Any = None, *positional: Any, **named: Any) -> Any:
        window = make_tuple(kernel_size, 2)
        plain = not positional and not named and len(window) == 2 and make_tuple(stride or window, 2) == window
        if not (plain and _is_image(x) and all(n >= k > 0 for n, k in zip(x.shape[2:], window, strict=True))):
            return method(x, kernel_size, stride, *positional, **named)
        (b, c, h, w), (k, m) = x.shape, window
        blocks = x[:, :, : h // k * k, : w // m * m].reshape(b, c, h // k, k, w // m, m)
        return getattr(blocks, reduce)(axis=(3, 5))

    return pool


_max_pool2d, _avg_pool2d = _pooled("max", _MAX_POOL2D), _pooled("mean", _AVG_POOL2D)
