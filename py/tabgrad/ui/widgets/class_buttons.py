"""A row of buttons, one for each class, that keep a drawing as one of it. Owns its elements; keeps nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tabgrad.alphabet import Labels
from tabgrad.interop import dom

from .controls import Button
from .labels import is_short

#: A longer name may be cut: a tooltip has all of it. Characters.
LONG = 12


class ClassButtons:
    """`pressed` gets a class's place. The buttons' test ids begin with `name`; the first `keys` of them show a key."""

    def __init__(self, parent: dom.Element, pressed: Callable[[int], object], name: str, keys: int = 0) -> None:
        self._pressed, self._name, self._keys = pressed, name, keys
        self.element = dom.create("div", parent, class_="keep-classes")
        self._buttons: list[_ClassButton] = []

    def show(self, labels: Labels, counts: Sequence[int]) -> None:
        """Have a button for each of these classes, with how many drawings it has."""
        self.element.dataset.labels = "short" if is_short(labels) else "long"
        for place in range(len(self._buttons), len(labels)):
            key = str(place + 1) if place < self._keys else ""
            pressed = partial(self._pressed, place)
            self._buttons.append(_ClassButton(self.element, key, pressed, f"{self._name}-{place}"))
        for place, button in enumerate(self._buttons):
            button.element.hidden = place >= len(labels)
            if place < len(labels):
                button.show(labels[place], counts[place])


class _ClassButton:
    """ "Keep as sun": the key, the name of the class, and how many drawings it has."""

    def __init__(self, parent: dom.Element, key: str, pressed: Callable[[], object], name: str) -> None:
        self._button = Button(parent, "", pressed, name, "keep-class")
        self.element = self._button.element
        if key:
            dom.create("kbd", self.element, text=key, aria_hidden="true")
        self._name = dom.create("bdi", self.element, class_="keep-class-name")
        self._count = dom.create("span", self.element, class_="keep-class-count", aria_hidden="true")
        self._shown: object = None

    def show(self, label: str, count: int) -> None:
        if self._shown == (label, count):
            return
        self._shown = label, count
        self._name.textContent, self._count.textContent = label, str(count)
        self.element.title = label if len(label) > LONG else ""
        drawings = f"{count:,} drawing{'' if count == 1 else 's'}"
        self.element.setAttribute("aria-label", f"Keep as {label}, {drawings}")
