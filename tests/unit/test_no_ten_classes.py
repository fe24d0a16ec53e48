"""Classes are data: no module makes arrays or loops for ten of them, but those that are about the ten digits."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "py/tabgrad"
#: They draw, pack or name the ten digits.
ABOUT_DIGITS = {"data/drawings.py", "data/mnist.py"}
#: What makes an array or a loop of a size.
SIZED = {"arange", "empty", "eye", "full", "ones", "one_hot", "range", "reshape", "zeros"}
DIGITS = 10


def tens(tree: ast.AST) -> Iterator[int]:
    """Lines at which something is made for ten classes: range(10), np.zeros((1, 10)), logits.reshape(-1, 10)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            sizes = [n for value in node.args for n in (value.elts if isinstance(value, ast.Tuple) else [value])]
            if name in SIZED and any(isinstance(size, ast.Constant) and size.value == DIGITS for size in sizes):
                yield node.lineno


@pytest.mark.parametrize("text", ["range(10)", "np.zeros((1, 10), np.float32)", "found.reshape(count, 10)", "eye(10)"])
def test_what_is_made_for_ten_classes_is_found(text: str) -> None:
    assert list(tens(ast.parse(text))) == [1]


@pytest.mark.parametrize("text", ["range(11)", "np.zeros((1, classes))", "round(x, 10)", "a, b = 3, 10"])
def test_other_numbers_are_not_meant(text: str) -> None:
    assert not list(tens(ast.parse(text)))


def test_no_module_makes_anything_for_ten_classes() -> None:
    found = {
        str(path.relative_to(ROOT)) for path in sorted(ROOT.rglob("*.py")) for _ in tens(ast.parse(path.read_text()))
    }
    assert found <= ABOUT_DIGITS
