"""One button for each preset; the one whose settings are in the form is marked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tabgrad.interop import dom
from tabgrad.settings import PRESETS, RunSettings


class PresetButtons:
    """`chosen` gets the name of a preset."""

    def __init__(self, parent: dom.Element, chosen: Callable[[str], object]) -> None:
        self._chosen = chosen
        group = dom.create("div", parent, class_="train-presets", role="group", aria_label="Presets")
        self._buttons = {}
        for name, preset in PRESETS.items():
            button = dom.create(
                "button", group, type="button", class_="preset", data_preset=name, data_testid=f"train-preset-{name}"
            )
            self._buttons[name] = button
            dom.create("strong", button, text=preset.title)
            dom.create("span", button, text=preset.promise)
        self._listener = dom.Listener(group, "click", self._on_click)

    def _on_click(self, event: dom.Event) -> None:
        button = dom.closest(event.target, "button")
        if button is not None:
            self._chosen(dom.data(button, "preset"))

    def show(self, settings: RunSettings) -> None:
        """Mark the preset that these settings are. Seed, data and engine belong to no preset."""
        for name, button in self._buttons.items():
            preset = PRESETS[name].settings
            is_it = replace(settings, seed=preset.seed, data=preset.data, engine=preset.engine) == preset
            button.setAttribute("aria-pressed", "true" if is_it else "false")
