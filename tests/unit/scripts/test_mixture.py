"""Two streams of samples mixed into one: the share of each, and a result that does not depend on how it is taken."""

import asyncio

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.train.data import Mixture
from tabgrad.data import Samples


class Numbers:
    """Samples whose pixels and labels say where they come from."""

    def __init__(self, tens: int) -> None:
        self.position, self.tens = 0, tens

    async def take(self, count: int) -> Samples:
        at = np.arange(self.position, self.position + count)
        self.position += count
        images = np.broadcast_to((at % 100).astype(np.uint8)[:, None, None], (count, 2, 2))
        return Samples(images, np.full(count, self.tens, np.uint8))


@settings(max_examples=40)
@given(st.floats(0, 1), st.lists(st.integers(1, 50), min_size=1, max_size=4), st.integers(0, 1000))
def test_a_mixture_has_the_given_share_in_order(share: float, sizes: list[int], start: int) -> None:
    mixture = Mixture(Numbers(0), Numbers(1), share, start)
    parts = [asyncio.run(mixture.take(n)) for n in sizes]
    images, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
    assert abs(labels.sum() - share * len(labels)) <= 1
    for tens in (0, 1):
        own = images[labels == tens, 0, 0].astype(int)
        assert ((np.diff(own) % 100) == 1).all()
    whole = asyncio.run(Mixture(Numbers(0), Numbers(1), share, start).take(sum(sizes)))
    assert (whole.images == images).all()
    assert (whole.labels == labels).all()
