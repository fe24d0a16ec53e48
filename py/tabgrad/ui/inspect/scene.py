"""What a section gets to show: one moment of the page. Computes on demand, and each thing once."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tabgrad.ink import Snapshot
from tabgrad.interop import dom

from ..prediction import Answer
from .probe import Probe

Array = NDArray[np.float32]


class ViewState:
    """`ink` on the pad, the `answer` to it (None while there is none), and the `probe` into the network, if any."""

    def __init__(self, ink: Snapshot, answer: Answer | None, probe: Probe | None, dark: bool) -> None:
        self.ink, self.answer, self.probe, self.dark = ink, answer, probe, dark
        self._activations: dict[str, Array] | None = None

    @property
    def winner(self) -> int | None:
        """The digit that the network answers."""
        return self.answer.ranking[0] if self.answer else None

    async def activations(self) -> dict[str, Array]:
        """`logits` and each stage's activations by tap; all zero while nothing is drawn. Raises EngineError."""
        assert self.probe is not None
        if self._activations is None:
            if self.answer is None:
                shapes = {s.tap or "logits": s.shape for s in self.probe.structure}
                self._activations = {tap: np.zeros(shape, np.float32) for tap, shape in shapes.items()}
            else:
                self._activations = await self.probe.activations(self.answer.image)
        return self._activations


class Section(Protocol):
    """One explanation. `lead` says in a sentence or two, for somebody who never saw a network, what is to be seen."""

    name: str
    title: str
    lead: str
    needs_network: bool  #: False if it also has something to show without one

    def build(self, body: dom.Element) -> None:
        """Make the elements. Called once, when the section is first opened."""

    async def update(self, scene: ViewState) -> None:
        """Show this moment. Called only while open, never twice at a time. Raises what engines raise."""
