"""Distortions: the effect of each strength, and results that do not depend on how the stream is split into calls."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabgrad.data.augment import MILD, PERIOD, Augmentation, Augmenter
from tabgrad.data.augment_shared import SHARERS, SPAN, STRIDE, SharedAugmenter
from tabgrad.data.seeding import generator, hashed
from tabgrad.data.strokes import StrokeSource

IMAGES = StrokeSource(1).take_now(256).images
GROUPS = (1, 2, 4)


def centre(images: np.ndarray) -> np.ndarray:
    """Centre of mass (n, 2), x and y."""
    ys, xs = np.mgrid[:28, :28]
    total = images.sum((1, 2), dtype=float)
    return np.stack([(images * xs).sum((1, 2)) / total, (images * ys).sum((1, 2)) / total], 1)


def test_without_strength_nothing_changes() -> None:
    assert Augmenter(Augmentation(), 1)(IMAGES, 0) is IMAGES


def test_a_tiny_shift_changes_nothing() -> None:
    tiny = Augmentation(shift_px=1e-6)
    assert (Augmenter(tiny, 1)(IMAGES, 0) == IMAGES).all()
    for group in GROUPS:
        assert (SharedAugmenter(tiny, 1, group)(IMAGES, 0) == IMAGES).all()


def test_a_shift_moves_the_ink_as_far_as_it_says() -> None:
    moved = Augmenter(Augmentation(shift_px=3), 1)(IMAGES, 0)
    shift = centre(moved) - centre(IMAGES)
    assert np.abs(shift).max() < 3.2
    assert (shift.std(0) > 1.4).all()  # uniform in +-3: 1.73


def test_rotation_keeps_the_ink_and_the_centre() -> None:
    turned = Augmenter(Augmentation(rotation_deg=30), 1)(IMAGES, 0)
    assert np.abs(turned.mean((1, 2)) / IMAGES.mean((1, 2)) - 1).max() < 0.1
    assert (turned != IMAGES).mean() > 0.05


def test_scale_changes_the_area() -> None:
    scaled = Augmenter(Augmentation(log_scale=0.3), 1)(IMAGES, 0)
    ratio = scaled.sum((1, 2)) / IMAGES.sum((1, 2))
    assert ratio.min() < 0.7
    assert ratio.max() > 1.3


def test_thickness_thins_and_thickens() -> None:
    ratio = Augmenter(Augmentation(thickness=1), 1)(IMAGES, 0).sum((1, 2)) / IMAGES.sum((1, 2))
    assert ratio.min() < 0.7
    assert ratio.max() > 1.3


def test_elastic_bends_without_moving_far() -> None:
    bent = Augmenter(Augmentation(elastic_px=0.7), 1)(IMAGES, 0)
    assert np.abs(centre(bent) - centre(IMAGES)).max() < 2.5
    assert (bent != IMAGES).mean() > 0.05


Make = Callable[[Augmentation, int], Augmenter | SharedAugmenter]


@pytest.mark.parametrize("make", [Augmenter, partial(SharedAugmenter, group=1), partial(SharedAugmenter, group=4)])
@settings(max_examples=8)
@given(st.integers(0, 2**31), st.integers(0, 3 * PERIOD), st.lists(st.integers(1, 120), min_size=1, max_size=2))
def test_distortions_depend_on_seed_and_position_alone(make: Make, seed: int, start: int, sizes: list[int]) -> None:
    images, strengths = IMAGES[: sum(sizes)], replace(MILD, thickness=0.3)
    augmenter, position, parts = make(strengths, seed), start, []
    for n in sizes:
        done = position - start
        parts.append(augmenter(images[done : done + n], position))
        position += n
    whole = make(strengths, seed)(images, start)
    assert (np.concatenate(parts) == whole).all()


def test_samples_a_stride_apart_share_a_map_within_a_span() -> None:
    same = np.broadcast_to(IMAGES[:1], (2 * SPAN, 28, 28))
    moved = SharedAugmenter(MILD, 3, 4)(same, 0).reshape(2, SHARERS, STRIDE, 784)
    assert (moved == moved[:, :1]).all(), "samples a stride apart share a map"
    assert len(np.unique(moved[0, 0], axis=0)) > 0.8 * STRIDE, "samples of a batch do not"
    assert (moved[0, 0] != moved[1, 0]).any(1).mean() > 0.9, "the next span has other maps"


@pytest.mark.parametrize("group", GROUPS)
def test_shared_maps_move_ink_as_far_as_others(group: int) -> None:
    many = np.concatenate([IMAGES] * 4)
    both = SharedAugmenter(MILD, 1, group), Augmenter(MILD, 1)
    spread = [(centre(augmenter(many, 0)) - centre(many)).std(0) for augmenter in both]
    np.testing.assert_allclose(spread[0], spread[1], rtol=0.15)


@pytest.mark.parametrize("group", GROUPS)
def test_shared_maps_rotate_by_the_given_angle(group: int) -> None:
    """A ramp tells where pixels came from: rotated, its values change from row to row by the sine of the angle."""
    ramp = np.broadcast_to(np.arange(28, dtype=np.uint8) * 9, (STRIDE, 28, 28))
    turned = SharedAugmenter(Augmentation(rotation_deg=10), 2, group)
    for images, axis in ((ramp, 2), (ramp.swapaxes(1, 2), 1)):
        came_from = turned(images, 0)[:, 6:22, 6:22].mean(axis) / 9
        angles = np.degrees(np.arcsin(np.polyfit(np.arange(16), came_from.T, 1)[0]))
        assert np.abs(angles).max() < 10.5
        assert angles.std() == pytest.approx(10 / 3**0.5, rel=0.15)


def test_a_batch_can_span_two_pools_of_maps() -> None:
    whole = Augmenter(MILD, 5)(IMAGES, PERIOD - 100)
    late = Augmenter(MILD, 5)(IMAGES[100:], PERIOD)
    assert (whole[100:] == late).all()


def test_hashed_bits_are_even_and_differ_by_seed() -> None:
    positions = np.arange(100_000)
    bits = hashed(1, positions)
    assert len(np.unique(bits)) == len(bits)
    assert np.abs(np.bincount((bits % np.uint64(16)).astype(int)) / 6250 - 1).max() < 0.06
    assert (hashed(2, positions) != bits).all()
    assert generator(1, 2).randint(2**31) != generator(1, 3).randint(2**31)
