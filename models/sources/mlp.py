"""MLP: each pixel is connected to 128 hidden units, and each unit to the ten digits."""

from tinygrad import Tensor, nn


class Net:
    """784 pixels, 128 hidden units, 10 logits: one for each digit."""

    def __init__(self):
        self.hidden = nn.Linear(784, 128)
        self.output = nn.Linear(128, 10)

    def __call__(self, x: Tensor) -> Tensor:
        # x has the shape (B, 1, 28, 28): B images, with values from 0 (paper) to 1.
        x = x.flatten(1)  # (B, 784): the pixels of an image in one row
        x = self.hidden(x).relu()  # try silu() or tanh() in the place of relu()
        return self.output(x)  # the largest of the ten numbers is the answer
