"""The editor's questions: each is answered once, and the worker is not started for code that nobody has read."""

from __future__ import annotations

import asyncio
import json

import pytest

from tabgrad.ui.code.helping import Helping
from tabgrad.ui.compiler import Place
from tests.unit.ui.code.code_bench import FakeCompiler

PLACE = Place("x.re", 1, 4)


def test_a_question_is_answered_as_json() -> None:
    answers: list[str] = []
    helping = Helping(FakeCompiler(), lambda: False)
    asyncio.run(helping.answer(PLACE, answers.append, hover=False))
    asyncio.run(helping.answer(PLACE, answers.append, hover=True))
    asyncio.run(Helping(None, lambda: False).answer(PLACE, answers.append, hover=False))
    assert [json.loads(answer) for answer in answers] == [
        {"options": [{"label": "x.re"}], "signature": "", "doc": ""},
        {"options": [], "signature": "f()", "doc": ""},
        {"options": [], "signature": "", "doc": ""},
    ]


def test_a_fault_is_an_answer_too() -> None:
    compiler, answers = FakeCompiler(), list[str]()
    compiler.lost = "Lost."
    with pytest.raises(RuntimeError):
        asyncio.run(Helping(compiler, lambda: False).answer(PLACE, answers.append, hover=False))
    assert [json.loads(answer)["options"] for answer in answers] == [[]]


def test_the_worker_is_started_once_and_not_for_code_that_is_unread() -> None:
    compiler, unread = FakeCompiler(), True
    helping = Helping(compiler, lambda: unread)
    asyncio.run(helping.focused())
    assert compiler.prepared == 0
    unread = False
    for _ in range(2):
        asyncio.run(helping.focused())
    assert compiler.prepared == 1
