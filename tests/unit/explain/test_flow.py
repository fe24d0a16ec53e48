"""The flow of an answer: what units pass on adds up to what the next unit gets, in every kind of network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tabgrad.backends.oracle import OracleNetwork
from tabgrad.data.strokes import StrokeSource
from tabgrad.explain.flow import IMAGE, Flow, Link, flow, has_pictures, passed_on, strengths
from tabgrad.network import IMAGE_SHAPE, Stage, draw_weights, stages

IMAGE_OF_A_DIGIT = StrokeSource(3).take_now(1).images[0].astype(np.float64) / 255
SPECS: list[dict[str, Any]] = [
    {"kind": "mlp", "hidden": []},
    {"kind": "mlp", "hidden": [12]},
    {"kind": "mlp", "hidden": [20, 70, 9, 8]},
    {"kind": "cnn", "stages": ["conv5x6", "pool", "conv3x9p1", "pool", "dense16"]},
    {"kind": "cnn", "stages": ["conv3x4p1", "conv3x5", "pool"]},
]


def shapes(structure: Sequence[Stage]) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for stage in structure:
        if stage.kind == "conv":
            kernel = stage.numbers[0]
            found[stage.weight] = (stage.units, stage.input_shape[0], kernel, kernel)
            norm = stage.name.replace("convs", "norms")
            found |= {f"{norm}.{part}": (stage.units,) for part in ("weight", "bias", "running_mean", "running_var")}
        elif stage.weight:
            found |= {stage.weight: (int(np.prod(stage.input_shape)), stage.units), stage.bias: (stage.units,)}
    return found


class Looked:
    """A network with random weights, and what is in it for one image."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.structure = stages(spec)
        rng = np.random.default_rng(1)
        self.weights: dict[str, NDArray[Any]] = draw_weights(shapes(self.structure), 5)
        for name in self.weights:
            if name.startswith("norms"):
                self.weights[name] = rng.uniform(0.5, 1.5, self.weights[name].shape)
        taps: list[NDArray[Any]] = []
        logits = OracleNetwork(spec, self.weights).forward(IMAGE_OF_A_DIGIT.reshape(1, 784), taps=taps)[0]
        self.values = {s.tap: tap[0].reshape(s.shape) for s, tap in zip(self.structure, taps, strict=False)}
        self.values["logits"] = logits

    def before(self, index: int) -> NDArray[Any]:
        return self.values[self.structure[index - 1].tap] if index else IMAGE_OF_A_DIGIT.reshape(IMAGE_SHAPE)

    def flow(self, most: tuple[int, int] = (4, 6)) -> Flow:
        return flow(self.structure, self.weights, IMAGE_OF_A_DIGIT, self.values, most)


def bias(looked: Looked, stage: Stage, unit: int) -> float:
    """What is added to the terms of a unit: its bias, or what batch norm adds."""
    w = looked.weights
    if stage.kind == "dense":
        return float(w[stage.bias][unit])
    norm = stage.name.replace("convs", "norms")
    scale = w[f"{norm}.weight"][unit] / np.sqrt(w[f"{norm}.running_var"][unit] + 1e-5)
    return float(w[f"{norm}.bias"][unit] - scale * w[f"{norm}.running_mean"][unit])


@pytest.mark.parametrize("spec", SPECS)
def test_what_is_passed_on_adds_up_to_a_units_value(spec: dict[str, Any]) -> None:
    looked = Looked(spec)
    for index, stage in enumerate(looked.structure):
        after = looked.values[stage.tap or "logits"]
        terms = passed_on(stage, looked.weights, looked.before(index), after, range(stage.units))
        assert terms.shape == (stage.input_shape[0] if index else 1, stage.units)
        for unit in range(stage.units):
            whole = terms[:, unit].sum() + (bias(looked, stage, unit) if stage.weight else 0)
            expected = max(whole, 0) if stage.tap else whole
            assert strengths(after)[unit] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("spec", SPECS)
def test_columns_go_from_the_image_to_the_digits(spec: dict[str, Any]) -> None:
    looked = Looked(spec)
    found = looked.flow()
    assert found.columns[0].stage == IMAGE
    assert found.columns[-1].units == tuple(range(10))
    assert [t.shape for t in found.terms] == [
        (len(a.units), len(b.units)) for a, b in zip(found.columns, found.columns[1:], strict=False)
    ]
    for column in found.columns[1:]:
        stage = looked.structure[column.stage]
        all_values = strengths(looked.values[stage.tap or "logits"])
        np.testing.assert_allclose(column.values, all_values[list(column.units)], rtol=1e-6)
        if has_pictures(stage):
            assert len(column.units) == min(4, stage.units)
            assert list(column.values) == sorted(column.values, reverse=True), "the most active first"
        elif stage.tap:
            assert len(column.units) == min(6, stage.units)
            assert list(column.units) == sorted(column.units)
            hidden = np.delete(all_values, list(column.units))
            assert np.abs(hidden).max(initial=0) <= np.abs(column.values).min()


def test_links_are_the_largest_and_end_in_one_digit() -> None:
    found = Looked(SPECS[2]).flow((5, 64))
    links = found.strongest(7, 3)
    for k, terms in enumerate(found.terms):
        mine = [link for link in links if link.column == k]
        assert all(link.size == terms[link.source, link.target] for link in mine)
        active = found.columns[k + 1].values != 0
        allowed = terms[:, active] if k < len(found.terms) - 1 else terms[:, [3]]
        expected = np.sort(np.abs(allowed[allowed != 0]))[::-1][:7]
        np.testing.assert_allclose([abs(link.size) for link in mine], expected)
    assert {link.target for link in links if link.column == len(found.terms) - 1} == {3}
    assert [link for link in found.strongest(7, None) if link.column == len(found.terms) - 1] == []


def test_links_through_one_unit_touch_it() -> None:
    found = Looked(SPECS[3]).flow()
    links = found.through(2, 1, 3)
    assert links
    assert all((link.column, link.target) == (1, 1) or (link.column, link.source) == (2, 1) for link in links)
    assert len([link for link in links if link.column == 1]) <= 3
    assert all(isinstance(link, Link) and link.column == 0 for link in found.through(0, 0, 3))


def test_an_empty_image_has_no_links() -> None:
    structure = stages(SPECS[1])
    values = {"act.0": np.zeros(12), "logits": np.zeros(10)}
    blank = np.zeros((28, 28))
    found = flow(structure, draw_weights(shapes(structure), 1), blank, values, (8, 64))
    assert found.columns[1].units == tuple(range(8))
    assert found.strongest(9, 4) == []
