"""Light or dark: the system's choice until the visitor makes one, which boot.js applies on the next visit."""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.interop import dom


class Theme:
    """The switch in the header. `changed` is called when colours change: canvases do not follow by themselves."""

    def __init__(self, changed: Callable[[], object]) -> None:
        self._changed = changed
        self._listeners = [
            dom.Listener(dom.by_id("theme"), "click", self._toggle),
            dom.on_media_change("(prefers-color-scheme: dark)", lambda _event: changed()),
        ]

    def _toggle(self, _event: dom.Event) -> None:
        dataset = dom.root_dataset()
        now = str(getattr(dataset, "theme", "")) or (
            "dark" if dom.media_matches("(prefers-color-scheme: dark)") else "light"
        )
        dataset.theme = "light" if now == "dark" else "dark"
        dom.store("theme", dataset.theme)
        self._changed()
