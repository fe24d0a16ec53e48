"""The layers with weights, in tinygrad. Shapes only: initial values come from `init.initial_weights`."""

from tabgrad.compiler import environment  # noqa: F401 - must run before tinygrad is imported

from .conv import conv2d

from tinygrad import Tensor  # isort: skip
from tinygrad.helpers import TRAINING  # isort: skip


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


class Conv2d:
    """x (B, Cin, H, W) -> (B, Cout, H', W') with a square kernel; no bias, a BatchNorm follows."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, padding: int = 0) -> None:
        self.weight = Tensor.empty(channels_out, channels_in, kernel, kernel)
        self.padding = padding

    def __call__(self, x: Tensor) -> Tensor:
        return conv2d(x, self.weight, self.padding)


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
