"""The figures of a finished model besides the test set: calibration, generated digits, out-of-distribution drawings.

Calibration says how far a network's probabilities can be trusted: its temperature, its calibration error, and the "not
sure" threshold. All are fitted on the validation split and on out-of-distribution drawings. The real pen digits have a
function of their own, because they are only reported, like the test set: no choice is made on them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scripts.measure_strokes import STROKES, read_strokes
from tabgrad.data import Samples
from tabgrad.data.generated import GeneratedData
from tabgrad.metrics import Results, mean_cross_entropy, softmax

from .data import Corpus
from .loop import Evaluator, Tensors
from .measured_drawings import out_of_distribution

KINDS = ("scribbles", "letters", "pairs")
#: Seeds of the drawings that the threshold is fitted on, and of other drawings of these kinds that measure its effect.
FITTED_ON, MEASURED_ON = 1, 2
#: Number of bins of the calibration error.
BINS = 15
#: At most this share of the right answers may be refused, so that most out-of-distribution drawings are refused too.
REFUSED_SHARE = 0.02
Logits = NDArray[np.float32]
Labels = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Calibration:
    """`temperature` divides the logits. `ece` is the expected calibration error with it, `ece_before` without it. An
    answer whose probability is below `not_sure_below` is refused: it becomes "not sure". `refused` is the share of the
    right answers that are refused, `ood_refused` the share of the out-of-distribution drawings.
    """

    temperature: float
    ece_before: float
    ece: float
    not_sure_below: float
    refused: float
    ood_refused: float


def fit_temperature(logits: Logits, labels: Labels) -> float:
    """The temperature with the least cross entropy on a held-out split, by golden-section search in its logarithm.

    Guo et al. 2017, On Calibration of Modern Neural Networks, https://arxiv.org/abs/1706.04599.
    """

    def loss(log_t: float) -> float:
        return mean_cross_entropy(logits.astype(np.float64) / np.exp(log_t), labels)

    low, high, ratio = -2.0, 2.0, (5**0.5 - 1) / 2
    for _ in range(40):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, b) if loss(a) < loss(b) else (a, high)
    return float(np.exp((low + high) / 2))


def refused_share(logits: Logits, calibration: Calibration) -> float:
    """The share of answers, in 0..1, that are refused."""
    confidence = softmax(logits, calibration.temperature).max(1)
    return float((confidence < calibration.not_sure_below).mean())


def calibrate(logits: Logits, labels: Labels, ood_logits: Logits) -> Calibration:
    """Fit everything: `logits` and `labels` of the validation split, `ood_logits` of out-of-distribution drawings.

    The threshold is the highest that refuses at most `REFUSED_SHARE` of the right answers, but no higher than is needed
    to refuse 95 % of the out-of-distribution drawings.
    """
    temperature = fit_temperature(logits, labels)
    calibrated, ood = Results(logits, labels, temperature), softmax(ood_logits, temperature).max(1)
    right = calibrated.confidences[calibrated.answers == labels]
    threshold = float(min(np.quantile(right, REFUSED_SHARE), np.quantile(ood, 0.95)))
    return Calibration(
        temperature=temperature,
        ece_before=Results(logits, labels).expected_calibration_error(BINS),
        ece=calibrated.expected_calibration_error(BINS),
        not_sure_below=threshold,
        refused=float((right < threshold).mean()),
        ood_refused=float((ood < threshold).mean()),
    )


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
