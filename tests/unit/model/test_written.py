"""A source becomes a checked network, or one sentence at a line."""

from __future__ import annotations

import gc
import inspect
import traceback

import numpy as np
import pytest

from tabgrad import model
from tabgrad.model.source import MAX_PRINTED
from tabgrad.network import MAX_SOURCE_BYTES, SourceError
from tabgrad.program import Program, Target, dumps, validate
from tests.unit.model.written_sources import CONVOLUTIONS, DENSE, net, spec

WEIGHT = "self.w = Tensor.zeros(784, 10)"

#: What is wrong, with a part of the sentence and the line.
UNUSABLE = {
    "class Net:\n    def __init__(self:\n": ("Python cannot read this line", 2),
    "x = 1\nif x:\n": ("expected an indented block", 2),
    "x = 1\ny = unknown\n": ("NameError: name 'unknown' is not defined", 2),
    "import no_such_module": ("No module named 'no_such_module'", 1),
    "def f():\n    return f()\nf()\n": ("calls itself without end", 2),
    "raise SystemExit": ("ends Python (SystemExit)", 1),
    "import sys\nsys.exit(3)": ("ends Python (SystemExit)", 2),
    "raise KeyboardInterrupt": ("ends Python", 1),
    "import asyncio\nasyncio.run(None)": ("The code fails with", 2),
    "raise RuntimeError('WebAssembly stack switching not supported')": ("waits for something", 1),
    "class Network: pass": ("defines no “Net”", 0),
    "": ("defines no “Net”", 0),
    "Net = 3": ("must be a class", 1),
    "\ndef Net():\n    pass": ("must be a class", 2),
    "x" * (MAX_SOURCE_BYTES + 1): ("more than the 100,000", 0),
    "x = 1\ny = '\0'": ("null character", 2),
    "x = 1\n\ny = '\ud800'": ("half a character", 3),
    "class Net:\n    def __init__(self, width):\n        pass": ("missing 1 required positional argument", 2),
    net("raise ValueError('too\\n  many')"): ("Net() fails with ValueError: too many.", 4),
    net("assert False"): ("Net() fails with AssertionError.", 4),
    net("Net()"): ("calls itself without end", 4),
    net("self.w = Tensor.zeros(3).numpy()"): ("reads the value of a tensor", 4),
    net("self.w = Tensor.randn(20, 30).reshape(7, 7)"): ("Net() fails with ValueError", 4),
    net("nn.Linear(784)"): ("out_features", 4),
    net("self.w = 3"): ("no parameters", 2),
    net("self.w = Tensor.arange(7840).reshape(784, 10)"): ("no parameters", 2),
    net("self.w = Tensor.zeros(784, 10).is_param_(False)"): ("no parameters", 2),
    net("self.w = Tensor.ones(784, 10, dtype=dtypes.int32)"): ("no parameters", 2),
    net("self.w = Tensor.zeros(10_000, 10_000)"): ("take 381 MB", 3),
    net("self.w = [Tensor.zeros(2, 2) for _ in range(500)]"): ("500 tensors", 3),
    net("self.w = Tensor.zeros(784, 10, dtype=dtypes.float64)"): ("“w” is of double", 4),
    net("self.w = Tensor.zeros(784, 10, dtype=dtypes.bfloat16)"): ("“w” is of bfloat16", 4),
    net("self.w = Tensor.zeros(784, 10, dtype=dtypes.float16)"): ("“w” is of half", 4),
    net("self.l = nn.Linear(784, 10)\n        self.l.weight = self.l.weight.double()"): ("“l.weight” is of double", 5),
    net("self.l = [nn.Linear(784, 10).half()]"): ("has no attribute 'half'", 4),
    net("input()"): ("asks for input, which there is not here", 4),
    net("bytearray(10**29)"): ("needs more memory than there is", 4),
    net("self.w = Tensor.zeros(0, 10)"): ("shape (0, 10)", 4),
    net("self.x = Tensor.zeros(784, 10)"): ("“x” has a name that this page uses", 4),
    net("self.opt = [Tensor.zeros(784, 10)]"): ("“opt.0” has a name", 4),
    net("self.w = {'\\n': Tensor.zeros(3)}"): ("no usable name", 4),
    net("self.w, self.me = Tensor.zeros(784, 10), self"): ("goes too deep, or in a circle", 3),
    "from tinygrad import Tensor\nclass Net:\n    def __init__(self):\n        self.w = Tensor.zeros(3)": (
        "give Net a method __call__",
        2,
    ),
}


