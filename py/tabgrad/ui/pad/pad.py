"""The drawing pad: pointers and keys become actions on the sheet, which is painted from vectors.

Owns the sheet, and takes over the ink that was drawn before Python had started. Never makes a prediction: it passes
every new state of the ink to `changed`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tabgrad.ink import CELLS, Sheet, Snapshot
from tabgrad.interop import dom

from .gestures import Gesture, Tool, begin
from .ink_log import from_log, to_log
from .toolbar import EraserRing, Toolbar

_ARROWS = {"ArrowUp": (-1, 0), "ArrowDown": (1, 0), "ArrowLeft": (0, -1), "ArrowRight": (0, 1)}
#: `PointerEvent.button` of a stylus's eraser end.
_ERASER_BUTTON = 5
Cell = tuple[int, int]  # row, column


class PadCanvas:
    """Paints the canvas `element`, sharp at any size and pixel ratio. Takes no input.

    Its side is `size` units long, and the normal pen `pen` units wide.
    """

    def __init__(self, element: dom.Element, size: float, pen: float) -> None:
        self._element, self._size, self._pen = element, size, pen
        self._context = element.getContext("2d")
        self.grid = False  #: whether the lines between cells are shown
        self.cursor: Cell | None = None  #: the cell that the keyboard is at

    def units(self, events: list[dom.Event]) -> NDArray[np.float32]:
        """Where pointer events happened: x and y in units, (n, 2)."""
        box = self._element.getBoundingClientRect()
        points = np.array([(event.clientX, event.clientY) for event in events], np.float64)
        scaled: NDArray[np.float32] = ((points - (box.x, box.y)) * (self._size / max(box.width, 1))).astype(np.float32)
        return scaled

    def redraw(self, ink: Snapshot) -> None:
        """Paint everything again, at the canvas's current size."""
        side = max(1, round(self._element.clientWidth * dom.device_pixel_ratio()))
        if self._element.width != side or self._element.height != side:
            self._element.width = self._element.height = side
        context, scale = self._context, side / self._size
        context.setTransform(scale, 0, 0, scale, 0, 0)
        context.clearRect(0, 0, self._size, self._size)
        context.globalCompositeOperation = "source-over"  # the boot script's eraser may have set another mode
        context.lineCap = context.lineJoin = "round"
        context.fillStyle = context.strokeStyle = dom.style(self._element, "color")
        for stroke in ink.strokes:
            self.line(stroke.points, stroke.width)
        if ink.cells:
            cell = self._size / CELLS
            context.fill(dom.path("".join(f"M{c * cell} {r * cell}h{cell}v{cell}h-{cell}z" for r, c in ink.cells)))
        if self.grid:
            self._draw_grid(scale)

    def line(self, points: NDArray[np.float32], width: float) -> None:
        """Paint a polyline (n, 2), in units, over what is there. `width` 1 is the normal pen."""
        self._context.lineWidth = self._pen * width
        (x, y), *_ = corners = np.round(points, 2).tolist()
        # Browsers paint nothing for a line of length 0. To make a dot visible, each line starts 0.01 units to the left.
        self._context.stroke(dom.path(f"M{x - 0.01} {y}L" + " ".join(f"{x} {y}" for x, y in corners)))

    def _draw_grid(self, scale: float) -> None:
        context, cell = self._context, self._size / CELLS
        context.lineWidth = 1 / scale  # one device pixel
        context.strokeStyle = dom.style(self._element, "--line")
        at = [round(i * cell * scale) / scale + 0.5 / scale for i in range(1, CELLS)]
        context.stroke(dom.path("".join(f"M{p} 0V{self._size}M0 {p}H{self._size}" for p in at)))
        if self.cursor:
            row, column = self.cursor
            context.lineWidth = 2.5
            context.strokeStyle = dom.style(self._element, "--accent")
            context.strokeRect(column * cell, row * cell, cell, cell)


