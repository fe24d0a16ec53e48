"""The visitor's own test set of digits as a data set. It is always split in the same way, and varied for training.

Owns the split, and the number of drawings that training needs. Opens no storage.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tabgrad.alphabet import DIGITS

from .base import DataError
from .drawings import Drawing, DrawingsError, loads, split
from .drawn import DrawnData, fingerprint

#: Of four drawings of a digit, two are for training, one for validation and one for the test.
MIN_DRAWINGS_OF_A_DIGIT = 4
MIN_DIGITS = 2


class OwnData(DrawnData):
    """The ten digits as `DrawnData`. `fingerprint` changes with any drawing. DataError for too few drawings.

    Of each digit, in the order in which they were drawn, every second drawing is for training; the others alternate
    between validation and test. `drawings.split` makes the first cut, as it does for tuning the last layer, so that no
    run is tested on drawings that the last layer was tuned on.
    """

    def __init__(self, drawings: Sequence[Drawing], fingerprint: str) -> None:
        if missing := missing_drawings(drawings):
            plural = "s" if missing > 1 else ""
            raise DataError(
                f"Training takes at least {MIN_DRAWINGS_OF_A_DIGIT} of your drawings of each of {MIN_DIGITS} digits: "
                f"keep {missing} more drawing{plural} under “Your own test set” in “Data and mistakes”."
            )
        train, held_out = split(drawings)
        validation, test = split(held_out)
        splits = {"train": train, "validation": validation, "test": test}
        super().__init__(splits, DIGITS, fingerprint, f"{len(drawings)} of your drawings")


def open_own(content: bytes | None) -> OwnData:
    """The data set in a file of drawings, None if the visitor has kept none. Raises DataError."""
    try:
        return OwnData(loads(content) if content else [], fingerprint(content or b""))
    except DrawingsError as error:
        raise DataError(f"A network cannot learn from your drawings: {error}") from error


def missing_drawings(drawings: Sequence[Drawing]) -> int:
    """The smallest number of drawings that must be added before a network can learn from them; 0 for enough."""
    counts = [count for _, count in Counter(d.label for d in drawings).most_common(MIN_DIGITS)]
    counts += [0] * (MIN_DIGITS - len(counts))
    return sum(max(0, MIN_DRAWINGS_OF_A_DIGIT - count) for count in counts)
