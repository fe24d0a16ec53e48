"""The curves of a run as both sides keep them: the worker in its checkpoints, the page in its charts."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Curves:
    """Parallel lists: training means per point, validation measurements. Losses in nats, accuracies in 0..1."""

    step: list[int] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    validation_step: list[int] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
