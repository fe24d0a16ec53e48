"""The multilayer perceptron: pixels -> hidden layers -> a logit for each class. 784-128-10 unless told otherwise."""

import itertools
import math
from collections.abc import Sequence

from tinygrad import Tensor

from tabgrad.network import ACTIVATIONS, CLASSES, IMAGE_SHAPE

from .layers import Linear


class MLP:
    """`hidden` are the widths of the hidden layers, any number of them, from input to output.

    With `center` the network subtracts a stored mean image first: centred inputs let gradient descent take larger
    steps (LeCun et al. 1998, "Efficient BackProp", section 4.3). `fold_mean` turns it into a bias afterwards.
    """

    def __init__(
        self,
        hidden: Sequence[int] = (128,),
        activation: str = "relu",
        dropout: float = 0.0,
        center: bool = False,
        classes: int = CLASSES,
    ) -> None:
        sizes = (math.prod(IMAGE_SHAPE), *hidden, classes)
        self.layers = [Linear(i, o) for i, o in itertools.pairwise(sizes)]
        self.activation, self.dropout = ACTIVATIONS[activation].tensor, dropout
        if center:
            self.input_mean = Tensor.empty(sizes[0])

    def __call__(self, x: Tensor, taps: list[Tensor] | None = None) -> Tensor:
        """x (B, 784) in 0..1 -> logits (B, classes). Appends each hidden layer's activations (B, width) to `taps`."""
        if hasattr(self, "input_mean"):
            x = (x - self.input_mean).contiguous()
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
            if taps is not None:
                taps.append(x)
            x = x.dropout(self.dropout)
        return self.layers[-1](x)
