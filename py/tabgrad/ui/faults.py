"""The exceptions that carry one sentence for the visitor: what can be wrong with an engine, a file or a fetch."""

from tabgrad.backends import EngineError
from tabgrad.network import WeightsError
from tabgrad.program import ProgramError

FAULTS = (EngineError, ProgramError, WeightsError, OSError)
