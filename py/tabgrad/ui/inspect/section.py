"""What a section of a panel gets, and what it must do. Knows no section by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tabgrad.interop import dom

from ..context import PageContext
from .current_probe import CurrentProbe
from .inputs import Inputs
from .view_state import ViewState


@dataclass(frozen=True, slots=True)
class InspectContext:
    """What a section may use: the page, the probe into the network that answers, and the network's input.

    `refresh` asks for another `update` of the panel's sections, from the next frame on.
    """

    page: PageContext
    probe: CurrentProbe
    inputs: Inputs
    refresh: Callable[[], None]


class Section(Protocol):
    """One explanation. `lead` says in a sentence or two what it shows, for people who have never seen a network."""

    name: str
    title: str
    lead: str
    needs_network: bool  #: False if it also has something to show while no network answers

    def build(self, body: dom.Element) -> None:
        """Make the elements. Called once, when the section is first open and visible."""

    async def update(self, state: ViewState) -> None:
        """Show this state of the page. Called only while the section is open, and never twice at a time.

        What it raises of `faults.FAULTS` is shown as one sentence below the section.
        """
