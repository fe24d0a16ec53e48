"""The visible parts of the training panel. Each builds its elements, renders a `state.RunState` and owns no state."""

from .begin_with import BeginWith
from .curves import CurvesView
from .first_layer import FirstLayer
from .form import SettingsForm
from .presets import PresetButtons
from .progress import ProgressView
from .resume_offer import ResumeOffer
from .run_buttons import RunButtons
from .runs_table import RunsTable
from .timeline_view import TimelineView
from .weights_files import WeightsFiles

__all__ = [
    "BeginWith",
    "CurvesView",
    "FirstLayer",
    "PresetButtons",
    "ProgressView",
    "ResumeOffer",
    "RunButtons",
    "RunsTable",
    "SettingsForm",
    "TimelineView",
    "WeightsFiles",
]
