"""The pool of generated digits: repeatable, resumable, and distorted from the second pass on."""

import asyncio

import numpy as np

from tabgrad.data import Samples
from tabgrad.data.strokes import CHUNK, POOL, StrokePool, render_chunk


def take(pool: StrokePool, count: int) -> Samples:
    return asyncio.run(pool.take(count))


def test_the_first_pass_has_the_digits_of_the_generator() -> None:
    expected = render_chunk(3, 0)
    found = take(StrokePool(3), CHUNK)
    np.testing.assert_array_equal(found.images, expected.images)
    np.testing.assert_array_equal(found.labels, expected.labels)


def test_later_passes_distort_the_same_digits() -> None:
    pool = StrokePool(1, position=POOL - 100)
    across = take(pool, 200)
    assert pool.position == POOL + 100
    resumed = take(StrokePool(1, position=POOL), 100)
    np.testing.assert_array_equal(across.images[100:], resumed.images)
    first_pass = take(StrokePool(1), POOL)
    again = take(StrokePool(1, position=POOL), POOL)
    assert sorted(again.labels) == sorted(first_pass.labels)
    assert (again.images.reshape(POOL, -1) != first_pass.images.reshape(POOL, -1)).any(1).mean() > 0.99
