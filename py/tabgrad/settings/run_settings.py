"""The settings of one run as an object: made from values that are checked, plain JSON again.

Knows no network, no engine and no page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from .fields import FIELDS, SettingsError
from .optimizers import OPTIMIZER_FIELDS, OPTIMIZERS, Optimizer


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Everything that decides a run, JSON-able. Construct through `make` to have the limits checked."""

    model: str = "mlp"
    hidden: tuple[int, ...] = (128,)
    activation: str = "relu"
    center: str = "mean"
    dropout: float = 0.0
    optimizer: str = "momentum"
    lr: float = 0.4
    schedule: str = "one_cycle"
    warm_up: float = 0.25
    decay: float = 0.8
    momentum: float = 0.9
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    clip: float = 0.0
    batch: int = 128
    epochs: float = 3.0
    augment: str = "none"
    patience: int = 0
    data: str = "mnist"
    seed: int = 1
    engine: str = "auto"

    @property
    def optimizer_row(self) -> Optimizer:
        """The optimizer's row in `OPTIMIZERS`."""
        return OPTIMIZERS[self.optimizer]

    def unused(self) -> frozenset[str]:
        """The fields that have no effect beside the others."""
        names = set(OPTIMIZER_FIELDS - self.optimizer_row.fields)
        if self.model == "cnn":
            names |= {"hidden", "center"}
        if self.schedule != "exponential":
            names.add("decay")
        if self.schedule != "one_cycle":
            names.add("warm_up")
        return frozenset(names)

    @classmethod
    def make(cls, values: Mapping[str, Any], base: RunSettings | None = None) -> RunSettings:
        """`base` (default: the defaults) changed by `values`; SettingsError names the first value that is wrong."""
        unknown = sorted(set(values) - set(FIELDS))
        if unknown:
            raise SettingsError(f"There is no setting called {unknown[0][:40]!r}.")
        checked: dict[str, Any] = {name: FIELDS[name].check(value) for name, value in values.items()}
        return replace(base or cls(), **checked)

    def to_json(self) -> dict[str, Any]:
        """Plain values, complete: `make` of it gives an equal object."""
        return {**asdict(self), "hidden": list(self.hidden)}
