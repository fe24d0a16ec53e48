"""What a visitor does with alphabets: naming, drawing, moving, undoing, importing, and many drawings in a row."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tabgrad.alphabet import DIGITS
from tabgrad.data.drawings import dumps
from tabgrad.ink import Snapshot
from tabgrad.settings import RunSettings
from tabgrad.ui.alphabets.series import COUNT, PAUSE_S, Series
from tabgrad.ui.alphabets.training import settings_for
from tests.unit.ui.alphabets.alphabet_parts import FakePad, Tab, drawing, line


def test_a_drawing_is_kept_and_the_pad_is_empty_for_the_next() -> None:
    tab = Tab().begin("sun", "moon")
    assert tab.keep(1, 7, 8) == "Kept as moon, 2 drawings."
    assert tab.pad.ink.is_empty
    assert tab.shape() == {"sun": [], "moon": [7, 8]}


def test_an_empty_pad_and_a_class_that_is_not_there_keep_nothing() -> None:
    tab = Tab().begin("sun")
    tab.go(tab.editing.keep(0))
    assert tab.controller.said == "The pad is empty. Draw something first."
    tab.pad.draw(1)
    tab.go(tab.editing.keep(5))
    assert not tab.pad.ink.is_empty
    assert tab.shape() == {"sun": []}


def test_what_does_not_fit_stays_on_the_pad(monkeypatch: pytest.MonkeyPatch) -> None:
    tab = Tab().begin("sun")
    tab.keep(0, 1)
    monkeypatch.setattr("tabgrad.data.drawings.MAX_DRAWINGS", 1)
    tab.pad.draw(2)
    ink = tab.pad.ink
    tab.go(tab.editing.keep(0))
    assert tab.controller.said == "At most 1 drawings can be kept, so nothing was added."
    assert tab.pad.ink is ink


def test_a_name_that_cannot_be_is_one_sentence_and_changes_nothing() -> None:
    tab = Tab().begin("sun", "moon")
    for name, said in (("sun", "Two classes are called 'sun'"), (" ", "name that one can see"), ("x" * 40, "too long")):
        assert not asyncio.run(tab.editing.add_class(name))
        assert said in tab.controller.said
        tab.go(tab.editing.rename_class(1, name))
        assert said in tab.controller.said
    assert tab.go(tab.editing.rename("\N{ZERO WIDTH SPACE}")) == "A data set must have a name."
    assert tab.shape() == {"sun": [], "moon": []}


def test_everything_can_be_undone_step_by_step() -> None:
    tab = Tab().begin("sun", "moon")
    tab.keep(0, 1, 2)
    assert tab.store.found is not None
    states = [tab.shape()]
    first = tab.store.found.drawings[0]
    for change in (
        lambda: tab.editing.move(first, 1),
        lambda: tab.editing.rename_class(1, "night"),
        lambda: tab.editing.remove_class(0),
        lambda: tab.editing.add_class("star"),
    ):
        tab.go(change())
        states.append(tab.shape())
    assert states[-1] == {"night": [1], "star": []}
    for before in states[-2::-1]:
        tab.go(tab.editing.undo())
        assert tab.shape() == before
    tab.go(*(tab.editing.undo() for _ in range(4)))
    assert tab.shape() == {}
    assert not tab.editing.can_undo
    assert tab.go(tab.editing.undo()) == "There is nothing to undo."


def test_a_drawing_that_is_gone_is_not_selected_any_more() -> None:
    tab = Tab().begin("sun", "moon")
    tab.keep(0, 1)
    assert tab.store.found is not None
    one = tab.store.found.drawings[0]
    tab.editing.select(one)
    tab.editing.show_on_pad(one)
    assert tab.pad.ink.strokes[0].points.tolist() == line(1)[0].points.tolist()
    tab.go(tab.editing.remove(one))
    assert (tab.editing.selected, tab.controller.said) == (None, "Removed a drawing of sun.")


def test_alphabets_have_names_of_their_own() -> None:
    tab = Tab().begin(name="Runes").begin(name="Runes").begin(name=" ")
    assert [one.name for one in tab.store.listed] == ["My alphabet", "Runes", "Runes 2"]
    assert len(set(tab.opened)) == 3


def test_files_of_the_same_classes_come_together_and_others_make_a_new_alphabet() -> None:
    pupil = Tab().begin("moon", "sun")
    pupil.keep(0, 5)
    content = asyncio.run(pupil.store.content(pupil.store.open_id))
    tab = Tab().begin("sun", "moon", name="Class")
    tab.keep(0, 1)
    assert tab.go(tab.controller.import_file(content)) == "Imported 1 drawing."
    assert tab.shape() == {"sun": [1], "moon": [5]}
    assert "were here already" in tab.go(tab.controller.import_file(content))
    assert tab.shape() == {"sun": [1], "moon": [5]}
    assert tab.go(tab.controller.import_file(dumps([drawing(7)], 280.0).encode())) == "Imported 1 drawing."
    assert tab.store.found is not None
    assert (tab.store.found.name, tab.store.found.labels) == ("Digits", DIGITS)
    assert tab.go(tab.controller.import_file(b"<html>")) == "The file of drawings is damaged; nothing was imported."


def test_a_lesson_opens_beside_what_there_is_and_comes_back_as_it_was_left() -> None:
    tab = Tab().begin("sun", name="Mine")
    tab.keep(0, 3)
    assert tab.go(tab.controller.begin_lesson("arrows")) == "“Arrows” is open."
    assert tab.store.found is not None
    assert (tab.store.found.counts(), tab.controller.missing) == ([20] * 8, "")
    tab.keep(2, 7)
    tab.go(tab.controller.begin_lesson("shapes"))
    tab.go(tab.controller.begin_lesson("arrows"))
    assert tab.store.found.counts() == [20, 20, 21, 20, 20, 20, 20, 20]
    assert {one.name for one in tab.store.listed} == {"Mine", "Arrows", "Shapes"}
    said = tab.go(tab.controller.begin_lesson("runes"))
    assert said == "There is no lesson called 'runes': choose shapes or arrows or script."
    assert tab.store.found.name == "Arrows"


def test_what_is_missing_for_training_is_said() -> None:
    tab = Tab().begin("sun")
    assert "at least 2 classes" in tab.controller.missing
    tab.go(tab.editing.add_class("moon"))
    tab.keep(0, *range(5))
    assert "“moon” 5 more" in tab.controller.missing
    tab.keep(1, *range(10, 15))
    assert tab.controller.missing == ""


def test_the_training_form_gets_the_classes_and_settings_that_suit_few_drawings() -> None:
    tab = Tab().begin("sun", "moon")
    assert tab.store.found is not None
    settings = settings_for(tab.store.open_id, tab.store.found, RunSettings(seed=5, engine="wasm", epochs=99))
    assert (settings.data, settings.labels) == (tab.store.open_id, ("sun", "moon"))
    assert (settings.seed, settings.engine, settings.augment) == (5, "wasm", "none")
    assert settings.epochs < 20


def test_after_everything_was_erased_nothing_is_open_and_nothing_can_be_undone() -> None:
    tab = Tab().begin("sun")

    async def erase() -> None:
        await tab.kept.clear()
        tab.controller.erased()
        await asyncio.sleep(0)

    tab.go(erase())
    assert (tab.store.found, tab.editing.can_undo, tab.store.listed) == (None, False, [])


class Hand:
    """A pad with a clock: `script` says what happens at each look at the pad."""

    def __init__(self, *script: Callable[[FakePad], object]) -> None:
        self.pad, self.kept, self.now = FakePad(), list[float](), 0.0
        self._script = iter(script)
        self.series = Series(0, self.pad, keep=self._keep, paused=lambda: None, now=lambda: self.now, wait=self._wait)

    async def _keep(self) -> bool:
        self.kept.append(float(self.pad.ink.strokes[0].points[0, 0]))
        self.pad.put(Snapshot())
        return True

    async def _wait(self, seconds: float) -> None:
        self.now += seconds
        step = next(self._script, None)
        if step is None:
            self.series.left = 0
        else:
            step(self.pad)

    def run(self) -> list[float]:
        asyncio.run(self.series.run())
        return self.kept


PAUSE = [lambda _pad: None] * round(PAUSE_S / 0.1 + 2)


def test_a_series_keeps_each_drawing_once_when_the_pen_has_paused() -> None:
    hand = Hand(lambda pad: pad.draw(1), *PAUSE, *PAUSE, lambda pad: pad.draw(2), *PAUSE)
    assert hand.run() == [1, 2]


def test_a_pen_that_is_down_and_a_drawing_that_goes_on_are_no_pause() -> None:
    def press(pad: FakePad) -> None:
        pad.draw(1)
        pad.is_drawing = True

    def lift(pad: FakePad) -> None:
        pad.is_drawing = False

    half = PAUSE[: len(PAUSE) // 2]
    assert Hand(press, *PAUSE, *PAUSE).run() == []
    assert Hand(press, *PAUSE, lift, *half, lambda pad: pad.draw(3), *half).run() == []
    assert Hand(press, *PAUSE, lift, *PAUSE).run() == [1]


def test_a_series_ends_after_twenty_drawings() -> None:
    steps: list[Callable[[FakePad], object]] = []
    for number in range(COUNT + 5):
        steps += [lambda pad, x=float(number): pad.draw(x), *PAUSE]  # type: ignore[misc]
    assert Hand(*steps).run() == [float(number) for number in range(COUNT)]


def test_a_series_counts_down_says_what_is_kept_and_can_be_ended_and_undone() -> None:
    tab = Tab().begin("sun", "moon")

    async def go() -> None:
        tab.editing.begin_series(1)
        assert tab.editing.series is not None
        tab.editing.series.left = 5
        tab.pad.draw(1)
        await tab.editing.keep(1)
        await tab.editing.undo()
        assert tab.editing.series.left == 6
        tab.pad.draw(2)
        await tab.editing.keep(0)
        await tab.editing.undo()  # of another class: the series has as many to go as before
        assert tab.editing.series.left == 6
        tab.pad.draw(3)
        await tab.editing.keep_now(1)  # before the pause is over
        await tab.editing.keep_now(1)  # there is nothing on the pad
        tab.pad.draw(4)
        await tab.editing.keep_now(0)
        assert tab.editing.series.left == 5
        tab.editing.end_series()

    tab.go(go())
    assert tab.controller.said == "Ended. What you have drawn is kept."
    assert tab.editing.series is None
