"""The numbers that the panels show are those of the network: each is compared with the oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tabgrad.backends.oracle.network import OracleNetwork
from tabgrad.explain import attribution
from tabgrad.explain.flow import passed_on
from tabgrad.explain.ink_steps import SHEET_PX, Recipe, ink_steps
from tabgrad.ink import Stroke, normalise, strokes_from_lists
from tabgrad.network import classes_of, draw_weights, spec_of, stages

PAD = 280.0
point = st.tuples(st.floats(0, PAD, width=32), st.floats(0, PAD, width=32))
drawings = st.lists(st.lists(point, min_size=1, max_size=20), min_size=1, max_size=4)
MLP: dict[str, tuple[int, ...]] = {
    "layers.0.weight": (784, 32),
    "layers.0.bias": (32,),
    "layers.1.weight": (32, 10),
    "layers.1.bias": (10,),
}
CNN: dict[str, tuple[int, ...]] = {
    "convs.0.weight": (8, 1, 5, 5),
    "convs.1.weight": (24, 8, 5, 5),
    **{f"norms.{i}.{part}": (n,) for i, n in ((0, 8), (1, 24)) for part in ("weight", "bias", "running_mean")},
    **{f"norms.{i}.running_var": (n,) for i, n in ((0, 8), (1, 24))},
    "layers.0.weight": (384, 64),
    "layers.0.bias": (64,),
    "layers.1.weight": (64, 10),
    "layers.1.bias": (10,),
}
NETWORKS: dict[str, tuple[dict[str, Any], dict[str, tuple[int, ...]]]] = {
    "mlp": ({"kind": "mlp", "hidden": [32]}, MLP),
    "cnn": ({"kind": "cnn", "stages": ["conv5x8", "pool", "conv5x24", "pool", "dense64"]}, CNN),
    "mlp of 26 classes": (
        {"kind": "mlp", "hidden": [32], "classes": 26},
        MLP | {"layers.1.weight": (32, 26), "layers.1.bias": (26,)},
    ),
}


def network(kind: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]], OracleNetwork]:
    spec, shapes = NETWORKS[kind]
    rng = np.random.default_rng(3)
    weights = {name: w + rng.normal(0, 0.05, w.shape) for name, w in draw_weights(shapes, 1).items()}
    return spec, weights, OracleNetwork(spec, weights)


def digit_image() -> NDArray[np.float32]:
    return normalise(strokes_from_lists([[(60, 60), (200, 60), (110, 230)], [(90, 140), (180, 140)]]))


# ---- ink ----


@given(drawings, st.sampled_from([0.0, 8.0, 60.0]), st.floats(0.5, 2))
@settings(max_examples=100)
def test_standard_steps_are_what_the_page_predicts(
    drawing: list[list[tuple[float, float]]], min_extent: float, width: float
) -> None:
    strokes = [Stroke(s.points, width) for s in strokes_from_lists(drawing)]
    steps = ink_steps(strokes, PAD, min_extent=min_extent)
    np.testing.assert_allclose(steps.image, normalise(strokes, min_extent), atol=2e-3)
    assert steps.boxed.shape == (20, 20)


def test_switches_show_the_mistakes_they_name() -> None:
    small = strokes_from_lists([[(20, 20), (20, 60)], [(20, 60), (30, 60)]])  # an L in the corner
    raw = ink_steps(small, PAD, Recipe(fit=False, centring="none"))
    assert raw.image[:9, :6].sum() == pytest.approx(raw.image.sum())
    np.testing.assert_allclose(raw.boxed, raw.image)
    placed = ink_steps(small, PAD, Recipe(centring="none"))
    assert placed.target == pytest.approx((2.5, 4.0))  # the middle of its box, 25 and 40 of 280
    boxed = ink_steps(small, PAD, Recipe(centring="box")).image
    columns, rows = np.flatnonzero(boxed.any(0)), np.flatnonzero(boxed.any(1))
    assert columns[0] + columns[-1] == rows[0] + rows[-1] == 27
    stretched = ink_steps(small, PAD, Recipe(keep_aspect=False))
    assert np.ptp(np.flatnonzero(stretched.boxed.any(0))) > 2 * np.ptp(np.flatnonzero(boxed.any(0)))
    grey = [ink_steps(small, PAD, Recipe(smooth=smooth)).image for smooth in (True, False)]
    soft_pixels, hard_pixels = (int(((image > 0.01) & (image < 0.99)).sum()) for image in grey)
    assert hard_pixels < soft_pixels / 2


def test_the_box_holds_the_ink_of_the_sheet() -> None:
    steps = ink_steps(strokes_from_lists([[(60, 90), (200, 90), (110, 230)]]), PAD)
    rows, columns = (np.flatnonzero(steps.sheet.any(axis)) for axis in (1, 0))
    left, top, right, bottom = steps.box
    assert (left, top, right, bottom) == pytest.approx((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1), abs=1.5)
    assert steps.sheet.shape == (SHEET_PX, SHEET_PX)


def test_an_empty_drawing_is_blank_at_every_step() -> None:
    steps = ink_steps([], PAD, Recipe(fit=False))
    assert not any(picture.any() for picture in (steps.sheet, steps.boxed, steps.image))


# ---- stages and units ----


@pytest.mark.parametrize("kind", NETWORKS)
def test_stages_have_the_shapes_of_the_activations(kind: str) -> None:
    spec, _, net = network(kind)
    taps: list[Any] = []
    logits = net.forward(digit_image().reshape(1, 784), taps=taps)
    found = stages(spec)
    assert [s.shape for s in found] == [t.shape[1:] for t in (*taps, logits)]
    assert [s.tap for s in found] == [*(f"act.{i}" for i in range(len(taps))), ""]
    assert [s.input_shape for s in found[1:]] == [s.shape for s in found[:-1]]


def test_a_spec_comes_from_the_card_or_from_the_weights() -> None:
    for spec, shapes in NETWORKS.values():
        assert spec_of({"spec": {**spec, "dropout": 0.2}}, shapes) == spec_of({}, shapes) == spec
        assert spec_of({"spec": {**spec, "classes": 7}}, shapes) == spec  # the weights know better


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_units_picture_times_what_it_sees_is_its_value(kind: str) -> None:
    spec, weights, net = network(kind)
    x, taps = digit_image().reshape(1, 784), list[Any]()
    net.forward(x, taps=taps)
    seen = {s.tap: values for s, values in zip(stages(spec), taps, strict=False)}
    seen[""] = x.reshape(1, 1, 28, 28)
    before = ""
    for stage in stages(spec)[:-1]:
        if stage.kind == "dense":
            patterns, bias = attribution.unit_weights(stage, weights), weights[stage.bias]
            assert patterns.shape == (stage.units, *attribution.picture_shape(stage))
            for unit in range(stage.units):
                fed = attribution.contributions(seen[before], weights[stage.weight], bias, unit)
                value = float((patterns[unit].reshape(-1) * seen[before].reshape(-1)).sum() + bias[unit])
                assert fed.total == pytest.approx(value, abs=1e-5)
                assert max(fed.total, 0) == pytest.approx(seen[stage.tap][0, unit], abs=1e-9)
        before = stage.tap


@pytest.mark.parametrize("kind", NETWORKS)
def test_contributions_add_up_to_the_logits(kind: str) -> None:
    spec, weights, net = network(kind)
    taps: list[Any] = []
    logits = net.forward(digit_image().reshape(1, 784), taps=taps)[0]
    last = stages(spec)[-1]
    weight, bias = weights[last.weight], weights[last.bias]
    for answer, logit in enumerate(logits):
        parts = attribution.contributions(taps[-1], weight, bias, answer)
        assert parts.total == pytest.approx(logit)
        top = parts.strongest(5)
        assert np.abs(parts.terms[top]).min() >= np.sort(np.abs(parts.terms))[-5]
    votes = passed_on(last, weights, taps[-1][0], logits, range(len(logits)))
    np.testing.assert_allclose(votes.sum(axis=0) + bias, logits, atol=1e-4)


def test_units_that_are_off_are_not_among_the_strongest() -> None:
    assert attribution.Contributions(np.array([0.0, -2.0, 1.0, 0.0]), 0.5).strongest(4) == [1, 2]


# ---- attribution ----


@pytest.mark.parametrize("kind", NETWORKS)
def test_the_seed_asks_for_the_gradient_of_the_question(kind: str) -> None:
    spec, _, net = network(kind)
    seed = attribution.seed(4, 9, classes_of(spec)).astype(np.float64)
    noise = np.random.default_rng(4).uniform(
        0, 0.1, (1, 784)
    )  # without noise, pixels of the background would tie in max pooling
    x = digit_image().reshape(1, 784) + noise
    gradient = (net.forward(x), net.backward(seed))[1]
    at, step = int(np.abs(gradient).argmax()), 1e-6
    moved = x.copy()
    moved[0, at] += step
    slope = ((net.forward(moved) - net.forward(x)) @ seed[0]).item() / step
    assert gradient.reshape(-1)[at] == pytest.approx(slope, rel=1e-3)


def test_gradient_times_ink_adds_up_without_biases() -> None:
    _, weights, _ = network("mlp")
    plain = {name: w * (not name.endswith("bias")) for name, w in weights.items()}
    net = OracleNetwork({"kind": "mlp"}, plain)
    x = digit_image().reshape(1, 784)
    logits = net.forward(x)
    picture = attribution.ink_picture(net.backward(attribution.seed(7).astype(np.float64)), x)
    assert picture.sum() == pytest.approx(logits[0, 7], rel=1e-4)
    assert not picture[digit_image() == 0].any()


def test_for_a_linear_network_occlusion_equals_the_gradient() -> None:
    _, weights, _ = network("mlp")
    always_on = {**weights, "layers.0.bias": weights["layers.0.bias"] + 50}
    net = OracleNetwork({"kind": "mlp"}, always_on)
    image = digit_image()
    question = attribution.seed(2, 5).astype(np.float64)
    baseline = (net.forward(image.reshape(1, 784)) @ question[0]).item()
    ink = attribution.ink_picture(net.backward(question), image)
    covered = attribution.occlude(image, stride_px=4)
    answers = np.array([(net.forward(x) @ question[0]).item() for x in covered.images])
    picture = covered.picture(baseline, answers)
    np.testing.assert_allclose(picture[::4, ::4], ink.reshape(7, 4, 7, 4).sum((1, 3)), atol=1e-4)
    places = [(r, c) for r in range(0, 28, 4) for c in range(0, 28, 4) if image[r : r + 4, c : c + 4].any()]
    assert [tuple(np.argwhere(patch)[0]) for patch in covered.patches] == places
    assert (covered.patches.sum((1, 2)) == 16).all()
    drops = baseline - answers
    np.testing.assert_allclose(covered.predicted_drops(ink), drops, atol=1e-4)
    assert attribution.agreement(covered.predicted_drops(ink), drops) == pytest.approx(1)
    assert attribution.agreement(drops, -drops) == pytest.approx(-1)
    assert attribution.agreement(drops, np.ones_like(drops)) == attribution.agreement(drops[:1], drops[:1]) == 0


def test_an_empty_drawing_has_no_patches_to_cover() -> None:
    assert not len(attribution.occlude(np.zeros(784)).images)
