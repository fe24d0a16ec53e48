"""The layers our networks are made of, in tinygrad. Shapes only: initial values come from `init.initial_weights`."""

from collections.abc import Callable

from tabgrad.compiler import environment  # noqa: F401 - must run before tinygrad is imported

from .conv import conv2d

from tinygrad import Tensor  # isort: skip
from tinygrad.helpers import TRAINING  # isort: skip

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": Tensor.relu,
    "leaky_relu": Tensor.leaky_relu,
    "silu": Tensor.silu,
    "tanh": Tensor.tanh,
}

#: Members of a state dict that are not trained by gradient.
STATISTICS = ("running_mean", "running_var", "input_mean")


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


def max_pool_2x2(x: Tensor) -> Tensor:
    """x (B, C, H, W) -> (B, C, H // 2, W // 2), the largest of each 2x2 block; an odd last row or column is dropped.

    As a reshape and a maximum, every pixel belongs to one block and its gradient is a comparison. tinygrad's
    `max_pool2d` allows overlapping windows, and its gradient looks for each pixel through all that might hold it:
    20 times slower on a CPU.
    """
    b, c, h, w = x.shape
    return x[:, :, : h // 2 * 2, : w // 2 * 2].reshape(b, c, h // 2, 2, w // 2, 2).max(axis=(3, 5))
