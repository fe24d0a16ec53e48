"""The table of launches agrees with the program that it describes."""

import re
from typing import Any

import pytest

from tabgrad import model
from tabgrad.explain.kernels import launches
from tabgrad.program import Program

CNN = {"kind": "cnn", "stages": ["conv3x4", "pool", "dense8"]}
MLP = {"kind": "mlp", "hidden": [16]}
PROGRAMS: dict[str, Any] = {
    "infer-mlp": lambda: model.inference(MLP, "wgsl"),
    "activations-cnn": lambda: model.activations(CNN, "wgsl"),
    "saliency-mlp": lambda: model.saliency(MLP, "wgsl"),
    "saliency-cnn": lambda: model.saliency(CNN, "wgsl"),
    "evaluate-mlp": lambda: model.evaluation(MLP, 8, "wgsl"),
    "train-mlp": lambda: model.training(MLP, model.Training(batch=8, optimizer="adamw"), "wgsl"),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_first_buffer_is_the_one_written(name: str) -> None:
    made: Program = PROGRAMS[name]()
    for launch in launches(made):
        bound = re.findall(r"var<storage,\s*read_write>\s*(\w+)", launch.code)
        assert len(bound) == 1 + len(launch.reads)
        store = r"(?:\b{0}\[[^;]*\] = |atomic(?!Load)\w+\(&{0}\[)"
        written = [b for b in bound if re.search(store.format(b), launch.code)]
        assert written[:1] == bound[:1]
        for extra in written[1:]:  # in-place updates of what is also read
            assert launch.reads[bound.index(extra) - 1].role in ("state", "weight")


@pytest.mark.parametrize("name", PROGRAMS)
def test_bytes_and_operations_are_those_of_the_program(name: str) -> None:
    made: Program = PROGRAMS[name]()
    table = launches(made)
    assert len(table) == len(made.dispatch)
    for launch, dispatch in zip(table, made.dispatch, strict=True):
        assert launch.nbytes == sum(made.buffers[i].nbytes for i in dispatch.buffers)
        assert launch.flops == made.kernels[dispatch.kernel].flops
        assert "\x1b" not in launch.name
    assert sum(launch.flops for launch in table) > 0


def test_launches_name_the_layers_they_come_from() -> None:
    first, second = launches(model.inference(MLP, "wgsl"))
    assert first.origin == "layers[0]: x @ weight + bias"
    assert second.origin == "layers[1]: x @ weight + bias"
    assert second.writes.name == "logits"
    (conv, *_) = launches(model.inference(CNN, "wgsl"))
    assert conv.origin.startswith("convs[0]: x.conv2d(weight)")
    assert "norms[0]" in conv.origin
    tapped = [launch.origin for launch in launches(PROGRAMS["activations-cnn"]())]
    assert {"x.max_pool2d((2, 2))", "a copy, for the page to read"} <= set(tapped)
    origins = [launch.origin for launch in launches(PROGRAMS["train-mlp"]())]
    assert origins[0] == "x.cast(float32) / 255"
    assert "the optimizer's step" in origins
    loss = origins.index("logits.sparse_categorical_crossentropy(y)")
    back = [i for i, origin in enumerate(origins) if origin.startswith("loss.gradient()")]
    assert loss < min(back) <= max(back) < len(origins) - 1, "gradients lie between the loss and the optimizer's step"
    assert any(origins[i] == "loss.gradient(), back through layers[1]" for i in back)
    assert origins.index("layers[1]: x @ weight + bias") < loss


def test_a_wasm_program_is_listed_as_formulas() -> None:
    for launch in launches(model.inference(MLP, "wasm", "simd")):
        assert "loop" in launch.code
        assert launch.writes.name in launch.code
