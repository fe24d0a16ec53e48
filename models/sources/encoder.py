"""An autoencoder's encoder: the image becomes eight numbers, and they alone decide."""

from tinygrad import Tensor, nn

CODE = 8  # how many numbers stand for an image; try 2


class Net:
    """The first half of an autoencoder, with a classifier on its code.

    The second half, the decoder, would paint the image again from the code. Here the
    ten digits are all that has to be told apart. The code keeps what matters for that,
    and forgets the rest.
    """

    def __init__(self):
        self.squeeze = [nn.Linear(784, 128), nn.Linear(128, 32), nn.Linear(32, CODE)]
        self.output = nn.Linear(CODE, 10)

    def encode(self, x: Tensor) -> Tensor:
        """The code (B, 8) of images (B, 1, 28, 28): numbers between -1 and 1."""
        first, second, last = self.squeeze
        x = first(x.flatten(1)).relu()
        x = second(x).relu()
        return last(x).tanh()

    def __call__(self, x: Tensor) -> Tensor:
        return self.output(self.encode(x))