@pytest.mark.parametrize("source", UNUSABLE, ids=lambda source: source[-40:])
def test_what_cannot_be_built_is_one_sentence_at_a_line(source: str) -> None:
    sentence, line = UNUSABLE[source]
    with pytest.raises(SourceError) as caught:
        model.build(spec(source))
    assert sentence in str(caught.value)
    assert caught.value.line == line
    assert "\n" not in str(caught.value)


#: The same for what its call does.
UNCALLABLE = {
    net(WEIGHT, "return x.flatten(1) @ self.w[:, :9]"): ("the shape (1, 9) for 1 image; (1, 10) is meant", 5),
    net(WEIGHT, "return (x.flatten(1) @ self.w).sum()"): ("logits of the shape ()", 5),
    net(WEIGHT, "return x @ self.w"): ("Calling the network fails with", 6),
    net(WEIGHT, "return None"): ("must return a Tensor (1, 10), not None", 5),
    net(WEIGHT, "return [x]"): ("not a value of type list", 5),
    net(WEIGHT, "return (x.flatten(1) @ self.w) > 0"): ("they must be floating-point", 5),
    net(WEIGHT, "return x.flatten(1) @ self.v"): ("has no attribute 'v'", 6),
    net(WEIGHT, "return self(x)"): ("calls itself without end", 6),
    net(WEIGHT, "return x.flatten(1) @ self.w * x.max().item()"): ("reads the value of a tensor", 6),
    net(WEIGHT, "return Tensor(x.numpy().reshape(-1, 784)[:, :10])"): ("reads the value of a tensor", 6),
    net(WEIGHT, "return x.flatten(1) @ self.w if x.sum() > 0 else x"): ("reads the value of a tensor", 6),
    net(WEIGHT, "exit(1)"): ("ends Python", 6),
    net(WEIGHT, "return x if Tensor.training else x"): ("it is Context(TRAINING=1) now", 6),
    net(WEIGHT, "with Tensor.train(): return x"): ("it is Context(TRAINING=1) now", 6),
    net(WEIGHT).replace("def __call__", "async def __call__"): ("“__call__” is async", 5),
    net(WEIGHT, "return Tensor.zeros(x.shape[0], 10) + self.w[0]"): ("does not depend on the image x", 5),
    net(WEIGHT, "return x.flatten(1) * 0 @ self.w"): ("does not depend on the image x", 5),
}


@pytest.mark.parametrize("source", UNCALLABLE, ids=lambda source: source.splitlines()[-1].strip())
def test_what_cannot_be_called_is_one_sentence_at_a_line(source: str) -> None:
    sentence, line = UNCALLABLE[source]
    with pytest.raises(SourceError) as caught:
        model.inference(spec(source), "wasm")
    assert sentence in str(caught.value)
    assert caught.value.line == line


#: The same for what only compiling finds.
UNCOMPILABLE = {
    net(WEIGHT, "return (x.flatten(1).double() @ self.w.double()).float()"): {"wasm": "double", "wgsl": "double"},
    net(WEIGHT, "return x.flatten(1).half().matmul(self.w.half(), dtype=dtypes.half).float()"): {
        "wasm": "float16",
        "wgsl": "float16",
    },
    net(WEIGHT, "return x.flatten(1) @ self.w.to('CPU')"): {"wasm": "device", "wgsl": "device"},
}


