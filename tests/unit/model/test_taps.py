"""The layers of a written network: found whatever it calls, in a table, and as outputs of the activations program."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np
import pytest
from tinygrad import Tensor

from tabgrad import model
from tabgrad.backends.wasm import open_device
from tabgrad.network import LayerRow, SourceError
from tests.unit.model.written_sources import CONVOLUTIONS, DENSE, net, spec

NESTED = """
from tinygrad import Tensor, nn, function

class Block:
    def __init__(self, width):
        self.linear, self.activation = nn.Linear(width, width), Tensor.silu
    def __call__(self, x):
        return x + self.activation(self.linear(x))

class Wide(Block):
    def __call__(self, x):
        return super().__call__(x) * 2

class Net:
    def __init__(self):
        self.first = nn.Linear(784, 6, bias=False)
        self.blocks = {"a": [Block(6)], "b": (Wide(6), lambda x: x[:, :6].tanh())}
        self.again = self.first  # the same layer under another name
        self.scale = Tensor.ones(1)
    def __call__(self, x):
        x = self.first(x.flatten(1))
        x = self.blocks["b"][1](self.blocks["b"][0](self.blocks["a"][0](x)))
        return (x * self.scale).pad((None, (0, 4)))
"""

ROWS = """
from tinygrad import Tensor, nn

class Net:
    def __init__(self):
        self.cell, self.out = nn.LSTMCell(28, 8), nn.Linear(8, 10)
        self.attend = lambda x: (x @ x.transpose(1, 2)).softmax() @ x
    def __call__(self, x):
        rows, state = self.attend(x.reshape(-1, 28, 28)), None
        for i in range(28):
            state = self.cell(rows[:, i], state)
        return self.out(state[0])
"""


def rows_of(source: str) -> dict[str, LayerRow]:
    return {row.path: row for row in model.describe(source).layers}


def test_the_table_of_a_list_of_layers() -> None:
    description = model.describe(CONVOLUTIONS)
    rows = {row.path: row for row in description.layers}
    assert list(rows) == [f"layers.{i}" for i in range(12)]
    assert rows["layers.0"] == LayerRow("layers.0", "Conv2d (2, 1, 5, 5)", "maps", (2, 12, 12), 52, 7200, 1, "act.0")
    assert rows["layers.1"].call == "Tensor.relu"
    assert (rows["layers.4"].call, rows["layers.4"].parameters) == ("BatchNorm (2,)", 4)
    assert rows["layers.10"].call == "lambda x: x.flatten(1)"
    assert (rows["layers.10"].kind, rows["layers.10"].tap) == ("units", rows["layers.9"].tap)  # it only reshapes
    assert rows["layers.11"].tap == "logits"
    assert sum(row.parameters for row in description.layers) == description.parameters
    assert sum(row.multiply_adds for row in description.layers) == description.multiply_adds
    assert json.loads(json.dumps(description.to_json()))["layers"][0]["shape"] == [2, 12, 12]


def test_the_table_of_nested_modules() -> None:
    rows = rows_of(NESTED)
    order = ["first", *(f"blocks.{part}" for part in ("a.0.linear", "a.0.activation", "a.0", "b.0.linear"))]
    assert list(rows) == [*order, "blocks.b.0.activation", "blocks.b.0", "blocks.b.1", "Net"]
    assert [rows[path].parameters for path in ("first", "blocks.a.0.linear", "blocks.a.0")] == [784 * 6, 42, 0]
    assert (rows["blocks.b.0"].call, rows["blocks.b.1"].call) == ("Wide", "lambda x: x[:, :6].tanh()")
    assert rows["first"].multiply_adds == 784 * 6


def test_the_table_of_a_network_over_rows() -> None:
    rows = rows_of(ROWS)
    assert (rows["attend"].kind, rows["attend"].shape) == ("rows", (28, 28))
    assert rows["attend"].multiply_adds == 2 * 28**3
    assert (rows["cell"].count, rows["cell"].shape) == (28, (8,))
    assert rows["cell"].multiply_adds == 28 * 4 * 8 * (28 + 8)
    assert rows["attend"].call == "lambda x: (x @ x.transpose(1, 2)).softmax() @ x"


def test_a_network_that_is_a_function_of_tinygrads() -> None:
    source = DENSE.replace("import Tensor, nn", "import Tensor, nn, function").replace(
        "    def __call__", "    @function\n    def __call__"
    )
    plain, described = model.describe(DENSE), model.describe(source)
    assert described.multiply_adds == plain.multiply_adds == 784 * 16 + 16 * 10
    assert [row.path for row in described.layers] == ["l1", "l2"]


def test_what_a_network_draws_does_not_make_the_next_one_deeper() -> None:
    """Random tensors lengthen the graph of tinygrad's counter, and a `function` walks through it call by call."""

    def operations() -> list[int]:
        return [len(tensor.uop.toposort()) for tensor in Tensor._device_rng_counters.values()]

    before = operations()
    model.describe(DENSE)
    assert before == operations()


