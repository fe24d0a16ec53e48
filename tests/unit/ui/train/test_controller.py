"""The run on the page without a page: what the controller decides, from commands and events to the state of the run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tabgrad import protocol
from tabgrad.artifacts import Record, TimelineEntry, load_weights, pack, save_weights
from tabgrad.artifacts.timeline import MAX_ENTRIES
from tabgrad.backends.wasm import open_device
from tabgrad.network import draw_weights
from tabgrad.settings import RunSettings
from tabgrad.storage import keys
from tabgrad.ui.models import MakeModel, Model
from tabgrad.ui.train.controller import NOT_ALONE, RunController
from tabgrad.ui.train.state import Timeline
from tabgrad.ui.train.store import KEPT_WEIGHTS, TrainStore
from tabgrad.ui.train.trained_models import IMPORTED, TRAINING, TrainedModels
from tests.unit.ui.train.train_stores import FakeStorage, run_row, stores

NBSP = "\N{NO-BREAK SPACE}"
PROGRAM = (Path(__file__).parents[4] / "models" / "mlp" / "programs" / "infer.wasm.simd.json").read_bytes()
SETTINGS = RunSettings(hidden=(128, 64), lr=0.05)
SHAPES: dict[str, tuple[int, ...]] = {
    "layers.0.weight": (784, 128),
    "layers.0.bias": (128,),
    "layers.1.weight": (128, 64),
    "layers.1.bias": (64,),
    "layers.2.weight": (64, 10),
    "layers.2.bias": (10,),
}
READY = protocol.Ready(engine="wasm", description="SIMD", reason="the only one", data="MNIST")
PROGRESS = protocol.Progress(
    state="training", step=10, steps=100, epoch=0.3, epochs=3, samples_per_s=9.0, eta_s=1, elapsed_s=2, lr=0.1
)
INFER = protocol.Compiled(name="infer", source="", seconds=0.0, kernels=3, program=PROGRAM)
FINISHED = protocol.Finished(
    reason="completed",
    step=100,
    epoch=3.0,
    validation_accuracy=0.97,
    test_accuracy=0.98,
    interval=[0.977, 0.983],
    seconds=1.5,
    settings=SETTINGS.to_json(),
)


def weights(seed: int, step: int = 1) -> bytes:
    return save_weights(draw_weights(SHAPES, seed), SETTINGS, step)


def epoch(step: int) -> protocol.Checkpoint:
    """The checkpoint at the end of an epoch, with weights of its own."""
    return protocol.Checkpoint(
        step=step,
        epoch=step / 10,
        end_of_epoch=True,
        validation_accuracy=0.9,
        checkpoint=b"checkpoint %d" % step,
        weights=weights(step, step),
        confusion=np.eye(10, dtype=int).tolist(),
    )


class FakeClient:
    """A worker that answers each command by its type; `commands` is what it was told."""

    def __init__(self) -> None:
        self.commands: list[protocol.Command] = []
        self.answers: dict[type[Any], protocol.AnyEvent] = {protocol.Start: READY, protocol.Prepare: READY}
        self.started = self.running = False
        self.broken = ""

    async def ensure(self) -> None:
        if self.broken:
            raise RuntimeError(self.broken)
        self.started = True

    async def ask(self, command: protocol.Command) -> protocol.AnyEvent:
        self.commands.append(command)
        answer = self.answers.get(type(command), protocol.Accepted())
        if isinstance(command, protocol.Start):
            self.running = isinstance(answer, protocol.Ready)
        return answer

    def told(self, kind: type[Any]) -> list[Any]:
        return [command for command in self.commands if isinstance(command, kind)]


class FakeAnswering:
    """What answers on the page, with its own list of models; `said` is the status line."""

    def __init__(self) -> None:
        self.registry = self
        self.device: Any = None
        self.model: Model | None = None
        self.made: dict[str, MakeModel] = {}
        self.titles: dict[str, str] = {}
        self.said: list[str] = []
        self.updates = 0

    def offer(self, name: str, title: str, make: MakeModel) -> None:
        self.made[name], self.titles[name] = make, title

    def rename(self, name: str, title: str) -> None:
        if name in self.titles:
            self.titles[name] = title

    async def withdraw(self, name: str) -> None:
        self.titles.pop(name, None)

    async def pick(self, name: str, *, quietly: bool = False) -> bool:
        self.model = await self.made[name](self.device)
        return True

    def weights_changed(self) -> None:
        self.updates += 1

    def say(self, sentence: str) -> None:
        self.said.append(sentence)


class FakeLock:
    """The run lock; `free` says whether this tab gets it."""

    def __init__(self) -> None:
        self.free, self.held = True, False

    async def take(self) -> bool:
        self.held = self.free
        return self.free

    def give_back(self) -> None:
        self.held = False


class Bench:
    """A controller with all that it needs; `rendered` collects the parts of the state that views had to show."""

    controller: Any = None

    def __init__(self, store: TrainStore, storage: FakeStorage) -> None:
        self.client: Any = FakeClient()
        self.page: Any = FakeAnswering()
        self.lock = FakeLock()
        self.store, self.storage = store, storage
        self.rendered: list[str] = []
        self.announced: list[str] = []  # to screen readers
        self.asked_to_persist = 0
        self.models = TrainedModels(self.page, self.client, store.weights)
        self.controller = RunController(
            self.client,
            store,
            self.models,
            self.lock,
            render=self._render,
            persist=self._persist,
        )

    def _render(self, parts: frozenset[str]) -> None:
        self.rendered.extend(sorted(parts))
        if "announcement" in parts:
            self.announced.append(self.state.announcement)

    async def _persist(self) -> None:
        self.asked_to_persist += 1

    @property
    def state(self) -> Any:
        return self.controller.state

    async def begin(self, **options: Any) -> None:
        """Start a run and let it make its first progress."""
        await self.controller.start(SETTINGS, **options)
        self.receive(READY, INFER, PROGRESS, protocol.Weights(step=1, weights=weights(1)))
        await self.settle()

    def receive(self, *events: protocol.AnyEvent) -> None:
        for event in events:
            self.controller.receive(event)

    async def settle(self) -> None:
        for _ in range(40):
            await asyncio.sleep(0)

    async def answering(self) -> list[float]:
        assert self.page.model is not None
        return np.asarray((await self.page.model.weights())["layers.0.weight"]).ravel()[:3].tolist()


def expected(data: bytes) -> list[float]:
    return load_weights(data).tensors["layers.0.weight"].ravel()[:3].tolist()


def on_bench(test: Callable[[Bench], Awaitable[None]]) -> None:
    async def go() -> None:
        store, storage, _ = stores()
        bench = Bench(store, storage)
        bench.page.device = await open_device()
        await test(bench)

    asyncio.run(go())


def test_a_prepared_worker_is_ready_and_meanwhile_counts_as_loading() -> None:
    async def go(bench: Bench) -> None:
        seen: list[str] = []
        ask = bench.client.ask

        async def watch(command: protocol.Command) -> protocol.AnyEvent:
            seen.append(bench.state.shown_status)
            return await ask(command)

        bench.client.ask = watch  # type: ignore[method-assign]
        await bench.controller.prepare(lambda: SETTINGS)
        assert seen == ["loading"]
        assert bench.state.shown_status == "ready"
        await bench.controller.prepare(lambda: SETTINGS)  # once is enough
        assert len(bench.client.told(protocol.Prepare)) == 1

    on_bench(go)


def test_what_fails_while_preparing_is_not_shown_before_train_is_pressed() -> None:
    async def go(bench: Bench) -> None:
        bench.client.broken = "The worker's script is missing."
        await bench.controller.prepare(lambda: SETTINGS)
        assert bench.state.shown_status == "none"
        assert bench.state.message.text == ""
        await bench.controller.start(SETTINGS)
        assert (bench.state.status, bench.state.message.text) == ("failed", "The worker's script is missing.")
        assert not bench.lock.held

    on_bench(go)


def test_a_run_from_train_to_its_row_in_the_table() -> None:
    async def go(bench: Bench) -> None:
        await bench.begin()
        assert bench.state.status == "training"
        assert bench.lock.held
        start = bench.client.told(protocol.Start)[0]
        assert (start.settings, start.answer_target) == (SETTINGS.to_json(), "wasm.relaxed")
        assert bench.page.titles == {TRAINING: "In training"}
        assert await bench.answering() == expected(weights(1))
        bench.receive(protocol.Weights(step=2, weights=weights(2)))
        assert bench.page.updates == 1
        assert await bench.answering() == expected(weights(2))
        bench.receive(protocol.Metrics(step=[5], loss=[1.0], accuracy=[0.5], validation_accuracy=[0.9]), epoch(100))
        bench.client.running = False
        bench.receive(FINISHED)
        await bench.settle()
        assert bench.state.status == "finished"
        assert not bench.lock.held
        (row,) = bench.store.runs
        assert (row["engine"], row["parameters"], row["test_accuracy"]) == ("WebAssembly", 109_386, 0.98)
        assert bench.page.titles == {TRAINING: "Just trained", f"run-{row['id']}": "Run 1"}
        assert bench.page.said == [f"The network just trained answers now: right on 98.00{NBSP}% of the test images."]
        assert bench.state.message.text.startswith(f"Finished: right on 98.00{NBSP}% of the test images.")
        assert bench.asked_to_persist == 1
        assert await bench.store.checkpoint() is None
        assert [e.step for e in (await bench.store.timeline())[1]] == [100]

    on_bench(go)


def test_views_are_told_what_has_changed_and_nothing_else() -> None:
    async def go(bench: Bench) -> None:
        await bench.begin()
        for event, parts in (
            (PROGRESS, ["progress"]),
            (protocol.Metrics(step=[5], loss=[1.0], accuracy=[0.5]), ["curves", "progress"]),
            (epoch(10), ["timeline"]),
            (protocol.Notice(message="The device was lost."), ["announcement", "message"]),
            (protocol.Weights(step=2, weights=weights(2)), ["weights"]),
            (protocol.Busy(what="", seconds=9), []),
            (replace(PROGRESS, state="paused"), ["progress", "status"]),
        ):
            bench.rendered.clear()
            bench.receive(event)
            assert sorted(bench.rendered) == parts, event

    on_bench(go)


def test_a_message_about_a_busy_worker_ends_with_the_next_step_and_others_stay() -> None:
    async def go(bench: Bench) -> None:
        await bench.begin()
        bench.receive(protocol.Busy(what="Compiling the train program", seconds=60))
        assert bench.state.message.text == "Compiling the train program …"
        bench.receive(PROGRESS)
        assert bench.state.message.text == ""
        bench.receive(protocol.Notice(message="The device was lost."), PROGRESS)
        assert bench.state.message.text == "The device was lost."

    on_bench(go)


def test_a_paused_run_says_so_unless_there_is_something_else_to_say() -> None:
    async def go(bench: Bench) -> None:
        await bench.begin()
        paused = replace(PROGRESS, state="paused")
        bench.receive(PROGRESS, paused)
        assert bench.state.message.text.startswith("Paused.")
        bench.receive(PROGRESS)
        assert bench.state.message.text == ""
        bench.receive(protocol.Notice(message="The device was lost."), paused, PROGRESS)
        assert bench.state.message.text == "The device was lost."

    on_bench(go)


def test_a_run_that_was_thrown_away_is_not_called_trained() -> None:
    async def go(bench: Bench) -> None:
        await bench.begin()
        bench.receive(protocol.Weights(step=2, weights=weights(2)), PROGRESS)
        await bench.settle()
        await bench.controller.reset()
        assert bench.page.titles[TRAINING] == "Left unfinished"

    on_bench(go)


def test_back_in_time_the_older_network_answers_until_the_slider_is_at_its_end_again() -> None:
    async def go(bench: Bench) -> None:
        await bench.begin()
        bench.receive(epoch(10), epoch(20))
        bench.controller.move_timeline(0)
        assert await bench.answering() == expected(weights(10))
        bench.receive(protocol.Weights(step=25, weights=weights(25)))
        assert await bench.answering() == expected(weights(10))
        bench.controller.move_timeline(1)
        assert await bench.answering() == expected(weights(25))
        file = await bench.controller.exported()
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
            bench.controller.move_timeline(position)
            assert bench.page.titles == {TRAINING: f"Just trained, {name}", run: "Run 1"}
            assert bench.page.model is not None
            assert bench.page.model.title == f"The network just trained ({name})"
            assert bench.page.said[-1] == f"Back at {where}: right on 90.00{NBSP}% of the validation images."
            assert bench.state.validation_accuracy == 0.9
            assert bench.state.back == bench.state.timeline.entries[position]
            assert {"timeline", "progress"} <= set(bench.rendered)
        bench.controller.move_timeline(2)
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
        bench.controller.move_timeline(0)
        await bench.settle()
        assert await bench.answering() == expected(weights(10))
        assert bench.page.said[-1].startswith("Back at epoch 1.00")

    on_bench(go)


def test_a_run_that_ends_while_an_older_version_answers_does_not_say_that_the_newest_does() -> None:
    async def go(bench: Bench) -> None:
        await bench.begin()
        bench.receive(epoch(10), epoch(20))
        bench.controller.move_timeline(0)
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
        bench.controller.move_timeline(1)
        assert await bench.answering() == expected(weights(1, 1))
        bench.receive(*(epoch(step) for step in range(3, MAX_ENTRIES + 1)))
        assert bench.state.back is not None
        assert bench.state.back.step == 2
        assert await bench.answering() == expected(weights(bench.state.back.step))
        assert bench.page.said[-1].startswith(f"Back at epoch {bench.state.back.epoch:.2f}")

    on_bench(go)


def test_the_untrained_network_replaces_nothing_in_the_storage_and_is_stored_with_the_first_checkpoint() -> None:
    async def go(bench: Bench) -> None:
        await bench.store.save_checkpoint(b"of an interrupted run")
        await bench.begin()
        bench.receive(epoch(0))
        await bench.settle()
        assert await bench.store.checkpoint() == b"of an interrupted run"
        bench.receive(replace(epoch(5), end_of_epoch=False, weights=b"", confusion=[]))
        await bench.settle()
        assert await bench.store.checkpoint() == b"checkpoint 5"
        assert [e.step for e in (await bench.store.timeline())[1]] == [0]

    on_bench(go)


def test_screen_readers_hear_of_beginning_middle_and_end_and_of_nothing_in_between() -> None:
    async def go(bench: Bench) -> None:
        await bench.begin()
        for step in range(0, 100, 10):
            bench.receive(
                protocol.Metrics(step=[step], loss=[1.0], accuracy=[0.5], validation_accuracy=[0.5 + step / 250]),
                replace(PROGRESS, step=step, elapsed_s=step),
                epoch(step),
            )
        bench.client.running = False
        bench.receive(FINISHED)
        await bench.settle()
        assert bench.announced == [
            "Training has begun.",
            f"Half way: right on 70.00{NBSP}% of the validation images.",
        ]
        assert len(bench.page.said) == 1, "the status line says how it ended"
        bench.announced.clear()
        bench.page.model = None  # another one answers
        await bench.begin()
        bench.page.model = None
        bench.receive(replace(PROGRESS, step=60, elapsed_s=2.0))
        bench.client.running = False
        bench.receive(FINISHED)
        await bench.settle()
        assert bench.announced == ["Training has begun.", bench.state.message.text]

    on_bench(go)


def test_screen_readers_hear_of_faults_and_of_what_the_visitor_has_asked_for() -> None:
    async def go(bench: Bench) -> None:
        await bench.controller.exported()
        await bench.begin()
        bench.receive(protocol.Busy(what="tinygrad writes the program for training", seconds=9))
        bench.receive(protocol.Busy(what="tinygrad writes the program for measuring", seconds=9))
        bench.receive(protocol.Notice(message="The device was lost."))
        bench.client.running = False
        bench.receive(protocol.Failed(kind="diverged", message="The loss grew without bound."))
        assert bench.announced == [
            "There is nothing to export yet: press Train.",
            "Training has begun.",
            "tinygrad writes the program for training. This can take a minute.",
            "The device was lost.",
            "The loss grew without bound.",
        ]

    on_bench(go)


def test_a_resumed_run_has_its_origin_and_the_timeline_up_to_its_step() -> None:
    async def go(bench: Bench) -> None:
        await bench.store.save_checkpoint(b"x")
        await bench.store.save_timeline(
            [entry for entry in (await timeline_of(bench, 10, 20, 30)) if entry.step in (10, 20, 30)]
        )
        record = Record(SETTINGS, 100, 640, step=20, origin="MLP")
        checkpoint = pack(draw_weights(SHAPES, 3), record)
        await bench.begin(checkpoint=checkpoint)
        assert bench.client.told(protocol.Start)[0].checkpoint == checkpoint
        assert [entry.step for entry in bench.state.timeline.entries] == [10, 20]
        bench.client.running = False
        bench.receive(FINISHED)
        await bench.settle()
        assert bench.store.runs[0]["origin"] == "MLP"

    on_bench(go)


async def timeline_of(bench: Bench, *steps: int) -> list[Any]:
    other = Bench(bench.store, bench.storage)
    for step in steps:
        other.state.take(epoch(step))
    return list(other.state.timeline.entries)


def test_a_paused_start_does_one_step() -> None:
    async def go(bench: Bench) -> None:
        await bench.controller.start(SETTINGS, paused=True)
        assert bench.client.told(protocol.Start)[0].start_paused
        assert len(bench.client.told(protocol.Step)) == 1

    on_bench(go)


def test_pause_becomes_resume_and_a_refusal_is_shown() -> None:
    async def go(bench: Bench) -> None:
        await bench.begin()
        bench.controller.press("pause")
        await bench.settle()
        bench.receive(replace(PROGRESS, state="paused"))
        bench.client.answers[protocol.Resume] = protocol.Failed(kind="input", message="Not now.")
        bench.controller.press("pause")
        await bench.settle()
        assert [type(c) for c in bench.client.commands if isinstance(c, (protocol.Pause, protocol.Resume))] == [
            protocol.Pause,
            protocol.Resume,
        ]
        assert (bench.state.message.text, bench.state.message.is_error) == ("Not now.", True)
        assert bench.state.status == "paused"

    on_bench(go)


def test_only_a_setting_that_can_change_is_tuned_and_only_during_a_run() -> None:
    async def go(bench: Bench) -> None:
        bench.controller.tune("lr", SETTINGS)
        await bench.begin()
        bench.controller.tune("batch", SETTINGS)
        bench.controller.tune("lr", SETTINGS)
        await bench.settle()
        assert [command.values for command in bench.client.told(protocol.Tune)] == [{"lr": 0.05}]

    on_bench(go)


def test_a_second_tab_says_that_its_run_cannot_be_resumed() -> None:
    async def go(bench: Bench) -> None:
        bench.lock.free = False
        await bench.begin()
        assert bench.state.message.text == NOT_ALONE
        bench.receive(epoch(10))
        await bench.settle()
        assert await bench.store.checkpoint() is None
        assert await bench.controller.interrupted() is None

    on_bench(go)


def test_an_interrupted_run_is_offered_to_the_tab_that_has_the_lock() -> None:
    async def go(bench: Bench) -> None:
        await bench.store.save_checkpoint(b"half way")
        assert await bench.controller.interrupted() == b"half way"
        assert not bench.lock.held

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
        bench.controller.move_timeline(0)
        await bench.settle()
        assert await bench.answering() == expected(weights(10))
        assert bench.state.message.text == ""
        bench.controller.move_timeline(1)
        assert await bench.answering() == expected(weights(20))

    on_bench(go)


def test_a_run_that_fails_says_why_and_releases_the_lock() -> None:
    async def go(bench: Bench) -> None:
        await bench.begin()
        bench.client.running = False
        bench.receive(protocol.Failed(kind="diverged", message="The loss grew without bound."))
        assert (bench.state.status, bench.state.message.text) == ("failed", "The loss grew without bound.")
        assert not bench.lock.held
        assert bench.page.titles[TRAINING] == "Just trained"

    on_bench(go)


def test_a_second_failure_is_shown_in_place_of_the_first() -> None:
    async def go(bench: Bench) -> None:
        await bench.begin()
        bench.client.running = False
        bench.receive(protocol.Failed(kind="diverged", message="First."))
        bench.rendered.clear()
        bench.receive(protocol.Failed(kind="internal", message="Second."))
        assert {"message", "status"} <= set(bench.rendered)
        assert bench.state.message.text == "Second."

    on_bench(go)


def test_damaged_bytes_from_the_worker_are_one_sentence_and_the_run_goes_on() -> None:
    async def go(bench: Bench) -> None:
        await bench.begin()
        for event in (protocol.Weights(step=2, weights=b"?"), replace(INFER, program=b"?")):
            bench.receive(event)
            assert bench.state.message.is_error
            assert bench.state.status == "training"

    on_bench(go)


def test_reset_forgets_the_run_and_keeps_finished_ones() -> None:
    async def go(bench: Bench) -> None:
        await bench.begin()
        bench.receive(epoch(10))
        await bench.settle()
        await bench.controller.reset()
        assert len(bench.client.told(protocol.Dispose)) == 1
        assert bench.state.status == "ready"
        assert (bench.state.progress, bench.state.timeline.entries) == (None, [])
        assert dict(bench.storage) == {}

    on_bench(go)


def test_a_hidden_tab_saves_a_run_under_way_and_nothing_else() -> None:
    async def go(bench: Bench) -> None:
        await bench.controller.save_now()
        assert not bench.client.commands
        await bench.begin()
        await bench.controller.save_now()
        assert len(bench.client.told(protocol.SaveCheckpoint)) == 1
        bench.receive(replace(epoch(10), end_of_epoch=False, weights=b"", confusion=[]))
        await bench.settle()
        assert await bench.store.checkpoint() == b"checkpoint 10"
        assert bench.state.timeline.entries == []

    on_bench(go)


def test_weights_are_exported_under_the_name_of_their_network() -> None:
    async def go(bench: Bench) -> None:
        assert await bench.controller.exported() is None
        assert "press Train" in bench.state.message.text
        await bench.begin()
        bench.receive(protocol.Weights(step=7, weights=weights(7, 7)))
        assert await bench.controller.exported() == ("tabgrad-784-128-64-10-step7.safetensors", weights(7, 7))
        assert await bench.controller.exported("gone") is None
        assert str(KEPT_WEIGHTS) in bench.state.message.text
        bench.storage[keys.run_weights("damaged")] = b"?"
        assert await bench.controller.exported("damaged") is None
        assert "cannot be exported" in bench.state.message.text

    on_bench(go)


def test_a_file_goes_into_the_run_under_way_or_becomes_a_model() -> None:
    async def go(bench: Bench) -> None:
        bench.client.answers[protocol.Prepare] = INFER
        await bench.controller.import_weights(weights(5))
        assert bench.page.titles == {IMPORTED: "Imported 784-128-64-10"}
        assert await bench.answering() == expected(weights(5))
        await bench.begin()
        await bench.controller.import_weights(weights(6))
        assert bench.client.told(protocol.Import)[0].weights == weights(6)
        bench.client.answers[protocol.Import] = protocol.Failed(kind="input", message="It does not fit.")
        await bench.controller.import_weights(b"nonsense")
        assert bench.state.message.text == "The file was not imported: It does not fit."

    on_bench(go)


@pytest.mark.parametrize("content", [b"", b"nonsense" * 9, save_weights({"a": np.zeros(3, np.float32)})])
def test_a_file_that_is_no_network_is_one_sentence(content: bytes) -> None:
    async def go(bench: Bench) -> None:
        bench.client.answers[protocol.Prepare] = INFER
        await bench.controller.import_weights(content)
        assert bench.state.message.text.startswith("The file was not imported: ")
        assert bench.page.titles == {}

    on_bench(go)


def test_a_forgotten_run_leaves_the_table_and_the_picker() -> None:
    async def go(bench: Bench) -> None:
        await bench.store.add_run(run_row("a"), weights(1))
        bench.controller.offer_runs()
        assert bench.page.titles == {"run-a": "Run 1"}
        await bench.controller.forget("a")
        assert bench.page.titles == {}
        assert bench.store.runs == []

    on_bench(go)


def test_a_forgotten_run_can_come_back() -> None:
    async def go(bench: Bench) -> None:
        for run_id in ("a", "b"):
            await bench.store.add_run({**run_row(run_id), "settings": SETTINGS.to_json()}, weights(1))
        bench.controller.offer_runs()
        await bench.controller.forget("a")
        assert bench.page.titles == {"run-b": "Run 2"}
        await bench.controller.undo_forget()
        assert bench.page.titles == {"run-a": "Run 1", "run-b": "Run 2"}
        assert [row["id"] for row in bench.store.runs] == ["b", "a"]
        assert await bench.store.weights("a") == weights(1)
        await bench.controller.undo_forget()  # there is nothing more to bring back
        assert [row["id"] for row in bench.store.runs] == ["b", "a"]

    on_bench(go)


def test_an_exception_on_the_page_is_shown_and_runs_are_kept() -> None:
    async def go(bench: Bench) -> None:
        async def broken() -> None:
            raise KeyError("x")

        bench.controller.tasks.do(broken())
        await bench.settle()
        assert bench.state.message.text == "Something went wrong in the page (KeyError: 'x'). Your runs are kept."

    on_bench(go)
