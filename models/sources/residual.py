"""Residual network: each block adds something to its input."""

from tinygrad import Tensor, nn


class Residual:
    """A block that keeps the shape of its input."""

    def __init__(self, channels: int):
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def __call__(self, x: Tensor) -> Tensor:
        change = self.conv2(self.conv1(x).relu())
        # Without `x +` this would be a plain CNN. With it, the gradient has a short way
        # back to the first block, so that networks of many blocks can learn.
        return (x + change).relu()


class Net:
    """A convolution, two pairs of residual blocks, and the mean of each map."""

    def __init__(self):
        # stride=2: the maps have half the width and half the height.
        self.stem = nn.Conv2d(1, 16, 3, stride=2, padding=1)
        self.blocks = [Residual(16), Residual(16)]
        self.down = nn.Conv2d(16, 32, 3, stride=2, padding=1)
        self.more_blocks = [Residual(32), Residual(32)]
        self.output = nn.Linear(32, 10)

    def __call__(self, x: Tensor) -> Tensor:
        x = self.stem(x).relu()  # (B, 16, 14, 14)
        x = x.sequential(self.blocks)
        x = self.down(x).relu()  # (B, 32, 7, 7)
        x = x.sequential(self.more_blocks)
        return self.output(x.mean((2, 3)))  # the mean of each of the 32 maps
