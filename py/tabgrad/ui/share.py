"""Buttons that copy a link: on the clipboard, or ready to be copied by hand."""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.interop import dom, page

from .tasks import Tasks

BY_HAND = "The browser does not let this page copy. The link is selected here: press Ctrl C, or Cmd C on a Mac."


class CopyLink:
    """The button in `frame`. `link` makes the link, and what to say when it is copied; `say` gets what came of it."""

    def __init__(self, frame: dom.Element, link: Callable[[], tuple[str, str]], say: Callable[[str], object]) -> None:
        self._link, self._say = link, say
        self._tasks = Tasks(lambda error: say(f"The link could not be copied ({error}). It is in the address bar."))
        self._frame = frame
        (button,) = dom.select("button", frame)
        button.disabled = False
        self._presses = dom.Listener(button, "click", lambda _event: self._tasks.do(self._copy()))
        self._field: dom.Element | None = None
        self._name = dom.data(button, "testid")

    async def _copy(self) -> None:
        link, copied = self._link()
        if await page.copy(link):
            self._hide()
            self._say(copied)
            return
        if self._field is None:
            names = {"data_testid": f"{self._name}-text", "aria_label": "The link"}
            self._field = dom.create("input", self._frame, class_="copy-link-text", readonly="", **names)
            self._listener = dom.Listener(self._field, "blur", lambda _event: self._hide())
        self._field.hidden = False
        self._field.value = link
        self._field.focus()
        self._field.select()
        self._say(BY_HAND)

    def _hide(self) -> None:
        if self._field is not None:
            self._field.hidden = True