@pytest.mark.parametrize("target", ["wasm", "wgsl"])
@pytest.mark.parametrize("source", UNCOMPILABLE, ids=lambda source: source.splitlines()[-1].strip())
def test_what_an_engine_lacks_is_one_sentence(source: str, target: Target) -> None:
    with pytest.raises(SourceError) as caught:
        model.inference(spec(source), target)
    assert UNCOMPILABLE[source][target] in str(caught.value)
    assert "\n" not in str(caught.value)


#: The same for what only training needs: these lines follow the network's, from line 7.
UNTRAINABLE = {
    "def loss(logits, y):\n    return (logits - y.one_hot(10)).square().mean(1)": (
        "one number, not a tensor of the sha",
        7,
    ),
    "def loss(logits, y):\n    return None": ("“loss” must return a Tensor, not None", 7),
    "def loss(logits, y):\n    return logits.sum().cast(dtypes.int32)": ("The loss is of int", 7),
    "def loss(logits):\n    return logits.sum()": ("loss(logits, y) fails with TypeError", 7),
    "def loss(logits, y):\n    return logits.cross(y)": ("has no attribute 'cross'", 8),
    "def loss(logits, y):\n    return Tensor(1.0)": ("must depend on the logits", 7),
    "def loss(logits, y):\n    return logits.detach().square().mean()": ("must depend on the logits", 7),
    "async def loss(logits, y):\n    return logits.sum()": ("“loss” is async", 7),
    "async def optimizer(parameters):\n    return nn.optim.Adam(parameters)": ("“optimizer” is async", 7),
    "loss = 3": ("“loss” must be a function, not a value of type int", 7),
    "def optimizer(parameters):\n    return nn.optim.Adam([])": ("at least one param", 8),
    "def optimizer(parameters):\n    return None": ("must return an optimizer of tinygrad.nn.optim, not None", 7),
    "def optimizer(parameters):\n    return nn.optim.SGD([Tensor.ones(3)])": ("not the network's", 7),
    "def optimizer(parameters):\n    return nn.optim.SGD(parameters, lr=0.0)": ("a number above 0", 7),
    "def optimizer(parameters):\n    return nn.optim.SGD(parameters, lr='fast')": (
        "optimizer(parameters) fails with",
        8,
    ),
    "def optimizer(parameters, lr):\n    return nn.optim.SGD(parameters)": ("missing 1 required positional", 7),
}


@pytest.mark.parametrize("lines", UNTRAINABLE)
def test_what_cannot_be_trained_is_one_sentence_at_a_line(lines: str) -> None:
    sentence, line = UNTRAINABLE[lines]
    with pytest.raises(SourceError) as caught:
        model.training(spec(net(WEIGHT) + lines), model.Training(batch=2), "wasm")
    assert sentence in str(caught.value)
    assert caught.value.line == line


UNDISTORTED = {
    "def augment(images, rng):\n    return images / 255": ("not float64 (3, 28, 28)", 7),
    "def augment(images, rng):\n    return images[:2]": ("not uint8 (2, 28, 28)", 7),
    "async def augment(images, rng):\n    return images": ("“augment” is async", 7),
    "def augment(images, rng):\n    return None": ("must return a NumPy array, not None", 7),
    "def augment(images):\n    return images": ("augment(images, rng) fails with TypeError", 7),
    "def augment(images, rng):\n    return rng.roll(images)": ("has no attribute 'roll'", 8),
}


@pytest.mark.parametrize("lines", UNDISTORTED)
def test_an_augmentation_that_cannot_be_used_is_one_sentence_at_a_line(lines: str) -> None:
    sentence, line = UNDISTORTED[lines]
    augment = model.augmentation(net(WEIGHT) + lines)
    assert augment is not None
    with pytest.raises(SourceError) as caught:
        augment(np.zeros((3, 28, 28), np.uint8), np.random.default_rng(1))
    assert sentence in str(caught.value)
    assert caught.value.line == line


def test_an_augmentation_changes_a_copy() -> None:
    images = np.arange(3 * 784).astype(np.uint8).reshape(3, 28, 28)
    before = images.copy()
    augment = model.augmentation(net(WEIGHT) + "def augment(images, rng):\n    images[:] = 7\n    return images")
    assert augment is not None
    assert (augment(images, np.random.default_rng(1)) == 7).all()
    np.testing.assert_array_equal(images, before)
    assert model.augmentation(net(WEIGHT)) is None