def activations(source: str) -> dict[str, Any]:
    """The outputs of the activations program for made-up weights and pixels, with the weights and pixels."""

    async def go() -> dict[str, Any]:
        device = await open_device()
        program = model.activations(spec(source), "wasm")
        executable = await device.load(program)
        rng = np.random.default_rng(0)
        values = {b.name: rng.uniform(-0.2, 0.3, b.shape).astype(b.dtype) for b in program.by_role("weight")}
        values |= {name: np.abs(value) for name, value in values.items() if name.endswith("running_var")}
        for name, value in values.items():
            executable.write(name, value)
        x = rng.random((1, 784), dtype=np.float32)
        found = await executable.run({"x": x}, [b.name for b in program.by_role("output")])
        device.destroy()
        return {**values, "x": x, **found}

    return asyncio.run(go())


@pytest.mark.parametrize("source", [CONVOLUTIONS, NESTED, ROWS, DENSE], ids=["list", "nested", "rows", "attributes"])
def test_the_table_names_the_outputs_of_the_program(source: str) -> None:
    found = activations(source)
    for row in model.describe(source).layers:
        if row.kind == "own":
            continue
        assert row.tap
        assert found[row.tap].size == np.prod(row.shape)
        assert np.isfinite(found[row.tap]).all()
    assert {name for name in found if name.startswith("act.")} | {"logits"} >= {
        row.tap for row in model.describe(source).layers if row.kind != "own"
    }


def test_activations_are_those_of_the_layers() -> None:
    values = activations(DENSE)
    hidden = values["x"] @ values["l1.weight"].T + values["l1.bias"]
    np.testing.assert_allclose(values["act.0"], hidden, rtol=1e-4, atol=1e-5)
    logits = np.maximum(hidden, 0) @ values["l2.weight"].T + values["l2.bias"]
    np.testing.assert_allclose(values["logits"], logits, rtol=1e-4, atol=1e-5)


def test_a_network_is_as_before_when_it_has_been_looked_into() -> None:
    network = model.build(spec(NESTED))
    assert isinstance(network, model.WrittenNetwork)
    before = network.net.blocks["b"], network.net.blocks["a"][0].activation, type(network.net.first).__call__
    model.describe(NESTED)
    with pytest.raises(SourceError):
        model.activations(spec(NESTED.replace("self.first(x.flatten(1))", "self.first(x)")), "wasm")
    model.activations(spec(NESTED), "wasm")
    after = network.net.blocks["b"], network.net.blocks["a"][0].activation, type(network.net.first).__call__
    assert all(one is other for one, other in zip(before, after, strict=True))


def test_what_the_description_says_of_the_rest() -> None:
    plain = model.describe(DENSE)
    assert (plain.learning_rate, plain.has_loss, plain.has_augmentation) == (None, False, False)
    assert plain.size_bytes == 4 * plain.parameters == 4 * (784 * 16 + 16 + 16 * 10 + 10)
    full = model.describe(
        DENSE
        + "def loss(logits, y): return logits.sum()\n"
        + "def optimizer(parameters): return nn.optim.Adam(parameters, lr=0.25)\n"
        + "def augment(images, rng): return images\n"
    )
    assert (full.learning_rate, full.has_loss, full.has_augmentation) == (0.25, True, True)
    own = "def optimizer(parameters): return nn.optim.{rule}\n"
    for rule in ("SGD(parameters, lr=3e-4)", "OptimizerGroup(nn.optim.Adam(parameters, lr=3e-4))"):
        assert model.describe(DENSE + own.format(rule=rule)).learning_rate == 3e-4, "as it was written"


@pytest.mark.parametrize(
    "source",
    [
        net("self.w = Tensor.ones(784, 10)", "return (x.flatten(1) @ self.w).squeeze(0)"),  # right for two images only
        DENSE + "def loss(logits, y): return logits.mean(1)",
        DENSE + "def optimizer(parameters): return nn.optim.Adam([])",
        DENSE + "def augment(images, rng): return images[0]",
    ],
)
def test_describing_finds_what_training_would(source: str) -> None:
    with pytest.raises(SourceError):
        model.describe(source)


def test_each_product_and_each_parameter_is_in_one_row() -> None:
    source = net(
        "self.B, self.scale, self.fixed = Tensor.randn(784, 64), Tensor.ones(64), Tensor.ones(64)\n"
        "        self.fixed.requires_grad = False\n"
        "        self.a, self.b, self.out = nn.Linear(64, 64), nn.Linear(64, 64), nn.Linear(64, 10)",
        "return self.out(self.b(self.a((x.flatten(1) @ self.B) * self.scale + self.fixed).relu()))",
    )
    description = model.describe(source)
    rows = {row.path: (row.parameters, row.multiply_adds) for row in description.layers}
    assert rows["a"] == rows["b"] == (64 * 64 + 64, 64 * 64)
    assert description.layers[-1] == LayerRow(
        "Net", "outside its layers: B, scale", "own", (), 784 * 64 + 64, 784 * 64, 1, ""
    )
    assert sum(row.parameters for row in description.layers) == description.parameters
    assert sum(row.multiply_adds for row in description.layers) == description.multiply_adds
    assert "fixed" not in model.trained(model.build(spec(source)))
