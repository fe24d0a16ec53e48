"""What is measured of a finished model besides the test set: calibration, drawn digits, what it says to garbage.

Owns the choice of data for each figure. The real pen digits are asked for separately: like the test set they are for
reporting, and no choice is made on them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from scripts.measure_strokes import STROKES, read_strokes
from tabgrad.data import Samples
from tabgrad.data.sets import StrokeData
from tabgrad.data.strokes.garbage import garbage
from tabgrad.session.evaluation import Evaluation

from .calibration import Calibration, calibrate, refused_share
from .data import Corpus
from .loop import Judge, Tensors

KINDS = ("scribbles", "letters", "pairs")
#: Garbage that the threshold is fitted on, and other garbage of these kinds that its effect is measured on.
FITTED_ON, MEASURED_ON = 1, 2


async def measure(judge: Judge, weights: Tensors, corpus: Corpus) -> tuple[dict[str, Any], Calibration]:
    """Calibration on the validation images, and accuracy and refusals on generated digits and on garbage."""

    async def on_garbage(seed: int, kind: str) -> Evaluation:
        images = garbage(seed, kind)
        return await judge(weights, Samples(images, np.zeros(len(images), np.uint8)))

    validation = await judge(weights, corpus.validation)
    fitted_on = [(await on_garbage(FITTED_ON, kind)).logits for kind in KINDS]
    calibration = calibrate(validation.logits, validation.labels, np.concatenate(fitted_on))
    by_kind = {
        kind: round(refused_share((await on_garbage(MEASURED_ON, kind)).logits, calibration), 3) for kind in KINDS
    }
    drawn = await judge(weights, await StrokeData().split("validation"))
    figures = {
        "validation_loss": round(validation.loss, 4),
        "drawn_digits_accuracy": round(drawn.accuracy, 4),
        "drawn_digits_refused": round(refused_share(drawn.logits, calibration), 4),
        **{name: round(value, 4) for name, value in asdict(calibration).items()},
        "garbage_refused_by_kind": by_kind,
    }
    return figures, calibration


async def read_pen_digits(judge: Judge, weights: Tensors, calibration: Calibration) -> dict[str, Any]:
    """Accuracy of a finished model on real pen digits, and the share it is not sure of; None where there are none."""
    if not STROKES.exists():
        return {"pen_digits_accuracy": None, "pen_digits_refused": None}
    images, labels = read_strokes(STROKES)
    pixels = np.rint(images * 255).astype(np.uint8).reshape(-1, 28, 28)
    pens = await judge(weights, Samples(pixels, labels.astype(np.uint8)))
    return {
        "pen_digits_accuracy": round(pens.accuracy, 4),
        "pen_digits_refused": round(refused_share(pens.logits, calibration), 4),
    }
