"""The code editor from Python: web/editor.js, which is CodeMirror in a shadow root. Owns its proxies; decides nothing.

    await code_editor.load(manifest["code"]["editor"])
    editor = CodeEditor(host, "x = 1", changed, compile_it)

https://codemirror.net/docs/
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import js

from . import page
from .convert import js_function, release, to_js

#: What scripts/sitebuild/editor.py calls the script's exports.
_GLOBAL = "tabgradEditor"


async def load(url: str) -> None:
    """Load the editor's script if it is not loaded yet. Raises OSError with one sentence."""
    if getattr(js, _GLOBAL, None) is None:
        await page.load_script(url)
    if getattr(js, _GLOBAL, None) is None:
        raise OSError("This browser could not start the code editor.")


class CodeEditor:
    """An editor in `host`, an empty element. Await `load` first.

    `data-label` of the host names the text field, and `data-help` describes it to screen readers. `changed` is called
    after every change of the text, `entered` when Control Enter or Command Enter is pressed, `moved` when the cursor
    has moved, `focused` when the editor gets the focus.

    `asked` gets questions about a place, its line from 1 on and the characters before it: what the name there is if
    the third argument is True, else what can be typed there. It has to call the fourth once, with the answer as JSON:
    {"options": [{"label", "kind", "detail", "info"}], "signature", "doc"}, empty what is not known.
    """

    def __init__(
        self,
        host: Any,
        text: str,
        *,
        changed: Callable[[], object],
        entered: Callable[[], object],
        moved: Callable[[], object],
        focused: Callable[[], object],
        asked: Callable[[int, int, bool, Callable[[str], object]], object],
    ) -> None:
        self._proxies = [js_function(_silent(call)) for call in (changed, entered, moved, focused, asked)]
        self._editor = getattr(js, _GLOBAL).make(host, text, *self._proxies)

    @property
    def text(self) -> str:
        """All of the text, with a line feed at the end of each line."""
        return str(self._editor.get())

    def open(self, text: str) -> None:
        """Begin with another text, with nothing to undo."""
        self._editor.open(text)

    def replace(self, text: str) -> None:
        """Change all of the text, in one step that the visitor can undo."""
        self._editor.replace(text)

    def save(self) -> str:
        """Text, cursor and undo history, for `restore`."""
        return str(self._editor.save())

    def restore(self, saved: str) -> bool:
        """Go on from what `save` returned; False, and nothing changes, if that is damaged."""
        return bool(self._editor.restore(saved))

    def show_problems(self, problems: Sequence[tuple[int, str]]) -> None:
        """Mark these (line, sentence), and no others. Lines count from 1; 0 is no line of the text."""
        self._editor.setErrors(to_js([{"line": line, "message": message} for line, message in problems]))

    def problem_lines(self) -> list[int]:
        """Where the marked problems are by now, after changes of the text."""
        return [int(line) for line in self._editor.errorLines()]

    def line(self) -> int:
        """The line of the cursor."""
        return int(self._editor.lineAt())

    def go_to(self, line: int) -> None:
        """Put the cursor into a line, and the focus into the editor."""
        self._editor.goTo(line)

    def focus(self) -> None:
        """Put the focus into the editor."""
        self._editor.focus()

    def remove(self) -> None:
        """Remove the editor from the page."""
        self._editor.destroy()
        for proxy in self._proxies:
            release(proxy)


def _silent(call: Callable[..., object]) -> Callable[..., None]:
    """`call` without its result, which would become a proxy in JavaScript."""

    def run(*arguments: Any) -> None:
        call(*arguments)

    return run
