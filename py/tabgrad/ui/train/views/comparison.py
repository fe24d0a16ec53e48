"""A dialog with what has changed in the code from one run to another."""

from __future__ import annotations

from collections.abc import Sequence

from tabgrad.artifacts import RunRow, run_name, source_of
from tabgrad.interop import dom

from ...widgets.controls import Button
from ..code_diff import compared

TITLE = "Compare the code"
#: What a screen reader says before a line.
SPOKEN = {"+": "added", "-": "removed"}


class Comparison:
    """Shows nothing until it is opened. Escape and its button close it; then the focus is where it was."""

    def __init__(self, parent: dom.Element) -> None:
        self._rows: Sequence[RunRow] = []
        self._dialog = dom.create(
            "dialog", parent, class_="comparison", aria_labelledby="comparison-title", data_testid="code-comparison"
        )
        dom.create("h3", self._dialog, text=TITLE, id="comparison-title")
        label = dom.create("label", self._dialog, class_="choice")
        self._run = dom.create("span", label)
        self._select = dom.create("select", label, class_="select", data_testid="comparison-with")
        self._listener = dom.Listener(self._select, "change", lambda _event: self._show())
        self._said = dom.create("p", self._dialog, role="status", data_testid="comparison-said")
        self._lines = dom.create(
            "div", self._dialog, class_="code-diff", role="region", aria_label="Changed lines", tabindex="0"
        )
        self._close = Button(self._dialog, "Close", self._dialog.close, "comparison-close")

    def open(self, rows: Sequence[RunRow], run_id: str) -> None:
        """Compare the code of this run with that of the one before it that has code, or else of the next one."""
        self._chosen = next(row for row in rows if row["id"] == run_id)
        self._rows = [row for row in rows if source_of(row) and row["id"] != run_id]
        self._run.textContent = f"{_title(self._chosen)}, compared with"
        self._select.replaceChildren()
        for row in self._rows:
            dom.create("option", self._select, value=row["id"], text=_title(row))
        earlier = [row for row in self._rows if row["number"] < self._chosen["number"]]
        self._select.value = (earlier or self._rows[-1:])[0]["id"]
        self._show()
        self._dialog.showModal()

    def _show(self) -> None:
        other = next(row for row in self._rows if row["id"] == str(self._select.value))
        old, new = sorted((other, self._chosen), key=lambda row: int(row["number"]))
        found = compared(source_of(old), source_of(new))
        said = f"\N{MINUS SIGN} {_title(old)}, + {_title(new)}"
        self._said.textContent = found if isinstance(found, str) else said
        self._lines.hidden = isinstance(found, str)
        self._lines.replaceChildren()
        for mark, text in () if isinstance(found, str) else found:
            line = dom.create("div", self._lines, data_change=mark)
            sign = dom.create("span", line, text="\N{MINUS SIGN}" if mark == "-" else mark, aria_hidden="true")
            if mark in SPOKEN:
                dom.create("span", line, text=f"{SPOKEN[mark]}: ", class_="sr-only")
            sign.hidden = mark == "@"
            dom.create("code", line, text=text)


def _title(row: RunRow) -> str:
    return f"Run {row['number']}: {run_name(row)}"
