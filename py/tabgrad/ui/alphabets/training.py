"""The settings with which a network learns an alphabet from a few drawings. Trains nothing."""

from __future__ import annotations

from dataclasses import replace

from tabgrad.data.drawings import DrawingSet
from tabgrad.settings import FEW_EXAMPLES, RunSettings


def settings_for(set_id: str, found: DrawingSet, now: RunSettings) -> RunSettings:
    """Settings for a run on an alphabet. `now` are those in the form: its engine and its seed stay."""
    settings = RunSettings.make({"data": set_id, "labels": list(found.labels)}, FEW_EXAMPLES)
    return replace(settings, seed=now.seed, engine=now.engine)
