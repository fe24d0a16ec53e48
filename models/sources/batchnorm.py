"""CNN with batch norm: the network of tinygrad's example beautiful_mnist, written out."""

from tinygrad import Tensor, nn


class Block:
    """Two convolutions of 3x3 or 5x5, then batch norm and max pooling."""

    def __init__(self, channels_in: int, channels: int, size: int):
        self.conv1 = nn.Conv2d(channels_in, channels, size)
        self.conv2 = nn.Conv2d(channels, channels, size, bias=False)  # the batch norm adds a bias of its own
        self.norm = nn.BatchNorm(channels)

    def __call__(self, x: Tensor) -> Tensor:
        x = self.conv2(self.conv1(x).relu()).relu()
        # Batch norm shifts and scales each map: mean 0 and variance 1 over the batch. That makes training faster.
        # It also keeps a running mean and variance, which it uses when the network answers.
        return self.norm(x).max_pool2d()


class Net:
    """Without padding, every convolution makes the maps smaller: 28, 24, 20, pooled 10, then 8, 6, pooled 3."""

    def __init__(self):
        self.blocks = [Block(1, 32, 5), Block(32, 64, 3)]
        self.output = nn.Linear(64 * 3 * 3, 10)

    def __call__(self, x: Tensor) -> Tensor:
        return self.output(x.sequential(self.blocks).flatten(1))
