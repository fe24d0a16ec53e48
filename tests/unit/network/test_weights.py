"""The one check of weights: names, shapes, dtypes, finite values, and answers that cannot overflow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tabgrad.network import WeightsError, draw_weights, fold_mean, training_state_for, weights_for
from tabgrad.network.weights import LARGEST_ANSWER, largest_answer
from tabgrad.program import Buffer, Program

SHAPES = {
    "layers.0.weight": (784, 16),
    "layers.0.bias": (16,),
    "layers.1.weight": (16, 10),
    "layers.1.bias": (10,),
}
BUFFERS = tuple(Buffer(name, "float32", shape, "weight") for name, shape in SHAPES.items())
STATE = Buffer("opt.decay1", "float32", (1,), "state")
PROGRAM = Program("net", "wgsl", {}, (*BUFFERS, STATE), ())
GOOD = draw_weights(SHAPES, 0)


def changed(name: str, value: Any) -> dict[str, Any]:
    return {**GOOD, name: np.asarray(value)}


def one_value(name: str, value: float) -> dict[str, Any]:
    tensor = GOOD[name].copy()
    tensor.reshape(-1)[3] = value
    return changed(name, tensor)


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "PyTorch's layout": ({n: t.T for n, t in GOOD.items()}, "PyTorch's layout"),
    "a bias of (16, 1)": (changed("layers.0.bias", GOOD["layers.0.bias"][:, None]), r"\(16, 1\) in the file"),
    "one layer the other way round": (changed("layers.0.weight", GOOD["layers.0.weight"].T), r"\(16, 784\)"),
    "a superfluous tensor": (changed("extra" * 50, np.zeros(1, np.float32)), "'extra.* too many"),
    "whole numbers": (changed("layers.1.bias", np.zeros(10, np.int32)), "of int32"),
    "halves": (changed("layers.1.bias", np.zeros(10, np.float16)), "of float16"),
    "NaN": (one_value("layers.1.bias", np.nan), "not finite"),
    "infinity": (one_value("layers.0.weight", -np.inf), "not finite"),
    "1e38": ({n: np.full_like(t, 1e38) for n, t in GOOD.items()}, "so large"),
    "one weight of 1e38": (one_value("layers.0.weight", 1e38), "so large"),
    "two weights of 1e20": ({**GOOD, **{n: one_value(n, 1e20)[n] for n in GOOD if "weight" in n}}, "so large"),
}


@pytest.mark.parametrize("what", BAD)
def test_weights_that_cannot_answer_are_refused_in_one_sentence(what: str) -> None:
    tensors, sentence = BAD[what]
    with pytest.raises(WeightsError, match=sentence) as caught:
        weights_for(PROGRAM, tensors)
    assert str(caught.value).endswith(".")
    assert len(str(caught.value)) <= 170


def test_good_weights_and_their_state_fit() -> None:
    assert weights_for(PROGRAM, GOOD).keys() == GOOD.keys()
    state = {**GOOD, "opt.decay1": np.ones(1, np.float32)}
    assert training_state_for(PROGRAM, state).keys() == state.keys()
    for bad in (GOOD, {**state, "opt.more": np.ones(1)}, {**state, "opt.decay1": np.full(1, np.nan, np.float32)}):
        with pytest.raises(WeightsError):
            training_state_for(PROGRAM, bad)


def test_the_bound_on_answers_holds() -> None:
    rng = np.random.default_rng(0)
    for scale in (0.1, 1, 30, 1e4):
        weights = {n: (scale * rng.standard_normal(s)).astype(np.float32) for n, s in SHAPES.items()}
        hidden = np.maximum(rng.random((50, 784)) @ weights["layers.0.weight"] + weights["layers.0.bias"], 0)
        answers = hidden @ weights["layers.1.weight"] + weights["layers.1.bias"]
        assert np.abs(answers).max() <= largest_answer(weights)
    assert largest_answer(GOOD) < LARGEST_ANSWER / 1e20  # a real network is nowhere near


def test_a_batch_norm_counts_with_its_variance() -> None:
    shapes: dict[str, tuple[int, ...]] = {
        "convs.0.weight": (8, 1, 5, 5),
        **{f"norms.0.{part}": (8,) for part in ("weight", "bias", "running_mean", "running_var")},
    }
    program = Program("cnn", "wgsl", {}, tuple(Buffer(n, "float32", s, "weight") for n, s in shapes.items()), ())
    good = draw_weights(shapes, 0)
    weights_for(program, good)
    tiny = {**good, "norms.0.running_var": np.zeros(8, np.float32), "norms.0.weight": np.full(8, 1e31, np.float32)}
    for bad in (tiny, {**good, "norms.0.running_var": np.full(8, -1, np.float32)}):
        with pytest.raises(WeightsError):
            weights_for(program, bad)


def test_a_network_that_somebody_wrote_may_be_deep() -> None:
    shapes = {f"blocks.{i}.weight": (100, 100) for i in range(20)}
    program = Program("deep", "wgsl", {}, tuple(Buffer(n, "float32", s, "weight") for n, s in shapes.items()), ())
    weights = {name: np.full(shape, 0.5, np.float32) for name, shape in shapes.items()}
    assert not largest_answer(weights) < LARGEST_ANSWER
    assert weights_for(program, weights).keys() == shapes.keys()
    with pytest.raises(WeightsError, match="not finite"):
        weights_for(program, {**weights, "blocks.3.weight": np.full((100, 100), np.nan, np.float32)})


@pytest.mark.parametrize("missing", ["layers.0.bias", "layers.0.weight"])
def test_a_mean_image_without_a_layer_that_it_fits_is_one_sentence(missing: str) -> None:
    weights = {**GOOD, "input_mean": np.zeros(784, np.float32)}
    assert "input_mean" not in fold_mean(weights)
    del weights[missing]
    with pytest.raises(WeightsError, match="mean image"):
        fold_mean(weights)
    with pytest.raises(WeightsError, match="mean image"):
        fold_mean({**GOOD, "input_mean": np.zeros(3, np.float32)})
