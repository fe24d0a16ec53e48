"""The bars of an answer: one for each class that the network tells apart, in the order of its alphabet.

Owns `#bars`: the ten of the document are used again, others are made, and a network of fewer classes has fewer. What is
shown where there is no room for all of them is up to web/styles/bars.css: the most probable ones are marked for that.
"""

from __future__ import annotations

from collections.abc import Sequence

from tabgrad.alphabet import DIGITS, Labels
from tabgrad.interop import dom

from .widgets.format import confidence
from .widgets.labels import is_short

#: Bars in one column; more of them stand in several.
COLUMN = 10
#: How many of the most probable classes are shown where there is little room: as rows with words, and of any kind.
FIRST, MOST = 5, 10
#: Less is printed as 0 %.
NOTHING = 0.0005


class Bar:
    """The confidence of one class."""

    def __init__(self, element: dom.Element) -> None:
        self.element = element
        self._label, self._fill, self._text = dom.select(".bar-label, .bar-fill, .bar-value", element)
        self._shown = self._place = ""

    @classmethod
    def make(cls, parent: dom.Element, index: int) -> Bar:
        """A bar as those in the document."""
        bar = dom.create("li", parent, class_="bar", data_testid=f"prob-{index}", data_value="0")
        dom.create("bdi", bar, class_="bar-label")
        dom.create("span", dom.create("span", bar, class_="bar-track", aria_hidden="true"), class_="bar-fill")
        dom.create("span", bar, class_="bar-value")
        return cls(bar)

    def name(self, label: str, is_long: bool) -> None:
        """Call it `label`, which is text: it is cut where it `is_long`, and a tooltip has all of it."""
        self._label.textContent = self.element.dataset.label = label
        self._label.title = label if is_long else ""

    def put(self, place: str) -> None:
        """Mark it as one of the most probable: "first", "next", or empty for another one."""
        if place != self._place:
            self._place = self.element.dataset.place = place

    def show(self, value: float | None, best: bool) -> None:
        """`value` in 0..1; None leaves the bar empty."""
        text = "" if value is None else f"{value:.4f}"
        if text + str(best) != self._shown:  # most bars do not change while the pen moves
            self._shown = text + str(best)
            self.element.dataset.value = text or "0"
            self._fill.style.setProperty("--value", text or "0")
            self._text.textContent = "" if value is None else confidence(value)
            self.element.toggleAttribute("data-best", best)
            self.element.toggleAttribute("data-none", value is not None and value < NOTHING)

    def show_example(self, value: float | None) -> None:
        """The confidence for an example: it is seen and not said, and for automation the bar stays empty."""
        self._fill.style.setProperty("--value", "0" if value is None else f"{value:.4f}")
        if value is None:
            self._text.removeAttribute("data-example")
        else:
            self._text.dataset.example = confidence(value)


class Bars:
    """All bars. `labels` are the classes that they stand for."""

    def __init__(self) -> None:
        self._list = dom.by_id("bars")
        self._bars = [Bar(element) for element in dom.select(".bar", self._list)]
        self.labels: Labels = DIGITS
        self._more: MoreBars | None = None  # made for the first network that may need it

    def name(self, labels: Labels) -> None:
        """Have one bar for each of these labels, all of them empty if they are others than before."""
        if labels == self.labels:
            return
        self.labels = labels
        self.show(None, ())
        while len(self._bars) > len(labels):
            self._bars.pop().element.remove()
        while len(self._bars) < len(labels):
            self._bars.append(Bar.make(self._list, len(self._bars)))
        is_long = not is_short(labels)
        for bar, label in zip(self._bars, labels, strict=True):
            bar.name(label, is_long)
        digits = labels == DIGITS
        self._list.toggleAttribute("data-others", not digits)
        self._list.dataset.layout = "cells" if len(labels) > COLUMN else "column"
        self._list.dataset.labels = "long" if is_long else "short"
        self._list.style.setProperty("--shown", str(min(len(labels), MOST)))
        self._list.setAttribute("aria-label", f"Confidence for each {'digit' if digits else 'class'}")
        self.show(None, ())
        if self._more is None:
            self._more = MoreBars(self._list)
        self._more.offer(len(labels))

    def show(self, shares: Sequence[float] | None, ranking: Sequence[int]) -> None:
        """Show `shares` (classes,) in 0..1; `ranking` are the classes from the most to the least probable.

        None empties all bars.
        """
        order = ranking or range(len(self._bars))
        top = {index: "first" if place < FIRST else "next" for place, index in enumerate(order[:MOST])}
        for index, bar in enumerate(self._bars):
            bar.show(shares[index] if shares else None, bool(ranking) and index == ranking[0])
            if self.labels != DIGITS:
                bar.put(top.get(index, ""))

    def show_example(self, shares: Sequence[float] | None) -> None:
        """Show the answer to an example, None takes it away: see `Bar.show_example`."""
        for index, bar in enumerate(self._bars):
            bar.show_example(shares[index] if shares else None)


class MoreBars:
    """The button below the bars: it says how many of them are shown, and shows all, which scroll in the same room.

    Which bars are shown, and so whether it is needed, is up to web/styles/bars.css.
    """

    def __init__(self, bars: dom.Element) -> None:
        self._bars = bars
        self._button = dom.create("button", bars.parentElement, type="button", class_="bars-more")
        self._button.dataset.testid = "bars-more"
        self._button.setAttribute("aria-controls", bars.id)
        self._count = dom.create("span", self._button)
        self._verb = dom.create("span", self._button, class_="bars-verb")
        self._listener = dom.Listener(self._button, "click", lambda _event: self._show_all(not self._is_open))
        self._is_open, self._width = False, 0
        self._size = dom.SizeWatch(bars, self._on_size)

    def offer(self, count: int) -> None:
        """There are `count` bars now, of which the most probable ones are shown."""
        for most in (FIRST, MOST):
            self._bars.toggleAttribute(f"data-over{most}", count > most)
        self._show_all(False)

    def _show_all(self, on: bool) -> None:
        bars = self._bars
        if on:  # the room stays as it is
            self._width = int(bars.offsetWidth)
            bars.style.setProperty("--room", f"{bars.getBoundingClientRect().height}px")
            bars.tabIndex = 0  # the keyboard can scroll it
        else:
            bars.removeAttribute("tabindex")
            bars.scrollTop = bars.scrollLeft = 0
        self._is_open = on
        bars.toggleAttribute("data-all", on)
        self._button.setAttribute("aria-expanded", "true" if on else "false")
        self._verb.textContent = "Show fewer" if on else "Show all"
        self._say_count()

    def _say_count(self) -> None:
        if dom.is_shown(self._button):
            bars = dom.select(".bar", self._bars)
            self._count.textContent = f"{sum(map(dom.is_shown, bars))} of {len(bars)} shown "

    def _on_size(self) -> None:
        if self._is_open and int(self._bars.offsetWidth) != self._width:  # turned, or made larger
            self._show_all(False)
        else:
            self._say_count()
