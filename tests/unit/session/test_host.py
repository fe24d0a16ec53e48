"""The worker's side of the protocol: each command gets its one answer, and no fault costs what a visitor made."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tabgrad import protocol
from tabgrad.artifacts import load_weights
from tabgrad.backends import NoAnswerError
from tabgrad.network import fold_mean, load_safetensors, save_safetensors
from tabgrad.program import loads
from tests.unit.session.session_bench import COMPILED, Bench, LosesItsDevice, measured, on_bench
from tests.unit.session.session_runs import SMALL

LONG = replace(SMALL, epochs=1000, schedule="constant").to_json()


def test_a_run_from_start_to_its_result() -> None:
    async def go(bench: Bench) -> None:
        ready = await bench.answer(protocol.Start, settings=SMALL.to_json(), answer_target="wasm.simd")
        assert isinstance(ready, protocol.Ready)
        assert (ready.engine, ready.data) == ("wasm", "Patterns")
        finished = await bench.expect(protocol.Finished)
        assert finished.reason == "completed"
        assert finished.test_accuracy > 0.9
        assert finished.interval[0] < finished.test_accuracy <= finished.interval[1]
        assert finished.tested > 0
        assert finished.settings == SMALL.to_json()
        infer = await bench.expect(protocol.Compiled, lambda e: e.name == "infer")
        names = {b.name for b in loads(infer.program).by_role("weight")}
        assert names == load_safetensors((await bench.expect(protocol.Weights)).weights)[0].keys()
        last = [e for e in bench.events if isinstance(e, protocol.Weights)][-1].weights
        assert measured(last, "test").accuracy == pytest.approx(finished.test_accuracy)

    on_bench(go)


def test_a_bad_setting_is_refused_and_the_run_under_way_goes_on() -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(protocol.Start, settings=LONG)
        failed = await bench.answer(protocol.Start, settings={"lr": "fast"})
        assert isinstance(failed, protocol.Failed)
        assert failed.kind == "input"
        failed = await bench.answer(protocol.Start, checkpoint=b"nonsense")
        assert isinstance(failed, protocol.Failed)
        assert isinstance(await bench.answer(protocol.Pause), protocol.Accepted)
        await bench.expect(protocol.Progress, lambda e: e.state == "paused")

    on_bench(go)


@pytest.mark.parametrize("kind", [protocol.Pause, protocol.Resume, protocol.Step, protocol.Stop])
def test_steering_without_a_run_says_what_to_do(kind: type[Any]) -> None:
    async def go(bench: Bench) -> None:
        failed = await bench.answer(kind)
        assert isinstance(failed, protocol.Failed)
        assert "Train" in failed.message

    on_bench(go)


def test_pause_step_resume_tune_and_stop() -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(protocol.Start, settings=LONG, start_paused=True)
        assert (await bench.expect(protocol.Progress)).step == 0
        for step in (1, 2):
            await bench.answer(protocol.Step)
            await bench.expect(protocol.Progress, lambda e, step=step: e.step == step)  # type: ignore[misc] # a bound default
        assert isinstance(await bench.answer(protocol.Tune, values={"lr": 0.01}), protocol.Accepted)
        refused = await bench.answer(protocol.Tune, values={"batch": 3})
        assert isinstance(refused, protocol.Failed)
        await bench.answer(protocol.Resume)
        await bench.expect(protocol.Progress, lambda e: e.step > 50 and e.lr == pytest.approx(0.01))
        await bench.answer(protocol.Stop)
        finished = await bench.expect(protocol.Finished)
        assert finished.reason == "stopped"
        assert finished.settings["lr"] == 0.01

    on_bench(go)


def test_a_checkpoint_resumes_and_the_end_is_the_same() -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(protocol.Start, settings=SMALL.to_json())
        finished = await bench.expect(protocol.Finished)
        first = await bench.expect(protocol.Checkpoint, lambda e: e.step > 0)
        assert first.end_of_epoch
        whole = [e for e in bench.events if isinstance(e, protocol.Weights)][-1].weights
        bench.forget_events()
        await bench.answer(protocol.Start, checkpoint=first.checkpoint)
        again = await bench.expect(protocol.Finished)
        assert again.test_accuracy == finished.test_accuracy
        assert [e for e in bench.events if isinstance(e, protocol.Weights)][-1].weights == whole

    on_bench(go)


def test_an_epoch_checkpoint_has_its_weights_and_their_confusion() -> None:
    slow = replace(SMALL, lr=0.002)  # so slow that there are mistakes to count

    async def go(bench: Bench) -> None:
        await bench.answer(protocol.Start, settings=slow.to_json())
        await bench.expect(protocol.Finished)
        epochs = [e for e in bench.events if isinstance(e, protocol.Checkpoint) and e.end_of_epoch]
        assert [round(epoch.epoch) for epoch in epochs[:3]] == [0, 1, 2]
        for epoch in (epochs[0], epochs[1], epochs[-1]):
            results, file = measured(epoch.weights), load_weights(epoch.weights)
            np.testing.assert_array_equal(epoch.confusion, results.confusion)
            assert results.accuracy == pytest.approx(epoch.validation_accuracy)
            assert (file.settings, file.step) == (slow, str(epoch.step))
            folded = fold_mean(load_weights(epoch.checkpoint).tensors)
            assert {name: value.tolist() for name, value in folded.items()} == {
                name: value.tolist() for name, value in file.tensors.items()
            }
        assert epochs[0].confusion != epochs[-1].confusion

    on_bench(go)


def test_saving_leaves_a_run_as_it_was_and_importing_changes_its_weights() -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(protocol.Start, settings=LONG)
        await bench.expect(protocol.Progress, lambda e: e.step > 20)
        await bench.answer(protocol.Pause)
        saved, again = await bench.answer(protocol.SaveCheckpoint), await bench.answer(protocol.SaveCheckpoint)
        assert isinstance(saved, protocol.Checkpoint)
        assert isinstance(again, protocol.Checkpoint)
        assert not saved.end_of_epoch
        assert not saved.weights
        assert saved.checkpoint == again.checkpoint
        tensors = load_weights(saved.checkpoint).tensors
        blank = save_safetensors({name: np.zeros_like(value) for name, value in tensors.items()})
        bench.forget_events()
        assert isinstance(await bench.answer(protocol.Import, weights=blank), protocol.Accepted)
        shown = load_weights((await bench.expect(protocol.Weights)).weights)
        assert not any(value.any() for value in shown.tensors.values())

    on_bench(go)


def test_saving_without_a_run_says_what_to_do() -> None:
    async def go(bench: Bench) -> None:
        failed = await bench.answer(protocol.SaveCheckpoint)
        assert isinstance(failed, protocol.Failed)
        assert "Train" in failed.message

    on_bench(go)


@pytest.mark.parametrize("weights", [b"", b"nonsense" * 9, save_safetensors({"a": np.zeros(3, np.float32)})])
def test_a_corrupt_import_is_one_sentence_and_changes_nothing(weights: bytes) -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(protocol.Start, settings=LONG)
        await bench.answer(protocol.Pause)
        before = await bench.answer(protocol.SaveCheckpoint)
        failed = await bench.answer(protocol.Import, weights=weights)
        assert isinstance(failed, protocol.Failed)
        assert failed.kind == "input"
        assert failed.message.endswith(".")
        after = await bench.answer(protocol.SaveCheckpoint)
        assert isinstance(before, protocol.Checkpoint)
        assert isinstance(after, protocol.Checkpoint)
        assert before.checkpoint == after.checkpoint

    on_bench(go)


@pytest.mark.parametrize("size", [np.nan, np.inf, 1e38, 1e20, 1e3])
def test_weights_that_would_end_the_run_are_refused_and_it_goes_on(size: float) -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(protocol.Start, settings=LONG)
        await bench.expect(protocol.Progress, lambda e: e.step > 20)
        saved = await bench.answer(protocol.SaveCheckpoint)
        assert isinstance(saved, protocol.Checkpoint)
        rng = np.random.default_rng(0)
        tensors = load_weights(saved.checkpoint).tensors
        large = {name: np.float32(size) * rng.random(t.shape, np.float32) for name, t in tensors.items()}
        failed = await bench.answer(protocol.Import, weights=save_safetensors(large))
        assert isinstance(failed, protocol.Failed)
        assert failed.kind == "input"
        assert failed.message.endswith(".")
        bench.forget_events()
        await bench.expect(protocol.Progress, lambda e: e.step > saved.step + 20)
        await bench.answer(protocol.Stop)
        assert (await bench.expect(protocol.Finished)).test_accuracy > 0.9

    on_bench(go)


@pytest.mark.parametrize("change", ["lacks a part", "has a part too many", "has no numbers", "has a bad best epoch"])
def test_a_checkpoint_whose_tensors_do_not_fit_is_one_sentence(change: str) -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(protocol.Start, settings=SMALL.to_json())
        good = (await bench.expect(protocol.Checkpoint, lambda e: e.step > 0)).checkpoint
        await bench.expect(protocol.Finished)
        tensors, metadata = load_safetensors(good)
        name = "layers.0.weight"
        match change:
            case "lacks a part":
                del tensors[f"opt.{name}.velocity"]
            case "has a part too many":
                tensors["opt.more"] = np.zeros(1, np.float32)
            case "has no numbers":
                tensors[f"opt.{name}.velocity"][0] = np.nan
            case _:
                tensors[f"best.{name}"] = tensors[name]
        failed = await bench.answer(protocol.Start, checkpoint=save_safetensors(tensors, metadata))
        assert isinstance(failed, protocol.Failed)
        assert failed.kind == "input"
        assert "tensor" in failed.message

    on_bench(go)


def test_divergence_reaches_the_page_with_the_last_good_weights() -> None:
    async def go(bench: Bench) -> None:
        settings = replace(SMALL, lr=10.0, schedule="constant", hidden=(16, 16), epochs=100)
        await bench.answer(protocol.Start, settings=settings.to_json())
        failed = await bench.expect(protocol.Failed)
        assert failed.kind == "diverged"
        kept = [e for e in bench.events if isinstance(e, protocol.Weights)][-1].weights
        assert all(np.isfinite(value).all() for value in load_weights(kept).tensors.values())

    on_bench(go)


@pytest.mark.parametrize("engine", ["webgpu", "wasm"])
def test_a_lost_device_costs_no_run(engine: str) -> None:
    async def go(bench: Bench) -> None:
        left = [40, 60, 10**6]
        bench.wrap = lambda device: LosesItsDevice(device, left.pop(0))  # type: ignore[assignment,return-value]
        await bench.answer(protocol.Start, settings=replace(SMALL, engine=engine, epochs=40).to_json())
        finished = await bench.expect(protocol.Finished)
        assert finished.reason == "completed"
        assert finished.test_accuracy > 0.9
        assert [e.message for e in bench.events if isinstance(e, protocol.Notice)]
        assert [choice for choice, _ in bench.opened] == [engine] * 3

    on_bench(go)


def test_a_device_lost_too_often_moves_the_run_to_webassembly() -> None:
    async def go(bench: Bench) -> None:
        left = [30, 30, 30, 10**6]
        bench.wrap = lambda device: LosesItsDevice(device, left.pop(0))  # type: ignore[assignment,return-value]
        await bench.answer(protocol.Start, settings=replace(SMALL, engine="webgpu", epochs=40).to_json())
        await bench.expect(protocol.Finished)
        assert [choice for choice, _ in bench.opened] == ["webgpu"] * 3 + ["wasm"]
        assert "WebAssembly" in [e.message for e in bench.events if isinstance(e, protocol.Notice)][-1]

    on_bench(go)


def test_a_device_that_does_not_answer_is_left_at_once() -> None:
    async def go(bench: Bench) -> None:
        left, silent = [30, 10**6], NoAnswerError("The graphics device has not answered for 60 s.")
        bench.wrap = lambda device: LosesItsDevice(device, left.pop(0), silent)  # type: ignore[assignment,return-value]
        await bench.answer(protocol.Start, settings=replace(SMALL, engine="webgpu", epochs=40).to_json())
        await bench.expect(protocol.Finished)
        assert [choice for choice, _ in bench.opened] == ["webgpu", "wasm"]
        (notice,) = (e.message for e in bench.events if isinstance(e, protocol.Notice))
        assert notice.startswith("The graphics device has not answered for 60 s.")

    on_bench(go)


def test_a_new_run_takes_the_place_of_the_old_one() -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(protocol.Start, settings=LONG)
        await bench.answer(protocol.Start, settings=SMALL.to_json())
        assert (await bench.expect(protocol.Finished)).settings == SMALL.to_json()
        assert len([e for e in bench.events if isinstance(e, protocol.Finished)]) == 1

    on_bench(go)


def test_pings_and_preparation() -> None:
    async def go(bench: Bench) -> None:
        assert isinstance(await bench.answer(protocol.Ping), protocol.Accepted)
        assert isinstance(await bench.answer(protocol.Prepare, settings=SMALL.to_json()), protocol.Ready)

    on_bench(go)


def test_a_program_is_compiled_once_and_announced() -> None:
    async def go(bench: Bench) -> None:
        settings = replace(SMALL, hidden=(5,))
        for key in [key for key in COMPILED if key.startswith("program/test/train")]:
            del COMPILED[key]
        await bench.answer(protocol.Prepare, settings=settings.to_json())
        assert [e.source for e in bench.events if isinstance(e, protocol.Compiled) and e.name == "train"] == [
            "compiled"
        ]
        assert [e for e in bench.events if isinstance(e, protocol.Busy)]

    async def again(bench: Bench) -> None:
        await bench.answer(protocol.Prepare, settings=replace(SMALL, hidden=(5,)).to_json())
        assert [e.source for e in bench.events if isinstance(e, protocol.Compiled) and e.name == "train"] == ["cache"]

    on_bench(go)
    on_bench(again)


def test_the_programs_of_the_network_in_training_can_be_read() -> None:
    async def go(bench: Bench) -> None:
        refused = await bench.answer(protocol.ShowProgram, name="train")
        assert isinstance(refused, protocol.Failed)
        assert "press Train" in refused.message
        await bench.answer(protocol.Start, settings=LONG)
        for name, outputs in (("train", {"loss", "correct"}), ("evaluate", {"logits", "loss", "correct"})):
            shown = await bench.answer(protocol.ShowProgram, name=name)
            assert isinstance(shown, protocol.Compiled)
            program = loads(shown.program)
            assert (shown.name, program.name, len(program.kernels)) == (name, name, shown.kernels)
            assert {b.name for b in program.by_role("output")} == outputs
        assert isinstance(await bench.answer(protocol.ShowProgram, name="dream"), protocol.Failed)
        assert isinstance(await bench.answer(protocol.Ping), protocol.Accepted), "the run goes on"

    on_bench(go)


LONG_NAME = "z" * 999


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (protocol.ShowProgram, {"name": LONG_NAME}),
        (protocol.Tune, {"values": {LONG_NAME: 1}}),
        (protocol.Prepare, {"settings": {}, "answer_target": LONG_NAME}),
        (protocol.Start, {"settings": LONG, "answer_target": "wasm." + LONG_NAME}),
        (protocol.Start, {"settings": {"engine": [LONG_NAME]}}),
    ],
)
def test_a_command_with_an_endless_or_unknown_name_is_refused_in_one_short_sentence(
    kind: type[Any], values: dict[str, Any]
) -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(protocol.Start, settings=LONG)
        await bench.expect(protocol.Progress)
        failed = await bench.answer(kind, **values)
        assert isinstance(failed, protocol.Failed)
        assert failed.kind == "input"
        assert len(failed.message) < 200
        assert bench.host.running

    on_bench(go)


@pytest.mark.parametrize("engine", [LONG_NAME, ["wasm"], None])
def test_a_run_goes_on_with_an_engine_that_there_is(engine: Any) -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(protocol.Start, settings=SMALL.to_json())
        good = (await bench.expect(protocol.Checkpoint)).checkpoint
        failed = await bench.answer(protocol.Start, checkpoint=good, settings={"engine": engine})
        assert isinstance(failed, protocol.Failed)
        assert failed.message.startswith("Engine can be")
        assert len(failed.message) < 200

    on_bench(go)


async def refused_before_compiling(bench: Bench, **command: Any) -> str:
    """Why a Start is refused, at once: nothing was compiled for it, and the run under way goes on."""
    compiled = len(COMPILED)
    failed = await bench.answer(protocol.Start, **command)
    assert isinstance(failed, protocol.Failed)
    assert failed.kind == "input"
    assert len(COMPILED) == compiled
    assert bench.host.running
    return failed.message


@pytest.mark.parametrize("change", ["wider layers", "another network", "optimizer state", "best weights"])
def test_a_checkpoint_of_another_network_than_its_settings_say_is_refused_before_compiling(change: str) -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(protocol.Start, settings=LONG)
        good = (await bench.expect(protocol.Checkpoint)).checkpoint
        tensors, metadata = load_safetensors(good)
        record = json.loads(metadata["record"])
        match change:
            case "wider layers":
                record["settings"]["hidden"] = [17]
            case "another network":
                record["settings"]["model"] = "cnn"
            case "optimizer state":
                tensors["opt.layers.0.weight.velocity"] = np.zeros((3, 3), np.float32)
            case _:
                tensors["best.layers.0.weight"] = np.zeros((3, 3), np.float32)
        bad = save_safetensors(tensors, {**metadata, "record": json.dumps(record)})
        assert "tensor" in await refused_before_compiling(bench, checkpoint=bad)
        weights = (await bench.expect(protocol.Weights)).weights
        other = {**LONG, "hidden": [19]}
        assert "tensor" in await refused_before_compiling(bench, settings=other, weights=weights)

    on_bench(go)
