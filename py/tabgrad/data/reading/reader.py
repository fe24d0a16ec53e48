"""From files to a data set: the order of what `read` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tabgrad.data.base import DataError

from .contract import Decode, InputFile, Progress, Reading


async def read(files: Sequence[InputFile], choices: Mapping[str, str], decode: Decode, progress: Progress) -> Reading:
    """The data set in `files`, whatever their formats and their order. Raises DataError with one sentence.

    `choices`: values of guesses that the visitor has switched, by name; unknown names and values are ignored.
    """
    raise DataError("These files cannot be read yet.")
