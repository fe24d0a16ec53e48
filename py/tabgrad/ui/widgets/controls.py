"""What visitors press, choose and fill in. Each control owns its elements; what a change means is up to its user."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tabgrad.interop import dom
from tabgrad.interop.page import chosen_file


class Button:
    """A button. `pressed` is called on each press; `look` is its style."""

    def __init__(
        self, parent: dom.Element, text: str, pressed: Callable[[], object], testid: str, look: str = "quiet-button"
    ) -> None:
        self.element = dom.create("button", parent, text=text, type="button", class_=look, data_testid=testid)
        self._listener = dom.Listener(self.element, "click", lambda _event: pressed())

    def enable(self, on: bool) -> None:
        self.element.disabled = not on


#: No file that the page reads is larger: weights with their optimizer state have up to 64 MB. Bytes.
MAX_FILE_BYTES = 128_000_000


class FilePicker:
    """A button that asks for a file. `chosen` is called when there is one to `read`; `accept` is its ending."""

    def __init__(self, parent: dom.Element, text: str, accept: str, chosen: Callable[[], object], testid: str) -> None:
        label = dom.create("label", parent, class_="quiet-button file-button", text=text)
        self._input = dom.create("input", label, type="file", accept=accept, class_="sr-only", data_testid=testid)
        self._listener = dom.Listener(self._input, "change", lambda _event: chosen())

    async def read(self) -> bytes | None:
        """The content of the chosen file, None if there is none. The same file can then be chosen again.

        Raises OSError with one sentence if the file is too large, or if the browser cannot read it.
        """
        return await chosen_file(self._input, MAX_FILE_BYTES)


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
        return bool(self._box.checked)

    @on.setter
    def on(self, value: bool) -> None:
        self._box.checked = value


class _Labelled:
    """A control with a label. `value` is the text that was entered or chosen."""

    def __init__(self, parent: dom.Element, text: str, tag: str, **attributes: str) -> None:
        label = dom.create("label", parent, class_="choice")
        self._text = dom.create("span", label, text=text)
        self.element = dom.create(tag, label, **attributes)

    def rename(self, text: str) -> None:
        """Say something else beside it."""
        if str(self._text.textContent) != text:
            self._text.textContent = text

    @property
    def value(self) -> str:
        return str(self.element.value)

    @value.setter
    def value(self, value: str) -> None:
        self.element.value = value


class Field(_Labelled):
    """A labelled `<input>`. `attributes` are the input's: `type="range"`, `min="0"`. `event` is the one to listen to:
    "change" when a value is entered, "input" while it changes.
    """

    def __init__(
        self,
        parent: dom.Element,
        text: str,
        changed: Callable[[], object],
        testid: str,
        event: str = "change",
        **attributes: str,
    ) -> None:
        super().__init__(parent, text, "input", data_testid=testid, **attributes)
        self._listener = dom.Listener(self.element, event, lambda _event: changed())


class Select(_Labelled):
    """A labelled `<select>`. `options` maps each value to its title."""

    def __init__(
        self, parent: dom.Element, text: str, options: Mapping[str, str], changed: Callable[[], object], testid: str
    ) -> None:
        super().__init__(parent, text, "select", class_="select", data_testid=testid)
        self._options: dict[str, str] = {}
        self.offer(options)
        self._listener = dom.Listener(self.element, "change", lambda _event: changed())

    def offer(self, options: Mapping[str, str]) -> bool:
        """Offer these options from now on. If they are others than before, the first is chosen; returns whether so."""
        if dict(options) == self._options:
            return False
        self._options = dict(options)
        self.element.replaceChildren()
        for value, title in options.items():
            dom.create("option", self.element, text=title, value=value)
        return True
