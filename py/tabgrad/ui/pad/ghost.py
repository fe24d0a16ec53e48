"""An example digit that draws itself on the empty pad of somebody who has never drawn here.

It is no ink: it lies on a canvas of its own above the pad, is in no history, and is gone at the first touch or key.
Owns that canvas and its label; `read` has the network read what is there so far.
"""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.ink import Snapshot
from tabgrad.interop import dom

from ..examples import GHOST, example
from .growth import grown
from .pad import Pad, PadCanvas

#: How long the pen takes. Milliseconds.
WRITING_MS = 1_600.0
STILL = "(prefers-reduced-motion: reduce)"
LABEL = "an example"
SPOKEN = "The pad shows an example: a {}, which the network reads. It goes away as soon as you draw."
#: Keys that only move the focus, or change what another key means.
_QUIET_KEYS = ("Tab", "Shift", "Control", "Alt", "Meta", "Escape")


class GhostDigit:
    """`read` gets the example's ink while it grows, and None when it is gone."""

    def __init__(self, pad: Pad, read: Callable[[Snapshot | None], object]) -> None:
        self._read = read
        digit, ink = example(GHOST)
        self._strokes = ink.strokes
        element = dom.by_id("pad")
        self._frame = element.parentElement
        overlay = dom.create("canvas", self._frame, class_="pad-ghost", aria_hidden="true")
        self._label = dom.create("p", self._frame, class_="pad-ghost-label", data_testid="pad-example")
        dom.create("span", self._label, text=LABEL, aria_hidden="true")
        dom.create("span", self._label, text=SPOKEN.format(digit), class_="sr-only")
        self._overlay = overlay
        self._canvas = PadCanvas(overlay, pad.sheet.size, float(dom.data(element, "pen")))
        self._shown = Snapshot()
        self._begin_ms = dom.now_ms()
        self._frames = dom.Frames(self._step)
        self._is_here = True
        self._frame.dataset.ghost = "drawing"
        self._size = dom.SizeWatch(overlay, self.redraw)
        self._listeners = [
            dom.Listener(element, "pointerdown", lambda _event: self.stop(), passive=True),
            dom.Listener(element, "keydown", self._on_key, passive=True),
        ]
        self._step()

    def redraw(self) -> None:
        """Paint it again, after a change of the pad's size or colours."""
        if self._is_here:
            self._canvas.redraw(self._shown)

    def stop(self) -> None:
        """It leaves, and so does its answer. Idempotent."""
        if not self._is_here:
            return
        self._is_here = False
        for listener in self._listeners:
            listener.remove()
        self._size.remove()
        self._overlay.remove()
        self._label.remove()
        self._frame.removeAttribute("data-ghost")
        self._read(None)

    def _step(self) -> None:
        if not self._is_here:
            return
        share = 1.0 if dom.media_matches(STILL) else min(1.0, (dom.now_ms() - self._begin_ms) / WRITING_MS)
        self._shown = Snapshot(grown(self._strokes, share))
        self.redraw()
        if not self._shown.is_empty:
            self._read(self._shown)
        if share < 1:
            self._frames.request()
        else:
            self._frame.dataset.ghost = "shown"

    def _on_key(self, event: dom.Event) -> None:
        if event.key not in _QUIET_KEYS:
            self.stop()
