"""tinygrad's random generator while a program is captured: kept apart from what came before, or replaced by inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from . import environment  # noqa: F401 - must run before tinygrad is imported

from tinygrad import Tensor  # isort: skip


@contextmanager
def kept_apart() -> Iterator[None]:
    """Within this context the generator is at its beginning; afterwards it goes on where it was.

    So a capture gives the same program however often it is repeated, and its device is the generator's first.
    """
    saved = Tensor._seed, Tensor._device_seeds, Tensor._device_rng_counters
    Tensor.manual_seed(0)
    try:
        yield
    finally:
        Tensor._seed, Tensor._device_seeds, Tensor._device_rng_counters = saved


class Drawn:
    """Random tensors made of words from elsewhere; `count` words have been drawn so far.

    Methods of `Tensor` are replaced (mixin/rand.py, tinygrad 0.14.0). `words(offset, count)` gives the words that the
    generator makes after the first `offset`, uint32 (count,).
    """

    def __init__(self, words: Callable[[int, int], Tensor]) -> None:
        self.count, self._words = 0, words

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Within this context every random tensor is made of these words."""
        next_counter = Tensor.__dict__["_next_counter"]
        Tensor._next_counter = staticmethod(self._take)
        # a function, since class methods treat bound ones differently from one version of Python to another
        Tensor._rand = classmethod(lambda tensor, *arguments, **_options: self._rand(tensor, *arguments))
        try:
            yield
        finally:
            Tensor._next_counter = next_counter
            del Tensor._rand  # the mixin's is in its place again

    def _take(self, _device: str, count: int) -> tuple[int, int]:
        """What tinygrad hands on as key and counter: where the words begin, and how many there are."""
        offset = self.count
        self.count += count
        return offset, count

    def _rand(self, tensor: type[Tensor], offset: int, count: int, *shape_and_dtype: Any) -> Tensor:
        """Uniform in [0, 1). Not realised, so that what scales it is the same kernel."""
        if not count:
            return tensor.empty(*shape_and_dtype[0])
        return tensor._bits_to_rand(self._words(offset, count), *shape_and_dtype)
