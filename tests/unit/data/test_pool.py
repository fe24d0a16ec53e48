"""The pool of generated digits: repeatable, resumable, and distorted from the second pass on."""

import asyncio

import numpy as np

from tabgrad.data import Samples
from tabgrad.data.generated import DIGITS_IN_POOL, GeneratedData
from tabgrad.data.strokes import CHUNK, render_chunk


def take(seed: int, count: int, position: int = 0) -> Samples:
    source = GeneratedData().source(seed)
    source.position = position
    samples = asyncio.run(source.take(count))
    assert source.position == position + count
    return samples


def test_the_first_pass_has_the_digits_of_the_generator() -> None:
    expected, found = render_chunk(3, 0), take(3, CHUNK)
    np.testing.assert_array_equal(found.images, expected.images)
    np.testing.assert_array_equal(found.labels, expected.labels)


def test_later_passes_distort_the_same_digits() -> None:
    across = take(1, 200, position=DIGITS_IN_POOL - 100)
    resumed = take(1, 100, position=DIGITS_IN_POOL)
    np.testing.assert_array_equal(across.images[100:], resumed.images)
    first_pass = take(1, DIGITS_IN_POOL)
    again = take(1, DIGITS_IN_POOL, position=DIGITS_IN_POOL)
    assert sorted(again.labels) == sorted(first_pass.labels)
    assert (again.images.reshape(len(again.labels), -1) != first_pass.images.reshape(len(again.labels), -1)).any(
        1
    ).mean() > 0.99