def test_a_parameter_that_takes_no_part_stays_as_it_is() -> None:
    source = net(f"{WEIGHT}; self.idle = Tensor.ones(3)")
    program = model.training(spec(source), model.Training(batch=2), "wasm")
    assert {"w", "idle"} == {b.name for b in program.by_role("weight")}


def test_state_and_parameters_are_tinygrads_own() -> None:
    network = model.build(spec(CONVOLUTIONS))
    shapes = model.shapes(network)
    assert shapes["layers.0.weight"] == (2, 1, 5, 5)
    assert shapes["layers.4.num_batches_tracked"] == ()
    assert model.trained(network).keys() == {
        name for name in shapes if not name.endswith(("running_mean", "running_var", "num_batches_tracked"))
    }


def test_a_tensor_under_two_names_is_one() -> None:
    tied = net("self.a = Tensor.zeros(784, 10); self.b = [self.a]", "return x.flatten(1) @ self.a + self.b[0].sum()")
    assert model.shapes(model.build(spec(tied))) == {"a": (784, 10)}


@pytest.mark.parametrize("source", [CONVOLUTIONS, DENSE], ids=["convolutions", "dense"])
@pytest.mark.parametrize("target", ["wasm", "wgsl"])
def test_every_program_can_be_captured_and_is_the_same_each_time(source: str, target: Target) -> None:
    def programs() -> list[Program]:
        written = spec(source)
        return [
            model.inference(written, target),
            model.saliency(written, target),
            model.evaluation(written, 4, target),
            model.training(written, model.Training(batch=4), target),
        ]

    first, again = programs(), programs()
    for program in first:
        validate(program)
    assert [dumps(program) for program in first] == [dumps(program) for program in again]
    names = {b.name: (b.dtype, b.shape) for b in first[0].by_role("weight")}
    assert all(names == {b.name: (b.dtype, b.shape) for b in p.by_role("weight")} for p in first)
    assert not {"int64", "uint64"} & {dtype for dtype, _ in names.values()}


def test_a_tensor_may_be_called_like_what_is_between_kernels() -> None:
    source = net("self.t3 = Tensor.zeros(784, 10)", "return (x.flatten(1).softmax() @ self.t3).softmax()")
    names = [b.name for b in model.training(spec(source), model.Training(batch=4), "wasm").buffers]
    assert len(names) == len(set(names))


def test_realize_is_no_reading_of_values() -> None:
    source = net("self.w = Tensor.ones(784, 10).realize()", "return (x.flatten(1) @ self.w).realize()")
    assert model.inference(spec(source), "wasm").by_role("output")[0].shape == (1, 10)


def test_a_kernel_with_too_many_buffers_is_cut_in_two() -> None:
    source = """from tinygrad import Tensor, nn
class Net:
    def __init__(self):
        self.z, self.r, self.h = (nn.Linear(28 + 8, 8) for _ in range(3))
        self.out = nn.Linear(8, 10)
    def __call__(self, x):
        h = Tensor.zeros(x.shape[0], 8)
        for i in range(0, 28, 7):
            row = x[:, 0, i]
            z, r = self.z(row.cat(h, dim=1)).sigmoid(), self.r(row.cat(h, dim=1)).sigmoid()
            h = (1 - z) * h + z * self.h(row.cat(r * h, dim=1)).tanh()
        return self.out(h)
"""
    program = model.training(spec(source), model.Training(batch=8), "wgsl")
    assert max(len(dispatch.buffers) for dispatch in program.dispatch) <= 8


def test_pixels_that_are_rounded_have_no_saliency() -> None:
    source = net("self.e = nn.Embedding(4, 10)", "return self.e((x * 3.9).cast(dtypes.int32).flatten(1)).mean(1)")
    model.inference(spec(source), "wasm")
    with pytest.raises(SourceError, match="has no saliency"):
        model.saliency(spec(source), "wasm")


