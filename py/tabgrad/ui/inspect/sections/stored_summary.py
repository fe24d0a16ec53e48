"""What is stored in this browser, in words. Knows no browser."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored: how many finished runs, drawings, data sets and edited networks, and what else.

    `unread`: how many tables of runs, files of drawings and data sets cannot be read. `shared`: earlier versions left
    something.
    """

    runs: int = 0
    drawings: int = 0
    sets: int = 0
    unread: int = 0
    networks: int = 0
    resumable: bool = False
    settings: bool = False
    offline_bytes: int = 0
    bytes: int = 0
    shared: bool = False
    under_way: bool = False

    def parts(self) -> list[str]:
        """Each kind of thing that is stored, in words."""
        found = []
        if self.runs:
            found.append("1 finished run" if self.runs == 1 else f"{self.runs:,} finished runs")
        if self.drawings:
            found.append("1 drawing of yours" if self.drawings == 1 else f"{self.drawings:,} drawings of yours")
        if self.sets:
            found.append("1 data set" if self.sets == 1 else f"{self.sets:,} data sets")
        if self.networks:
            found.append("1 edited network" if self.networks == 1 else f"{self.networks:,} edited networks")
        if self.unread:
            found.append(
                "something that cannot be read" if self.unread == 1 else f"{self.unread} things that cannot be read"
            )
        if self.resumable:
            found.append("the run under way" if self.under_way else "an interrupted run")
        if self.settings:
            found.append("the settings of the page")
        if self.offline_bytes:
            found.append("a copy of the page for use offline")
        return found

    @property
    def listing(self) -> str:
        """All of it: "2 finished runs, 1 drawing of yours and the settings of the page"; empty if it is nothing."""
        *others, last = self.parts() or [""]
        return f"{', '.join(others)} and {last}" if others else last

    @property
    def summary(self) -> str:
        """One or two sentences."""
        if not self.listing:
            return "This page has stored nothing in this browser."
        size = (self.bytes + self.offline_bytes) / 1e6
        return f"Stored in this browser: {self.listing}. Together {f'{size:.1f}' if size >= 0.1 else 'under 0.1'} MB."
