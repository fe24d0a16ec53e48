"""'Copy link': the address of what is on the page now, on the clipboard, or ready to be copied by hand."""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.interop import dom, page

from .address import Address
from .tasks import Tasks

COPIED = "The link is copied. It opens this tab, with these settings."
BY_HAND = "The browser does not let this page copy. The link is selected here: press Ctrl C, or Cmd C on a Mac."


class CopyLink:
    """The button in `frame`. `say` gets what came of it."""

    def __init__(self, frame: dom.Element, address: Address, say: Callable[[str], object]) -> None:
        self._address, self._say = address, say
        self._tasks = Tasks(lambda error: say(f"The link could not be copied ({error}). It is in the address bar."))
        self._frame = frame
        (button,) = dom.select("button", frame)
        button.disabled = False
        self._presses = dom.Listener(button, "click", lambda _event: self._tasks.do(self._copy()))
        self._field: dom.Element | None = None

    async def _copy(self) -> None:
        link = self._address.link()
        if await page.copy(link):
            self._hide()
            self._say(COPIED)
            return
        if self._field is None:
            names = {"data_testid": "copy-link-text", "aria_label": "The link"}
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
