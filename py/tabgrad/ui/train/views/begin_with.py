"""The choice what a run begins with: weights drawn by the seed, or the network that answers now, which then learns on.

Owns the choice on the page; what it means for a run is in `initial_weights`.
"""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.interop import dom

HINT = "The network that answers can learn on: all of its weights. It decides what kind of network is trained."
REFUSAL = "{} cannot learn on here: it has other layers than the networks that this panel trains."


class BeginWith:
    """A select in `parent`, hidden while no network answers. `chosen` is called when the visitor changes it."""

    def __init__(self, parent: dom.Element, chosen: Callable[[], object]) -> None:
        self._box = dom.create("div", parent, class_="field train-begin")
        dom.create("label", self._box, text="Begin with", for_="train-begin")
        self._select = dom.create(
            "select", self._box, id="train-begin", data_testid="train-begin", aria_describedby="train-begin-hint"
        )
        dom.create("option", self._select, text="Fresh weights", value="fresh")
        self._option = dom.create("option", self._select, value="network")
        self._hint = dom.create("p", self._box, id="train-begin-hint", class_="field-hint")
        self._listener = dom.Listener(self._select, "change", lambda _event: chosen())
        self.offer("", False)

    @property
    def network(self) -> bool:
        """Whether the run begins with the network that answers."""
        return str(self._select.value) == "network"

    def offer(self, title: str, can_learn: bool) -> None:
        """The network that answers is called `title`; empty while no network answers."""
        self._option.textContent, self._option.disabled = title, not can_learn
        self._hint.textContent = HINT if can_learn else REFUSAL.format(title)
        self._box.hidden = not title
        if not can_learn:
            self.choose_fresh()

    def choose_fresh(self) -> None:
        """Back to weights drawn by the seed."""
        self._select.value = "fresh"

    def enable(self, enabled: bool) -> None:
        """Allow or refuse a choice: there is none during a run."""
        self._select.disabled = not enabled
