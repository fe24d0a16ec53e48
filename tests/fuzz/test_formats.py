"""Damaged files, addresses and messages, thousands of them: nothing but the module's own error comes out.

Environment: FUZZ_FILES cases of each format (default 300) from FUZZ_SEED (default 0, "random" for a new one).
"""

import os
import secrets
import traceback
from typing import Any

import pytest

from tests.fuzz.formats import FORMATS
from tests.fuzz.formats.base import Format, check_sentence
from tests.fuzz.mutate import Damage

COUNT = int(os.environ.get("FUZZ_FILES", "300"))
SEED = os.environ.get("FUZZ_SEED", "0")
FIRST = secrets.randbelow(1 << 40) if SEED == "random" else int(SEED)
#: Failures that are shown.
MOST = 5


def judge(one: Format, seed: int) -> str:
    """What is wrong with how one damaged input is read, or nothing."""
    given = one.make(Damage(seed))
    try:
        sentence = verdict(one, given)
        if one.shown and sentence:
            check_sentence(sentence)
    except Exception:
        return f"seed {seed}: {traceback.format_exc(limit=-4)}\n  {given!r:.600}"
    return ""


def verdict(one: Format, given: Any) -> str:
    """Why an input is refused; empty if it can be used. Raises what else comes out."""
    try:
        read = one.read(given)
    except one.errors as error:
        if one.shown and type(error) not in one.errors:
            raise
        return str(error)
    one.use(given, read)
    return ""


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_input_is_one_sentence_or_can_be_used(name: str) -> None:
    failures = []
    for seed in range(FIRST, FIRST + COUNT):
        failures += filter(None, [judge(FORMATS[name], seed)])
        if len(failures) == MOST:
            break
    assert not failures, "\n".join(failures)
