"""Bars for numbers that can be negative. Knows nothing of what they measure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tabgrad.interop import dom

from .format import signed


class SignedBars:
    """Rows of a label, a bar that grows to the right (orange) or left (blue) of zero, and a number."""

    def __init__(self, parent: dom.Element, label: str, count: int) -> None:
        self._list = dom.create("ol", parent, class_="signed-bars", aria_label=label)
        self._rows: list[tuple[Any, Any, Any, Any]] = []
        self._shown: list[object] = [None] * count  # what each row shows: most do not change while the pen moves
        for _ in range(count):
            row = dom.create("li", self._list, class_="signed-bar")
            name = dom.create("span", row, class_="signed-bar-name")
            track = dom.create("span", row, class_="signed-bar-track", aria_hidden="true")
            fill = dom.create("span", track, class_="signed-bar-fill")
            self._rows.append((row, name, fill, dom.create("span", row, class_="signed-bar-value")))

    def show(self, names: Sequence[str], values: Sequence[float], best: int | None = None) -> None:
        """Show one row for each value, all on one scale. The row `best` is marked; rows without a value are hidden."""
        limit = max((abs(v) for v in values), default=0.0) or 1.0
        for i, (row, name, fill, number) in enumerate(self._rows):
            row.hidden = i >= len(values)
            if row.hidden:
                continue
            size, exact = f"{abs(values[i]) / limit:.4f}", f"{values[i]:.6f}"
            shown = (names[i], exact, size, i == best)
            if shown == self._shown[i]:
                continue
            self._shown[i] = shown
            name.textContent, number.textContent = names[i], signed(values[i])
            row.dataset.value = exact
            row.toggleAttribute("data-best", i == best)
            row.toggleAttribute("data-negative", values[i] < 0)
            fill.style.setProperty("--size", size)