def test_numbers_that_numpy_draws_are_the_same_in_every_program() -> None:
    source = "import numpy as np\n" + net(WEIGHT, "return x.flatten(1)[:, Tensor(np.random.permutation(784))] @ self.w")
    (one,), (other,) = (model.inference(spec(source), "wasm").by_role("const") for _ in range(2))
    assert one.data == other.data
    np.random.seed(5)
    model.build(spec(source))
    before = np.random.random()
    np.random.seed(5)
    assert np.random.random() == before


def test_constants_have_an_end() -> None:
    source = "import numpy as np\n" + net(
        WEIGHT, "return x.flatten(1) @ self.w + Tensor(np.ones((10, 2_000_000), np.float32)).sum(1)"
    )
    with pytest.raises(SourceError, match="76 MB of constants"):
        model.inference(spec(source), "wasm")


def test_tracebacks_and_inspect_show_the_source() -> None:
    with pytest.raises(SourceError) as caught:
        model.build(spec(net("raise ValueError('here')")))
    assert caught.value.__cause__ is not None
    assert "raise ValueError('here')" in "".join(traceback.format_exception(caught.value.__cause__))
    network = model.build(spec(DENSE))
    assert isinstance(network, model.WrittenNetwork)
    assert "self.l2(self.l1(" in inspect.getsource(type(network.net))


def test_dataclasses_and_main_blocks_work() -> None:
    source = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Config:\n    width: int = 10\n"
        + net("self.w = Tensor.zeros(784, Config().width)").replace("from tinygrad", "from tinygrad", 1)
        + "\nif __name__ == '__main__':\n    raise ValueError\n"
    )
    assert model.shapes(model.build(spec(source))) == {"w": (784, 10)}


def test_a_source_that_prints_in_a_loop_fills_no_console(capsys: pytest.CaptureFixture[str]) -> None:
    model.WrittenNetwork(net("for i in range(10_000): print(i)\n        self.w = Tensor.zeros(784, 10)"))
    printed = capsys.readouterr().out
    assert printed.startswith("0\n1\n2\n")
    assert len(printed) == MAX_PRINTED


def test_what_is_too_large_for_any_device_is_said_at_its_line() -> None:
    wide = "return (x.flatten(1).unsqueeze(1).expand(x.shape[0], {}, 784).contiguous() @ self.w).mean(1)"
    for width in (100_000, 10_000_000):  # all together, and one alone
        with pytest.raises(SourceError, match=r"The network needs .* GB of memory") as caught:
            model.training(spec(net(WEIGHT, wide.format(width))), model.Training(batch=8), "wasm")
        assert caught.value.line == 6


def test_a_layer_that_does_not_fit_is_named() -> None:
    source = net(
        "self.layers = [nn.Linear(784, 400), Tensor.relu, nn.Linear(401, 10)]",
        "return x.flatten(1).sequential(self.layers)",
    )
    with pytest.raises(SourceError) as caught:
        model.describe(source)
    assert str(caught.value).startswith("layers.2 (Linear) fails with RuntimeError: cannot dot")
    assert caught.value.line == 6


@pytest.mark.filterwarnings("error")
def test_coroutines_are_closed() -> None:
    with pytest.raises(SourceError, match="is async"):
        model.describe(net(WEIGHT).replace("def __call__", "async def __call__"))
    gc.collect()


def test_a_byte_order_mark_is_no_part_of_a_source() -> None:
    assert model.shapes(model.build(spec("\ufeff" + net(WEIGHT)))) == {"w": (784, 10)}


def test_the_line_of_a_tensor() -> None:
    source = net(
        "self.l, self.m = nn.Linear(3, 3), [nn.Linear(3, 3)]\n        self.l.weight = 3\n        self.m[0].bias = 4"
    )
    lines = {
        name: model.line_of_tensor(source, name) for name in ("l.weight", "l.bias", "m.0.weight", "m.0.bias", "other")
    }
    assert lines == {"l.weight": 5, "l.bias": 4, "m.0.weight": 4, "m.0.bias": 6, "other": 3}
