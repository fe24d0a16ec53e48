"""Accuracy and its interval, softmax, confusion, calibration: one definition each. NumPy only."""

from .results import Z_95, CalibrationBin, Results, softmax, wilson_95

__all__ = ["Z_95", "CalibrationBin", "Results", "softmax", "wilson_95"]
