"""The figures of a finished model besides the test set: calibration, generated digits, out-of-distribution drawings.

Owns the choice of data for each figure. The real pen digits have a function of their own, because they are only
reported, like the test set: no choice is made on them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from scripts.measure_strokes import STROKES, read_strokes
from tabgrad.data import Samples
from tabgrad.data.generated import GeneratedData
from tabgrad.metrics import Results

from .calibration import Calibration, calibrate, refused_share
from .data import Corpus
from .loop import Evaluator, Tensors
from .measured_drawings import out_of_distribution

KINDS = ("scribbles", "letters", "pairs")
#: Seeds of the drawings that the threshold is fitted on, and of other drawings of these kinds that measure its effect.
FITTED_ON, MEASURED_ON = 1, 2


async def measure(evaluator: Evaluator, weights: Tensors, corpus: Corpus) -> tuple[dict[str, Any], Calibration]:
    """Figures for the card: calibration, and accuracy and refusals on generated digits and on OOD drawings."""

    async def on_ood(seed: int, kind: str) -> Results:
        images = out_of_distribution(seed, kind)
        return await evaluator(weights, Samples(images, np.zeros(len(images), np.uint8)))

    validation = await evaluator(weights, corpus.validation)
    fitted_on = [(await on_ood(FITTED_ON, kind)).logits for kind in KINDS]
    calibration = calibrate(validation.logits, validation.labels, np.concatenate(fitted_on))
    by_kind = {kind: round(refused_share((await on_ood(MEASURED_ON, kind)).logits, calibration), 3) for kind in KINDS}
    drawn = await evaluator(weights, await GeneratedData().split("validation"))
    # Cards name out-of-distribution drawings "garbage".
    fitted = {name.replace("ood_", "garbage_"): round(value, 4) for name, value in asdict(calibration).items()}
    figures = {
        "validation_loss": round(validation.loss, 4),
        "drawn_digits_accuracy": round(drawn.accuracy, 4),
        "drawn_digits_refused": round(refused_share(drawn.logits, calibration), 4),
        **fitted,
        "garbage_refused_by_kind": by_kind,
    }
    return figures, calibration


async def read_pen_digits(evaluator: Evaluator, weights: Tensors, calibration: Calibration) -> dict[str, Any]:
    """Accuracy and refusals on the real pen digits; None without their file, which is not part of the repository."""
    if not STROKES.exists():
        return {"pen_digits_accuracy": None, "pen_digits_refused": None}
    images, labels = read_strokes(STROKES)
    pixels = np.rint(images * 255).astype(np.uint8).reshape(-1, 28, 28)
    pens = await evaluator(weights, Samples(pixels, labels.astype(np.uint8)))
    return {
        "pen_digits_accuracy": round(pens.accuracy, 4),
        "pen_digits_refused": round(refused_share(pens.logits, calibration), 4),
    }
