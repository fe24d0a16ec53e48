"""The buttons around the pad, and a ring around the pointer that shows how much the eraser removes.

Owns which tool is chosen and the brush size; never touches the ink.
"""

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


class EraserRing:
    """Hidden while another tool is chosen. `diameter`: the eraser's at brush width 1, as a share of the pad's side."""

    def __init__(self, pad: dom.Element, toolbar: Toolbar, diameter: float) -> None:
        self._pad, self._toolbar, self._diameter = pad, toolbar, diameter
        self._ring = dom.create("span", pad.parentElement, class_="pad-ring", aria_hidden="true")
        self._ring.hidden = True
        self._shown_px = 0.0
        self._listeners = [
            dom.Listener(pad, "pointermove", self._follow, passive=True),
            dom.Listener(pad, "pointerleave pointercancel", self._hide, passive=True),
        ]

    def _follow(self, event: dom.Event) -> None:
        side = float(self._pad.clientWidth)
        size_px = self._diameter * self._toolbar.width * side
        if event.pointerType == "touch" or self._toolbar.tool != "eraser":  # a finger would cover the ring
            self._hide(event)
            return
        if size_px != self._shown_px:
            self._shown_px = size_px
            self._ring.style.width = self._ring.style.height = f"{size_px}px"
        inside = 0 <= event.offsetX <= side and 0 <= event.offsetY <= side
        self._ring.hidden = not inside
        self._ring.style.transform = f"translate({event.offsetX - size_px / 2}px, {event.offsetY - size_px / 2}px)"

    def _hide(self, _event: dom.Event) -> None:
        self._ring.hidden = True
