"""The console without a page: its keys, its history, what it completes, what it shows, and stopping."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import pytest

from tabgrad.protocol import Accepted, AnyEvent, Command, Complete, Completions, Evaluate, Evaluated, Failed
from tabgrad.ui.code import console_history
from tabgrad.ui.code.console_controller import (
    MAX_ENTRIES,
    NOTHING,
    RUNNING,
    STARTING,
    STOPPED,
    STOPPING,
    ConsoleController,
    ConsoleState,
    enlarged,
)
from tabgrad.ui.code.console_history import MAX_CHARACTERS, MAX_COMMANDS
from tabgrad.ui.code.console_typing import can_complete, completed, goes_on, next_indent

BLOCK = "def f(n):\n    return n"


def text_item(text: str, kind: str = "text") -> dict[str, Any]:
    return {"kind": kind, "text": text}


class FakeWorker:
    """Answers commands with their code, if it is not held; completes with `names`."""

    def __init__(self) -> None:
        self.started = False
        self.asked: list[Command] = []
        self.replaced = 0
        self.refuses = ""
        self.names: list[str] = []
        self.answer: AnyEvent | None = None
        self._held: asyncio.Future[AnyEvent] | None = None

    def hold(self) -> None:
        """From now on commands run without end."""
        self._held = asyncio.get_running_loop().create_future()

    async def ensure(self) -> None:
        await asyncio.sleep(0)
        if self.refuses:
            raise RuntimeError(self.refuses)
        self.started = True

    async def ask(self, command: Command) -> AnyEvent:
        self.asked.append(command)
        if self._held is not None:
            return await self._held
        if self.answer is not None:
            return self.answer
        if isinstance(command, Complete):
            return Completions(start=0, names=self.names)
        assert isinstance(command, Evaluate)
        return Evaluated(items=[text_item(f"{command.code}\n")])

    async def replace_worker(self) -> None:
        self.replaced += 1
        if self._held is not None:
            self._held.set_result(Failed(kind="internal", message="The worker was stopped."))
            self._held = None


class Prompt:
    """A console, and what it has kept and rendered."""

    def __init__(self, kept: str = "") -> None:
        self.worker, self.kept = FakeWorker(), kept
        self.notes: list[str] = []
        self.befores: list[int] = []  # how many commands the worker had got each time that something came before one
        self.control = ConsoleController(
            self.worker,
            before=self._before,
            image=lambda: np.ones((28, 28), np.float32),
            keep=self._keep,
            kept=kept,
            render=self._render,
        )

    async def _before(self) -> None:
        self.befores.append(len(self.worker.asked))

    def _keep(self, text: str) -> None:
        self.kept = text

    def _render(self, state: ConsoleState) -> None:
        if self.notes[-1:] != [state.note]:
            self.notes.append(state.note)

    @property
    def state(self) -> ConsoleState:
        return self.control.state

    @property
    def shown(self) -> list[tuple[str, str]]:
        return [(entry.kind, entry.text) for entry in self.state.entries]

    def type(self, text: str, cursor: int | None = None) -> None:
        self.control.typed(text, len(text) if cursor is None else cursor)

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    async def enter(self, text: str) -> None:
        self.type(text)
        assert self.control.enter(shift=False)
        await self.settle()


def at_prompt(test: Callable[[Prompt], Awaitable[None]], kept: str = "") -> None:
    async def go() -> None:
        await test(Prompt(kept))

    asyncio.run(go())


# ---- Typing


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("x", False),
        ("1 +", False),
        ("x = (", True),
        ("x = (1,\n  2", True),
        ("x = (1,\n  2)", True),  # an indented line: an empty one ends it
        ("x = (1,\n2)", False),
        ("def f():", True),
        ("def f():  # why", True),
        (BLOCK, True),
        (BLOCK + "\n", False),
        (BLOCK + "\n    ", False),
        ("for i in range(3): print(i)", False),
        ("if a:\n    b\nelse:", True),
        ("@f", True),
        ("'''a", True),
        ("'''a\nb'''", False),
        ("'''a\n", True),
        ("'a", False),
        ("a \\", True),
        ("x[1:", True),
        ("x = '(' # (", False),
        ("x = 'a\\'('", False),
        ("'a\\\\'", False),
        ('x = """a\\"""', True),
        ('x = """(""" + "\'"', False),
        ("x[1:2]", False),
        (")", False),
        ("(]", False),
        ("if a:\n    b\n  c\n", False),
        ("", False),
        ("# a note", False),
        ("-" * 100_000 + "1", False),
        ("(" * 150, True),
        ("\0", False),
    ],
)
def test_a_text_that_goes_on_is_known(text: str, more: bool) -> None:
    assert goes_on(text) is more


@pytest.mark.parametrize(
    ("text", "indent"), [("a", ""), ("def f():", "    "), ("  if a:", "      "), ("    b", "    "), ("a\nb", "")]
)
def test_a_new_line_begins_where_it_should(text: str, indent: str) -> None:
    assert next_indent(text) == indent


@pytest.mark.parametrize(
    ("text", "cursor", "can"),
    [
        ("x", 1, True),
        ("np.", 3, True),
        ("w['", 3, True),
        ("a1", 2, True),
        ("", 0, False),
        ("x ", 2, False),
        ("x", 0, False),
        ("x\n", 2, False),
    ],
)
def test_what_is_before_the_cursor_decides_whether_tab_completes(text: str, cursor: int, can: bool) -> None:
    assert can_complete(text, cursor) is can


def test_completing_adds_what_all_names_have_in_common() -> None:
    assert completed("f(wei) + 1", 5, 2, ["weights"]) == ("f(weights) + 1", 9)
    assert completed("np.ei", 5, 3, ["eig", "eigh"]) == ("np.eig", 6)
    assert completed("np.", 3, 3, ["a", "b"]) == ("np.", 3)
    assert completed("Xy", 2, 0, ["xy"]) == ("Xy", 2)


# ---- History


def test_what_was_typed_is_kept_and_comes_back() -> None:
    history = console_history.History("")
    assert (history.older("draft"), history.newer()) == (None, None)
    for command in ("one", "two", "two"):
        kept = history.add(command)
    again = console_history.History(kept)
    assert [again.older("draft") for _ in range(3)] == ["two", "one", None]
    assert [again.newer() for _ in range(3)] == ["two", "draft", None]
    again.forget()
    assert again.older("") is None


def test_history_does_not_grow_without_end() -> None:
    history = console_history.History("")
    for i in range(MAX_COMMANDS + 50):
        kept = history.add(f"{i}")
    assert len(json.loads(kept)) == MAX_COMMANDS
    assert json.loads(kept)[-1] == f"{MAX_COMMANDS + 49}"
    kept = history.add("x" * MAX_CHARACTERS)
    assert len(json.loads(kept)) == 1
    assert history.add("x" * (MAX_CHARACTERS + 1)) == ""


@pytest.mark.parametrize("text", ["", "{}", "[1]", "[" * 5000, "nonsense", '["a", null]', '"a"'])
def test_damaged_history_is_none(text: str) -> None:
    assert console_history.loads(text) == []


# ---- Commands


def test_enter_runs_a_command_and_shows_what_comes_of_it() -> None:
    async def go(prompt: Prompt) -> None:
        await prompt.enter("x + 1")
        (command,) = prompt.worker.asked
        assert isinstance(command, Evaluate)
        assert command.code == "x + 1"
        assert np.frombuffer(command.image, "<f4").tolist() == [1] * 784
        assert prompt.shown == [("input", "x + 1"), ("text", "x + 1")]
        assert (prompt.state.text, prompt.state.is_busy) == ("", False)
        assert prompt.notes == ["", STARTING, RUNNING, ""]
        assert json.loads(prompt.kept) == ["x + 1"]

    at_prompt(go)


def test_enter_begins_a_line_where_the_text_goes_on() -> None:
    async def go(prompt: Prompt) -> None:
        for text, after in (("def f():", "def f():\n    "), (BLOCK, BLOCK + "\n    ")):
            before = prompt.state.revision
            await prompt.enter(text)
            assert (prompt.state.text, prompt.state.cursor) == (after, len(after))
            assert prompt.state.revision > before
        prompt.type("ab", 1)
        prompt.control.enter(shift=True)
        assert (prompt.state.text, prompt.state.cursor) == ("a\nb", 2)
        assert prompt.worker.asked == []
        await prompt.enter(BLOCK + "\n    ")
        assert prompt.shown[0] == ("input", BLOCK)

    at_prompt(go)


def test_enter_in_an_empty_field_does_nothing() -> None:
    async def go(prompt: Prompt) -> None:
        await prompt.enter("  ")
        assert (prompt.shown, prompt.worker.asked) == ([], [])

    at_prompt(go)


def test_an_example_runs_and_leaves_what_is_typed() -> None:
    async def go(prompt: Prompt) -> None:
        prompt.type("half a comm")
        await prompt.control.run("x")
        assert prompt.state.text == "half a comm"
        assert prompt.shown[0] == ("input", "x")

    at_prompt(go)


def test_arrow_keys_go_through_history_only_in_the_first_and_last_line() -> None:
    async def go(prompt: Prompt) -> None:
        prompt.type("a\nb", 2)
        assert not prompt.control.up()
        prompt.type("a\nb", 1)
        assert not prompt.control.down()
        assert prompt.control.up()
        assert prompt.state.text == "two"
        assert prompt.control.up()
        assert not prompt.control.up()
        assert prompt.state.text == "one"
        assert prompt.control.down()
        assert prompt.control.down()
        assert prompt.state.text == "a\nb"

    at_prompt(go, kept='["one", "two"]')


def test_tab_completes_and_says_what_else_there_is() -> None:
    async def go(prompt: Prompt) -> None:
        prompt.worker.names = ["weigh", "weights"]
        prompt.type("wei")
        assert prompt.control.tab(shift=False)
        await prompt.settle()
        assert (prompt.state.text, prompt.state.note) == ("weigh", "weigh  weights")
        prompt.type("other")
        assert prompt.state.note == ""
        prompt.worker.names = []
        prompt.control.tab(shift=False)
        await prompt.settle()
        assert (prompt.state.text, prompt.state.note) == ("other", NOTHING)

    at_prompt(go)


def test_a_completion_of_a_text_that_has_changed_meanwhile_is_dropped() -> None:
    async def go(prompt: Prompt) -> None:
        prompt.worker.names = ["weights"]
        prompt.type("wei")
        prompt.control.tab(shift=False)
        prompt.type("weird")
        await prompt.settle()
        assert prompt.state.text == "weird"

    at_prompt(go)


def test_the_field_can_be_left_with_the_keyboard() -> None:
    async def go(prompt: Prompt) -> None:
        prompt.type("")
        assert not prompt.control.tab(shift=False)
        prompt.type("x")
        assert not prompt.control.tab(shift=True)
        prompt.control.escape()
        assert not prompt.control.tab(shift=False)
        prompt.control.escape()
        prompt.type("xy")
        assert prompt.control.tab(shift=False)
        await prompt.settle()

    at_prompt(go)


def test_a_command_that_does_not_end_can_be_stopped() -> None:
    async def go(prompt: Prompt) -> None:
        prompt.worker.hold()
        await prompt.enter("while True: pass")
        assert (prompt.state.can_stop, prompt.state.note) == (True, RUNNING)
        await prompt.enter("1")  # one at a time
        assert (prompt.state.text, len(prompt.worker.asked)) == ("1", 1)
        assert not prompt.control.tab(shift=False)
        await prompt.control.stop()
        await prompt.settle()
        assert prompt.worker.replaced == 1
        assert prompt.shown[-1] == ("error", STOPPED)
        assert STOPPING in prompt.notes
        assert not prompt.state.can_stop
        await prompt.control.stop()  # nothing runs
        assert prompt.worker.replaced == 1
        await prompt.enter("1")
        assert prompt.shown[-1] == ("text", "1")
        assert prompt.befores == [0, 1]

    at_prompt(go)


@pytest.mark.parametrize("answer", [Failed(kind="device", message="The graphics device was lost."), Accepted()])
def test_another_answer_is_an_error(answer: AnyEvent) -> None:
    async def go(prompt: Prompt) -> None:
        prompt.worker.answer = answer
        await prompt.enter("x")
        kind, text = prompt.shown[-1]
        assert kind == "error"
        assert text.endswith(".")

    at_prompt(go)


def test_without_a_worker_it_says_why_and_can_be_tried_again() -> None:
    async def go(prompt: Prompt) -> None:
        prompt.worker.refuses = "The network is down."
        await prompt.enter("x")
        assert prompt.shown[-1] == ("error", "The network is down.")
        prompt.worker.refuses = ""
        await prompt.enter("x")
        assert prompt.shown[-1] == ("text", "x")

    at_prompt(go)


def test_pictures_come_out_of_the_pixels_one_after_another() -> None:
    async def go(prompt: Prompt) -> None:
        images = [np.arange(784, dtype=np.uint8).reshape(28, 28), np.full((200, 700), 9, np.uint8)]
        items = [{**text_item("a picture", "image"), "height": im.shape[0], "width": im.shape[1]} for im in images]
        items.insert(1, text_item("bad", "error"))
        prompt.worker.answer = Evaluated(items=items, pixels=b"".join(image.tobytes() for image in images))
        await prompt.enter("x")
        first, error, second = prompt.state.entries[1:]
        assert error.kind == "error"
        assert first.pixels is not None
        assert second.pixels is not None
        assert first.pixels.shape == (140, 140)
        assert first.pixels[::5, ::5].tolist() == images[0].tolist()
        assert second.pixels.tolist() == images[1].tolist()

    at_prompt(go)


def test_pictures_are_enlarged_as_far_as_there_is_room() -> None:
    sizes = {shape: enlarged(np.zeros(shape, np.uint8)).shape for shape in ((28, 28), (28, 298), (4, 128), (128, 128))}
    assert list(sizes.values()) == [(140, 140), (56, 596), (16, 512), (128, 128)]


def test_only_the_last_entries_stay() -> None:
    async def go(prompt: Prompt) -> None:
        prompt.worker.answer = Evaluated(items=[text_item(f"{i}") for i in range(MAX_ENTRIES + 10)])
        await prompt.enter("x")
        assert len(prompt.state.entries) == MAX_ENTRIES
        assert prompt.shown[-1] == ("text", f"{MAX_ENTRIES + 9}")
        numbers = [entry.number for entry in prompt.state.entries]
        assert numbers == list(range(numbers[0], numbers[0] + MAX_ENTRIES))

    at_prompt(go)


def test_erasing_forgets_what_was_typed() -> None:
    async def go(prompt: Prompt) -> None:
        prompt.control.erased()
        assert prompt.kept == ""
        assert not prompt.control.up()

    at_prompt(go, kept='["one"]')
