"""The run on the page without a page: what the controller decides, from commands and events to the state of the run."""

from __future__ import annotations

from dataclasses import replace

from tabgrad import protocol
from tabgrad.artifacts import Record, pack
from tabgrad.network import draw_weights
from tabgrad.settings import total_steps
from tabgrad.ui.train.controller import NOT_ALONE
from tabgrad.ui.train.trained_models import TRAINING
from tests.unit.ui.train.controller_bench import (
    FINISHED,
    INFER,
    NBSP,
    PROGRESS,
    SETTINGS,
    SHAPES,
    Bench,
    epoch,
    expected,
    on_bench,
    timeline_of,
    weights,
)
from tests.unit.ui.train.train_stores import run_row


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


def test_a_network_that_the_visitor_wrote_has_one_name() -> None:
    async def go(bench: Bench) -> None:
        await bench.begin(replace(SETTINGS, model="code", source="class Net: ..."))
        assert bench.page.titles == {TRAINING: "Your code"}
        bench.receive(epoch(100))
        bench.client.running = False
        bench.receive(replace(FINISHED, settings=replace(SETTINGS, model="code").to_json()))
        await bench.settle()
        (row,) = bench.store.runs
        assert bench.page.titles == {TRAINING: "Your code", f"run-{row['id']}": "Run 1: Your code 1"}
        assert bench.page.said == [f"Your code answers now: right on 98.00{NBSP}% of the test images."]

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


def test_what_the_worker_does_before_a_run_takes_no_other_sentences_place() -> None:
    async def go(bench: Bench) -> None:
        busy = protocol.Busy(what="tinygrad writes the program for training", seconds=9)
        written = protocol.Compiled(name="train", source="compiled", seconds=1.0, kernels=12)
        bench.receive(busy)
        assert bench.state.message.busy
        bench.receive(written)
        assert bench.state.message.text.startswith("tinygrad wrote 12 kernels")
        bench.controller.say("Press Train.")
        bench.receive(busy, written)
        assert bench.state.message.text == "Press Train."
        await bench.begin()
        bench.receive(busy)
        assert bench.state.message.busy

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
        await bench.controller.files.exported()
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


def test_a_run_that_diverged_has_ended_and_is_not_offered_as_interrupted() -> None:
    async def go(bench: Bench) -> None:
        await bench.begin()
        bench.receive(epoch(10))
        await bench.settle()
        assert await bench.store.checkpoint()
        bench.client.running = False
        bench.receive(protocol.Failed(kind="diverged", message="The loss grew without bound."))
        bench.receive(epoch(11))  # one that was on its way
        await bench.settle()
        assert await bench.store.checkpoint() is None
        assert await bench.controller.interrupted() is None
        assert bench.state.message.text == "The loss grew without bound."

    on_bench(go)


def test_a_resumed_run_has_its_origin_and_the_timeline_up_to_its_step() -> None:
    async def go(bench: Bench) -> None:
        await bench.store.save_checkpoint(b"x")
        await bench.store.save_timeline(
            [entry for entry in (await timeline_of(bench, 10, 20, 30)) if entry.step in (10, 20, 30)]
        )
        record = Record(SETTINGS, total_steps(SETTINGS, 6400), 6400, step=20, origin="MLP")
        checkpoint = pack(draw_weights(SHAPES, 3), record)
        await bench.begin(checkpoint=checkpoint)
        assert bench.client.told(protocol.Start)[0].checkpoint == checkpoint
        assert [entry.step for entry in bench.state.timeline.entries] == [10, 20]
        bench.client.running = False
        bench.receive(FINISHED)
        await bench.settle()
        assert bench.store.runs[0]["origin"] == "MLP"

    on_bench(go)


def test_a_paused_start_does_one_step() -> None:
    async def go(bench: Bench) -> None:
        await bench.controller.start(SETTINGS, paused=True)
        assert bench.client.told(protocol.Start)[0].start_paused
        assert len(bench.client.told(protocol.Step)) == 1

    on_bench(go)


def test_a_run_cannot_go_on_from_a_network_of_another_alphabet() -> None:
    async def go(bench: Bench) -> None:
        await bench.begin()
        shapes = replace(SETTINGS, labels=("circle", "square", "star"))
        await bench.controller.start(shapes, model=bench.page.model)
        knows = "This network knows 0 to 9; the data shows circle, square and star."
        assert (bench.state.message.text, bench.state.message.is_error) == (knows, True)
        assert len(bench.client.told(protocol.Start)) == 1
        assert bench.state.status == "training"

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
