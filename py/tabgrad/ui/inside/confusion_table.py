"""The confusion matrix as a table of buttons. Owns its elements; counts nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tabgrad.explain.results import Results
from tabgrad.interop import dom


class ConfusionTable:
    """`pressed` gets the truth and the answer of a cell."""

    def __init__(self, parent: dom.Element, pressed: Callable[[tuple[int, int]], object]) -> None:
        frame = dom.create("div", parent, class_="table-frame")
        table = dom.create("table", frame, class_="confusion", data_testid="confusion")
        dom.create("caption", table, text="True digit (rows) and answer (columns)", class_="sr-only")
        head = dom.create("tr", dom.create("thead", table))
        dom.create("th", head, text="", scope="col")
        for answer in range(10):
            dom.create("th", head, text=str(answer), scope="col")
        body = dom.create("tbody", table)
        self._cells: list[list[Any]] = []
        for truth in range(10):
            row = dom.create("tr", body)
            dom.create("th", row, text=str(truth), scope="row")
            self._cells.append([self._cell(row, truth, answer) for answer in range(10)])
        self._pressed = pressed
        self._listener = dom.Listener(table, "click", self._on_click)

    def _cell(self, row: dom.Element, truth: int, answer: int) -> dom.Element:
        name = f"{truth}-{answer}"
        place = dom.create("td", row)
        kind = "right" if truth == answer else "wrong"
        return dom.create(
            "button", place, type="button", data_cell=name, data_kind=kind, data_testid=f"confusion-{name}"
        )

    def _on_click(self, event: dom.Event) -> None:
        button = dom.closest(event.target, "button")
        if button is not None:
            truth, answer = dom.data(button, "cell").split("-")
            self._pressed((int(truth), int(answer)))

    def show(self, results: Results) -> None:
        """The counts; the more of a row's images a cell has, the stronger its colour."""
        counts = results.confusion
        rows = counts.sum(axis=1).clip(1)
        largest = max(1, int((counts - np.diag(np.diag(counts))).max()))
        for truth, row in enumerate(self._cells):
            for answer, cell in enumerate(row):
                count = int(counts[truth, answer])
                share = count / int(rows[truth]) if truth == answer else count / largest
                cell.textContent = f"{count:,}" if count else "\N{MIDDLE DOT}"
                cell.disabled = count == 0
                cell.style.setProperty("--share", f"{share:.3f}")
                cell.setAttribute("aria-label", f"{truth} read as {answer}: {count}")
                cell.dataset.value = str(count)
