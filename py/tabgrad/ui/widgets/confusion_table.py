"""The confusion matrix as a table, of buttons where there are images to open. Owns its elements; counts nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import DIGITS, Labels
from tabgrad.interop import dom

from .labels import is_short, isolated

CAPTION = "Down: the true {}. Across: what the network read it as."
PRESS = "Press a number to see those images."
#: Stands in a cell without images.
NOTHING = "\N{MIDDLE DOT}"
#: More classes than these scroll within the table's frame.
FITS = 12


class ConfusionTable:
    """`pressed` gets the true class and the answer of a cell; None makes cells of plain text. `name` is the test id."""

    def __init__(
        self, parent: dom.Element, pressed: Callable[[tuple[int, int]], object] | None, name: str = "confusion"
    ) -> None:
        self._pressed, self._name = pressed, name
        self._frame = dom.create("div", parent, class_="table-frame")
        self._table = dom.create("table", self._frame, class_="confusion", data_testid=name)
        self._cells: list[list[Any]] = []
        self._shown: NDArray[np.int64] = np.zeros((0, 0), np.int64)
        self._labels: Labels = ()
        self._listener = dom.Listener(self._table, "click", self._on_click)
        self._build(DIGITS)

    def _build(self, labels: Labels) -> None:
        """Make the table for these classes, all of it empty."""
        self._labels, count = labels, len(labels)
        self._shown = np.zeros((count, count), np.int64)
        table, what = self._table, "digit" if labels == DIGITS else "class"
        table.replaceChildren()
        table.dataset.labels = "short" if is_short(labels) else "long"
        table.style.setProperty("--count", str(count))
        scrolls = count > FITS
        self._frame.toggleAttribute("data-scrolls", scrolls)
        if scrolls:  # the keyboard can scroll it, too
            self._frame.tabIndex = 0
            self._frame.setAttribute("role", "region")
            self._frame.setAttribute("aria-label", "Confusion matrix")
        else:
            for attribute in ("tabindex", "role", "aria-label"):
                self._frame.removeAttribute(attribute)
        caption = CAPTION.format(what)
        dom.create("caption", table, text=f"{caption} {PRESS}" if self._pressed else caption)
        head = dom.create("tr", dom.create("thead", table))
        dom.create("span", dom.create("th", head, scope="col"), text=f"True {what}", class_="sr-only")
        body = dom.create("tbody", table)
        # Made at once, because a thousand cells one by one take too long. It is all numbers: labels are put in as text.
        body.innerHTML = "".join(self._row(truth, count) for truth in range(count))
        for label, name in zip(labels, dom.select("th", body), strict=True):
            for cell in (dom.create("th", head, scope="col"), name):
                dom.create("bdi", cell, text=label)
                if table.dataset.labels == "long":
                    cell.title = label
        cells = dom.select("[data-cell]", body)
        self._cells = [cells[truth * count : (truth + 1) * count] for truth in range(count)]
        if self._pressed is not None:
            for place, cell in enumerate(cells):
                cell.setAttribute("aria-label", self._name_of(*divmod(place, count), 0))

    def _row(self, truth: int, count: int) -> str:
        return f'<tr><th scope="row"></th>{"".join(self._cell(truth, answer) for answer in range(count))}</tr>'

    def _cell(self, truth: int, answer: int) -> str:
        name, kind = f"{truth}-{answer}", "right" if truth == answer else "wrong"
        hooks = f'data-cell="{name}" data-kind="{kind}" data-testid="{self._name}-{name}" data-value="0"'
        if self._pressed is None:
            return f"<td {hooks}>{NOTHING}</td>"
        return f'<td><button type="button" disabled {hooks}>{NOTHING}</button></td>'

    def _name_of(self, truth: int, answer: int, count: int) -> str:
        """What screen readers read: a button does not tell its row and column by itself, as a cell of text does."""
        return f"{isolated(self._labels[truth])} read as {isolated(self._labels[answer])}: {count or NOTHING}"

    def _on_click(self, event: dom.Event) -> None:
        button = dom.closest(event.target, "button")
        if button is not None and self._pressed is not None:
            truth, answer = dom.data(button, "cell").split("-")
            self._pressed((int(truth), int(answer)))

    def show(self, counts: NDArray[np.int64], labels: Labels = DIGITS) -> None:
        """Show `counts` (classes, classes), one row for each of `labels` as the truth.

        A right answer is coloured by its share of the row, a mistake by its share of the most frequent mistake.
        """
        if labels != self._labels:
            self._build(labels)
        rows = counts.sum(axis=1).clip(1)
        largest = max(1, int((counts - np.diag(np.diag(counts))).max()))
        for truth, answer in zip(*np.nonzero((counts != 0) | (self._shown != 0)), strict=True):
            count, cell = int(counts[truth, answer]), self._cells[truth][answer]
            share = count / int(rows[truth]) if truth == answer else count / largest
            cell.style.setProperty("--share", f"{share:.3f}")
            if count == self._shown[truth, answer]:
                continue
            cell.textContent = cell.dataset.value = str(count)
            if self._pressed is not None:
                cell.disabled = count == 0
                cell.setAttribute("aria-label", self._name_of(truth, answer, count))
            if not count:
                cell.textContent = NOTHING
        self._shown = np.array(counts)
