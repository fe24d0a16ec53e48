"""The buttons around the pad. Owns which tool is chosen and the brush size; never touches the ink."""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.interop import dom

from .gestures import Tool

TOOLS: tuple[Tool, ...] = ("pen", "eraser", "cells")


class Toolbar:
    """`act` gets "undo", "redo" or "clear"; `chosen` gets the tool when another one is chosen."""

    def __init__(self, act: Callable[[str], object], chosen: Callable[[Tool], object]) -> None:
        self._act, self._chosen = act, chosen
        self._brush = dom.by_id("brush")
        tools = dom.by_id("draw")
        self._tools = {button.dataset.tool: button for button in dom.select("[data-tool]", tools)}
        self._actions = {button.dataset.action: button for button in dom.select("[data-action]", tools)}
        pressed = (tool for tool in TOOLS if self._tools[tool].getAttribute("aria-pressed") == "true")
        self.tool: Tool = next(pressed, "pen")
        self._tools["cells"].disabled = False
        self._listener = dom.Listener(tools, "click", self._click)

    @property
    def width(self) -> float:
        """The brush's width; 1 is the normal pen."""
        return min(2.0, max(0.5, float(self._brush.value)))

    def choose(self, tool: Tool) -> None:
        """Choose a tool."""
        self.tool = tool
        for name, button in self._tools.items():
            button.setAttribute("aria-pressed", "true" if name == tool else "false")
        self._chosen(tool)

    def enable(self, **actions: bool) -> None:
        """Enable or disable the buttons `undo`, `redo` and `clear`."""
        for name, possible in actions.items():
            if self._actions[name].disabled == possible:  # setting it restyles the whole page
                self._actions[name].disabled = not possible

    def _click(self, event: dom.Event) -> None:
        button = dom.closest(event.target, "button")
        if button is None:
            return
        if action := dom.data(button, "action"):
            self._act(action)
        elif (tool := dom.data(button, "tool")) in TOOLS:
            self.choose(tool)
