"""Ink: any drawing becomes a 28x28 image in 0..1 that does not depend on the place and size of the drawing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tabgrad.ink import (
    BOX_PX,
    CENTRE_PX,
    PEN_PX,
    Normaliser,
    Sheet,
    Stroke,
    centre_of_mass,
    centres_of_mass,
    clip_polyline,
    erase,
    fit_box,
    nearest,
    normalise,
    rasterise,
    strokes_from_lists,
)
from tabgrad.ink.strokes import distance_to_path, thin

PAD = 280.0
point = st.tuples(st.floats(0, PAD, width=32), st.floats(0, PAD, width=32))
drawings = st.lists(st.lists(point, min_size=1, max_size=30), min_size=1, max_size=6)
SEVEN = [[(60, 60), (200, 60), (110, 230)], [(90, 140), (180, 140)]]


def distance_image(strokes: list[Stroke], size: int, pen_px: float, edge_px: float) -> NDArray[np.float64]:
    """The definition of `rasterise`, slow: the distance of every pixel to every segment, in float64."""
    y, x = np.mgrid[:size, :size] + 0.5
    image = np.zeros((size, size))
    for stroke in strokes:
        points = stroke.points.astype(np.float64)
        for a, b in zip(points, points[1:] if len(points) > 1 else points, strict=False):
            d = b - a
            t = np.clip(((x - a[0]) * d[0] + (y - a[1]) * d[1]) / max(d @ d, 1e-12), 0, 1)
            distance = np.hypot(x - a[0] - t * d[0], y - a[1] - t * d[1])
            image = np.maximum(image, np.clip((stroke.width * pen_px / 2 + edge_px / 2 - distance) / edge_px, 0, 1))
    return image


@given(drawings)
@settings(max_examples=100)
def test_any_drawing_becomes_an_image(drawing: list[list[tuple[float, float]]]) -> None:
    image = normalise(strokes_from_lists(drawing))
    assert image.shape == (28, 28)
    assert image.dtype == np.float32
    assert image.min() >= 0
    assert 0.5 < image.max() <= 1


@given(drawings, st.floats(0.5, 3))
@settings(max_examples=100)
def test_raster_is_the_distance_to_the_nearest_segment(drawing: list[list[tuple[float, float]]], width: float) -> None:
    strokes = [Stroke(s.points / 10, width) for s in strokes_from_lists(drawing)]
    np.testing.assert_allclose(rasterise(strokes), distance_image(strokes, 28, PEN_PX, 1.1), atol=2e-3)


@given(st.floats(-1000, 1000), st.floats(-1000, 1000), st.floats(0.01, 20))
@settings(max_examples=50)
def test_place_and_size_do_not_matter(dx: float, dy: float, scale: float) -> None:
    moved = [[(x * scale + dx, y * scale + dy) for x, y in stroke] for stroke in SEVEN]
    expected = normalise(strokes_from_lists(SEVEN))
    np.testing.assert_allclose(normalise(strokes_from_lists(moved)), expected, atol=0.02)


def test_without_ink_the_image_is_blank() -> None:
    assert not normalise([]).any()
    assert not rasterise([]).any()
    assert not rasterise(strokes_from_lists([[(100, 100), (200, 300)]])).any()  # all of it outside


def test_the_ink_fills_the_box_and_its_mass_is_centred() -> None:
    strokes = strokes_from_lists(SEVEN)
    fit = fit_box(strokes)
    assert fit.middle.tolist() == [130, 145]
    assert fit.scale == pytest.approx((BOX_PX - PEN_PX) / 170)
    boxed = rasterise([Stroke(fit.place(s.points)) for s in strokes], BOX_PX)
    rows = np.flatnonzero((boxed > 0.5).any(1))
    assert (rows[0], rows[-1]) == (0, 19)  # the ink, pen included, fills the box
    image = normalise(strokes)
    assert centre_of_mass(image) == pytest.approx((CENTRE_PX, CENTRE_PX), abs=0.1)
    assert image.sum() == pytest.approx(boxed.sum(), rel=0.05)  # the box clips the pen's soft edge


def as_defined(strokes: list[Stroke], min_extent: float, pen_px: float, edge_px: float) -> NDArray[np.float32]:
    """The whole rule of `normalise` in one piece."""
    points = np.concatenate([s.points for s in strokes]).astype(np.float64)
    low, high = points.min(0), points.max(0)
    extent = max(float((high - low).max()), min_extent)
    pen = pen_px * max(s.width for s in strokes)
    scale = max(20 - pen, 1.0) / extent if extent > 0 else 1.0
    boxed = [Stroke((s.points - (low + high) / 2) * scale + 10, s.width) for s in strokes]
    ink = rasterise(boxed, 20, pen_px, edge_px)
    x, y = (float(ink.sum(axis) @ (np.arange(20) + 0.5)) / float(ink.sum()) for axis in (0, 1))
    return rasterise([Stroke(s.points + np.array([14.5 - x, 14.5 - y]), s.width) for s in boxed], 28, pen_px, edge_px)


@given(drawings, st.sampled_from([0.0, 12.0, 400.0]), st.sampled_from([1.0, 0.8, 2.7, 9.0]), st.booleans())
@settings(max_examples=200)
def test_normalise_equals_its_definition_exactly(
    drawing: list[list[tuple[float, float]]], min_extent: float, width: float, fine: bool
) -> None:
    strokes = [Stroke(s.points, width) for s in strokes_from_lists(drawing)]
    pen_px, edge_px = (1.5, 0.6) if fine else (2.5, 1.1)
    found = normalise(strokes, min_extent, pen_px, edge_px)
    np.testing.assert_array_equal(found, as_defined(strokes, min_extent, pen_px, edge_px))


@given(drawings, st.sampled_from([16, 28, 40]), st.sampled_from([0.8, 1.0, 2.7, 9.0]), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_a_crowded_image_is_the_same_to_the_bit(
    drawing: list[list[tuple[float, float]]], size: int, width: float, seed: int
) -> None:
    """Only lines that can count are drawn: with all of them, the image is no other."""
    rng = np.random.default_rng(seed)
    scribble = [np.cumsum(rng.normal(0, s, (int(rng.integers(1, 300)), 2)), 0) + size / 2 for s in (0.1, 1.0, 5.0)]
    strokes = [Stroke(s.points * size / PAD) for s in strokes_from_lists(drawing)]
    strokes += [Stroke(points, width) for points in scribble]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tabgrad.ink.raster._CROWDED", np.inf)
        expected = rasterise(strokes, size)
        patch.setattr("tabgrad.ink.raster._CROWDED", -1)
        patch.setattr("tabgrad.ink.nearest._PAIRS", 1000)
        np.testing.assert_array_equal(rasterise(strokes, size), expected)


def test_ink_outside_the_image_does_not_crowd_it() -> None:
    far = [Stroke(np.array([(500, y), (900, y)])) for y in range(0, 2000, 5)]
    assert not rasterise(far).any()
    seven = [Stroke(s.points / 10) for s in strokes_from_lists(SEVEN)]
    np.testing.assert_array_equal(rasterise([*seven, *far]), rasterise(seven))


edits = st.lists(
    st.tuples(st.sampled_from(["pen", "pen", "grow", "cells", "erase", "undo", "redo", "clear"]), st.integers(0, 999)),
    max_size=30,
)


@given(edits)
@settings(max_examples=100, deadline=None)
def test_a_drawing_that_was_edited_is_normalised_as_if_it_were_new(edits: list[tuple[str, int]]) -> None:
    normaliser, sheet = Normaliser(), Sheet(PAD)
    for what, seed in edits:
        rng = np.random.default_rng(seed)
        points = rng.uniform(0, PAD, (int(rng.integers(1, 9)), 2)).astype(np.float32)
        if what == "pen":
            sheet.begin_action()
            sheet.draw(Stroke(points, float(rng.choice([0.8, 1.0, 2.7]))))
        elif what == "grow" and sheet.can_undo:
            sheet.draw(Stroke(points), Stroke(points[:1]))
        elif what == "cells":
            sheet.begin_action()
            sheet.fill((seed % 28, seed % 27), filled=seed % 3 > 0)
        elif what == "erase":
            sheet.begin_action()
            sheet.erase(points, 30)
        elif what in ("undo", "redo", "clear"):
            {"undo": sheet.undo, "redo": sheet.redo, "clear": sheet.clear}[what]()
        ink = sheet.now.ink(PAD)
        np.testing.assert_array_equal(normaliser(ink, 12.0), normalise([Stroke(s.points, s.width) for s in ink], 12.0))


def test_centres_of_many_images_are_those_of_each() -> None:
    images = np.random.default_rng(0).uniform(0, 1, (50, 20, 20)).astype(np.float32) ** 8
    np.testing.assert_allclose(centres_of_mass(images), [centre_of_mass(image) for image in images], rtol=1e-6)


def test_a_dot_stays_a_dot() -> None:
    dot = normalise(strokes_from_lists([[(5, 5)]]))
    trembling = normalise(strokes_from_lists([[(5, 5), (5.5, 5.2), (5.1, 5.6)]]), min_extent=10)
    assert 3 < dot.sum() < 8
    assert trembling.sum() < 12
    assert np.argwhere(dot > 0.5).mean(0) == pytest.approx((14, 14), abs=0.5)


def test_a_black_pad_is_a_black_box() -> None:
    lines = [[(0, y), (PAD, y)] for y in np.linspace(0, PAD, 60)]
    image = normalise(strokes_from_lists(lines))
    assert (image[5:24, 5:24] == 1).all()
    assert image.sum() == pytest.approx(400, rel=0.05)


def test_strokes_can_have_ten_thousand_points() -> None:
    rng = np.random.default_rng(0)
    walk = np.abs(np.cumsum(rng.normal(0, 2, (10_000, 2)), 0) % (2 * PAD) - PAD)
    circle = np.linspace(0, 2 * np.pi, 10_000)
    assert normalise([Stroke(walk)]).max() == 1
    fine = Stroke(np.stack([np.cos(circle), np.sin(circle)], 1) * 100 + 140)
    coarse = Stroke(fine.points[::100])
    np.testing.assert_allclose(normalise([fine]), normalise([coarse]), atol=0.08)


def test_the_eraser_cuts_a_line_in_two() -> None:
    line = Stroke(np.array([(0, 100), (280, 100)]))
    untouched = Stroke(np.array([(0, 200), (280, 200)]))
    left, right, other = erase([line, untouched], [(140, 80), (140, 120)], 20)
    assert other is untouched
    assert left.points[:, 0].max() == pytest.approx(120, abs=3)
    assert right.points[:, 0].min() == pytest.approx(160, abs=3)
    assert (left.points[:, 1] == 100).all()


@given(drawings, st.lists(point, min_size=1, max_size=8), st.floats(2, 40))
@settings(max_examples=60)
def test_nothing_is_left_under_the_eraser(
    drawing: list[list[tuple[float, float]]], path: list[tuple[float, float]], radius: float
) -> None:
    from tabgrad.ink.strokes import distance_to_path

    for stroke in erase(strokes_from_lists(drawing), path, radius):
        assert distance_to_path(stroke.points, np.array(path, np.float32)).min() > radius * 0.99


def test_ink_outside_the_pad_is_cut_off() -> None:
    out_and_back = np.array([(100, 100), (400, 100), (400, 200), (100, 200)], np.float32)
    first, second = clip_polyline(out_and_back, 0, PAD)
    np.testing.assert_allclose(first, [(100, 100), (280, 100)], atol=1e-3)
    np.testing.assert_allclose(second, [(280, 200), (100, 200)], atol=1e-3)
    assert clip_polyline(np.array([(-5, -5)], np.float32), 0, PAD) == []
    through = clip_polyline(np.array([(-100, 140), (400, 140)], np.float32), 0, PAD)
    np.testing.assert_allclose(through, [[(0, 140), (280, 140)]], atol=1e-3)


@pytest.mark.parametrize("points", [np.zeros((0, 2)), np.zeros((3, 3)), np.array([[np.nan, 1]])])
def test_invalid_strokes_are_refused(points: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="stroke"):
        Stroke(points)


def test_the_cells_around_a_wide_pen_are_not_kept() -> None:
    kept = nearest._kept_neighbourhood
    kept.cache_clear()
    grid = nearest.grid_for(28, 1.5, 0.5)
    assert nearest.neighbourhood(grid, 28, 2.0) is nearest.neighbourhood(grid, 28, 2.0)
    wide = nearest.neighbourhood(grid, 28, 8.0)
    assert wide.cells.nbytes > nearest._KEPT_BYTES
    assert kept.cache_info().currsize == 1


def test_a_thinned_line_stays_where_it_was() -> None:
    rng = np.random.default_rng(1)
    angles = np.linspace(0, 20, 12_000)
    spiral = np.stack([140 + 6 * angles * np.cos(angles), 140 + 6 * angles * np.sin(angles)], 1)
    for points in (spiral.astype(np.float32), rng.uniform(0, 280, (301, 2)).astype(np.float32)):
        thinned = thin(points, 0.25)
        assert distance_to_path(points[::7], thinned).max() <= 0.25
        np.testing.assert_array_equal(thinned[[0, -1]], points[[0, -1]])
    assert len(thin(spiral.astype(np.float32), 0.25)) < 1_000
    assert len(thin(points[:1], 0.25)) == 1
