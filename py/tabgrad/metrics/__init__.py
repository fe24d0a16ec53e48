"""Accuracy and its interval, softmax, confusion, calibration: one definition each. NumPy only.

results = Results(logits, labels)          # (n, classes) and (n,)
results.accuracy, results.interval_95      # 0.98, (0.977, 0.983)
"""

from .results import Z_95, CalibrationBin, Results, is_confusion, log_softmax, mean_cross_entropy, softmax, wilson_95

__all__ = [
    "Z_95",
    "CalibrationBin",
    "Results",
    "is_confusion",
    "log_softmax",
    "mean_cross_entropy",
    "softmax",
    "wilson_95",
]
