"""What can end a run early, each with one sentence for the visitor."""

from __future__ import annotations

from tabgrad.settings import RunSettings


class Diverged(RuntimeError):
    """The loss grew too large. The network holds its last good weights."""


class Abandoned(RuntimeError):
    """The run was disposed of while it was training."""


def divergence_advice(settings: RunSettings, step: int, good_step: int, finite: bool) -> str:
    """Say what happened, what is kept, and which setting to change first."""
    what = "grew without bound" if finite else "stopped being a number"
    if settings.lr > 1e-3:
        advice = f"try a tenth of the learning rate ({settings.lr / 10:g})"
    elif settings.momentum > 0.9 and "momentum" in settings.optimizer_row.fields:
        advice = "try a momentum of 0.9"
    else:
        advice = "try a larger batch"
    if settings.clip == 0:
        advice += " or gradient clipping at 1"
    return f"The loss {what} at step {step}; the weights of step {good_step} are kept: {advice}."
