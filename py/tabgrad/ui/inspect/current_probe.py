"""The probe into the network that answers now, shared by all panels. Creates it, keeps it up to date and frees it."""

from __future__ import annotations

from tabgrad.interop import dom

from ..context import PageContext
from .frozen_model import FrozenModel, freeze_model
from .probe import Probe

#: While a network is in training, its weights are read at most this often. Seconds.
MIN_READ_INTERVAL_S = 0.5


class CurrentProbe:
    """`get` gives the probe. Ask again for each update: when another network answers, it is another probe."""

    def __init__(self, page: PageContext) -> None:
        self._page = page
        self._probe: Probe | None = None
        self._weights_version, self._read_at_ms = -1, 0.0  # of the weights in the probe

    @property
    def is_stale(self) -> bool:
        """Whether the weights have changed since they were read. `get` reads them after `MIN_READ_INTERVAL_S`."""
        return self._probe is not None and self._weights_version != self._page.weights_version

    @property
    def revision(self) -> object:
        """Stays equal as long as the same network answers with the same weights."""
        return self._page.model, self._page.weights_version

    @property
    def is_training(self) -> bool:
        """Whether the network that answers is in training, so that its weights change all the time."""
        model = self._page.model
        return model is not None and model.name == "training" and dom.data(dom.root(), "worker") == "training"

    async def freeze(self) -> FrozenModel | None:
        """A copy of the network with its current weights; None if no network answers. Raises EngineError."""
        device, model = self._page.device, self._page.model
        return await freeze_model(device, model) if device and model else None

    async def get(self) -> Probe | None:
        """The probe, with weights that are at most `MIN_READ_INTERVAL_S` old; None if no network answers.

        Raises EngineError.
        """
        page, probe = self._page, self._probe
        if page.model is None or page.models is None or page.device is None:
            return None
        if probe is None or probe.model is not page.model:
            if probe is not None:
                probe.destroy()
            self._probe = probe = Probe(page.models, page.device, page.model)
        due = dom.now_ms() - self._read_at_ms > MIN_READ_INTERVAL_S * 1e3
        if probe.version == 0 or (self._weights_version != page.weights_version and due):
            self._weights_version, self._read_at_ms = page.weights_version, dom.now_ms()
            await probe.load()
        return probe
