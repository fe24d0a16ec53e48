"""Completion and hover: what the editor is told of the worker's objects, and of what a source defines."""

from __future__ import annotations

import random
import sys

import pytest

from scripts.build import SOURCES
from tabgrad.model import assist
from tabgrad.model.assist import Completion, Hint
from tabgrad.ui.code.examples import EXAMPLES

#: A network; the statement in the place of %s is typed in its __call__.
NET = '''
import numpy as np
from tinygrad import Tensor, nn

WIDTH = 64

class Block(nn.Linear):
    """Adds something.

    In detail.
    """
    kind = "block"
    def __init__(self, width: int, *, bias=True):
        self.first, self.norm = nn.Linear(width, width), nn.LayerNorm(width)
        self.scale = Tensor.ones(width)
    def __call__(self, x: Tensor) -> Tensor:
        return x + self.first(x)
    def _hidden(self): ...
    @staticmethod
    def halve(value): return value / 2

def twice(block, times: int = 2) -> Block:
    """Returns a block."""

class Net:
    def __init__(self):
        self.block = Block(WIDTH)
        self.output = nn.Linear(WIDTH, 10)
        self.numbers = np.zeros(3)
    def features(self, x):
        return self.block(x).relu()
    def __call__(self, x):
        y = self.output(x)
        %s
        return x

def augment(images, rng):
    return images
'''


def typed(text: str, template: str = NET) -> tuple[str, int, int]:
    """A source, with the cursor at the bar in `text`."""
    source = template.replace("%s", text)
    before, _, after = source.partition("|")
    return before + after, before.count("\n") + 1, len(before.rpartition("\n")[2])


def complete(text: str, template: str = NET) -> dict[str, Completion]:
    return {row["label"]: row for row in assist.complete(*typed(text, template))}


def hover(text: str) -> Hint | None:
    return assist.hover(*typed(text))


@pytest.mark.parametrize(
    "before",
    [
        "x.re|",
        "x.|",
        "x = x.|",
        "x.flatten(1).re|",
        "self.output(x).re|",
        "self.features(x).re|",
        "self.block.scale.re|",
        "self.block.first.weight.re|",
        "(x + 1).re|",
        "(x\n          .flatten(1)\n          .re|",
        "x[:, 0].re|",
        "(-x).re|",
        "self.output(x.re|",
        "z = x.flatten(1)\n        z.re|",
        "twice(self.block)(x).re|",
        "Tensor.zeros(3).re|",
        "first, second = x, y\n        second.re|",
        "if (z := x).re|",
        "def inner(logits: Tensor):\n            logits.re|",
        "[lambda x: x.re|]",
    ],
)
def test_what_a_tensor_can_do_comes_with_its_signature(before: str) -> None:
    found = complete(before)
    assert found["relu"] == {
        "label": "relu",
        "kind": "method",
        "detail": "() -> Tensor",
        "info": "Applies the Rectified Linear Unit (ReLU) function element-wise.",
    }
    assert found["reshape"]["detail"] == "(shape, *args) -> Tensor"
    assert not any(name.startswith("_") for name in found)


@pytest.mark.parametrize(
    "before", ["z = x.shape\n        z.re|", "for x in self.list:\n            x.re|", "z.re|", "1.|"]
)
def test_what_is_no_tensor_or_not_known_has_nothing_of_one(before: str) -> None:
    assert "relu" not in complete(before)


def test_private_names_come_after_an_underscore() -> None:
    assert "_hidden" not in complete("self.block.|")
    assert set(complete("self.block._|")) == {"_hidden"}


def test_names_of_the_source_are_known_and_so_is_what_they_have() -> None:
    top = complete("|")
    assert {"Block", "Net", "twice", "WIDTH", "Tensor", "nn", "np", "x", "y", "self", "print", "return"} <= set(top)
    assert top["Block"] == {
        "label": "Block",
        "kind": "class",
        "detail": "(width: int, *, bias=True)",
        "info": "Adds something.",
    }
    assert top["twice"]["detail"] == "(block, times: int=2) -> Block"
    assert [top[name]["kind"] for name in ("nn", "WIDTH", "return", "print", "int")] == [
        *("module", "variable", "keyword", "function", "class")
    ]
    assert {"block", "output", "numbers", "features"} <= set(complete("self.|"))
    block = complete("self.block.|")
    assert {"first", "norm", "scale", "kind", "halve"} <= set(block)
    assert "weight" in block, "its base is nn.Linear"
    assert block["first"]["detail"] == "Linear"
    assert (complete("self.numbers.|")["mean"]["kind"], "Linear" in complete("nn.|")) == ("method", True)
    assert "functools" not in complete("nn.|"), "which it only imports for itself"


