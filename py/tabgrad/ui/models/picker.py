"""The model picker: a native select whose values are model names. Never loads a model itself."""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.interop import dom


class ModelPicker:
    """`#model`. `chosen` gets the name that the visitor picked."""

    def __init__(self, chosen: Callable[[str], object]) -> None:
        self._select = dom.by_id("model")
        self._listener = dom.Listener(self._select, "change", lambda _event: chosen(self.name))

    @property
    def name(self) -> str:
        """The model that is picked."""
        return str(self._select.value)

    @property
    def names(self) -> list[str]:
        """All models on offer, in order."""
        return [str(option.value) for option in self._select.options]

    def title_of(self, name: str) -> str:
        """What the list calls a model; its name if it is not on the list."""
        titles = {str(option.value): str(option.textContent).strip() for option in self._select.options}
        return titles.get(name, name)

    def enable(self) -> None:
        """Let the visitor choose."""
        self._select.disabled = False

    def offer(self, name: str, title: str) -> None:
        """Add a model at the end of the list, or change its title."""
        for option in self._select.options:
            if option.value == name:
                option.textContent = title
                return
        dom.create("option", self._select, text=title, value=name)

    def withdraw(self, name: str) -> None:
        """Take a model off the list."""
        for option in list(self._select.options):
            if option.value == name:
                option.remove()

    def pick(self, name: str) -> None:
        """Show a model as picked without telling anybody."""
        self._select.value = name
