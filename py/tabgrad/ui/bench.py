"""The bench: pad and answer, which stay in sight. Owns its size on a phone: large at first, compact beside work.

On larger screens the size changes nothing: see web/styles/layout.css.
"""

from __future__ import annotations

from tabgrad.interop import dom, page

#: A window that is too short for a large pad with its answer.
SHORT = "(max-height: 31.24rem)"
_TITLES = {"large": "Make the pad smaller", "compact": "Make the pad larger"}


class Bench:
    """`#bench`, with the button that changes its size."""

    def __init__(self) -> None:
        self._button = dom.by_id("bench-size")
        self._bench = dom.by_id("bench")
        self._height = dom.SizeWatch(self._bench, self._tell_height)
        self._chosen = False  # the visitor has pressed the button
        self._listener = dom.Listener(self._button, "click", lambda _event: self._choose())
        self._set("compact" if dom.media_matches(SHORT) else "large")

    def make_room(self) -> None:
        """The visitor turns to the work area: be compact, unless the visitor wants it otherwise."""
        if not self._chosen:
            self._set("compact")

    @staticmethod
    def begin_work_at_its_top() -> None:
        """Show the beginning of the work area: what is in it has changed."""
        dom.by_id("work").scrollTop = 0

    def _tell_height(self) -> None:
        """Tell the styles where the room below the bench begins."""
        dom.root().style.setProperty("--bench-height", f"{self._bench.offsetHeight}px")

    def _choose(self) -> None:
        self._chosen = True
        self._set("large" if self._size == "compact" else "compact")

    def _set(self, size: str) -> None:
        if size == "compact":
            page.scroll_to_top()  # the work begins right beside it
        self._size = size
        dom.root_dataset().bench = size
        self._button.setAttribute("aria-label", _TITLES[size])
        self._button.title = _TITLES[size]
