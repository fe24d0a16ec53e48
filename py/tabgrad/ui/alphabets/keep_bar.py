"""Beside the pad while an alphabet is open: a button for each class, and how far a series of drawings is.

Owns its elements and the keys 1 to 9; what a press means is the controller's.
"""

from __future__ import annotations

from tabgrad.data.drawings import DrawingSet
from tabgrad.interop import dom, page

from ..widgets.class_buttons import ClassButtons
from ..widgets.controls import Button
from ..widgets.labels import isolated
from .controller import AlphabetController
from .series import COUNT, Series

#: Classes that have a key.
KEYS = 9
TITLE = "Keep this drawing in “{}” as …"
NO_CLASSES = "Give your alphabet its first class: write a name below, and press “Add class”."


class AlphabetBar:
    """Hidden while no alphabet is open."""

    def __init__(self, body: dom.Element, controller: AlphabetController) -> None:
        self._controller = controller
        self._bar = dom.create("div", body, class_="alphabet-bar", role="group", aria_labelledby="alphabet-bar-title")
        head = dom.create("div", self._bar, class_="alphabet-bar-head")
        self._title = dom.create("p", head, id="alphabet-bar-title", class_="keep-title")
        editing = controller.editing
        self._undo = Button(head, "Undo", lambda: controller.do(editing.undo()), "alphabet-undo", "quiet-button")
        self._undo.element.title = "Take the latest change back"
        self._classes = ClassButtons(
            self._bar, lambda place: controller.do(editing.keep_now(place)), "class-keep", KEYS
        )
        self._classes.element.dataset.testid = "alphabet-classes"
        self._series = dom.create("div", self._bar, class_="series", data_testid="alphabet-series")
        self._series_name = dom.create("bdi", dom.create("p", self._series, class_="series-name"))
        self._left = dom.create("p", self._series, class_="series-left", data_testid="series-left")
        self._pause = dom.create("progress", self._series, class_="series-pause", max="1", aria_hidden="true")
        self._now = Button(self._series, "Keep now", self._keep_now, "series-keep")
        self._end = Button(self._series, "End", editing.end_series, "series-end")
        self._end.element.title = "Escape"
        self._said = dom.create("p", self._bar, class_="keep-line", role="status", data_testid="alphabet-said")
        self._keys = dom.on_page("keydown", self._on_key)
        self._series_was = False
        controller.watchers.append(self.render)
        self.render()

    def render(self) -> None:
        """Show the open alphabet."""
        found, series = self._controller.found, self._controller.editing.series
        self._bar.hidden = found is None
        if found is None:
            return
        self._classes.show(found.labels, found.counts())
        self._undo.enable(self._controller.editing.can_undo)
        self._title.textContent = TITLE.format(isolated(found.name)) if found.labels else NO_CLASSES
        self._show_series(found, series)
        if self._said.textContent != self._controller.said:
            self._said.textContent = self._controller.said

    def _show_series(self, found: DrawingSet, series: Series | None) -> None:
        self._series.hidden, self._classes.element.hidden = series is None, series is not None
        if series is not None:
            label = found.labels[series.place]
            self._title.textContent = f"Draw “{isolated(label)}” again and again"
            self._series_name.textContent = label
            self._left.textContent = f"{series.left} to go"
            self._left.dataset.left, self._left.dataset.count = str(series.left), str(COUNT)
            self._pause.value = series.share
            if not self._series_was:
                page.scroll_to_top()  # on a phone the pad is there
                self._end.element.focus(preventScroll=True)
        self._series_was = series is not None

    def _keep_now(self) -> None:
        editing = self._controller.editing
        if editing.series is not None:
            self._controller.do(editing.keep_now(editing.series.place))

    def _on_key(self, event: dom.Event) -> None:
        """A digit keeps the drawing as that class, Escape ends a series; not in a text field."""
        editing = self._controller.editing
        if event.ctrlKey or event.metaKey or event.altKey or not dom.is_shown(self._bar):
            return
        if str(event.key) == "Escape" and editing.series is not None:
            editing.end_series()
        elif str(event.key) in map(str, range(1, KEYS + 1)) and not dom.edits_text(event.target):
            if event.repeat or self._controller.found is None or int(event.key) > len(self._controller.found.labels):
                return
            self._controller.do(editing.keep_now(int(event.key) - 1))
        else:
            return
        event.preventDefault()
