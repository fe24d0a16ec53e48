"""CNN with batch norm: the network of tinygrad's example beautiful_mnist."""

from tinygrad import Tensor, nn


class Block:
    """Two convolutions, then batch norm and max pooling."""

    def __init__(self, channels_in: int, channels: int, size: int):
        self.conv1 = nn.Conv2d(channels_in, channels, size)
        self.conv2 = nn.Conv2d(channels, channels, size)
        self.norm = nn.BatchNorm(channels)

    def __call__(self, x: Tensor) -> Tensor:
        x = self.conv2(self.conv1(x).relu()).relu()
        # Batch norm shifts and scales each map, to mean 0 and variance 1 in the batch.
        # That makes training faster. When the network answers, there is no batch:
        # then it uses a mean and a variance that it has kept from training.
        return self.norm(x).max_pool2d()


class Net:
    """Two blocks and a dense layer.

    Without padding, every convolution makes the maps smaller. Their width is 28, 24,
    20, and 10 after pooling; then 8, 6, and 3 after pooling.
    """

    def __init__(self):
        self.blocks = [Block(1, 32, 5), Block(32, 64, 3)]
        self.output = nn.Linear(64 * 3 * 3, 10)

    def __call__(self, x: Tensor) -> Tensor:
        return self.output(x.sequential(self.blocks).flatten(1))
