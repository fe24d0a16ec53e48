"""The ring around the mouse or stylus over the pad: as wide as what the eraser takes away. Draws no ink."""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.interop import dom


class Ring:
    """`diameter` says how wide the tool is now, as a share of the pad's side; 0 shows no ring."""

    def __init__(self, pad: dom.Element, diameter: Callable[[], float]) -> None:
        self._pad, self._diameter = pad, diameter
        self._ring = dom.create("span", pad.parentElement, class_="pad-ring", aria_hidden="true")
        self._ring.hidden = True
        self._shown = 0.0
        self._listeners = [
            dom.Listener(pad, "pointermove", self._follow, passive=True),
            dom.Listener(pad, "pointerleave pointercancel", self._hide, passive=True),
        ]

    def _follow(self, event: dom.Event) -> None:
        side = float(self._pad.clientWidth)
        size = self._diameter() * side
        if event.pointerType == "touch" or not size:  # a finger covers it
            self._hide(event)
            return
        if size != self._shown:
            self._shown = size
            self._ring.style.width = self._ring.style.height = f"{size}px"
        inside = 0 <= event.offsetX <= side and 0 <= event.offsetY <= side
        self._ring.hidden = not inside
        self._ring.style.transform = f"translate({event.offsetX - size / 2}px, {event.offsetY - size / 2}px)"

    def _hide(self, _event: dom.Event) -> None:
        self._ring.hidden = True
