"""How the network reads the visitor's own drawings: what it mixes up, and each drawing with what it was read as.

Owns its elements, and which drawings are shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tabgrad.alphabet import DIGITS
from tabgrad.data.drawings import Drawing
from tabgrad.ink import Snapshot
from tabgrad.interop import dom

from ...prediction import PAD_UNITS
from ...widgets.confusion_table import ConfusionTable
from ...widgets.controls import Button
from ...widgets.labels import isolated
from ...widgets.picture import Gallery, GalleryItem
from .own_reading import Choice, Reading

#: Drawings shown at most. The network reads all of them.
MAX_SHOWN = 200
ALL = "Your drawings"


class OwnResults:
    """`pick` gets the ink of a drawing that was pressed."""

    def __init__(self, body: dom.Element, pick: Callable[[Snapshot], object]) -> None:
        self._pick = pick
        self._reading: Reading | None = None
        self._choice: Choice = "all"
        self._shown: list[int] = []
        self._places: list[int] = []  # the classes of the table
        self._cards = dom.create("div", body, class_="mistakes own-results")
        self._matrix = dom.create("div", self._cards, class_="data-card")
        dom.create("h4", self._matrix, text="What it mixes up", class_="stage-title")
        self._table = ConfusionTable(self._matrix, self._choose_cell, "mine-confusion")
        card = dom.create("div", self._cards, class_="data-card")
        self._title = dom.create("h4", card, text=ALL, class_="stage-title", aria_live="polite")
        self._tools = dom.create("div", card, class_="controls")
        self._all = Button(self._tools, "All drawings", lambda: self._choose("all"), "mine-all")
        self._wrong = Button(self._tools, "Only mistakes", lambda: self._choose("wrong"), "mine-wrong")
        self._gallery = Gallery(card, ALL, self._on_pick, "mine-gallery")
        self._cards.hidden = True

    def show(self, reading: Reading) -> None:
        """Show another reading. Which drawings are shown stays, unless they are of other classes."""
        if self._reading is None or reading.labels != self._reading.labels or reading.results is None:
            self._choice = "all"
        self._reading = reading
        self._cards.hidden = not reading.drawings
        self._matrix.hidden = self._tools.hidden = reading.results is None
        if reading.results is not None:
            self._places, counts = reading.mixed_up()
            self._table.show(counts, tuple(reading.labels[place] for place in self._places))
        self._show_gallery(reading)

    def _choose_cell(self, cell: tuple[int, int]) -> None:
        truth, answer = (self._places[place] for place in cell)
        self._choose((truth, answer))

    def _choose(self, what: Choice) -> None:
        self._choice = what
        if self._reading is not None:
            self._show_gallery(self._reading)

    def _show_gallery(self, reading: Reading) -> None:
        chosen = reading.chosen(self._choice)
        self._shown = chosen[-MAX_SHOWN:]
        more = f", the last {MAX_SHOWN} shown" if len(chosen) > MAX_SHOWN else ""
        self._title.textContent = f"{self._title_of(reading)}: {len(chosen):,}{more}"
        self._all.enable(self._choice != "all")
        self._wrong.enable(self._choice != "wrong")
        self._gallery.show([_item(reading, place) for place in self._shown])

    def _title_of(self, reading: Reading) -> str:
        if isinstance(self._choice, str):
            return ALL if self._choice == "all" else "Mistakes"
        return " read as ".join(isolated(reading.labels[place]) for place in self._choice)

    def _on_pick(self, place: int) -> None:
        if self._reading is not None:
            self._pick(_ink(self._reading.drawings[self._shown[place]]))


def _ink(drawing: Drawing) -> Snapshot:
    """A drawing at the pad's size: it may come from a file with another one."""
    scale = PAD_UNITS / drawing.size
    return Snapshot(tuple(replace(s, points=s.points * scale) for s in drawing.strokes))


def _item(reading: Reading, place: int) -> GalleryItem:
    truth = reading.drawings[place].label
    article = "a " if reading.labels == DIGITS else ""
    caption = isolated(reading.labels[truth])
    label = f"Drawing {place + 1}, {article}{caption}"
    if reading.results is None:
        return GalleryItem(reading.pictures[place], caption, label)
    answer = int(reading.results.answers[place])
    read = isolated(reading.labels[answer])
    if answer != truth:
        caption = f"{caption} \N{RIGHTWARDS ARROW} {read}"
    return GalleryItem(reading.pictures[place], caption, f"{label}, read as {read}", answer != truth)
