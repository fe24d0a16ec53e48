"""The layers with weights, in tinygrad. Shapes only: initial values come from `initial_weights`."""

import functools

from tabgrad.compiler import environment  # noqa: F401 - must run before tinygrad is imported

from tinygrad import Tensor  # isort: skip
from tinygrad.function import function  # isort: skip
from tinygrad.helpers import TRAINING  # isort: skip
from tinygrad.uop.ops import UOp  # isort: skip

_WHOLE = ((0, 0), (0, 0))  # images and channels are not padded


class Linear:
    """x (B, fan_in) -> x @ weight + bias, (B, fan_out).

    The weight is (fan_in, fan_out), the transpose of PyTorch's: neighbouring outputs are neighbours in memory, which
    is what SIMD lanes and coalesced GPU threads load together.
    """

    def __init__(self, fan_in: int, fan_out: int) -> None:
        self.weight = Tensor.empty(fan_in, fan_out)
        self.bias = Tensor.empty(fan_out)

    def __call__(self, x: Tensor) -> Tensor:
        return x @ self.weight + self.bias


def _convolve_backward(gradient: UOp, call: UOp) -> tuple[UOp, UOp]:
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


@function(grad_fxn=_convolve_backward)  # type: ignore[untyped-decorator] # tinygrad is untyped here
def _convolve(x: Tensor, weight: Tensor) -> Tensor:
    return x.conv2d(weight)


class Conv2d:
    """x (B, Cin, H, W) -> (B, Cout, H + 2 padding - K + 1, W + 2 padding - K + 1); no bias, a BatchNorm follows.

    Its gradient is our own, `_convolve_backward`. tinygrad derives the gradient with respect to the image from how the
    convolution reads its windows, and each of its elements then finds its windows by division and remainder. Written
    down directly it is a matrix product and a sum of shifted images: on a CPU less than half the time. The formula is
    im2col's: Chellapilla, Puri, Simard 2006, https://inria.hal.science/inria-00112631.
    """

    def __init__(self, channels_in: int, channels_out: int, kernel: int, padding: int = 0) -> None:
        self.weight = Tensor.empty(channels_out, channels_in, kernel, kernel)
        self.padding = padding

    def __call__(self, x: Tensor) -> Tensor:
        if p := self.padding:
            x = x.pad((*_WHOLE, (p, p), (p, p)))
        return _convolve(x, self.weight)


class BatchNorm:
    """Normalises each channel of x (B, C, H, W): by the batch while training, by running statistics otherwise.

    Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167. tinygrad's own layer counts batches in an int64, which
    WGSL does not have; that count is of no use here.
    """

    EPS = 1e-5
    MOMENTUM = 0.1

    def __init__(self, channels: int) -> None:
        self.weight, self.bias = Tensor.empty(channels), Tensor.empty(channels)
        self.running_mean, self.running_var = Tensor.empty(channels), Tensor.empty(channels)

    def __call__(self, x: Tensor) -> Tensor:
        mean, var = self.running_mean, self.running_var
        if TRAINING:
            mean = x.mean(axis=(0, 2, 3))
            var = (x - mean.detach().reshape(1, -1, 1, 1)).square().mean(axis=(0, 2, 3))  # d var / d mean = 0
            count = x.numel() // x.shape[1]
            self._track(mean.detach(), var.detach() * (count / (count - 1)))
        return x.batchnorm(self.weight, self.bias, mean, (var + self.EPS).rsqrt())

    def _track(self, mean: Tensor, var: Tensor) -> None:
        """Move the running statistics a step towards the batch's; `var` is the unbiased estimate."""
        self.running_mean.assign((1 - self.MOMENTUM) * self.running_mean + self.MOMENTUM * mean)
        self.running_var.assign((1 - self.MOMENTUM) * self.running_var + self.MOMENTUM * var)
