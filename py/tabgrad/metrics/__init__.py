"""Accuracy and its interval, softmax, confusion, calibration: one definition each. NumPy only."""

from .results import CalibrationBin, Results, softmax, wilson_95

__all__ = ["CalibrationBin", "Results", "softmax", "wilson_95"]
