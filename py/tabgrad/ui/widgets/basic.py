"""The few things that these panels are made of: pictures with a text alternative, signed bars, switches, choices.

Owns their elements; knows no network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.interop import dom

MINUS = "\N{MINUS SIGN}"


def is_dark() -> bool:
    """Whether the page is dark now."""
    chosen = str(getattr(dom.root_dataset(), "theme", ""))
    return chosen == "dark" if chosen else dom.media_matches("(prefers-color-scheme: dark)")


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign, as people write it; no sign on what rounds to 0."""
    text = f"{abs(value):.{digits}f}"
    sign = "" if float(text) == 0 else "+" if value > 0 else MINUS
    return sign + text


def share(value: float, digits: int = 0) -> str:
    """A share in 0..1 as per cent, which no line break takes apart."""
    return f"{100 * value:.{digits}f}\N{NO-BREAK SPACE}%"


class Picture:
    """A canvas of few pixels, enlarged by CSS, with a caption and a text alternative."""

    def __init__(self, parent: dom.Element, caption: str = "", kind: str = "") -> None:
        self.figure = dom.create("figure", parent, class_=f"picture {kind}".strip())
        frame = dom.create("div", self.figure, class_="picture-frame")
        self.canvas = dom.create("canvas", frame, role="img", width="1", height="1")
        self._overlay = dom.create("div", frame, class_="picture-overlay", aria_hidden="true")
        self._caption = dom.create("figcaption", self.figure, text=caption)
        self._shape = (1, 1)

    def show(self, rgba: NDArray[np.uint8], alt: str) -> None:
        """Show uint8 (height, width, 4); `alt` says what is to be seen."""
        if rgba.shape[:2] != self._shape:
            self._shape = (rgba.shape[0], rgba.shape[1])
            self.canvas.height, self.canvas.width = self._shape
        dom.put_rgba(self.canvas, rgba)
        self.canvas.setAttribute("aria-label", alt)

    def caption(self, text: str) -> None:
        """Change the caption."""
        self._caption.textContent = text

    def overlay(self, shapes: str) -> None:
        """Lay SVG shapes over the picture, in its pixels; empty takes them away."""
        height, width = self._shape
        self._overlay.innerHTML = f'<svg viewBox="0 0 {width} {height}">{shapes}</svg>' if shapes else ""

    def point(self, event: dom.Event) -> tuple[float, float]:
        """Where a pointer event hit, in pixels of the picture."""
        box = self.canvas.getBoundingClientRect()
        height, width = self._shape
        return (
            (event.clientX - box.x) / max(box.width, 1) * width,
            (event.clientY - box.y) / max(box.height, 1) * height,
        )


class SignedBars:
    """Rows of a label, a bar that grows to the right (orange) or left (blue) of zero, and a number."""

    def __init__(self, parent: dom.Element, label: str, count: int) -> None:
        self._list = dom.create("ol", parent, class_="signed-bars", aria_label=label)
        self._rows: list[tuple[Any, Any, Any, Any]] = []
        self._now: list[object] = [None] * count  # what each row shows: most do not change while the pen moves
        for _ in range(count):
            row = dom.create("li", self._list, class_="signed-bar")
            name = dom.create("span", row, class_="signed-bar-name")
            track = dom.create("span", row, class_="signed-bar-track", aria_hidden="true")
            fill = dom.create("span", track, class_="signed-bar-fill")
            self._rows.append((row, name, fill, dom.create("span", row, class_="signed-bar-value")))

    def show(self, names: Sequence[str], values: Sequence[float], best: int | None = None) -> None:
        """One row a value; rows that are left over are hidden. `best` is marked. Bars share one scale."""
        limit = max((abs(v) for v in values), default=0.0) or 1.0
        for i, (row, name, fill, number) in enumerate(self._rows):
            row.hidden = i >= len(values)
            if row.hidden:
                continue
            size, exact = f"{abs(values[i]) / limit:.4f}", f"{values[i]:.6f}"
            now = (names[i], exact, size, i == best)
            if now == self._now[i]:
                continue
            self._now[i] = now
            name.textContent, number.textContent = names[i], signed(values[i])
            row.dataset.value = exact
            row.toggleAttribute("data-best", i == best)
            row.toggleAttribute("data-negative", values[i] < 0)
            fill.style.setProperty("--size", size)


class Switch:
    """A labelled checkbox."""

    def __init__(self, parent: dom.Element, text: str, on: bool, changed: Callable[[], object], testid: str) -> None:
        label = dom.create("label", parent, class_="switch")
        self._box = dom.create("input", label, type="checkbox", data_testid=testid)
        self._box.checked = on
        dom.create("span", label, text=text)
        self._listener = dom.Listener(self._box, "change", lambda _event: changed())

    @property
    def on(self) -> bool:
        """Whether it is ticked."""
        return bool(self._box.checked)

    @on.setter
    def on(self, value: bool) -> None:
        self._box.checked = value


class Select:
    """A labelled select."""

    def __init__(
        self, parent: dom.Element, text: str, options: Mapping[str, str], changed: Callable[[], object], testid: str
    ) -> None:
        """`options` maps each value to what it is called."""
        label = dom.create("label", parent, class_="choice")
        dom.create("span", label, text=text)
        self._select = dom.create("select", label, class_="select", data_testid=testid)
        self.offer(options)
        self._listener = dom.Listener(self._select, "change", lambda _event: changed())

    def offer(self, options: Mapping[str, str]) -> None:
        """Replace the options, keeping the choice where it is still there."""
        before = self.value
        self._select.textContent = ""
        for value, text in options.items():
            dom.create("option", self._select, text=text, value=value)
        if before in options:
            self._select.value = before

    @property
    def value(self) -> str:
        """The value that is chosen."""
        return str(self._select.value)

    @value.setter
    def value(self, value: str) -> None:
        self._select.value = value


class Button:
    """A button."""

    def __init__(self, parent: dom.Element, text: str, pressed: Callable[[], object], testid: str) -> None:
        self.element = dom.create("button", parent, text=text, type="button", class_="quiet-button", data_testid=testid)
        self._listener = dom.Listener(self.element, "click", lambda _event: pressed())

    def enable(self, on: bool) -> None:
        """Allow or refuse presses."""
        self.element.disabled = not on


def legend(parent: dom.Element, negative: str, positive: str) -> None:
    """What the two colours mean."""
    line = dom.create("p", parent, class_="legend")
    dom.create("span", line, text=negative)
    dom.create("span", line, class_="legend-scale", aria_hidden="true")
    dom.create("span", line, text=positive)
