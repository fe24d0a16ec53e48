"""The layers with weights, in tinygrad. Shapes only: initial values come from `initial_weights`."""

import functools

from tabgrad.compiler import environment  # noqa: F401 - must run before tinygrad is imported

from tinygrad import Tensor  # isort: skip
from tinygrad.function import function  # isort: skip
from tinygrad.helpers import TRAINING  # isort: skip
from tinygrad.uop.ops import UOp  # isort: skip

_WHOLE = ((0, 0), (0, 0))  # images and channels are not padded
#: Numbers in all windows of a batch, above which a convolution's gradient is made without them: 64 MB.
MAX_WINDOWS = 1 << 24


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


def _image_gradient(weight: Tensor, g: Tensor) -> Tensor:
    """The gradient with respect to the images, for g (B, Cout, H', W')."""
    batch, out, rows, columns = (int(n) for n in g.shape)
    _, channels, height, width = (int(n) for n in weight.shape)
    if batch * channels * height * width * rows * columns > MAX_WINDOWS:
        margins = (*_WHOLE, (height - 1, height - 1), (width - 1, width - 1))
        return g.pad(margins).conv2d(weight.flip((2, 3)).transpose(0, 1)).contiguous()
    # what every window sends back to the pixels it has read, (B, Cin, K, K, H', W')
    windows = weight.reshape(out, -1).transpose() @ g.reshape(batch, out, rows * columns)
    windows = windows.contiguous().reshape(batch, channels, height, width, rows, columns)
    offsets = [(i, j) for i in range(height) for j in range(width)]
    shifted = [windows[:, :, i, j].pad((*_WHOLE, (i, height - 1 - i), (j, width - 1 - j))) for i, j in offsets]
    # contiguous, or what follows would add it up again for each reader
    return functools.reduce(Tensor.add, shifted).contiguous()


def _convolve_backward(gradient: UOp, call: UOp) -> tuple[UOp, UOp]:
    """Gradients with respect to x and weight."""
    x, weight, g = Tensor(call.src[1]), Tensor(call.src[2]), Tensor(gradient).contiguous()
    # every weight has seen all images through one window: images and channels change places
    dweight = x.transpose(0, 1).conv2d(g.transpose(0, 1)).transpose(0, 1)
    return _image_gradient(weight, g).uop, dweight.uop


@function(grad_fxn=_convolve_backward)  # type: ignore[untyped-decorator] # tinygrad is untyped here
def convolve(x: Tensor, weight: Tensor) -> Tensor:
    """x (B, Cin, H, W), weight (Cout, Cin, K, L) -> (B, Cout, H - K + 1, W - L + 1), as `Tensor.conv2d`.

    Its gradient is our own. tinygrad derives the gradient with respect to the image from how the convolution reads its
    windows, and each of its elements then finds its windows by division and remainder. Written down directly it is a
    matrix product and a sum of shifted images: on a CPU less than half the time. The formula is im2col's: Chellapilla,
    Puri, Simard 2006, https://inria.hal.science/inria-00112631. Where all windows together are large, it is a
    convolution with the flipped weights, which takes a fifth longer and keeps nothing.
    """
    return x.conv2d(weight)


class Conv2d:
    """x (B, Cin, H, W) -> (B, Cout, H + 2 padding - K + 1, W + 2 padding - K + 1); no bias, a BatchNorm follows."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, padding: int = 0) -> None:
        self.weight = Tensor.empty(channels_out, channels_in, kernel, kernel)
        self.padding = padding

    def __call__(self, x: Tensor) -> Tensor:
        if p := self.padding:
            x = x.pad((*_WHOLE, (p, p), (p, p)))
        return convolve(x, self.weight)


class BatchNorm:
    """Normalises each channel of x (B, C, H, W): by the batch while training, by running statistics otherwise.

    Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167. tinygrad's own layer counts batches in an int64, which
    WGSL does not have; that count is of no use here. A frozen one uses its running statistics while training, too.
    """

    EPS = 1e-5
    MOMENTUM = 0.1

    def __init__(self, channels: int, *, is_frozen: bool = False) -> None:
        self.is_frozen = is_frozen
        self.weight, self.bias = Tensor.empty(channels), Tensor.empty(channels)
        self.running_mean, self.running_var = Tensor.empty(channels), Tensor.empty(channels)

    def __call__(self, x: Tensor) -> Tensor:
        mean, var = self.running_mean, self.running_var
        if TRAINING and not self.is_frozen:
            mean = x.mean(axis=(0, 2, 3))
            var = (x - mean.detach().reshape(1, -1, 1, 1)).square().mean(axis=(0, 2, 3))  # d var / d mean = 0
            count = x.numel() // x.shape[1]
            self._track(mean.detach(), var.detach() * (count / (count - 1)))
        return x.batchnorm(self.weight, self.bias, mean, (var + self.EPS).rsqrt())

    def _track(self, mean: Tensor, var: Tensor) -> None:
        """Move the running statistics a step towards the batch's; `var` is the unbiased estimate."""
        self.running_mean.assign((1 - self.MOMENTUM) * self.running_mean + self.MOMENTUM * mean)
        self.running_var.assign((1 - self.MOMENTUM) * self.running_var + self.MOMENTUM * var)
