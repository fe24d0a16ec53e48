"""Samples as ink: traced strokes look like the image that they come from."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tabgrad.data.strokes import StrokeSource
from tabgrad.explain.trace import thin, trace
from tabgrad.ink import normalise, rasterise, strokes_from_lists


def test_a_line_is_traced_along_its_middle() -> None:
    (stroke,) = trace(rasterise(strokes_from_lists([[(5, 14.5), (23, 14.5)]])), 28.0)
    np.testing.assert_allclose(stroke.points[:, 1], 14.5, atol=0.6)
    assert np.ptp(stroke.points[:, 0]) > 15


def test_a_ring_is_closed() -> None:
    angles = np.linspace(0, 2 * np.pi, 40)
    ring = np.stack([14 + 8 * np.cos(angles), 14 + 8 * np.sin(angles)], 1)
    strokes = trace(rasterise(strokes_from_lists([ring])), 28.0)
    assert len(strokes) == 1
    assert np.linalg.norm(strokes[0].points[0] - strokes[0].points[-1]) < 2
    radii = np.linalg.norm(strokes[0].points - 14, axis=1)
    np.testing.assert_allclose(radii, 8, atol=1.2)


def test_traced_digits_look_like_the_originals() -> None:
    images = StrokeSource(5).take_now(100).images / 255
    again = np.stack([normalise(trace(image, 280.0), 12.0) for image in images])
    overlap = np.minimum(images, again).sum((1, 2)) / np.maximum(images, again).sum((1, 2))
    assert np.median(overlap) > 0.7
    assert (overlap > 0.45).mean() > 0.95


def test_an_empty_image_has_no_strokes() -> None:
    assert trace(np.zeros((28, 28)), 280.0) == ()


@given(hnp.arrays(bool, (12, 12)))
@settings(max_examples=100)
def test_thinning_only_removes_pixels_and_ends(ink: np.typing.NDArray[np.bool_]) -> None:
    lines = thin(ink)
    assert not (lines & ~ink).any()
    np.testing.assert_array_equal(thin(lines), lines)


@given(hnp.arrays(np.float32, (28, 28), elements=st.floats(0, 1, width=32)), st.floats(1, 1000))
@settings(max_examples=50)
def test_strokes_lie_on_the_pad_for_any_image(image: np.typing.NDArray[np.float32], side: float) -> None:
    for stroke in trace(image, side):
        assert stroke.points.min() >= 0
        assert stroke.points.max() <= side
