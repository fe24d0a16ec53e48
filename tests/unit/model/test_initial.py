"""The first weights of a written network are those that tinygrad gives for the same seed."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from tabgrad import model
from tabgrad.backends.wasm import open_device
from tabgrad.program import Program, Target
from tabgrad.session.network import first_values
from tests.native_gpu import open_gpu
from tests.unit.model import tinygrad_itself
from tests.unit.model.written_sources import CONVOLUTIONS, DENSE, POOLED, net, spec

SOURCES = {
    "dense": POOLED,
    "convolutions": CONVOLUTIONS,
    "layers of nn": """
from tinygrad import Tensor, nn
class Net:
    def __init__(self):
        self.cell, self.embedding = nn.LSTMCell(6, 4), nn.Embedding(5, 3)
        self.norms = {"layer": nn.LayerNorm(8), "group": nn.GroupNorm(2, 4), "rms": nn.RMSNorm(3)}
        self.up, self.grouped = nn.ConvTranspose2d(2, 3, 2), nn.Conv2d(4, 4, 3, groups=2, bias=False)
    def __call__(self, x): ...
""",
    "distributions": """
from tinygrad import Tensor, dtypes
class Net:
    def __init__(self):
        self.uniform, self.scaled = Tensor.uniform(7, low=-3, high=2), Tensor.scaled_uniform(3, 5)
        self.kaiming = Tensor.kaiming_uniform(4, 3), Tensor.kaiming_normal(4, 3)
        self.glorot, self.normal = Tensor.glorot_uniform(4, 9), Tensor.normal(11, mean=2, std=0.5)
        self.randn, self.rand = Tensor.randn(1, 5), Tensor.rand(2, 3) * 2 - 1
        self.integers = Tensor.randint(20, high=9)
        self.permuted = Tensor.randperm(9).float().contiguous()
        self.stacked = Tensor.stack(Tensor.rand(3), Tensor.rand(3))
        self.like = Tensor.zeros(2, 2).rand_like()
    def __call__(self, x): ...
""",
    # WGSL has no 16-bit integers, and tinygrad 0.14.0 casts to them there without cutting the higher bits off
    "half on wasm": """
from tinygrad import Tensor, dtypes
class Net:
    def __init__(self): self.half, self.w = Tensor.rand(5, dtype=dtypes.half).is_param_(False), Tensor.rand(4)
    def __call__(self, x): ...
""",
    "constants": """
import numpy as np
from tinygrad import Tensor, dtypes
class Net:
    def __init__(self):
        self.zeros, self.ones = Tensor.zeros(3, 4), Tensor.ones(2)
        self.full, self.large = Tensor.full((2, 3), 1.5), Tensor.full((200, 100), -2.0)
        self.list, self.array = Tensor([1.0, 2.5]), Tensor(np.arange(6, dtype=np.float32).reshape(2, 3))
        self.long, self.counted = Tensor(np.arange(4)), Tensor.zeros(dtype=dtypes.long).is_param_(False)
        self.range, self.eye = Tensor.arange(5).contiguous() + 0, (Tensor.eye(3) * 2).contiguous()
        self.padded = Tensor.ones(2).pad((1, 1)).contiguous()
        self.written = Tensor.zeros(4).contiguous()
        self.written[1:3] = 7
        self.reshaped, self.negative = Tensor.ones(6).reshape(2, 3), Tensor.zeros(3) - 1
        self.bools, self.cast = Tensor([True, False]), Tensor.ones(3).cast(dtypes.half).is_param_(False)
    def __call__(self, x): ...
""",
}
SEED = 12


def computed(program: Program, seed: int) -> dict[str, Any]:
    async def go() -> dict[str, Any]:
        device = await (open_device if program.target == "wasm" else open_gpu)()
        try:
            return await first_values(device, program, seed)
        finally:
            device.destroy()

    return asyncio.run(go())


@pytest.mark.parametrize("target", ["wasm", "wgsl"])
@pytest.mark.parametrize("name", SOURCES)
def test_first_values_are_tinygrads(name: str, target: Target) -> None:
    if name.endswith("on wasm") and target != "wasm":
        pytest.skip("a fault of tinygrad's")
    source = SOURCES[name]
    found = computed(model.initial(spec(source), target), SEED)
    theirs = dict(tinygrad_itself.first_values(source, SEED))
    counter = theirs.pop("rng.counter", np.zeros(2, np.uint32))
    shapes = model.shapes(model.build(spec(source)))
    assert theirs.keys() == shapes.keys()  # both without `range` and `eye`, which have no buffer
    for tensor, value in theirs.items():
        ours = found.pop(tensor, np.zeros(value.shape, value.dtype))
        np.testing.assert_allclose(ours, value, rtol=1e-6, atol=1e-6, err_msg=tensor)
    np.testing.assert_array_equal(found.pop("rng.counter"), counter)
    assert {left for left in found if not left.startswith("t")} == {"rng.seed"}  # t…: constants that kernels read


def test_other_seeds_give_other_values_from_the_same_program() -> None:
    program = model.initial(spec(DENSE), "wasm")
    first, again, other = computed(program, 1), computed(program, 1), computed(program, 2)
    np.testing.assert_array_equal(first["l1.weight"], again["l1.weight"])
    assert (first["l1.weight"] != other["l1.weight"]).mean() > 0.9
    assert (first["rng.counter"] == other["rng.counter"]).all()


def test_what_is_drawn_for_nothing_moves_the_generator_on() -> None:
    source = net("Tensor.rand(100); self.a, self.w = 1, Tensor.rand(784, 10)")
    program = model.initial(spec(source), "wasm")
    assert [b.name for b in program.by_role("input")] == ["rand.100"]


def test_a_network_of_constants_needs_no_kernel() -> None:
    source = net("self.w, self.b = Tensor.zeros(784, 10), Tensor.ones(10)")
    program = model.initial(spec(source), "wasm")
    assert not program.dispatch
    assert computed(program, 1)["b"].tolist() == [1] * 10
