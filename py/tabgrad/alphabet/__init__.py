"""The classes that a network tells apart, as labels: the ten digits unless somebody brings their own.

    check_labels(["cat", " dog "])   # ("cat", "dog")
    listed(DIGITS)                   # "0 to 9"

Owns what a label can be and how many there are. Knows no data and no network.
"""

from .labels import (
    DIGITS,
    MAX_CLASSES,
    MAX_LABEL,
    MIN_CLASSES,
    AlphabetError,
    Labels,
    check_count,
    check_label,
    check_labels,
    compared,
    listed,
    numbered,
    shortened,
)

__all__ = [
    "DIGITS",
    "MAX_CLASSES",
    "MAX_LABEL",
    "MIN_CLASSES",
    "AlphabetError",
    "Labels",
    "check_count",
    "check_label",
    "check_labels",
    "compared",
    "listed",
    "numbered",
    "shortened",
]
