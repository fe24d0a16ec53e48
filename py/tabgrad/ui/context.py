"""What panels may use of the page. `ui.app.App` implements it; a test can use a stub."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tabgrad.backends import Device
from tabgrad.ink import Snapshot
from tabgrad.program import Program

from .models import MakeModel, Model
from .models.shipped import ShippedModels
from .pad.pad import Pad
from .prediction import Answer


class PageContext(Protocol):
    """The page as its panels see it. `watchers` are called when the ink, the answer or the network has changed."""

    manifest: dict[str, Any]
    pad: Pad
    latest: Answer | None
    watchers: list[Callable[[], object]]
    painters: list[Callable[[], object]]

    @property
    def device(self) -> Device | None:
        """The engine that answers."""

    @property
    def models(self) -> ShippedModels | None:
        """The shipped models on that engine."""

    @property
    def model(self) -> Model | None:
        """The network that answers."""

    @property
    def weights_version(self) -> int:
        """Goes up when the network that answers gets other weights."""

    @property
    def ink(self) -> Snapshot:
        """What is on the pad."""

    async def training_program(self, name: str) -> Program:
        """The "train" or "evaluate" program of the network in training. Raises ProgramError if there is none yet."""

    def prepare_with(self, prepare: Callable[[Snapshot], NDArray[np.float32]] | None) -> None:
        """Make the network's input (28, 28) from ink with this function, None for the standard one; answer again."""

    def offer(self, name: str, title: str, make: MakeModel) -> None:
        """Put a network that was made on this page into the model picker. It replaces an earlier one of that name."""

    def rename(self, name: str, title: str) -> None:
        """Change a network's title in the model picker, if it is there."""

    async def withdraw(self, name: str) -> None:
        """Take a network out of the model picker; if it answered, the first model takes its place."""

    async def answer_with(self, name: str) -> bool:
        """Pick a model and answer with it; returns whether it worked."""

    def weights_changed(self) -> None:
        """The network that answers has other weights: answer again."""

    def say(self, sentence: str) -> None:
        """Show a sentence in the status line."""
