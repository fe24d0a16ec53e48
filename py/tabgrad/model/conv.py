"""A 2D convolution with a gradient of our own, forward and backward side by side.

tinygrad derives the gradient with respect to the image from how the convolution reads its windows, and each of its
elements then finds its windows by division and remainder. Written down directly it is a matrix product and a sum of
shifted images: on a CPU less than half the time. The backward formula is im2col's: Chellapilla, Puri, Simard 2006,
https://inria.hal.science/inria-00112631.
"""

import functools

from tabgrad.compiler import environment  # noqa: F401 - must run before tinygrad is imported

from tinygrad import Tensor  # isort: skip
from tinygrad.function import function  # isort: skip
from tinygrad.uop.ops import UOp  # isort: skip

_WHOLE = ((0, 0), (0, 0))  # images and channels are not padded


def _backward(gradient: UOp, call: UOp) -> tuple[UOp, UOp]:
    """Gradients with respect to x and weight."""
    x, weight, g = Tensor(call.src[1]), Tensor(call.src[2]), Tensor(gradient).contiguous()
    batch, out, rows, columns = (int(n) for n in g.shape)
    _, channels, kernel, _ = (int(n) for n in weight.shape)
    # what every window sends back to the pixels it has read, (B, Cin, K, K, H', W')
    windows = weight.reshape(out, -1).transpose() @ g.reshape(batch, out, rows * columns)
    windows = windows.contiguous().reshape(batch, channels, kernel, kernel, rows, columns)
    offsets = [(i, j) for i in range(kernel) for j in range(kernel)]
    shifted = [windows[:, :, i, j].pad((*_WHOLE, (i, kernel - 1 - i), (j, kernel - 1 - j))) for i, j in offsets]
    dx = functools.reduce(Tensor.add, shifted).contiguous()  # else what follows would add it up again for each reader
    # every weight has seen all images through one window: images and channels change places
    dweight = x.transpose(0, 1).conv2d(g.transpose(0, 1)).transpose(0, 1)
    return dx.uop, dweight.uop


@function(grad_fxn=_backward)  # type: ignore[untyped-decorator] # tinygrad is untyped here
def _convolve(x: Tensor, weight: Tensor) -> Tensor:
    return x.conv2d(weight)


def conv2d(x: Tensor, weight: Tensor, padding: int = 0) -> Tensor:
    """x (B, Cin, H, W), weight (Cout, Cin, K, K) -> (B, Cout, H + 2 padding - K + 1, W + 2 padding - K + 1)."""
    if padding:
        x = x.pad(((0, 0), (0, 0), (padding, padding), (padding, padding)))
    result: Tensor = _convolve(x, weight)
    return result
