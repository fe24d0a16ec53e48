"""The model picker: a native select whose values are model names. Never loads a model itself."""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.interop import dom

from .registry import ModelRegistry


class ModelPicker:
    """`#model`. `chosen` gets the name that the visitor picked."""

    def __init__(self, chosen: Callable[[str], object]) -> None:
        self._select = dom.by_id("model")
        self._listener = dom.Listener(self._select, "change", lambda _event: chosen(self.name))

    @property
    def name(self) -> str:
        """The model that is picked."""
        return str(self._select.value)

    def titles(self) -> dict[str, str]:
        """The models on the list by name, in order."""
        return {str(option.value): str(option.textContent).strip() for option in self._select.options}

    def render(self, registry: ModelRegistry) -> None:
        """Show the models on offer, and which of them is picked."""
        before = self.titles()
        for option in list(self._select.options):
            if option.value not in registry.titles:
                option.remove()
            elif registry.titles[option.value] != before[option.value]:
                option.textContent = registry.titles[option.value]
        for name in [name for name in registry.titles if name not in before]:
            dom.create("option", self._select, text=registry.titles[name], value=name)
        self._select.value = registry.picked
        self._select.disabled = not registry.can_choose
