"""The models there are: those shipped with the site and those made on this page, by their names in the model picker.

Owns the list; knows no document (`Picker` shows it) and loads nothing before it is picked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from tabgrad.backends import Device
from tabgrad.program import ProgramError

from .model import MakeModel, Model
from .shipped import ShippedModels, ShippedPrograms


class Picker(Protocol):
    """Shows the list: `picker.ModelPicker`."""

    @property
    def name(self) -> str:
        """The model that is picked."""

    @property
    def names(self) -> list[str]:
        """All models on offer, in order."""

    def title_of(self, name: str) -> str:
        """What the list calls a model."""

    def enable(self) -> None:
        """Let the visitor choose."""

    def offer(self, name: str, title: str) -> None:
        """Add a model, or change its title."""

    def withdraw(self, name: str) -> None:
        """Take a model off the list."""

    def pick(self, name: str) -> None:
        """Show a model as picked."""


class ModelRegistry:
    """`urls` is the manifest's "models"; `shipped` has the site's models on the engine in use, None without one."""

    def __init__(self, urls: Mapping[str, Any], fetch: Callable[[str], Awaitable[bytes]], picker: Picker) -> None:
        self._urls, self._fetch, self.picker = urls, fetch, picker
        self.programs = ShippedPrograms(urls, fetch)
        self.shipped: ShippedModels | None = None
        self._device: Device | None = None
        self._made: dict[str, MakeModel] = {}

    def use_device(self, device: Device) -> None:
        """Load models on this device from now on."""
        self._device, self.shipped = device, ShippedModels(self._urls, self.programs, device, self._fetch)

    async def load(self, name: str) -> Model:
        """A model on the device in use. Raises OSError, ProgramError, WeightsError or EngineError with one sentence."""
        if self._device is None or self.shipped is None:
            raise ProgramError("There is no engine that could run a model.")
        make = self._made.get(name)
        return await (make(self._device) if make else self.shipped.get(name))

    def offer(self, name: str, title: str, make: MakeModel) -> None:
        """Add a network made on this page, in the place of an earlier one of that name."""
        self._made[name] = make
        self.picker.offer(name, title)

    def rename(self, name: str, title: str) -> None:
        """Change the title of a network made on this page, if it is on the list."""
        if name in self._made:
            self.picker.offer(name, title)

    def withdraw(self, name: str) -> None:
        """Take a network made on this page off the list."""
        self._made.pop(name, None)
        self.picker.withdraw(name)