class Pad:
    """The canvas `#pad` with its tools. `changed` gets the ink after every change, also while a stroke grows."""

    def __init__(self, changed: Callable[[Snapshot], object]) -> None:
        self._changed = changed
        self._element = element = dom.by_id("pad")
        size, self._pen, self._eraser = (float(dom.data(element, name)) for name in ("size", "pen", "eraser"))
        self.sheet = Sheet(size)
        self._canvas = PadCanvas(element, size, self._pen)
        self._cell = dom.by_id("pad-cell")
        self._gesture: Gesture | None = None
        self._pointer, self._pointer_type = -1, ""
        self._take_over()
        self._toolbar = Toolbar(self.act, self._on_tool)
        self._listeners = [
            dom.Listener(element, "pointerdown", self._on_press),
            dom.Listener(element, "pointermove", self._on_move, passive=True),
            dom.Listener(element, "pointerup pointercancel lostpointercapture", self._on_release, passive=True),
            # What browsers do with a press by themselves: drag selected text, select, open a menu after a long one.
            dom.Listener(element, "mousedown dragstart selectstart contextmenu", lambda event: event.preventDefault()),
            dom.Listener(element, "keydown", self._on_key),
            dom.Listener(element, "focus blur", self._on_focus, passive=True),
            dom.on_page("keydown", self._on_page_key),
        ]
        self._ring = EraserRing(element, self._toolbar, 2 * self._eraser / size)
        self._size = dom.SizeWatch(element, self.redraw)
        self._toolbar.choose(self._toolbar.tool)
        self._report()

    @property
    def is_drawing(self) -> bool:
        """Whether a stroke is being drawn, or the keyboard is at a cell."""
        return self._gesture is not None or self._canvas.cursor is not None

    def redraw(self) -> None:
        """Paint the pad again, after a change of its size or its colours."""
        self._canvas.redraw(self.sheet.now)

    def act(self, action: str) -> None:
        """Do what `action` says: "undo", "redo" or "clear". Ignored while a stroke is being drawn."""
        if self._gesture is None:
            {"undo": self.sheet.undo, "redo": self.sheet.redo, "clear": self.sheet.clear}[action]()
            self._refresh()

    def put(self, ink: Snapshot) -> None:
        """Replace the ink on the sheet, as an action that can be undone."""
        self.sheet.begin_action()
        self.sheet.now = ink
        self._refresh()

    def log(self) -> str:
        """The ink as a log of actions, which the pad takes over when the page is reloaded."""
        return to_log(self.sheet.now, self.sheet.size, self._pen)

    def _refresh(self) -> None:
        self.redraw()
        self._report()

    def _report(self) -> None:
        sheet = self.sheet
        self._toolbar.enable(undo=sheet.can_undo, redo=sheet.can_redo, clear=not sheet.now.is_empty)
        self._element.parentElement.toggleAttribute("data-inked", not sheet.now.is_empty)
        self._changed(sheet.now)

    def _take_over(self) -> None:
        """Replay what the boot script logged, so that it can be undone. A stroke that is being drawn goes on."""
        log, self._pointer = from_log(dom.boot_takeover())
        for action in log:
            if action.tool == "clear":
                self.sheet.clear()
            else:
                self._gesture = begin(action.tool, self.sheet, action.width, self._eraser)
                self._gesture.move(action.points)
        if self._pointer < 0:
            self._gesture = None

    # ---- Pointers

    def _on_press(self, event: dom.Event) -> None:
        if event.button not in (0, _ERASER_BUTTON) or not self._makes_way(event):
            return
        dom.drop_selection()
        self._element.focus(preventScroll=True)
        self._pointer, self._pointer_type = event.pointerId, str(event.pointerType)
        dom.capture_pointer(self._element, event.pointerId)
        tool: Tool = "eraser" if event.button == _ERASER_BUTTON else self._toolbar.tool
        self._canvas.cursor = None
        self._gesture = begin(tool, self.sheet, self._toolbar.width, self._eraser)
        self._extend([event])

    def _makes_way(self, event: dom.Event) -> bool:
        """Whether the gesture under way, if there is one, ends for this press. What a hand did by accident is undone.

        A pen takes the place of a palm. A second finger means a pinch, and neither of the two draws.
        """
        if self._gesture is None:
            return bool(event.isPrimary or event.pointerType != "touch")
        if self._pointer_type != "touch" or event.pointerType not in ("touch", "pen"):
            return False
        self._gesture = None
        self.sheet.cancel_action()
        self._refresh()
        return bool(event.pointerType == "pen")

    def _on_move(self, event: dom.Event) -> None:
        if self._gesture is not None and event.pointerId == self._pointer:
            self._extend(dom.coalesced(event))

    def _on_release(self, event: dom.Event) -> None:
        if self._gesture is not None and event.pointerId == self._pointer:
            self._gesture = None
            self.sheet.end_action()
            self._refresh()

    def _extend(self, events: list[dom.Event]) -> None:
        assert self._gesture is not None
        added = self._gesture.move(self._canvas.units(events))
        if added is None:
            self.redraw()
        else:
            self._canvas.line(added, self._toolbar.width)
        self._report()

    # ---- Keys

    def _on_key(self, event: dom.Event) -> None:
        if event.ctrlKey or event.metaKey or event.altKey or self._gesture is not None:
            return
        if event.key in _ARROWS:
            self._move_cursor(*_ARROWS[event.key], draw=event.shiftKey)
        elif event.key in (" ", "Enter") and (cell := self._canvas.cursor):
            self._fill(cell, cell not in self.sheet.now.cells)
        elif event.key == "Delete":
            self.act("clear")
        else:
            return
        event.preventDefault()

    def _move_cursor(self, rows: int, columns: int, draw: bool) -> None:
        if self._toolbar.tool != "cells":
            self._toolbar.choose("cells")
        row, column = self._canvas.cursor or (CELLS // 2 - rows, CELLS // 2 - columns)
        self._canvas.cursor = cell = min(max(row + rows, 0), CELLS - 1), min(max(column + columns, 0), CELLS - 1)
        if draw:
            self._fill(cell, True)
        else:
            self.redraw()
            self._announce(cell)

    def _fill(self, cell: Cell, filled: bool) -> None:
        self.sheet.begin_action()
        self.sheet.fill(cell, filled)
        self.sheet.end_action()
        self._refresh()
        self._announce(cell)

    def _announce(self, cell: Cell) -> None:
        state = "filled" if cell in self.sheet.now.cells else "empty"
        self._cell.textContent = f"Row {cell[0] + 1}, column {cell[1] + 1}, {state}"

    def _on_focus(self, event: dom.Event) -> None:
        if event.type == "blur" and self._canvas.cursor:
            self._canvas.cursor = None
            self.redraw()

    def _on_page_key(self, event: dom.Event) -> None:
        """Control Z, and Control Shift Z or Control Y, anywhere but in a text field."""
        key = str(event.key).lower()
        if not (event.ctrlKey or event.metaKey) or key not in ("z", "y") or dom.edits_text(event.target):
            return
        event.preventDefault()
        self.act("redo" if key == "y" or event.shiftKey else "undo")

    def _on_tool(self, tool: Tool) -> None:
        self._canvas.grid = tool == "cells"
        if tool != "cells":
            self._canvas.cursor = None
        self.redraw()
