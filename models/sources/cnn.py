"""CNN: small filters slide over the image, and find strokes wherever they are."""

from tinygrad import Tensor, nn


class Net:
    """Two convolutions with max pooling, and a dense layer with 64 units."""

    def __init__(self):
        self.conv1 = nn.Conv2d(1, 8, 5)  # 8 filters of 5 by 5 pixels
        self.conv2 = nn.Conv2d(8, 16, 5)  # 16 filters, each over all 8 maps
        self.hidden = nn.Linear(16 * 4 * 4, 64)
        self.output = nn.Linear(64, 10)

    def __call__(self, x: Tensor) -> Tensor:
        x = self.conv1(x).relu()  # (B, 8, 24, 24): one map for each filter
        x = x.max_pool2d()  # (B, 8, 12, 12): the largest of each 2x2 window
        x = self.conv2(x).relu()  # (B, 16, 8, 8)
        x = x.max_pool2d()  # (B, 16, 4, 4)
        x = self.hidden(x.flatten(1)).relu()  # (B, 64)
        return self.output(x)  # (B, 10)
