"""The settings of a training run: their fields and limits, the optimizers, presets, and their form in an address.

settings = RunSettings.make({"hidden": [64], "lr": 0.1})       # SettingsError with one sentence
to_query(settings)                                             # "hidden=64&lr=0.1&warm_up=0.1"
settings.optimizer_row.title                                   # "SGD, momentum"
"""

from .fields import FIELDS, TUNABLE, ChoiceField, NumberField, SettingsError, SizesField
from .optimizers import OPTIMIZERS
from .presets import FEW_EXAMPLES, PRESETS, caution
from .run_settings import (
    ARCHITECTURE,
    RunSettings,
    answering_spec,
    from_query,
    network_name,
    settings_for,
    settings_for_code,
    to_query,
    total_steps,
    training_spec,
)

__all__ = [
    "ARCHITECTURE",
    "FEW_EXAMPLES",
    "FIELDS",
    "OPTIMIZERS",
    "PRESETS",
    "TUNABLE",
    "ChoiceField",
    "NumberField",
    "RunSettings",
    "SettingsError",
    "SizesField",
    "answering_spec",
    "caution",
    "from_query",
    "network_name",
    "settings_for",
    "settings_for_code",
    "to_query",
    "total_steps",
    "training_spec",
]
