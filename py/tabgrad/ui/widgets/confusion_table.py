"""The confusion matrix as a table, of buttons where there are images to open. Owns its elements; counts nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.interop import dom

CAPTION = "Down: the true digit. Across: what the network read it as."
PRESS = "Press a number to see those images."
#: Stands in a cell without images.
NOTHING = "\N{MIDDLE DOT}"


class ConfusionTable:
    """`pressed` gets the true digit and the answer of a cell; None makes cells of plain text. `name` is the test id."""

    def __init__(
        self, parent: dom.Element, pressed: Callable[[tuple[int, int]], object] | None, name: str = "confusion"
    ) -> None:
        self._pressed, self._name = pressed, name
        frame = dom.create("div", parent, class_="table-frame")
        table = dom.create("table", frame, class_="confusion", data_testid=name)
        dom.create("caption", table, text=f"{CAPTION} {PRESS}" if pressed else CAPTION)
        head = dom.create("tr", dom.create("thead", table))
        dom.create("span", dom.create("th", head, scope="col"), text="True digit", class_="sr-only")
        for answer in range(10):
            dom.create("th", head, text=str(answer), scope="col")
        body = dom.create("tbody", table)
        self._cells: list[list[Any]] = []
        for truth in range(10):
            row = dom.create("tr", body)
            dom.create("th", row, text=str(truth), scope="row")
            self._cells.append([self._cell(row, truth, answer) for answer in range(10)])
        self._listener = dom.Listener(table, "click", self._on_click)

    def _cell(self, row: dom.Element, truth: int, answer: int) -> dom.Element:
        name, kind = f"{truth}-{answer}", "right" if truth == answer else "wrong"
        hooks = {"data_cell": name, "data_kind": kind, "data_testid": f"{self._name}-{name}"}
        if self._pressed is None:
            return dom.create("td", row, **hooks)
        return dom.create("button", dom.create("td", row), type="button", **hooks)

    def _on_click(self, event: dom.Event) -> None:
        button = dom.closest(event.target, "button")
        if button is not None and self._pressed is not None:
            truth, answer = dom.data(button, "cell").split("-")
            self._pressed((int(truth), int(answer)))

    def show(self, counts: NDArray[np.int64]) -> None:
        """Show `counts` (10, 10), one row for each true digit.

        A right answer is coloured by its share of the row, a mistake by its share of the most frequent mistake.
        """
        rows = counts.sum(axis=1).clip(1)
        largest = max(1, int((counts - np.diag(np.diag(counts))).max()))
        for truth, row in enumerate(self._cells):
            for answer, cell in enumerate(row):
                count = int(counts[truth, answer])
                share = count / int(rows[truth]) if truth == answer else count / largest
                cell.textContent = str(count) if count else NOTHING
                cell.style.setProperty("--share", f"{share:.3f}")
                # Screen readers read a cell of plain text with its row and column by themselves.
                if self._pressed is not None:
                    cell.disabled = count == 0
                    cell.setAttribute("aria-label", f"{truth} read as {answer}: {count or NOTHING}")
                cell.dataset.value = str(count)