def test_what_a_module_has_can_be_imported() -> None:
    assert "Linear" in complete("from tinygrad.nn import Li|")
    assert complete("from antigravity import |") == {}
    assert "antigravity" not in sys.modules


def test_parameters_are_what_the_contract_says() -> None:
    assert "astype" in complete("images.|", "def augment(images, rng):\n    %s\n")
    assert "normal" in complete("rng.|", "def augment(images, rng):\n    %s\n")
    assert "exp" in complete("logits.|", "def loss(logits, y):\n    %s\n")
    assert "exp" not in complete("x.|", "def loss(x: int, y):\n    %s\n")


@pytest.mark.parametrize(
    ("before", "signature", "doc"),
    [
        (
            "nn.Lin|ear",
            "Linear(in_features: int, out_features: int, bias=True)",
            "Applies a linear transformation to the incoming data.",
        ),
        (
            "self.out|put(x)",
            "output: Linear(in_features: int, out_features: int, bias=True)",
            "Applies a linear transformation to the incoming data.",
        ),
        ("x.rel|u()", "relu() -> Tensor", "Applies the Rectified Linear Unit (ReLU) function element-wise."),
        ("|x.relu()", "x: Tensor", ""),
        ("Bl|ock(3)", "Block(width: int, *, bias=True)", "Adds something."),
        ("twice|(3)", "twice(block, times: int=2) -> Block", "Returns a block."),
        ("self.features|(x)", "features(x)", ""),
        ("n|n", "module tinygrad.nn", ""),
        ("WIDTH|", "WIDTH: int", ""),
    ],
)
def test_hover_tells_the_signature_and_the_first_line(before: str, signature: str, doc: str) -> None:
    assert hover(before) == {"signature": signature, "doc": doc}


@pytest.mark.parametrize("before", ["pa|ss", "unknown|", "x  |  ", "12|3", "self.nothing|"])
def test_hover_is_silent_where_nothing_is_known(before: str) -> None:
    assert hover(before) is None


def test_a_source_that_cannot_be_parsed_is_read_as_far_as_it_can() -> None:
    broken = NET.replace("def augment(", "def augment(:\n  ] oops (")
    assert "relu" in complete("x.re|", broken)
    assert "relu" in complete("x = (x.re|", NET.replace('"""Returns a block."""', '"""Returns'))
    assert "first" in complete("self.block.|", NET.replace("self.numbers = np.zeros(3)", "self.numbers = = 3"))


def test_nothing_of_a_source_is_run() -> None:
    source = "import json.tool\nfrom this import d\nraise SystemExit\nclass A(print('run')): ...\nA.x.|"
    assert complete("", source) == {}
    assert "this" not in sys.modules


def test_what_is_defined_in_a_circle_comes_to_an_end() -> None:
    source = "class A(B): ...\nclass B(A):\n    def f(self):\n        self.a = self.a.b\n        return self.f()\n"
    for end in ("B().|", "A().f().|", "B().a.|", "a = b\nb = a\na.|"):
        complete("", source + end)


def test_places_outside_of_the_text_are_answered_with_nothing() -> None:
    for line, column in ((0, 0), (99, 0), (1, -1)):
        assert assist.complete("x.", line, column) == []
        assert assist.hover("x", line, column) is None


def test_a_long_signature_is_cut() -> None:
    assert all(len(row["detail"]) <= 80 for row in complete("x.|").values())
    assert complete("x.|")["scaled_dot_product_attention"]["detail"].endswith("…")


def test_as_many_names_as_a_source_can_have_are_found() -> None:
    source = "".join(f"class Block{n}:\n    def __init__(self, a): ...\n" for n in range(2000))
    found = complete("", source + "Bl|")
    assert sum(name[:5] == "Block" and name[5:].isdigit() for name in found) == 2000
    assert found["Block1"]["detail"] == "(a)"


def test_no_text_and_no_place_in_it_is_a_fault() -> None:
    chance = random.Random(1)
    sources = [
        NET,
        *((SOURCES / f"{name}.py").read_text() for name in EXAMPLES),
        "",
        "\0",
        "(" * 3000 + "x.",
        "'\ud800.'",
    ]
    pieces = ("", ".", "(", "]", "self.", "\n", "    ", "'", '"""', "é", "@", "import ", "\\")
    for _ in range(400):
        source = chance.choice(sources)
        start = chance.randrange(len(source) + 1)
        source = source[:start] + chance.choice(pieces) + source[start + chance.randrange(40) :]
        line = chance.randint(1, source.count("\n") + 1)
        column = chance.randint(0, len(source.split("\n")[line - 1]) + 1)
        assert isinstance(assist.complete(source, line, column), list)
        assist.hover(source, line, column)
