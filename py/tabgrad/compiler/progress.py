"""Tells how many kernels of a program tinygrad has compiled. Owns the hook in the place of tinygrad's progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from . import environment  # noqa: F401 - must run before tinygrad is imported

from tinygrad.engine import realize  # isort: skip

#: Gets how many kernels are compiled, and how many have to be: those that were compiled before do not count.
Watch = Callable[[int, int], object]


@contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """Within this context `watch` is called before the first kernel of a program and after each one."""

    class Bar:
        """What `tinygrad.engine.realize` uses of its progress bar."""

        def __init__(self, *, total: int, **_options: Any) -> None:
            self._done, self._total = 0, total

        def __enter__(self) -> Bar:
            watch(0, self._total)
            return self

        def __exit__(self, *_error: object) -> None:
            pass

        def set_description(self, _text: str) -> None:
            pass

        def update(self, count: int) -> None:
            self._done += count
            watch(self._done, self._total)

    before, realize.tqdm = realize.tqdm, Bar
    try:
        yield
    finally:
        realize.tqdm = before
