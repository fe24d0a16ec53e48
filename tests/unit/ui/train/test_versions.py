"""Which version of the network answers while the time slider moves, in a run, after it, and after a reload."""

from __future__ import annotations

from tabgrad import protocol
from tabgrad.artifacts import TimelineEntry
from tabgrad.artifacts.timeline import MAX_ENTRIES
from tabgrad.ui.train.state import Timeline
from tabgrad.ui.train.trained_models import TRAINING
from tests.unit.ui.train.controller_bench import (
    FINISHED,
    INFER,
    NBSP,
    SETTINGS,
    Bench,
    epoch,
    expected,
    on_bench,
    timeline_of,
    weights,
)
from tests.unit.ui.train.train_stores import run_row


def test_back_in_time_the_older_network_answers_until_the_slider_is_at_its_end_again() -> None:
    async def go(bench: Bench) -> None:
        await bench.begin()
        bench.receive(epoch(10), epoch(20))
        bench.controller.versions.move_to(0)
        assert await bench.answering() == expected(weights(10))
        bench.receive(protocol.Weights(step=25, weights=weights(25)))
        assert await bench.answering() == expected(weights(10))
        bench.controller.versions.move_to(1)
        assert await bench.answering() == expected(weights(25))
        file = await bench.controller.files.exported()
        assert file is not None
        assert file[1] == weights(25)

    on_bench(go)


def test_back_in_time_everything_says_which_version_answers() -> None:
    async def go(bench: Bench) -> None:
        await bench.begin()
        bench.receive(epoch(0), epoch(10), epoch(20))
        bench.client.running = False
        bench.receive(FINISHED)
        await bench.settle()
        run = next(name for name in bench.page.titles if name != TRAINING)
        newest = bench.page.said[-1]
        assert bench.state.validation_accuracy == 0.97
        for position, name, where in (
            (1, "epoch 1.00", "epoch 1.00"),
            (0, "epoch 0", "epoch 0, before it learned anything"),
        ):
            bench.controller.versions.move_to(position)
            assert bench.page.titles == {TRAINING: f"Just trained, {name}", run: "Run 1"}
            assert bench.page.model is not None
            assert bench.page.model.title == f"The network just trained ({name})"
            assert bench.page.said[-1] == f"Back at {where}: right on 90.00{NBSP}% of the validation images."
            assert bench.state.validation_accuracy == 0.9
            assert bench.state.back == bench.state.timeline.entries[position]
            assert {"timeline", "progress"} <= set(bench.rendered)
        bench.controller.versions.move_to(2)
        assert bench.page.titles[TRAINING] == "Just trained"
        assert bench.page.said[-1] == newest
        assert (bench.state.back, bench.state.validation_accuracy) == (None, 0.97)

    on_bench(go)


def test_a_run_that_began_with_a_network_knew_something_at_epoch_0() -> None:
    timeline = Timeline()
    timeline.origin = "MLP"
    for step in (0, 10):
        timeline.add(TimelineEntry(step, step / 10, 0.99, b""))
    assert timeline.back() == ""
    timeline.move_to(0)
    assert timeline.back() == f"Back at epoch 0, before this run: right on 99.00{NBSP}% of the validation images."


def test_the_slider_brings_the_network_in_training_back_if_another_one_answers() -> None:
    async def go(bench: Bench) -> None:
        await bench.begin()
        bench.receive(epoch(10), epoch(20))
        bench.page.model = None  # the visitor has picked another one
        bench.receive(protocol.Weights(step=25, weights=weights(25)))
        await bench.settle()
        assert bench.page.model is None
        bench.controller.versions.move_to(0)
        await bench.settle()
        assert await bench.answering() == expected(weights(10))
        assert bench.page.said[-1].startswith("Back at epoch 1.00")

    on_bench(go)


def test_a_run_that_ends_while_an_older_version_answers_does_not_say_that_the_newest_does() -> None:
    async def go(bench: Bench) -> None:
        await bench.begin()
        bench.receive(epoch(10), epoch(20))
        bench.controller.versions.move_to(0)
        said = list(bench.page.said)
        bench.client.running = False
        bench.receive(FINISHED)
        await bench.settle()
        assert bench.page.said == said
        assert bench.page.titles[TRAINING] == "Just trained, epoch 1.00"
        assert bench.announced[-1] == bench.state.message.text
        await bench.controller.reset()
        assert await bench.answering() == expected(weights(1))
        assert bench.page.titles[TRAINING] == "Just trained"

    on_bench(go)


def test_an_entry_that_is_thinned_out_while_it_answers_is_followed_by_the_next_one() -> None:
    async def go(bench: Bench) -> None:
        await bench.begin()
        bench.receive(epoch(0), epoch(1), epoch(2))
        bench.controller.versions.move_to(1)
        assert await bench.answering() == expected(weights(1, 1))
        bench.receive(*(epoch(step) for step in range(3, MAX_ENTRIES + 1)))
        assert bench.state.back is not None
        assert bench.state.back.step == 2
        assert await bench.answering() == expected(weights(bench.state.back.step))
        assert bench.page.said[-1].startswith(f"Back at epoch {bench.state.back.epoch:.2f}")

    on_bench(go)


def test_the_network_of_an_ended_run_comes_back_when_the_slider_moves() -> None:
    async def go(bench: Bench) -> None:
        row = {**run_row("a"), "settings": SETTINGS.to_json()}
        bench.store.begin("a", resumed=False)
        await bench.store.finish(row, weights(20, 20), await timeline_of(bench, 10, 20))
        bench.client.answers[protocol.Prepare] = INFER
        await bench.controller.recall()
        assert bench.state.timeline.run == "run 1"
        assert bench.page.model is None
        assert not bench.client.commands  # nothing is built before it is wanted
        bench.controller.versions.move_to(0)
        await bench.settle()
        assert await bench.answering() == expected(weights(10))
        assert bench.state.message.text == ""
        bench.controller.versions.move_to(1)
        assert await bench.answering() == expected(weights(20))

    on_bench(go)
