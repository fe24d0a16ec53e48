"""Pages of images: each wanted image once and in order, and no more images loaded than needed."""

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tabgrad.data import Samples
from tabgrad.explain import browse

LABELS = np.random.default_rng(0).integers(0, 10, 777).astype(np.uint8)
IMAGES = np.broadcast_to(LABELS[:, None, None], (777, 28, 28))


class Shelf:
    def __init__(self) -> None:
        self.taken: list[int] = []

    async def take(self, indices: Sequence[int]) -> Samples:
        self.taken += indices
        return Samples(IMAGES[list(indices)], LABELS[list(indices)])


def of_digit(digit: int) -> browse.Wanted:
    async def wanted(samples: Samples) -> NDArray[np.bool_]:
        return np.asarray(samples.labels == digit)

    return wanted


@given(st.integers(5, 60), st.integers(0, 9))
@settings(max_examples=30)
def test_all_pages_together_have_all_images_of_a_digit(count: int, digit: int) -> None:
    found, start, done = list[int](), 0, False
    while not done:
        page = asyncio.run(browse.find(Shelf().take, len(LABELS), start, count, of_digit(digit)))
        assert len(page.indices) <= count
        assert (page.samples.labels == digit).all()
        assert (page.samples.images[:, 0, 0] == digit).all()
        found += page.indices
        start, done = page.next_start, page.done
    assert found == [i for i, label in enumerate(LABELS) if label == digit]


def test_no_more_is_loaded_than_needed() -> None:
    shelf = Shelf()
    page = asyncio.run(browse.find(shelf.take, len(LABELS), 5, 3, of_digit(int(LABELS[5]))))
    assert page.indices[0] == 5
    assert max(shelf.taken) < 5 + browse.CHUNK


def test_the_search_for_rare_images_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browse, "MAX_SEARCHED", 300)
    shelf = Shelf()
    page = asyncio.run(browse.find(shelf.take, len(LABELS), 100, 5, of_digit(99)))
    assert page.indices == ()
    assert (page.next_start, page.done) == (400, False)
    assert len(shelf.taken) == 300


def test_beyond_the_end_there_is_nothing() -> None:
    page = asyncio.run(browse.find(Shelf().take, len(LABELS), 777, 5, of_digit(1)))
    assert (page.indices, page.done) == ((), True)
