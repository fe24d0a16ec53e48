"""The tab Code: nothing that was typed is lost, code from a link does not run by itself, and what is shown is true."""

from __future__ import annotations

import asyncio
import random

import pytest

from tabgrad.settings import RunSettings
from tabgrad.storage import keys
from tabgrad.ui.code import copies, link
from tabgrad.ui.code.compiling import STILL_RUNS
from tabgrad.ui.code.controller import PAUSE_S, READ_AND_RUN, READ_IT
from tabgrad.ui.code.examples import EXAMPLES
from tabgrad.ui.code.tab_memory import MAX_HISTORY
from tabgrad.ui.compiler import SourceProblem
from tests.unit.ui.code.code_bench import MLP, ORIGINALS, FakeCompiler, Tab, in_tab
from tests.unit.ui.train.train_stores import FakeStorage

NET = "class Net: ...\n"


def stored(tab: Tab) -> list[str]:
    """The sources of the copies in the storage, the newest first."""
    return [copy.source for copy in copies.loads(dict.get(tab.storage, keys.CODE))]


def test_a_first_visit_begins_with_the_first_example() -> None:
    async def test(tab: Tab) -> None:
        assert tab.editor.history == [MLP]
        assert tab.state.chosen == "mlp"
        assert tab.state.examples == EXAMPLES
        assert (tab.state.copies, tab.state.is_edited, tab.state.unread) == ({}, False, False)
        assert tab.statuses[-1] == "ready"
        assert not tab.storage, "a look is not stored"

    in_tab(test)


def test_what_is_typed_is_kept_after_a_pause_as_a_copy_beside_the_original() -> None:
    async def test(tab: Tab) -> None:
        tab.editor.replace("one")
        tab.editor.replace("two")
        assert stored(tab) == []
        await asyncio.sleep(PAUSE_S + 0.2)
        assert stored(tab) == ["two"]
        assert tab.state.is_edited
        (value,) = tab.state.copies
        assert tab.state.chosen == value
        assert tab.state.copies[value].startswith("Your code, edited ")
        await tab.code.choose("mlp")
        assert tab.editor.history == [MLP]
        await tab.code.choose(value)
        assert tab.editor.history == ["two"]

    in_tab(test)


def test_choosing_something_else_saves_first() -> None:
    async def test(tab: Tab) -> None:
        tab.editor.replace("not saved yet")
        await tab.code.choose("cnn")
        assert tab.editor.text == ORIGINALS["cnn"]
        assert stored(tab) == ["not saved yet"]
        await tab.type("a CNN")
        assert stored(tab) == ["a CNN", "not saved yet"]

    in_tab(test)


@pytest.mark.parametrize("orderly", [True, False])
def test_a_reload_keeps_the_text_and_its_undo_history(orderly: bool) -> None:
    async def test(tab: Tab) -> None:
        await tab.type("one")
        await tab.type("two")
        await tab.reload(orderly=orderly)
        assert tab.editor.history == [MLP, "one", "two"]
        assert stored(tab) == ["two"]
        await tab.type("three")
        assert stored(tab) == ["three"], "it is the same copy"

    in_tab(test)


def test_what_was_typed_just_before_a_reload_is_saved_by_it() -> None:
    async def test(tab: Tab) -> None:
        await tab.type("one")
        tab.editor.replace("two")
        await tab.reload()
        assert tab.editor.history == [MLP, "one", "two"]
        assert stored(tab) == ["two"]

    in_tab(test)


def test_the_next_visit_begins_with_the_newest_copy() -> None:
    async def test(tab: Tab) -> None:
        await tab.type("one")
        await tab.code.choose("rnn")
        await tab.type("two")
        again = await Tab(tab.storage).begin()
        assert again.editor.history == ["two"]
        assert len(again.state.copies) == 2

    in_tab(test)


