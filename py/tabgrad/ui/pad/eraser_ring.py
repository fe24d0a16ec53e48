"""A ring around the pointer over the pad that shows how much the eraser removes. Draws no ink."""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.interop import dom


class EraserRing:
    """`diameter` gives the width of the ring, as a share of the pad's side; 0 hides it."""

    def __init__(self, pad: dom.Element, diameter: Callable[[], float]) -> None:
        self._pad, self._diameter = pad, diameter
        self._ring = dom.create("span", pad.parentElement, class_="pad-ring", aria_hidden="true")
        self._ring.hidden = True
        self._shown_px = 0.0
        self._listeners = [
            dom.Listener(pad, "pointermove", self._follow, passive=True),
            dom.Listener(pad, "pointerleave pointercancel", self._hide, passive=True),
        ]

    def _follow(self, event: dom.Event) -> None:
        side = float(self._pad.clientWidth)
        size_px = self._diameter() * side
        if event.pointerType == "touch" or not size_px:  # a finger would cover the ring
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
