"""A network with one mistake. Can you find it?

The mistake is in the sizes: what one layer returns does not fit what the next expects.
Compile the network, and read the message. At which line does it happen, and which two
numbers are not equal? Then count: how large are the maps after each line of `__call__`?
"""

from tinygrad import Tensor, nn


class Net:
    """Two convolutions with max pooling, and a dense layer."""

    def __init__(self):
        self.conv1 = nn.Conv2d(1, 8, kernel_size=5)
        self.conv2 = nn.Conv2d(8, 16, kernel_size=5)
        self.hidden = nn.Linear(16 * 7 * 7, 64)
        self.output = nn.Linear(64, 10)

    def __call__(self, x: Tensor) -> Tensor:
        x = self.conv1(x).relu().max_pool2d()
        x = self.conv2(x).relu().max_pool2d()
        x = self.hidden(x.flatten(1)).relu()
        return self.output(x)
