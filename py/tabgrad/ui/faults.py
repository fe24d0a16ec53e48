"""The exceptions that carry one sentence for the visitor: what can be wrong with an engine, a file or a fetch."""

from tabgrad.backends.base import EngineError
from tabgrad.program import ProgramError

FAULTS = (EngineError, ProgramError, OSError)
