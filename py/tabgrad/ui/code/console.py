"""The console below the editor: a line for Python, and what comes of it. `console_controller` decides."""

from __future__ import annotations

import numpy as np

from tabgrad.interop import dom
from tabgrad.interop import page as browser
from tabgrad.storage import keys

from ..context import PageContext
from ..widgets.controls import Button
from ..worker_link import WorkerLink
from .console_controller import ConsoleController, ConsoleState, Entry

TITLE = "Console"
LEAD = (
    "Type Python and press Enter. x is the drawing on the pad, net the network that was compiled or trained last, and "
    "data has the training images. Try one:"
)
EXAMPLES = ("x", "data.sample(3)", "net(Tensor(x.reshape(1, 1, 28, 28)))")
KEYS = (
    "Shift and Enter begin a new line. The arrow keys up and down bring back what was typed before. Tab completes a "
    "name. Press Escape, then Tab, to leave the line."
)
OUTPUT = "What the console shows"
#: Lines that the field shows at most.
MAX_ROWS = 12


class Console:
    """Builds itself in `place`. `worker` runs the commands."""

    def __init__(self, page: PageContext, place: dom.Element, worker: WorkerLink) -> None:
        self._page = page
        self._shown = 0  # number of the last entry that is shown
        self._revision = 0
        self._control = ConsoleController(
            worker,
            before=page.before_console,
            image=self._image,
            keep=lambda text: browser.keep_for_reload(keys.CONSOLE, text),
            kept=browser.kept_for_reload(keys.CONSOLE),
            render=self._render,
        )
        self._do = self._control.tasks.do
        self._build(place)
        page.erasers.append(self._control.erased)

    def _build(self, place: dom.Element) -> None:
        root = dom.create("section", place, class_="console", aria_labelledby="console-title")
        dom.create("h2", root, id="console-title", text=TITLE, class_="panel-title")
        dom.create("p", root, text=LEAD, class_="lead")
        row = dom.create("div", root, class_="console-examples")
        self._examples = [
            Button(row, code, lambda code=code: self._do(self._control.run(code)), f"repl-example-{i}")  # type: ignore[misc] # a bound default
            for i, code in enumerate(EXAMPLES)
        ]
        self._log = dom.create(
            "div", root, class_="console-output", role="log", tabindex="0", aria_label=OUTPUT, data_testid="repl-output"
        )
        line = dom.create("div", root, class_="console-line")
        plain = {"spellcheck": "false", "autocapitalize": "off", "autocomplete": "off", "class_": "console-input"}
        names = {"aria_label": "Python to run", "aria_describedby": "console-keys", "data_testid": "repl-input"}
        self._input = dom.create("textarea", line, rows="1", **plain, **names)
        self._stop = Button(line, "Stop", lambda: self._do(self._control.stop()), "repl-stop")
        self._stop.element.hidden = True
        self._note = dom.create("p", root, class_="code-note console-note", role="status", data_testid="repl-note")
        dom.create("p", root, id="console-keys", text=KEYS, class_="code-note")
        self._listeners = [
            dom.Listener(self._input, "input", lambda _event: self._read()),
            dom.Listener(self._input, "keydown", self._on_key),
        ]

    def _image(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        answer = self._page.latest or self._page.example
        return answer.image if answer else np.zeros((28, 28), np.float32)

    def _read(self) -> None:
        self._control.typed(str(self._input.value), int(self._input.selectionStart))

    def _on_key(self, event: dom.Event) -> None:
        if event.isComposing or event.ctrlKey or event.altKey or event.metaKey:
            return
        self._read()
        control = self._control
        keys_used = {
            "Enter": lambda: control.enter(shift=bool(event.shiftKey)),
            "Tab": lambda: control.tab(shift=bool(event.shiftKey)),
            "ArrowUp": control.up,
            "ArrowDown": control.down,
            "Escape": control.escape,
        }
        used = keys_used.get(str(event.key))
        if used is not None and used():
            event.preventDefault()

    # ---- Rendering

    def _render(self, state: ConsoleState) -> None:
        if state.revision != self._revision:
            self._revision = state.revision
            self._input.value = state.text
            self._input.setSelectionRange(state.cursor, state.cursor)
        self._input.rows = min(MAX_ROWS, state.text.count("\n") + 1)
        if self._stop.element.hidden == state.can_stop:
            had_focus = dom.focused() is not None and bool(dom.focused() == self._stop.element)
            self._stop.element.hidden = not state.can_stop
            if had_focus:
                self._input.focus()
        for example in self._examples:
            example.enable(not state.is_busy)
        if str(self._note.textContent) != state.note:
            self._note.textContent = state.note
        new = [entry for entry in state.entries if entry.number > self._shown]
        for entry in new:
            self._render_entry(entry)
            self._shown = entry.number
        if new:
            while self._log.childElementCount > len(state.entries):
                self._log.firstElementChild.remove()
            self._log.scrollTop = self._log.scrollHeight

    def _render_entry(self, entry: Entry) -> None:
        if entry.pixels is None:
            dom.create("pre", self._log, text=entry.text, data_kind=entry.kind)
            return
        figure = dom.create("figure", self._log, data_kind=entry.kind)
        height, width = entry.pixels.shape
        canvas = dom.create("canvas", figure, width=str(width), height=str(height), role="img", aria_label=entry.text)
        dom.put_grey(canvas, (entry.pixels / 255).astype(np.float32))
        dom.create("figcaption", figure, text=entry.text)
