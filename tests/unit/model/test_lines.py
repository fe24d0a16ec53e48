"""Kernels of a written network know the lines of its source that they come from, and compiling tells how far it is."""

from __future__ import annotations

import pytest

from tabgrad import model
from tabgrad.model import Training
from tabgrad.network import CODE
from tabgrad.program import Program, Target, dumps, loads

SOURCE = """from tinygrad import Tensor, nn

class Net:
    def __init__(self):
        self.first = nn.Linear(784, 32)
        self.last = nn.Linear(32, 10)

    def __call__(self, x):
        x = self.first(x.flatten(1)).relu()
        return self.last(x)
"""
SPEC = {"kind": CODE, "source": SOURCE}


def launches(program: Program, weight: str) -> list[tuple[int, ...]]:
    """The lines of each launch that has the weight among its buffers."""
    index = program.index(weight)
    return [launch.lines for launch in program.dispatch if index in launch.buffers]


@pytest.mark.parametrize("target", ["wasm", "wgsl"])
def test_a_kernel_knows_the_lines_that_it_comes_from(target: Target) -> None:
    program = loads(dumps(model.inference(SPEC, target)))
    assert launches(program, "first.weight") == [(5, 9)], "where the layer is made, and where it is called"
    assert launches(program, "last.weight") == [(6, 10)]


def test_gradients_and_updates_know_the_lines_of_their_layer() -> None:
    program = model.training(SPEC, Training(batch=8, optimizer="sgd"), "wasm")
    assert all(5 in lines for lines in launches(program, "first.weight"))
    assert all(6 in lines for lines in launches(program, "last.weight"))
    assert launches(program, "first.bias") == [(5, 9), (5,), (5,)], "the last two move the bias: no call does that"
    products = [launch.lines for launch in program.dispatch if launch.lines == (9,)]
    assert products, "the gradient of the first layer comes from where it is called"


def test_lines_move_with_the_source() -> None:
    """A kernel that was compiled before belongs to the new lines."""
    model.inference(SPEC, "wasm")
    program = model.inference({"kind": CODE, "source": "\n\n" + SOURCE}, "wasm")
    assert launches(program, "first.weight") == [(7, 11)]


def test_networks_of_the_form_know_no_lines() -> None:
    program = model.inference({"kind": "mlp", "hidden": [4]}, "wasm")
    assert all(launch.lines == () for launch in program.dispatch)
    assert '"lines"' not in dumps(program)


def test_compiling_tells_how_many_kernels_are_done() -> None:
    told: list[tuple[int, int]] = []
    source = SOURCE.replace("relu", "silu").replace("32", "33")
    with model.watching(lambda done, kernels: told.append((done, kernels))):
        model.inference({"kind": CODE, "source": source}, "wasm")
        assert told == [(0, 2), (1, 2), (2, 2)]
        told.clear()
        model.inference({"kind": CODE, "source": source + "\n# said"}, "wasm")
        assert told == [], "all kernels have been compiled before"
