"""The wall of units: a tile for each unit, whose opacity and bar follow its activation."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tabgrad.explain.colour import BAR_PX, GAP_PX, REST_ALPHA, Wall, diverging, tile_at

TILES = np.random.default_rng(0).normal(0, 1, (10, 28, 28)).astype(np.float32)


@pytest.mark.parametrize("dark", [False, True])
def test_tiles_are_the_weights_and_opacity_is_the_activation(dark: bool) -> None:
    wall = Wall(TILES, 4, dark)
    activations = np.array([0, 4, 1, 0, 0, 2, 0, 0, -4, 0], np.float32)
    picture = wall.picture(activations)
    assert picture.shape == (3 * wall.height, 4 * wall.width, 4)
    for unit, value in enumerate(activations):
        row, column = divmod(unit, 4)
        y, x = row * wall.height, column * wall.width
        tile = picture[y : y + 28, x : x + 28]
        np.testing.assert_array_equal(tile[..., :3], diverging(TILES[unit], None, dark)[..., :3])
        expected = REST_ALPHA + (255 - REST_ALPHA) * np.sqrt(abs(value) / 4)
        assert (tile[..., 3] == round(float(expected))).all()
        bar = picture[y + 28 + GAP_PX - 1 : y + 28 + GAP_PX - 1 + BAR_PX, x : x + 28]
        assert ((bar[..., 3] > 0).sum(1) == round(28 * abs(float(value)) / 4)).all()
        if value:
            assert (bar[0, 0, 0] > bar[0, 0, 2]) == (value > 0), "orange is positive, blue negative"
        assert tile_at(x + 3.0, y + 3.0, 4, wall.height, wall.width) == unit


def test_an_update_replaces_the_one_before() -> None:
    wall = Wall(TILES, 4)
    first = wall.picture(np.zeros(10)).copy()
    wall.picture(np.arange(10.0))
    np.testing.assert_array_equal(wall.picture(np.zeros(10)), first)


def test_on_an_empty_pad_no_unit_fades() -> None:
    wall = Wall(TILES, 4)
    wall.picture(np.arange(10.0))
    resting = wall.picture(np.zeros(10))
    assert (resting[:28, :28, 3] == 255).all()
    assert not resting[28 + GAP_PX - 1 : 28 + GAP_PX - 1 + BAR_PX, :28, 3].any()


def test_a_unit_without_weights_is_neutral() -> None:
    wall = Wall(np.zeros((1, 2, 2), np.float32), 1)
    assert (wall.picture(np.zeros(1))[:2, :2, :3] == diverging(np.zeros(1))[0, :3]).all()


def test_tiles_can_stand_in_another_order() -> None:
    wall = Wall(TILES, 4)
    activations = np.arange(10.0)
    plain = wall.picture(activations).copy()
    order = np.argsort(-activations)
    sorted_ = wall.picture(activations, order)
    assert sorted_.shape == plain.shape

    def tile(picture: NDArray[np.uint8], place: int) -> NDArray[np.uint8]:
        row, column = divmod(place, 4)
        return picture[row * wall.height : (row + 1) * wall.height, column * wall.width : (column + 1) * wall.width]

    for place, unit in enumerate(order):
        np.testing.assert_array_equal(tile(sorted_, place), tile(plain, int(unit)))
    np.testing.assert_array_equal(tile(sorted_, 11), 0, "places without a unit are empty")
    np.testing.assert_array_equal(wall.picture(activations), plain)
