"""Light or dark: the system's setting, until the visitor chooses. boot.js applies the choice on the next visit."""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.interop import dom
from tabgrad.storage import keys

_DARK = "(prefers-color-scheme: dark)"
#: Paper is white, whatever the screen is.
_PRINT = "print"


def is_dark() -> bool:
    """Whether the page is dark now."""
    if dom.media_matches(_PRINT):
        return False
    chosen = str(getattr(dom.root_dataset(), "theme", ""))
    return chosen == "dark" if chosen else dom.media_matches(_DARK)


class Theme:
    """The switch in the header. `changed` is called when the colours change: canvases must be painted again."""

    def __init__(self, changed: Callable[[], object]) -> None:
        self._changed = changed
        self._listeners = [
            dom.Listener(dom.by_id("theme"), "click", self._toggle),
            *(dom.on_media_change(query, lambda _event: changed()) for query in (_DARK, _PRINT)),
        ]

    def _toggle(self, _event: dom.Event) -> None:
        theme = dom.root_dataset().theme = "light" if is_dark() else "dark"
        dom.store(keys.THEME, theme)
        self._changed()
