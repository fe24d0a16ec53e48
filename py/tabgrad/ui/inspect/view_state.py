"""The state of the page that a section shows. Activations are computed on demand, and once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tabgrad.ink import Snapshot

from ..prediction import Answer
from .probe import Probe

Array = NDArray[np.float32]


class ViewState:
    """The `ink` on the pad, the `answer` to it, the `probe` into the network, and whether the page is `dark`.

    `answer` and `probe` are None while there is none.
    """

    def __init__(self, ink: Snapshot, answer: Answer | None, probe: Probe | None, dark: bool) -> None:
        self.ink, self.answer, self.probe, self.dark = ink, answer, probe, dark
        self._activations: dict[str, Array] | None = None

    @property
    def winner(self) -> int | None:
        """The digit that the network answers; None while there is no answer."""
        return self.answer.ranking[0] if self.answer else None

    async def activations(self) -> dict[str, Array]:
        """`logits` (10,), and each stage's activations by its tap; all zero without an answer. Raises EngineError."""
        assert self.probe is not None
        if self._activations is None:
            if self.answer is None:
                shapes = {s.tap or "logits": s.shape for s in self.probe.structure}
                self._activations = {tap: np.zeros(shape, np.float32) for tap, shape in shapes.items()}
            else:
                self._activations = await self.probe.activations(self.answer.image)
        return self._activations
