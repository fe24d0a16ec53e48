"""What a format is to the fuzzer, and what a sentence for a visitor must be."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tabgrad.settings import RunSettings
from tests.fuzz.mutate import Damage

MODELS = Path(__file__).parents[3] / "models"
SETTINGS = RunSettings(hidden=(4,), optimizer="momentum")
#: Words of Python that no sentence for a visitor has.
PYTHON = re.compile(r"\b(NoneType|dict|tuple|int|str|[A-Z]\w+Error|Traceback|object at)\b")


@dataclass(frozen=True)
class Format:
    """`make` makes damaged input, and `read` reads it; `errors` is all that it may raise. `use` gets the input and what
    was read: all of what is accepted must hold, and nothing is raised there. `shown`: a visitor sees the sentence.
    """

    make: Callable[[Damage], Any]
    read: Callable[[Any], Any]
    use: Callable[[Any, Any], object]
    errors: tuple[type[Exception], ...] = ()
    shown: bool = True


def check_sentence(text: str) -> None:
    """What a visitor may be shown."""
    assert len(text) <= 170, f"{len(text)} characters: {text}"  # 30 are for "The file was not imported: "
    assert text.endswith((".", "?")), text
    assert text.isprintable(), text
    assert not PYTHON.search(re.sub("'.*?'", "", text)), text  # quotations can hold anything
