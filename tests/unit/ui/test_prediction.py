"""The predictor's order of things: the latest ink wins, one inference at a time, and nothing stale stays on screen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tabgrad.alphabet import DIGITS, Labels
from tabgrad.ink import Snapshot, Stroke
from tabgrad.ui.prediction import Answer, AnswerStatus, Predictor, softmax

EMPTY = Snapshot()


def ink(height: float) -> Snapshot:
    """A bar and beside it a dot as high as `height`, so that every ink gives another image."""
    return Snapshot((Stroke(np.array([(100, 60), (100, 220)])), Stroke(np.array([(160, height)]))))


class SlowNetwork:
    """Answers when it is told to, with the sum of the image as the logit of its digit. Notes what overlaps."""

    temperature = 1.0
    not_sure_below = 0.5

    def __init__(self, digit: int = 3, alphabet: Labels = DIGITS) -> None:
        self.digit, self.alphabet = digit, alphabet
        self.seen: list[NDArray[np.float32]] = []
        self.waiting: list[asyncio.Future[None]] = []
        self.most_at_once = 0

    async def logits(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        self.seen.append(image)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(future)
        self.most_at_once = max(self.most_at_once, len(self.waiting))
        try:
            await future
        finally:
            self.waiting.remove(future)
        return np.where(np.arange(len(self.alphabet)) == self.digit, image.sum(), 0).astype(np.float32)


class Stage:
    """A predictor with a slow network and a screen."""

    def __init__(self) -> None:
        self.network = SlowNetwork()
        self.shown: list[Answer | None] = []
        self.faults: list[Exception] = []
        self.standings: list[AnswerStatus] = ["none"]
        self.predictor = Predictor(self.shown.append, self.faults.append, self.standings.append)
        self.predictor.use(self.network)

    @property
    def screen(self) -> Answer | None:
        return self.shown[-1] if self.shown else None

    def assert_standing(self, ink_now: Snapshot) -> None:
        """ "shown" is only said of an answer to the very ink, "none" only of an empty screen."""
        standing = self.standings[-1]
        assert (standing == "none") == ink_now.is_empty
        if standing == "shown":
            assert self.screen is not None
            np.testing.assert_array_equal(self.screen.image, self.predictor.prepare(ink_now))

    async def finish(self) -> None:
        """Let everything that is in flight, or becomes so, end."""
        for _ in range(20):
            await asyncio.sleep(0)
            for future in list(self.network.waiting):
                if not future.done():
                    future.set_result(None)


def run_scenario(scenario: Callable[[Stage], Awaitable[None]]) -> Stage:
    async def run() -> Stage:
        stage = Stage()
        await scenario(stage)
        await stage.finish()
        return stage

    return asyncio.run(run())


def test_while_the_pen_moves_only_the_last_ink_waits() -> None:
    async def scenario(stage: Stage) -> None:
        for height in range(80, 200, 10):
            stage.predictor.update(ink(height))
            await asyncio.sleep(0)

    stage = run_scenario(scenario)
    assert stage.network.most_at_once == 1
    assert len(stage.network.seen) == 2  # the first ink, and the last one
    assert stage.screen is not None
    np.testing.assert_array_equal(stage.screen.image, stage.predictor.prepare(ink(190)))


def test_without_a_network_nobody_waits_for_an_answer_that_never_comes() -> None:
    """The engine hangs and is left for another one: the same ink is answered there."""

    async def scenario(stage: Stage) -> None:
        stage.predictor.update(ink(100))
        await asyncio.sleep(0)
        silent = list(stage.network.waiting)
        stage.predictor.use(None)
        assert stage.standings[-1] == "none"
        await asyncio.sleep(0)
        assert all(future.cancelled() for future in silent)
        stage.network = SlowNetwork(digit=5)
        stage.predictor.use(stage.network)

    stage = run_scenario(scenario)
    assert stage.screen is not None
    assert stage.screen.ranking[0] == 5
    assert stage.standings[-1] == "shown"
    assert stage.faults == []


def test_an_answer_that_comes_after_clear_is_not_shown() -> None:
    async def scenario(stage: Stage) -> None:
        stage.predictor.update(ink(100))
        await asyncio.sleep(0)
        stage.predictor.update(EMPTY)

    stage = run_scenario(scenario)
    assert stage.shown == [None]


def test_an_answer_of_the_model_before_is_not_shown() -> None:
    async def scenario(stage: Stage) -> None:
        stage.predictor.update(ink(100))
        await asyncio.sleep(0)
        before, stage.network = stage.network, SlowNetwork(digit=8)
        stage.predictor.use(stage.network)
        before.waiting[0].set_result(None)
        await asyncio.sleep(0)

    stage = run_scenario(scenario)
    assert [answer and answer.ranking[0] for answer in stage.shown] == [8]


def test_an_answer_in_other_labels_than_the_networks_is_taken_away_at_once() -> None:
    async def scenario(stage: Stage) -> None:
        stage.predictor.update(ink(100))
        await stage.finish()
        stage.network = SlowNetwork(digit=1, alphabet=("circle", "square", "star"))
        stage.predictor.use(stage.network)
        assert stage.screen is None
        assert stage.standings[-1] == "due"
        await stage.finish()

    stage = run_scenario(scenario)
    assert stage.screen is not None
    assert stage.screen.labels[stage.screen.ranking[0]] == "square"
    assert [answer and answer.labels for answer in stage.shown] == [DIGITS, None, stage.network.alphabet]


def test_a_fault_empties_the_screen_and_the_next_ink_is_tried_again() -> None:
    async def scenario(stage: Stage) -> None:
        stage.predictor.update(ink(100))
        await asyncio.sleep(0)
        stage.network.waiting[0].set_exception(RuntimeError("gone"))
        await stage.finish()
        assert [str(fault) for fault in stage.faults] == ["gone"]
        assert stage.screen is None
        assert stage.standings[-1] == "none"
        stage.predictor.update(ink(120))

    stage = run_scenario(scenario)
    assert stage.screen is not None
    assert len(stage.faults) == 1


def test_new_weights_answer_again_for_the_same_ink() -> None:
    async def scenario(stage: Stage) -> None:
        stage.predictor.refresh()  # nothing to answer for
        stage.predictor.update(ink(100))
        await stage.finish()
        stage.predictor.refresh()

    assert len(run_scenario(scenario).network.seen) == 2


def test_an_example_is_read_and_changes_no_status() -> None:
    examples: list[Answer] = []

    async def scenario(stage: Stage) -> None:
        stage.predictor.read_example(ink(90), examples.append)
        await stage.finish()
        stage.predictor.read_example(ink(150), examples.append)
        await stage.finish()
        stage.predictor.use(stage.network)  # another network reads it, too
        await stage.finish()

    stage = run_scenario(scenario)
    assert [answer.ranking[0] for answer in examples] == [3, 3, 3]
    assert stage.shown == []
    assert stage.standings == ["none"]


def test_while_an_example_grows_only_its_last_state_waits() -> None:
    examples: list[Answer] = []

    async def scenario(stage: Stage) -> None:
        for height in range(80, 200, 10):
            stage.predictor.read_example(ink(height), examples.append)
            await asyncio.sleep(0)

    stage = run_scenario(scenario)
    assert stage.network.most_at_once == 1
    assert len(examples) == 2
    np.testing.assert_array_equal(examples[-1].image, stage.predictor.prepare(ink(190)))


@pytest.mark.parametrize("end", ["draw", "stop", "leave"])
def test_an_example_that_has_ended_has_no_late_answer(end: str) -> None:
    examples: list[Answer] = []

    async def scenario(stage: Stage) -> None:
        stage.predictor.read_example(ink(90), examples.append)
        await asyncio.sleep(0)
        assert stage.network.waiting
        if end == "draw":
            stage.predictor.update(ink(120))
        elif end == "stop":
            stage.predictor.read_example(None, examples.append)
        else:
            stage.predictor.use(None)
        await stage.finish()

    stage = run_scenario(scenario)
    assert examples == []
    assert stage.network.most_at_once == 1
    if end == "draw":
        assert stage.screen is not None
        np.testing.assert_array_equal(stage.screen.image, stage.predictor.prepare(ink(120)))
        assert stage.standings[-1] == "shown"


def test_an_example_that_fails_is_given_up_in_silence() -> None:
    async def scenario(stage: Stage) -> None:
        stage.predictor.read_example(ink(90), lambda _answer: None)
        await asyncio.sleep(0)
        stage.network.waiting[0].set_exception(RuntimeError("gone"))
        await stage.finish()
        stage.predictor.update(ink(120))

    stage = run_scenario(scenario)
    assert stage.faults == []
    assert stage.screen is not None


@given(st.lists(st.sampled_from(["draw", "clear", "switch", "wait", "finish", "example"]), max_size=30))
@settings(max_examples=150)
def test_whatever_happens_the_screen_ends_up_right(events: list[str]) -> None:
    last = EMPTY

    async def scenario(stage: Stage) -> None:
        nonlocal last
        for number, event in enumerate(events):
            if event in ("draw", "clear"):
                last = ink(60 + number) if event == "draw" else EMPTY
                stage.predictor.update(last)
                assert last is not EMPTY or stage.screen is None  # at once
            elif event == "example":  # it must never be seen in the place of an answer
                stage.predictor.read_example(ink(40), lambda _answer: None)
            elif event == "switch":
                stage.predictor.use(stage.network)
            elif event == "wait":
                await asyncio.sleep(0)
            else:
                await stage.finish()
            stage.assert_standing(last)

    stage = run_scenario(scenario)
    assert stage.network.most_at_once <= 1
    assert stage.standings[-1] == ("none" if last is EMPTY else "shown")
    if last is EMPTY:
        assert stage.screen is None
    else:
        assert stage.screen is not None
        np.testing.assert_array_equal(stage.screen.image, stage.predictor.prepare(last))


@given(st.lists(st.floats(-1e4, 1e4), min_size=10, max_size=10), st.floats(0.1, 10))
def test_softmax_sums_to_one_and_keeps_the_order(logits: list[float], temperature: float) -> None:
    values = np.array(logits)
    probabilities = softmax(values, temperature)
    assert probabilities.sum() == pytest.approx(1)
    assert probabilities[values.argmax()] == probabilities.max()
    np.testing.assert_allclose(softmax(values + 5, temperature), probabilities, atol=1e-9)
