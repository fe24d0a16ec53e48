"""The network that answers, as one to begin a run with: the settings that it asks for, and its weights.

Knows which networks the worker can build; starts nothing.
"""

from __future__ import annotations

from dataclasses import replace

from tabgrad.artifacts import save_weights
from tabgrad.network import spec_of
from tabgrad.settings import RunSettings, settings_for

from ..models import Model

#: A network that has learned takes smaller steps. On turned generated digits the shipped MLP learned the new style as
#: well with a tenth of the usual rate, and still read 96 % of the straight ones: 42 % with all of it.
FINE_TUNING_DIVISOR = 10


def settings_like(model: Model, settings: RunSettings) -> RunSettings | None:
    """`settings` with the architecture of `model`; None if the worker cannot build that network."""
    shapes = {buffer.name: buffer.shape for buffer in model.executable.program.by_role("weight")}
    try:
        return settings_for(spec_of(model.card, shapes), settings)
    except KeyError:
        return None


def with_usual_rate(settings: RunSettings, fine_tuning: bool) -> RunSettings:
    """The learning rate that suits fresh or trained weights, unless the visitor has chosen one."""
    fresh = settings.optimizer_row.usual_rate
    usual, other = (fresh / FINE_TUNING_DIVISOR, fresh) if fine_tuning else (fresh, fresh / FINE_TUNING_DIVISOR)
    return replace(settings, lr=usual) if settings.lr == other else settings


async def weights_of(model: Model) -> bytes:
    """The weights that `model` answers with, as a weights file. Raises EngineError."""
    return save_weights(await model.weights())
