"""The model picker: a native select whose values are model names. Never loads a model itself."""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.interop import dom

from ..widgets.labels import entry_title, length
from .registry import ModelRegistry

#: A longer title is set smaller, so that two lines have room for it. Characters.
LONG = 12


class ModelPicker:
    """`#model`, and `#model-shown`, which shows the title of its value. `chosen` gets the name that was picked."""

    def __init__(self, chosen: Callable[[str], object]) -> None:
        self._select = dom.by_id("model")
        self._shown = dom.by_id("model-shown")
        self._chosen = chosen
        self._listener = dom.Listener(self._select, "change", lambda _event: self._on_change())

    @property
    def name(self) -> str:
        """The model that is picked."""
        return str(self._select.value)

    def _on_change(self) -> None:
        self._show_title()
        self._chosen(self.name)

    def _show_title(self) -> None:
        """Without what the network knows, which the list has, and the line below the answer."""
        full = self.titles().get(self.name, "")
        title = entry_title(full)
        self._shown.textContent = title.replace("-", "\N{NON-BREAKING HYPHEN}")  # "784-128-10" stays in one line
        self._select.title = full
        self._shown.toggleAttribute("data-long", length(title) > LONG)

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
        self._show_title()
