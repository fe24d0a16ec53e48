"""What panels may use of the page. `ui.app.App` is one; a test can be another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tabgrad.backends.base import Device
from tabgrad.ink import Snapshot
from tabgrad.program import Program

from .models.shipped import MakeModel, Model, ShippedModels
from .pad.pad import Pad
from .prediction import Answer


class PageContext(Protocol):
    """The page as its panels see it."""

    manifest: dict[str, Any]
    pad: Pad
    device: Device | None
    models: ShippedModels | None
    model: Model | None
    latest: Answer | None
    weights_version: int
    watchers: list[Callable[[], object]]

    @property
    def ink(self) -> Snapshot:
        """What is on the pad."""

    async def training_program(self, name: str) -> Program:
        """The "train" or "evaluate" program of the network in training. Raises ProgramError if there is none yet."""

    def offer(self, name: str, title: str, make: MakeModel) -> None:
        """Put a network made on this page into the model picker, in the place of an earlier one of that name."""

    def prepare_with(self, prepare: Callable[[Snapshot], NDArray[np.float32]] | None) -> None:
        """Make the network's input with this function, None for the usual one, and answer again."""
