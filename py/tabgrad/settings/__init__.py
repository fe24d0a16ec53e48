"""The settings of a training run: fields, limits, presets, and their form in the page's address."""

from .fields import (
    FIELDS,
    TUNABLE,
    USUAL_RATES,
    ChoiceField,
    NumberField,
    RunSettings,
    SettingsError,
    SizesField,
    from_query,
    to_query,
)
from .presets import PRESETS, Preset

__all__ = [
    "FIELDS",
    "PRESETS",
    "TUNABLE",
    "USUAL_RATES",
    "ChoiceField",
    "NumberField",
    "Preset",
    "RunSettings",
    "SettingsError",
    "SizesField",
    "from_query",
    "to_query",
]
