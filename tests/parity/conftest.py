"""Cases for the parity tests: captured once a session, on images of MNIST's statistics made up from a fixed seed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from tests.parity.cases import KNOBS, Case

from tabgrad.program import Target

TRAIN_BATCH = {"mlp": 32, "cnn": 8}
EVALUATE_BATCH = 20


def images(count: int) -> tuple[Any, Any]:
    """Blurred random strokes (count, 784) uint8, with labels int32 that mean nothing."""
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(0, 1.6, (count, 40, 2)), axis=1)
    at = walk - walk.mean(axis=1, keepdims=True) + 14
    grid = np.arange(28)
    rows, columns = (np.exp(-((grid - at[:, :, i, None]) ** 2) / 2) for i in (0, 1))
    ink = np.einsum("npy,npx->nyx", rows, columns).clip(0, 1)
    return (ink.reshape(count, 784) * 255).astype(np.uint8), rng.integers(0, 10, count, dtype=np.int32)


@cache
def make_case(kind: str, target: Target, variant: str) -> Case:
    """All programs of the default network of this kind, and random weights."""
    from tabgrad import model
    from tabgrad.model.cnn import STAGES

    spec: dict[str, Any] = {"kind": "mlp", "hidden": [128]} if kind == "mlp" else {"kind": "cnn", "stages": [*STAGES]}
    weights = model.initial_weights(model.build(spec), seed=1)
    rng = np.random.default_rng(2)
    for name, value in weights.items():  # biases and batch statistics that are not 0 and 1, so that they matter
        if value.ndim == 1:
            weights[name] = (value + rng.uniform(0.05, 0.4, value.shape)).astype(np.float32)
    programs = {
        "infer": model.inference(spec, target, variant),
        "activations": model.activations(spec, target, variant),
        "saliency": model.saliency(spec, target, variant),
        "evaluate": model.evaluation(spec, EVALUATE_BATCH, target, variant),
    }
    for optimizer in KNOBS:
        recipe = model.Training(batch=TRAIN_BATCH[kind], optimizer=optimizer)  # type: ignore[arg-type] # a literal
        programs[f"train.{optimizer}"] = model.training(spec, recipe, target, variant)
    return Case(spec, weights, programs, *images(100))


@pytest.fixture(scope="session")
def case() -> Callable[[str, Target, str], Case]:
    return make_case
