"""What ties the code in the editor to the kernels below it: the line of the cursor. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable


class LineLink:
    """`source` gives the text of the editor and `go_to` puts its cursor into a line, once there is an editor.

    `watchers` are called when the cursor goes to another line.
    """

    def __init__(self) -> None:
        self.line = 0  #: of the cursor; 0 before it is in the text
        self.source: Callable[[], str] = lambda: ""
        self.go_to: Callable[[int], object] = lambda _line: None
        self.watchers: list[Callable[[], object]] = []

    def moved(self, line: int) -> None:
        """The cursor is in this line now."""
        if line != self.line:
            self.line = line
            for watcher in self.watchers:
                watcher()
