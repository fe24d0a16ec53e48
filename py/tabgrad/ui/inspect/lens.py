"""The probe into whatever network answers now, for all panels together. Owns its life."""

from __future__ import annotations

from tabgrad.interop import dom

from ..context import PageContext
from .frozen import Frozen, freeze
from .probe import Probe

#: While a network is in training its weights are read this often at most. Seconds.
WEIGHTS_EVERY_S = 0.5


class Lens:
    """`probe` is asked for anew at every moment; it is another one when another network answers.

    `stale` says that the weights have changed since they were read: ask again in half a second.
    """

    def __init__(self, desk: PageContext) -> None:
        self._desk = desk
        self._probe: Probe | None = None
        self._version, self._read_ms = -1, 0.0

    @property
    def stale(self) -> bool:
        """See the class."""
        return self._probe is not None and self._version != self._desk.weights_version

    @property
    def moment(self) -> object:
        """Equal as long as the same network with the same weights answers."""
        return self._desk.model, self._desk.weights_version

    @property
    def learning(self) -> bool:
        """True while the network that answers is in training, so that its weights change all the time."""
        model = self._desk.model
        return model is not None and model.name == "training" and dom.data(dom.root(), "worker") == "training"

    async def frozen(self) -> Frozen | None:
        """A copy of the network as it is now; None if no network answers. Raises EngineError."""
        desk = self._desk
        return await freeze(desk.device, desk.model) if desk.device and desk.model else None

    async def probe(self) -> Probe | None:
        """With weights that are at most half a second old; None if no network answers. Raises EngineError."""
        desk, known = self._desk, self._probe
        if desk.model is None or desk.models is None or desk.device is None:
            return None
        if known is None or known.model is not desk.model:
            if known is not None:
                known.destroy()
            self._probe = known = Probe(desk.models, desk.device, desk.model)
        due = dom.now_ms() - self._read_ms > WEIGHTS_EVERY_S * 1e3
        if known.version == 0 or (self._version != desk.weights_version and due):
            self._version, self._read_ms = desk.weights_version, dom.now_ms()
            await known.open()
        return known
