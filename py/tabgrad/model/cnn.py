"""The convolutional network: a list of stages in words, read from left to right. The grammar is `network.stages`.

For ten classes the default has 30,354 trained parameters and 0.45 M multiply-adds an image.
"""

import math
from collections.abc import Sequence

from tinygrad import Tensor

from tabgrad.network import ACTIVATIONS, CLASSES, CNN_STAGES, IMAGE_SHAPE, STAGE_KINDS, parse_stages, stage_shapes

from .layers import BatchNorm, Conv2d, Linear


class CNN:
    """`stages` are words such as conv5x8, pool, dense64. ValueError for a word that cannot stand where it does.

    Training leaves the first `frozen` stages as they are, and their batch norms use their running statistics.
    """

    def __init__(
        self,
        stages: Sequence[str] = CNN_STAGES,
        activation: str = "relu",
        dropout: float = 0.0,
        classes: int = CLASSES,
        frozen: int = 0,
    ) -> None:
        self.stages = parse_stages(stages, classes)
        if not 0 <= frozen < len(self.stages):
            raise ValueError(f"Of {len(self.stages)} stages the last one must learn: {frozen} cannot be frozen.")
        self.frozen = frozen
        self.frozen_names = frozenset(name for stage in self.stages[:frozen] for name in stage_shapes(stage))
        self.activation, self.dropout = ACTIVATIONS[activation].tensor, dropout
        self.convs: list[Conv2d] = []
        self.norms: list[BatchNorm] = []
        self.layers: list[Linear] = []
        for number, stage in enumerate(self.stages):
            if stage.kind == "conv":
                kernel, channels, padding = stage.numbers
                self.convs.append(Conv2d(stage.input_shape[0], channels, kernel, padding))
                self.norms.append(BatchNorm(channels, is_frozen=number < frozen))
            elif stage.kind == "dense":
                self.layers.append(Linear(math.prod(stage.input_shape), stage.units))

    def __call__(self, x: Tensor, taps: list[Tensor] | None = None) -> Tensor:
        """x (B, 784) in 0..1 -> logits (B, classes). Appends the output of every stage but the logits to `taps`."""
        x = x.reshape(-1, *IMAGE_SHAPE)
        convs, layers = zip(self.convs, self.norms, strict=True), iter(self.layers)
        for number, stage in enumerate(self.stages[:-1], 1):
            if stage.kind == "conv":
                conv, norm = next(convs)
                x = self.activation(norm(conv(x)))
            elif stage.kind == "dense":
                x = self.activation(next(layers)(x.flatten(1)))
            else:
                compute = STAGE_KINDS[stage.kind].tensor
                assert compute is not None, f"The kind {stage.kind} has neither weights nor a form in tinygrad."
                x = compute(x)
            if number == self.frozen:
                x = x.detach().contiguous()  # computed once, and read by the next stage and by its gradient
            if taps is not None:
                taps.append(x)
        return next(layers)(x.flatten(1).dropout(self.dropout))
