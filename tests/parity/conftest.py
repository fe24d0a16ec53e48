"""Cases for the parity tests: programs, compiled on demand, with weights and images."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from scripts.fetch_mnist import locate
from tabgrad.data.mnist import parse_idx, unzip
from tabgrad.program import Program, Target
from tests.parity.cases import Case

TRAIN_BATCH = {"mlp": 32, "cnn": 8}
EVALUATE_BATCH = 20


@cache
def images(count: int) -> tuple[Any, Any]:
    """Pixels (count, 784) uint8 and labels int32: MNIST's test images, or blurred strokes with random labels."""
    if files := locate():
        pixels, labels = (parse_idx(unzip(files[f"t10k-{n}-ubyte"])) for n in ("images-idx3", "labels-idx1"))
        return pixels[:count].reshape(count, 784), labels[:count].astype(np.int32)
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(0, 1.6, (count, 40, 2)), axis=1)
    at = walk - walk.mean(axis=1, keepdims=True) + 14
    grid = np.arange(28)
    rows, columns = (np.exp(-((grid - at[:, :, i, None]) ** 2) / 2) for i in (0, 1))
    ink = np.einsum("npy,npx->nyx", rows, columns).clip(0, 1)
    return (ink.reshape(count, 784) * 255).astype(np.uint8), rng.integers(0, 10, count, dtype=np.int32)


SPECS: dict[str, dict[str, Any]] = {
    "mlp": {"kind": "mlp", "hidden": [128]},
    "cnn": {"kind": "cnn", "stages": ["conv5x8", "pool", "conv5x24", "pool", "dense64"]},
}


@cache
def make_program(kind: str, target: Target, variant: str, name: str) -> Program:
    """A program of the default network of this kind: infer, activations, saliency, evaluate or train.<optimizer>."""
    from tabgrad import model

    spec = SPECS[kind]
    if name.startswith("train."):
        recipe = model.Training(batch=TRAIN_BATCH[kind], optimizer=name[6:])  # type: ignore[arg-type] # a literal
        return model.training(spec, recipe, target, variant)
    if name == "evaluate":
        return model.evaluation(spec, EVALUATE_BATCH, target, variant)
    capture = {"infer": model.inference, "activations": model.activations, "saliency": model.saliency}[name]
    return capture(spec, target, variant)


@cache
def make_weights(kind: str) -> dict[str, Any]:
    """Random weights. Biases and batch statistics are not 0 and 1, so that errors in them show."""
    from tabgrad import model

    weights = model.initial_weights(model.build(SPECS[kind]), seed=1)
    rng = np.random.default_rng(2)
    for name, value in weights.items():
        if value.ndim == 1:
            weights[name] = (value + rng.uniform(0.05, 0.4, value.shape)).astype(np.float32)
    return weights


def make_case(kind: str, target: Target, variant: str, *names: str) -> Case:
    """The named programs with weights and 100 images (see `images`)."""
    programs = {name: make_program(kind, target, variant, name) for name in names}
    return Case(SPECS[kind], make_weights(kind), programs, *images(100))


@pytest.fixture(scope="session")
def case() -> Callable[..., Case]:
    return make_case
