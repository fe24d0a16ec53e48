"""The quicker forms of convolutions and poolings give tinygrad's numbers and gradients, or leave both to tinygrad."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import numpy as np
import pytest
from tinygrad import Tensor

from tabgrad.backends.wasm import open_device
from tabgrad.compiler import Capture
from tabgrad.model import layers
from tabgrad.model.quicker import quicker_gradients
from tabgrad.program import Program

SHAPES = {"x": (3, 4, 9, 8), "w": (5, 4, 3, 2), "b": (5,)}
#: Expressions, and whether they are quicker.
CASES = {
    "x.conv2d(w)": True,
    "x.conv2d(w, b)": True,
    "x.conv2d(w, padding=1)": True,
    "x.conv2d(w, b, 1, 1, 1, (2, 0))": True,
    "x.conv2d(w, stride=(1, 1), dilation=1, groups=1)": True,
    "x.conv2d(w, b, stride=2)": False,
    "x.conv2d(w, padding=(0, 1, 2, 1))": False,
    "x.conv2d(w, dilation=2)": False,
    "x.conv2d(w[:4, :2], groups=2)": False,
    "x[:, :, 0].unsqueeze(2).conv2d(w[:, :, :1])": True,
    "x.max_pool2d()": True,
    "x.max_pool2d((3, 2))": True,
    "x.max_pool2d(2, 2)": True,
    "x.max_pool2d(3, stride=1)": False,
    "x.max_pool2d(2, padding=1)": False,
    "x.max_pool2d(2, ceil_mode=True)": False,
    "x.avg_pool2d()": True,
    "x.avg_pool2d((3, 3), (3, 3))": True,
    "x.avg_pool2d(2, stride=1)": False,
}


def captured(expression: str) -> Program:
    """The value `y` and its gradients `dx`, `dw`, `db` with respect to what the expression reads."""
    with Capture("test", "wasm") as c:
        read = {name: c.buffer(name, "input", SHAPES[name]) for name in SHAPES if re.search(rf"\b{name}\b", expression)}
        y = c.output("y", eval(expression, dict(read)))
        loss = (y * y.detach().sin()).sum()
        for name, gradient in zip(read, loss.gradient(*read.values()), strict=True):
            c.output(f"d{name}", gradient)
    return c.program


def run(*programs: Program) -> list[dict[str, Any]]:
    rng = np.random.default_rng(5)
    inputs = {b.name: rng.normal(size=b.shape).astype(np.float32) for b in programs[0].by_role("input")}

    async def go() -> list[dict[str, Any]]:
        device = await open_device()
        results = []
        for program in programs:
            executable = await device.load(program)
            results.append(await executable.run(inputs, [b.name for b in program.by_role("output")]))
        device.destroy()
        return results

    return asyncio.run(go())


@pytest.mark.parametrize("windows", [layers.MAX_WINDOWS, 0], ids=["small", "large"])
@pytest.mark.parametrize("expression", CASES)
def test_numbers_and_gradients_are_the_same(expression: str, windows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "MAX_WINDOWS", windows)
    usual = captured(expression)
    with quicker_gradients():
        quicker = captured(expression)
    assert (quicker != usual) == CASES[expression]
    ours, theirs = run(quicker, usual)
    for name, value in theirs.items():
        np.testing.assert_allclose(ours[name], value, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("expression", ["x.conv2d(w[:, :3])", "x.conv2d(w.reshape(-1))", "x[:, :, :2].conv2d(w)"])
def test_mistakes_are_tinygrads_to_report(expression: str) -> None:
    errors = []
    for context in (quicker_gradients, lambda: Capture("none", "wasm")):
        names = {name: Tensor.empty(*shape) for name, shape in SHAPES.items()}
        with pytest.raises((ValueError, RuntimeError, AssertionError)) as caught, context():
            eval(expression, names)
        errors.append((type(caught.value), str(caught.value)))
    assert errors[0] == errors[1]


def test_tinygrads_methods_are_back_afterwards() -> None:
    before = Tensor.conv2d, Tensor.max_pool2d, Tensor.avg_pool2d
    with quicker_gradients():
        assert Tensor.conv2d is not before[0]
        assert Tensor.max_pool2d.__name__ == "max_pool2d"
    assert (Tensor.conv2d, Tensor.max_pool2d, Tensor.avg_pool2d) == before
