"""What the tabs Code and Train agree on: who compiles a source or helps to write it, and what comes of that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from tabgrad.network import Description
from tabgrad.program import Program


@dataclass(frozen=True, slots=True)
class Compiled:
    """A source became a network; `sentence` says so, with figures, `description` what it is made of.

    `program` answers with it.
    """

    sentence: str
    description: Description | None = None
    program: Program | None = None


@dataclass(frozen=True, slots=True)
class SourceProblem:
    """What is wrong with a source: one sentence, and its line from 1 on, 0 if it has none."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a source: its line from 1 on, and the characters before it in that line."""

    source: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Assistance:
    """What can be typed at a place, as `protocol.Assisted` has it; or the signature of a name, and a sentence."""

    options: list[dict[str, Any]] = field(default_factory=list)
    signature: str = ""
    doc: str = ""


class Compiler(Protocol):
    """Makes networks of sources, in the worker."""

    async def compile(self, source: str, said: Callable[[str], object]) -> Compiled | SourceProblem:
        """Have the network of a source answer, or say what is wrong with it. `said` gets sentences meanwhile.

        Raises RuntimeError with one sentence if the worker cannot be used.
        """

    def cancel(self) -> None:
        """Give up the compilation under way."""

    async def prepare(self) -> None:
        """Start the worker for what comes. Says nothing if that fails."""

    async def assist(self, place: Place, *, hover: bool) -> Assistance:
        """What can be typed at a place, or with `hover` what the name there is. Empty without a worker that is free."""

    def train(self, source: str) -> None:
        """Begin a run with the network of a source that was compiled. Raises RuntimeError with one sentence."""


class Describer(Protocol):
    """Tells of written networks what the page needs to look into them."""

    async def describe(self, source: str, classes: int) -> Description:
        """What the network of a source is made of, for so many classes. Raises ProgramError with one sentence."""

    async def program(self, source: str, classes: int, name: str) -> Program:
        """Its "activations" or "saliency" program for the engine that answers. Raises ProgramError with one sentence.

        What the source itself makes impossible is refused at once when it is asked for again.
        """
