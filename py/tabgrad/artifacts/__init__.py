"""The files that a run leaves behind: weights, checkpoint with its record, curves. Each format lives here alone."""

from .curves import Curves

__all__ = ["Curves"]
