"""The convolutional network: a list of stages in words, read from left to right.

    conv5x8   a 5x5 convolution to 8 channels, batch norm, activation     conv3x24p1   the same, padded by 1
    pool      2x2 max pooling                                            dense64      a dense layer of 64, activation

The ten logits are added at the end. The default has 30,354 trained parameters and 0.45 M multiply-adds an image.
"""

import re
from collections.abc import Sequence

from tinygrad import Tensor

from .layers import ACTIVATIONS, BatchNorm, Conv2d, Linear, max_pool_2x2

STAGES = ("conv5x8", "pool", "conv5x24", "pool", "dense64")
_CONV = re.compile(r"conv(\d+)x(\d+)(?:p(\d+))?")


class CNN:
    """`stages` as above; ValueError for a word that is none, or if the image shrinks to nothing."""

    def __init__(self, stages: Sequence[str] = STAGES, activation: str = "relu", dropout: float = 0.0) -> None:
        self.stages, self.activation, self.dropout = tuple(stages), ACTIVATIONS[activation], dropout
        self.convs: list[Conv2d] = []
        self.norms: list[BatchNorm] = []
        self.layers: list[Linear] = []
        channels, size, width = 1, 28, 0
        for stage in stages:
            if (match := _CONV.fullmatch(stage)) and not width:
                kernel, out, padding = (int(n or 0) for n in match.groups())
                self.convs.append(Conv2d(channels, out, kernel, padding))
                self.norms.append(BatchNorm(out))
                channels, size = out, size + 2 * padding - kernel + 1
            elif stage == "pool" and not width:
                size //= 2
            elif re.fullmatch(r"dense\d+", stage):
                self.layers.append(Linear(width or channels * size * size, int(stage[5:])))
                width = int(stage[5:])
            else:
                raise ValueError(f"{stage!r} is not a stage that can stand there: conv5x8, conv3x24p1, pool, dense64.")
            if size < 1:
                raise ValueError(f"The image is smaller than the stage {stage!r} needs.")
        self.layers.append(Linear(width or channels * size * size, 10))

    def __call__(self, x: Tensor, taps: list[Tensor] | None = None) -> Tensor:
        """x (B, 784) in 0..1 -> logits (B, 10). Appends the output of every stage to `taps`."""
        x = x.reshape(-1, 1, 28, 28)
        convs, layers = zip(self.convs, self.norms, strict=True), iter(self.layers)
        for stage in self.stages:
            if stage == "pool":
                x = max_pool_2x2(x)
            elif stage.startswith("conv"):
                conv, norm = next(convs)
                x = self.activation(norm(conv(x)))
            else:
                x = self.activation(next(layers)(x.flatten(1)))
            if taps is not None:
                taps.append(x)
        return next(layers)(x.flatten(1).dropout(self.dropout))
