"""The tab Code without a page: an editor, a compiler and a storage that are made for tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from tabgrad.storage import KeptStore
from tabgrad.ui.code.controller import CodeController
from tabgrad.ui.code.examples import EXAMPLES
from tabgrad.ui.code.state import CodeState
from tabgrad.ui.compiler import Assistance, Compiled, Place, SourceProblem
from tests.unit.ui.train.train_stores import FakeStorage

ORIGINALS = {name: f"# {title}\n" for name, title in EXAMPLES.items()}
MLP = ORIGINALS["mlp"]


class FakeEditor:
    """A text with an undo history; `problems` are marked at their lines."""

    def __init__(self) -> None:
        self.history = [""]
        self.problems: list[tuple[int, str]] = []
        self.changed: Callable[[], object] = lambda: None

    @property
    def text(self) -> str:
        return self.history[-1]

    def open(self, text: str) -> None:
        self.history, self.problems = [text], []

    def replace(self, text: str) -> None:
        self.history.append(text)
        self.changed()

    def undo(self) -> None:
        self.history.pop()
        self.changed()

    def save(self) -> str:
        return json.dumps(self.history)

    def restore(self, saved: str) -> bool:
        try:
            self.history = json.loads(saved)
        except ValueError:
            return False
        return True

    def show_problems(self, problems: list[tuple[int, str]]) -> None:
        self.problems = problems

    def problem_lines(self) -> list[int]:
        return [line for line, _ in self.problems]


class FakeCompiler:
    """Compiles what has the word Net. `held` sources wait until they are let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.trained: list[str] = []
        self.prepared = 0
        self.lost = ""
        self.gate = asyncio.Event()
        self.gate.set()

    async def compile(self, source: str, said: Callable[[str], object]) -> Compiled | SourceProblem:
        self.asked.append(source)
        said("Compiling for answering: kernel 1 of 2 …")
        await self.gate.wait()
        if self.lost:
            raise RuntimeError(self.lost)
        if "Net" in source:
            return Compiled(f"Compiled {source!r}.")
        return SourceProblem(source.count("\n") or 1, "There is no Net.")

    def cancel(self) -> None:
        self.lost = "Stopped."
        self.gate.set()

    async def prepare(self) -> None:
        self.prepared += 1

    async def assist(self, place: Place, *, hover: bool) -> Assistance:
        if self.lost:
            raise RuntimeError(self.lost)
        return Assistance(signature="f()") if hover else Assistance([{"label": place.source}])

    def train(self, source: str) -> None:
        if self.lost:
            raise RuntimeError(self.lost)
        self.trained.append(source)


class Tab:
    """A tab of the browser with the editor in it. `memory` is what it keeps for a reload."""

    def __init__(self, storage: FakeStorage, compiler: FakeCompiler | None = None) -> None:
        self.storage, self.compiler = storage, compiler
        self.memory = ""
        self.offline = False
        self.load()

    def load(self) -> None:
        """Load the page, or load it again."""
        self.editor = FakeEditor()
        self.statuses: list[str] = []
        self.code = CodeController(
            KeptStore(self.storage.open),
            fetch=self._fetch,
            keep=self._keep,
            kept=self.memory,
            render=self._render,
            compiler=self.compiler,
        )
        self.editor.changed = self.code.changed

    async def begin(self) -> Tab:
        await self.code.begin(self.editor)
        return self

    async def reload(self, *, orderly: bool = True) -> None:
        if orderly:
            self.code.leaving()
        self.load()
        await self.begin()

    async def type(self, text: str) -> None:
        """Replace the text, and pause."""
        self.editor.replace(text)
        await self.code.save()

    @property
    def state(self) -> CodeState:
        return self.code.state

    def _keep(self, text: str) -> None:
        self.memory = text

    async def _fetch(self, name: str) -> str:
        if self.offline or name not in ORIGINALS:
            raise OSError("The file could not be fetched: is the network down?")
        return ORIGINALS[name]

    def _render(self, state: CodeState) -> None:
        if self.statuses[-1:] != [state.status]:
            self.statuses.append(state.status)


def in_tab(test: Callable[[Tab], Awaitable[None]], compiler: bool = False) -> None:
    """Run a test with a tab that has begun."""

    async def go() -> None:
        await test(await Tab(FakeStorage(), FakeCompiler() if compiler else None).begin())

    asyncio.run(go())
