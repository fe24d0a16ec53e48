"""The networks and their programs: shapes, counts, initial values, and what a capture promises."""

import importlib.metadata

import numpy as np
import pytest

from tabgrad import model
from tabgrad.compiler import TINYGRAD_VERSION, Capture
from tabgrad.network import fold_mean, parameter_count, spec_shapes
from tabgrad.program import ProgramError, dumps, loads

MLP = {"kind": "mlp"}
CNN = {"kind": "cnn"}


@pytest.mark.parametrize(
    ("spec", "parameters"),
    [
        (MLP, 101_770),
        ({"kind": "mlp", "hidden": [128, 64]}, 109_386),
        ({"kind": "mlp", "hidden": []}, 7_850),
        ({"kind": "mlp", "center": True}, 101_770),
        (CNN, 30_354),
        (MLP | {"classes": 26}, 101_770 + 16 * 129),
        (CNN | {"classes": 2}, 30_354 - 8 * 65),
        (
            {"kind": "cnn", "stages": ["conv5x12", "pool", "conv3x24p1", "conv3x24p1", "pool", "conv3x48p1", "pool"]},
            22_990,
        ),
    ],
)
def test_parameter_counts(spec: model.Spec, parameters: int) -> None:
    assert parameter_count(model.shapes(model.build(spec))) == parameters
    assert spec_shapes({"hidden": [128], **spec}) == model.shapes(model.build(spec))


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({"kind": "rnn"}, "mlp or cnn"),
        ({"kind": "mlp", "activation": "cube"}, "not known"),
        ({"kind": "mlp", "width": 3}, "not known"),
        ({"kind": "cnn", "stages": ["conv5"]}, "not a stage"),
        ({"kind": "cnn", "stages": ["dense9", "pool"]}, "not a stage"),
        ({"kind": "cnn", "stages": ["pool"] * 5}, "smaller than"),
    ],
)
def test_descriptions_of_nothing_have_a_sentence(spec: model.Spec, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        model.build(spec)


def test_the_locked_tinygrad_is_the_one_we_know() -> None:
    assert importlib.metadata.version("tinygrad") == TINYGRAD_VERSION


PROGRAMS = {
    "mlp infer": lambda: model.inference(MLP, "wgsl"),
    "mlp activations": lambda: model.activations(MLP, "wgsl"),
    "mlp saliency": lambda: model.saliency(MLP, "wgsl"),
    "cnn infer": lambda: model.inference(CNN, "wgsl"),
    "cnn evaluate": lambda: model.evaluation(CNN, 50, "wgsl"),
    "mlp sgd, clipped, dropout, centred": lambda: model.training(
        MLP | {"dropout": 0.2, "center": True}, model.Training(clip=True, label_smoothing=0.1), "wgsl"
    ),
    "mlp adamw": lambda: model.training(MLP, model.Training(optimizer="adamw"), "wgsl"),
    "mlp of 26 classes": lambda: model.saliency(MLP | {"classes": 26}, "wgsl"),
    "cnn of 36 classes": lambda: model.training(CNN | {"classes": 36}, model.Training(batch=32), "wgsl"),
    "mlp muon": lambda: model.training(MLP, model.Training(optimizer="muon", batch=32), "wgsl"),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_valid_reproducible_and_within_eight_buffers(name: str) -> None:
    program = PROGRAMS[name]()
    assert loads(dumps(program)) == program
    assert dumps(PROGRAMS[name]()) == dumps(program)
    assert max(len(d.buffers) for d in program.dispatch) <= 8
    assert all(d.label.isprintable() for d in program.dispatch)


def test_hyperparameters_and_state_are_buffers_so_that_changing_them_recompiles_nothing() -> None:
    sgd = model.training(MLP, model.Training(), "wgsl")
    assert {b.name for b in sgd.by_role("input")} == {"x", "y", "lr", "momentum", "weight_decay"}
    assert {b.name for b in sgd.by_role("output")} == {"loss", "correct"}
    assert {b.name for b in sgd.by_role("state")} == {f"opt.{w.name}.velocity" for w in sgd.by_role("weight")}
    assert not sgd.by_role("const")


def test_the_classes_decide_the_shapes_of_logits_seed_and_teacher() -> None:
    spec = MLP | {"classes": 3}
    assert model.inference(spec, "wgsl").buffer("logits").shape == (1, 3)
    assert model.saliency(spec, "wgsl").buffer("seed").shape == (1, 3)
    assert model.evaluation(spec, 50, "wgsl").buffer("logits").shape == (50, 3)
    distilled = model.training(spec, model.Training(batch=8, teacher_share=0.5), "wgsl")
    assert distilled.buffer("teacher").shape == (8, 3)
    assert dumps(model.inference(MLP | {"classes": 10}, "wgsl")) == dumps(model.inference(MLP, "wgsl"))


def test_updates_happen_in_place() -> None:
    program = model.training(MLP, model.Training(), "wgsl")
    names = [b.name for b in program.buffers]
    first_of = [names[d.buffers[0]] for d in program.dispatch]
    assert "layers.0.weight" in first_of
    assert "opt.layers.0.weight.velocity" in first_of
    assert len(program.dispatch) <= 24


def test_dropout_brings_its_generator_as_state() -> None:
    program = model.training(MLP | {"dropout": 0.5}, model.Training(batch=8), "wgsl")
    assert {"rng.seed", "rng.counter"} <= {b.name for b in program.by_role("state")}
    assert {b.name for b in model.inference(MLP | {"dropout": 0.5}, "wgsl").by_role("state")} == set()


def test_a_model_may_not_read_values_while_it_is_captured() -> None:
    with pytest.raises(RuntimeError, match="may not read a tensor's value"), Capture("bad", "wgsl") as c:
        c.buffer("x", "input", (4,)).sum().item()


def test_an_input_that_nothing_reads_is_an_error() -> None:
    def capture() -> None:
        with Capture("bad", "wgsl") as c:
            c.buffer("unused", "input", (4,))
            c.output("y", c.buffer("x", "input", (4,)) + 1)

    with pytest.raises(ProgramError, match="never touches unused"):
        capture()


def test_an_unknown_variant_is_an_error() -> None:
    with pytest.raises(ValueError, match="not 'tpu'"):
        model.inference(MLP, "wgsl", "tpu")


@pytest.mark.parametrize("spec", [MLP | {"hidden": [256, 256, 256]}, CNN])
def test_he_initialisation_keeps_the_variance(spec: model.Spec) -> None:
    weights = model.initial_weights(model.build(spec), seed=1)
    again = model.initial_weights(model.build(spec), seed=1)
    assert all(np.array_equal(weights[k], again[k]) for k in weights)
    for name, w in weights.items():
        if w.ndim > 1 and w.size > 1000 and name != f"layers.{len(model.build(spec).layers) - 1}.weight":
            fan_in = w.shape[0] if w.ndim == 2 else w[0].size
            assert w.var() == pytest.approx(2 / fan_in, rel=0.1)
    assert not any(w.any() for name, w in weights.items() if name.endswith(".bias"))


def test_folding_the_mean_changes_no_answer() -> None:
    rng = np.random.default_rng(0)
    weights = model.initial_weights(model.build(MLP | {"center": True}), seed=0)
    weights["input_mean"] = rng.random(784, dtype=np.float32)
    x = rng.random((5, 784), dtype=np.float32)
    folded = fold_mean(weights)
    assert folded.keys() == model.state(model.build(MLP)).keys()
    np.testing.assert_allclose(
        (x - weights["input_mean"]) @ weights["layers.0.weight"] + weights["layers.0.bias"],
        x @ folded["layers.0.weight"] + folded["layers.0.bias"],
        atol=1e-5,
    )
