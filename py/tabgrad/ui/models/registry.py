"""The models there are: those shipped with the site and those made on this page, by name.

Owns the list and which model is picked; knows no document, and loads nothing before it is picked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tabgrad.backends import Device
from tabgrad.program import ProgramError

from .model import MakeModel, Model
from .shipped import Fetch, ShippedModels, ShippedPrograms


class ModelRegistry:
    """`urls` is the manifest's "models". `titles` are the models on offer by name, in order; `picked` is one of them.
    `can_choose`: whether the visitor can pick another one. `render` shows the list after each change.

    `shipped` has the site's models on the engine in use, None without one.
    """

    def __init__(
        self,
        urls: Mapping[str, Any],
        fetch: Fetch,
        titles: Mapping[str, str],
        picked: str,
        render: Callable[[ModelRegistry], object],
    ) -> None:
        self.titles, self.picked, self.can_choose = dict(titles), picked, False
        self._render = render
        self.programs = ShippedPrograms(urls, fetch)
        self.shipped: ShippedModels | None = None
        self._device: Device | None = None
        self._made: dict[str, MakeModel] = {}

    def use_device(self, device: Device) -> None:
        """Load models on this device from now on."""
        self._device, self.shipped = device, ShippedModels(self.programs, device)

    async def load(self, name: str) -> Model:
        """A model on the device in use. Raises OSError, ProgramError, WeightsError or EngineError with one sentence."""
        if self._device is None or self.shipped is None:
            raise ProgramError("There is no engine that could run a model.")
        make = self._made.get(name)
        return await (make(self._device) if make else self.shipped.get(name))

    def pick(self, name: str) -> None:
        """Show a model as picked."""
        self.picked = name
        self._render(self)

    def let_choose(self) -> None:
        """A model works: let the visitor choose."""
        self.can_choose = True
        self._render(self)

    def offer(self, name: str, title: str, make: MakeModel) -> None:
        """Add a network made on this page, in the place of an earlier one of that name."""
        self._made[name], self.titles[name] = make, title
        self._render(self)

    def rename(self, name: str, title: str) -> None:
        """Change the title of a network made on this page, if it is on the list."""
        if name in self._made:
            self.titles[name] = title
            self._render(self)

    def withdraw(self, name: str) -> None:
        """Take a network made on this page off the list. If it was picked, the first model is."""
        if self._made.pop(name, None):
            del self.titles[name]
            self.picked = next(iter(self.titles)) if self.picked == name else self.picked
            self._render(self)