def test_a_history_without_end_is_not_kept_but_the_text_is() -> None:
    async def test(tab: Tab) -> None:
        text = "x" * (MAX_HISTORY // 3)
        for i in range(3):
            await tab.type(text + str(i))
        assert len(tab.memory) < MAX_HISTORY
        await tab.reload()
        assert tab.editor.history == [text + "2"]

    in_tab(test)


@pytest.mark.parametrize(
    "memory",
    ["{", "[]", "null", "7", '{"base": "mlp"}', '{"base": 7, "source": []}', "[" * 100_000, '"\\ud800"', "{}{}"],
)
def test_a_damaged_memory_of_the_tab_is_as_good_as_none(memory: str) -> None:
    async def test(tab: Tab) -> None:
        tab.memory = memory
        tab.load()
        await tab.begin()
        assert tab.editor.history == [MLP]

    in_tab(test)


def test_a_damaged_history_costs_only_the_history() -> None:
    async def test(tab: Tab) -> None:
        await tab.type("one")
        tab.memory = tab.memory.replace('[\\"', "{{{")
        tab.load()
        await tab.begin()
        assert tab.editor.history == ["one"]

    in_tab(test)


def test_two_tabs_that_edit_the_same_copy_keep_both() -> None:
    async def test(tab: Tab) -> None:
        await tab.type("begun")
        other = await Tab(tab.storage).begin()
        assert other.editor.text == "begun"
        await other.type("in the other tab")
        await tab.type("in this tab")
        assert sorted(stored(tab)) == ["in the other tab", "in this tab"]
        assert "Another tab" in tab.state.message
        await tab.type("further in this tab")
        assert sorted(stored(tab)) == ["further in this tab", "in the other tab"]
        assert len(other.state.copies) == 1
        await other.code.refresh()
        assert len(set(other.state.copies.values())) == 2

    in_tab(test)


def test_a_duplicated_tab_shows_the_newer_text_unless_its_own_was_not_saved() -> None:
    async def test(tab: Tab) -> None:
        await tab.type("one")
        twin = Tab(tab.storage)
        twin.memory = tab.memory
        await tab.type("two")
        twin.load()
        await twin.begin()
        assert twin.editor.text == "two"
        assert stored(tab) == ["two"]

    in_tab(test)


def test_full_storage_is_said_and_what_was_typed_stays_in_the_tab() -> None:
    async def test(tab: Tab) -> None:
        tab.storage.room = 10
        await tab.type("one")
        assert tab.state.is_error
        assert "full" in tab.state.message
        assert "download it" in tab.state.message
        await tab.code.choose("cnn")
        assert tab.state.is_error, "it is still true"
        (value,) = tab.state.copies
        await tab.code.choose(value)
        assert tab.editor.text == "one"
        tab.storage.room = 10**6
        await tab.type("two")
        assert stored(tab) == ["two"]
        assert (tab.state.message, tab.state.is_error) == ("", False)

    in_tab(test)


def test_without_any_storage_the_editor_works() -> None:
    async def go() -> None:
        storage = FakeStorage()
        storage.fault = "This browser stores nothing for this page."
        tab = await Tab(storage).begin()
        assert tab.editor.text == MLP
        assert not tab.state.is_error, "nothing is lost so far"
        await tab.type("one")
        assert storage.fault in tab.state.message
        await tab.reload()
        assert tab.editor.text == "one", "the tab keeps it"

    asyncio.run(go())


def test_reset_goes_back_to_the_original_and_can_be_undone() -> None:
    async def test(tab: Tab) -> None:
        await tab.type("mine")
        await tab.code.reset()
        assert tab.editor.history == [MLP, "mine", MLP]
        assert stored(tab) == []
        assert (tab.state.chosen, tab.state.is_edited, tab.state.can_undo_reset) == ("mlp", False, True)
        await tab.code.reset()
        assert tab.editor.text == "mine"
        assert stored(tab) == ["mine"]
        assert (tab.state.is_edited, tab.state.can_undo_reset) == (True, False)
        await tab.code.reset()
        await tab.type("something new")
        assert not tab.state.can_undo_reset
        await tab.code.reset()
        assert tab.editor.text == MLP

    in_tab(test)


def test_the_editors_own_undo_takes_a_reset_back_too() -> None:
    async def test(tab: Tab) -> None:
        await tab.type("mine")
        await tab.code.reset()
        tab.editor.undo()
        await tab.code.save()
        assert stored(tab) == ["mine"]
        assert (tab.state.is_edited, tab.state.can_undo_reset) == (True, False)

    in_tab(test)


def test_an_example_that_cannot_be_fetched_changes_nothing() -> None:
    async def test(tab: Tab) -> None:
        await tab.type("mine")
        tab.offline = True
        await tab.code.choose("cnn")
        assert tab.editor.text == "mine"
        assert "network down" in tab.state.message
        await tab.reload()
        assert tab.editor.text == "mine"
        await tab.code.reset()
        assert tab.editor.text == "mine", "there is no original to go back to"
        assert "network down" in tab.state.message

    in_tab(test)


def test_a_first_visit_that_gets_no_example_has_an_empty_editor_and_says_why() -> None:
    async def go() -> None:
        tab = Tab(FakeStorage())
        tab.offline = True
        await tab.begin()
        assert tab.editor.text == ""
        assert "network down" in tab.state.message
        assert not tab.storage
        await tab.type(NET)
        assert stored(tab) == [NET]

    asyncio.run(go())


def test_what_was_erased_stays_in_the_editor_only() -> None:
    async def test(tab: Tab) -> None:
        await tab.type("mine")
        tab.storage.pop(keys.CODE)
        tab.code.erased()
        assert tab.editor.text == "mine"
        assert tab.state.copies == {}
        await tab.type("mine again")
        assert stored(tab) == ["mine again"]

    in_tab(test)


# ---- Links


def test_code_from_a_link_is_shown_and_nothing_is_lost_for_it() -> None:
    async def test(tab: Tab) -> None:
        tab.editor.replace("not saved yet")
        await tab.code.open_link(link.pack(NET))
        assert tab.editor.history == [NET]
        assert stored(tab) == ["not saved yet"]
        assert (tab.state.chosen, tab.state.unread, tab.state.message) == ("link", True, READ_IT)
        await tab.code.choose("cnn")
        assert tab.state.message == ""
        await tab.code.choose("link")
        assert tab.editor.text == NET
        assert tab.state.unread
        await tab.reload()
        assert (tab.editor.text, tab.state.unread) == (NET, True)
        assert stored(tab) == ["not saved yet"], "what somebody else wrote is not kept unless it is edited"

    in_tab(test)


def test_code_from_a_link_stays_unread_when_it_is_edited_and_comes_back() -> None:
    async def test(tab: Tab) -> None:
        await tab.code.open_link(link.pack(NET))
        await tab.type(NET + "# mine\n")
        again = await Tab(tab.storage, FakeCompiler()).begin()
        assert again.editor.text == NET + "# mine\n"
        assert again.state.unread
        await again.code.compile(pressed=False)
        assert again.compiler is not None
        assert again.compiler.asked == []
        await again.code.compile(pressed=True)
        assert len(again.compiler.asked) == 1
        await again.reload()
        assert not again.state.unread
        await again.code.reset()
        assert again.editor.text == NET, "the original is what the link had"

    in_tab(test)


@pytest.mark.parametrize("packed", ["", "%%%", "AAAA", link.pack(NET)[:-3], "A" * (link.MAX_PACKED + 1)])
def test_a_damaged_link_is_one_sentence_and_changes_nothing(packed: str) -> None:
    async def test(tab: Tab) -> None:
        await tab.type("mine")
        await tab.code.open_link(packed)
        assert tab.editor.history == [MLP, "mine"]
        assert tab.state.problem is not None
        assert tab.state.problem.line == 0
        assert tab.state.problem.message.startswith("The code in this link is ")
        await tab.code.open_link(link.pack(NET))
        assert tab.state.problem is None

    in_tab(test)


def test_a_link_has_the_text_as_it_is_now_and_says_when_it_is_long() -> None:
    async def test(tab: Tab) -> None:
        tab.editor.replace(NET)
        packed, sentence = tab.code.packed()
        assert link.unpack(packed) == NET
        assert "cut" not in sentence
        tab.editor.replace(random.Random(1).randbytes(10_000).hex())
        packed, sentence = tab.code.packed()
        assert link.unpack(packed) == tab.editor.text
        assert f"{len(packed):,} characters" in sentence

    in_tab(test)


def test_a_download_is_named_after_its_example() -> None:
    async def test(tab: Tab) -> None:
        await tab.type(f"{MLP}mine é")
        assert tab.code.file() == ("mlp.py", f"{MLP}mine é".encode())
        assert next(iter(tab.state.copies.values())).startswith("MLP, edited ")
        await tab.type('"""My net."""\n')
        assert tab.code.file()[0] == "network.py"
        assert next(iter(tab.state.copies.values())).startswith("My net, edited ")
        await tab.code.open_link(link.pack(NET))
        assert tab.code.file() == ("network.py", NET.encode())

    in_tab(test)


def test_a_script_has_the_text_and_the_settings_of_the_form() -> None:
    async def test(tab: Tab) -> None:
        tab.editor.replace(NET)
        file = tab.code.script(RunSettings(model="cnn", batch=77))
        assert file is not None
        assert file[0] == "train_your_code.py"
        assert file[1].decode().startswith(NET.rstrip())
        assert b"BATCH = 77" in file[1]
        tab.editor.replace("#" * 100_001)
        assert tab.code.script(RunSettings()) is None
        assert (tab.state.is_error, "100,001 bytes" in tab.state.message) == (True, True)
        tab.editor.replace("x = 1\nclass Net(:")
        assert tab.code.script(RunSettings()) is None
        assert tab.state.message == "Python cannot read line 2, so there is no script: compile the code first."

    in_tab(test)


# ---- Compiling


def compiler_of(tab: Tab) -> FakeCompiler:
    assert tab.compiler is not None
    return tab.compiler


def test_without_a_compiler_nothing_runs() -> None:
    async def test(tab: Tab) -> None:
        await tab.type(NET)
        before = list(tab.statuses)
        await tab.code.compile(pressed=True)
        await tab.code.train()
        assert tab.statuses == before
        assert not tab.state.can_compile

    in_tab(test)


def test_compiling_saves_first_and_says_what_came_of_it() -> None:
    async def test(tab: Tab) -> None:
        assert tab.state.can_compile
        tab.editor.replace(NET)
        await tab.code.compile(pressed=False)
        assert stored(tab) == [NET]
        assert tab.statuses[-3:] == ["ready", "compiling", "compiled"]
        assert tab.state.message == f"Compiled {NET!r}."
        await tab.type(NET + "#")
        assert tab.state.status == "ready"
        tab.editor.undo()
        await tab.code.save()
        assert tab.state.status == "compiled", "it is what was compiled"

    in_tab(test, compiler=True)


def test_a_problem_is_marked_at_its_line_and_the_line_moves_with_the_text() -> None:
    async def test(tab: Tab) -> None:
        await tab.type("x = 1\ny = 2\n")
        await tab.code.compile(pressed=True)
        assert tab.state.status == "failed"
        assert tab.state.problem is not None
        assert (tab.state.problem.line, tab.state.problem.message) == (2, "There is no Net.")
        assert tab.editor.problems == [(2, "There is no Net.")]
        assert tab.state.message == ""
        tab.editor.problems = [(3, "There is no Net.")]  # the editor has moved it
        await tab.type("\nx = 1\ny = 2\n")
        assert tab.state.problem.line == 3
        assert tab.state.status == "ready"
        await tab.type(NET)
        await tab.code.compile(pressed=True)
        assert tab.state.problem is None
        assert tab.editor.problems == []

    in_tab(test, compiler=True)


def test_a_problem_goes_with_what_was_wrong_and_comes_back_with_it() -> None:
    async def test(tab: Tab) -> None:
        await tab.type("x = 1\ny = 2\n")
        await tab.code.compile(pressed=True)
        tab.editor.problems = []  # the line was edited
        await tab.type("x = 1\ny = 3\n")
        assert (tab.state.problem, tab.state.status) == (None, "ready")
        tab.editor.undo()
        await tab.code.save()
        assert tab.state.problem == SourceProblem(2, "There is no Net.")
        assert tab.editor.problems == [(2, "There is no Net.")]
        assert tab.state.status == "failed"

    in_tab(test, compiler=True)


def test_a_problem_behind_the_last_line_stays_until_the_text_is_another() -> None:
    async def test(tab: Tab) -> None:
        await tab.type("x = 1\ny = 2\n")
        await tab.code.compile(pressed=True)
        tab.editor.problems = []  # the editor has no such line
        await tab.code.save()
        assert tab.state.problem == SourceProblem(2, "There is no Net.")

    in_tab(test, compiler=True)


def test_compiling_twice_compiles_the_newest_text_once_more() -> None:
    async def test(tab: Tab) -> None:
        compiler = compiler_of(tab)
        compiler.gate.clear()
        await tab.type("one")
        first = asyncio.ensure_future(tab.code.compile(pressed=True))
        await asyncio.sleep(0.01)
        assert tab.state.status == "compiling"
        await tab.code.compile(pressed=True)
        tab.editor.replace(NET)
        await tab.code.compile(pressed=True)
        compiler.gate.set()
        await first
        assert compiler.asked == ["one", NET]
        assert tab.state.status == "compiled"
        assert tab.state.problem is None

    in_tab(test, compiler=True)


def test_a_compilation_that_says_nothing_is_said_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tabgrad.ui.code.compiling.SILENT_S", 0.01)

    async def test(tab: Tab) -> None:
        compiler = compiler_of(tab)
        compiler.gate.clear()
        compiling = asyncio.ensure_future(tab.code.compile(pressed=True))
        async with asyncio.timeout(10):
            while tab.state.message != STILL_RUNS.format(0):
                await asyncio.sleep(0)
        compiler.gate.set()
        await compiling
        message = tab.state.message
        await asyncio.sleep(0.05)
        assert tab.state.message == message != STILL_RUNS.format(0)

    in_tab(test, compiler=True)


def test_the_same_text_is_not_compiled_twice_for_two_presses() -> None:
    async def test(tab: Tab) -> None:
        compiler = compiler_of(tab)
        compiler.gate.clear()
        first = asyncio.ensure_future(tab.code.compile(pressed=True))
        await asyncio.sleep(0.01)
        await tab.code.compile(pressed=True)
        compiler.gate.set()
        await first
        assert len(compiler.asked) == 1

    in_tab(test, compiler=True)


def test_what_comes_of_a_text_is_not_shown_at_another_one() -> None:
    async def test(tab: Tab) -> None:
        compiler = compiler_of(tab)
        compiler.gate.clear()
        first = asyncio.ensure_future(tab.code.compile(pressed=True))
        await asyncio.sleep(0.01)
        await tab.code.choose("cnn")
        assert tab.state.status == "compiling"
        compiler.gate.set()
        await first
        assert tab.state.status == "ready"
        assert tab.state.problem is None

    in_tab(test, compiler=True)


def test_a_lost_worker_is_a_sentence_and_compiling_works_again() -> None:
    async def test(tab: Tab) -> None:
        compiler_of(tab).lost = "The worker has stopped. Compile again."
        await tab.type(NET)
        await tab.code.compile(pressed=True)
        assert tab.state.status == "failed"
        assert tab.state.problem is not None
        assert tab.state.problem.message == compiler_of(tab).lost
        compiler_of(tab).lost = ""
        await tab.code.compile(pressed=True)
        assert tab.state.status == "compiled"
        compiler_of(tab).lost = "The worker has stopped."
        await tab.code.train()
        assert tab.state.message == "The worker has stopped."
        assert tab.state.is_error

    in_tab(test, compiler=True)


def test_a_source_of_a_megabyte_is_refused_and_kept() -> None:
    async def test(tab: Tab) -> None:
        await tab.type("#" * 1_000_000)
        await tab.code.compile(pressed=True)
        assert compiler_of(tab).asked == []
        assert tab.state.problem is not None
        assert "too long" in tab.state.problem.message
        assert len(stored(tab)[0]) == 1_000_000

    in_tab(test, compiler=True)


def test_code_from_a_link_runs_only_when_the_button_is_pressed() -> None:
    async def test(tab: Tab) -> None:
        compiler = compiler_of(tab)
        await tab.code.open_link(link.pack(NET))
        assert tab.state.message == READ_AND_RUN
        await tab.code.compile(pressed=False)
        await tab.code.train()
        assert (compiler.asked, compiler.trained) == ([], [])
        assert tab.state.message == READ_AND_RUN
        await tab.code.compile(pressed=True)
        assert compiler.asked == [NET]
        assert not tab.state.unread
        await tab.code.choose("mlp")
        await tab.code.choose("link")
        assert not tab.state.unread, "it was read"
        await tab.code.open_link(link.pack(NET + "evil"))
        assert tab.state.unread, "this one was not"

    in_tab(test, compiler=True)


def test_training_compiles_first_if_the_text_has_changed() -> None:
    async def test(tab: Tab) -> None:
        compiler = compiler_of(tab)
        await tab.type("nothing")
        await tab.code.train()
        assert (compiler.asked, compiler.trained) == (["nothing"], [])
        await tab.type(NET)
        await tab.code.train()
        await tab.code.train()
        assert (compiler.asked, compiler.trained) == (["nothing", NET], [NET, NET])

    in_tab(test, compiler=True)


def test_an_editor_that_cannot_be_loaded_is_said() -> None:
    async def test(tab: Tab) -> None:
        tab.code.fail("The editor could not be fetched.")
        assert (tab.state.status, tab.state.is_error) == ("failed", True)

    in_tab(test)
