"""The worker's side of the protocol: each command gets its one answer, and no fault costs what a visitor made."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tabgrad.network import load_safetensors, save_safetensors
from tabgrad.program import loads
from tabgrad.protocol import (
    Accepted,
    Busy,
    Checkpoint,
    Compiled,
    Dispose,
    Evaluate,
    Evaluated,
    Export,
    Exported,
    Failed,
    Finished,
    Import,
    Notice,
    Pause,
    Ping,
    Prepare,
    Progress,
    Ready,
    Resume,
    SampleData,
    Samples,
    ShowProgram,
    Start,
    Step,
    Stop,
    Tune,
    Weights,
)
from tests.unit.session.session_bench import COMPILED, Bench, LosesItsDevice, on_bench
from tests.unit.session.session_runs import SMALL

LONG = replace(SMALL, epochs=1000, schedule="constant").to_json()


def test_a_run_from_start_to_its_result() -> None:
    async def go(bench: Bench) -> None:
        ready = await bench.answer(Start, settings=SMALL.to_json(), answer_target="wasm.simd")
        assert isinstance(ready, Ready)
        assert (ready.engine, ready.data) == ("wasm", "Patterns")
        finished = await bench.expect(Finished)
        assert finished.reason == "completed"
        assert finished.test_accuracy > 0.9
        assert finished.interval[0] < finished.test_accuracy <= finished.interval[1]
        assert finished.settings == SMALL.to_json()
        infer = await bench.expect(Compiled, lambda e: e.name == "infer")
        names = {b.name for b in loads(infer.program).by_role("weight")}
        assert names == load_safetensors((await bench.expect(Weights)).weights)[0].keys()
        test = await bench.expect(Evaluated)
        assert np.trace(test.confusion) / test.count == pytest.approx(finished.test_accuracy)
        assert len(test.logits) == 400 * 10 * 4

    on_bench(go)


def test_a_bad_setting_is_refused_and_the_run_under_way_goes_on() -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(Start, settings=LONG)
        failed = await bench.answer(Start, settings={"lr": "fast"})
        assert isinstance(failed, Failed)
        assert failed.kind == "input"
        failed = await bench.answer(Start, checkpoint=b"nonsense")
        assert isinstance(failed, Failed)
        assert isinstance(await bench.answer(Pause), Accepted)
        await bench.expect(Progress, lambda e: e.state == "paused")

    on_bench(go)


@pytest.mark.parametrize("kind", [Pause, Resume, Step, Stop])
def test_steering_without_a_run_says_what_to_do(kind: type[Any]) -> None:
    async def go(bench: Bench) -> None:
        failed = await bench.answer(kind)
        assert isinstance(failed, Failed)
        assert "Train" in failed.message

    on_bench(go)


def test_pause_step_resume_tune_and_stop() -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(Start, settings=LONG, start_paused=True)
        assert (await bench.expect(Progress)).step == 0
        for step in (1, 2):
            await bench.answer(Step)
            await bench.expect(Progress, lambda e, step=step: e.step == step)  # type: ignore[misc] # a bound default
        assert isinstance(await bench.answer(Tune, values={"lr": 0.01}), Accepted)
        refused = await bench.answer(Tune, values={"batch": 3})
        assert isinstance(refused, Failed)
        await bench.answer(Resume)
        await bench.expect(Progress, lambda e: e.step > 50 and e.lr == pytest.approx(0.01))
        await bench.answer(Stop)
        finished = await bench.expect(Finished)
        assert finished.reason == "stopped"
        assert finished.settings["lr"] == 0.01

    on_bench(go)


def test_a_checkpoint_resumes_and_the_end_is_the_same() -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(Start, settings=SMALL.to_json())
        finished = await bench.expect(Finished)
        first = await bench.expect(Checkpoint)
        assert first.milestone
        whole = [e for e in bench.events if isinstance(e, Weights)][-1].weights
        bench.forget_events()
        await bench.answer(Start, checkpoint=first.checkpoint)
        again = await bench.expect(Finished)
        assert again.test_accuracy == finished.test_accuracy
        assert [e for e in bench.events if isinstance(e, Weights)][-1].weights == whole

    on_bench(go)


def test_a_milestone_carries_the_confusion_of_its_own_weights() -> None:
    slow = replace(SMALL, lr=0.002).to_json()  # so slow that there are mistakes to count

    async def go(bench: Bench) -> None:
        await bench.answer(Start, settings=slow)
        await bench.expect(Finished)
        milestones = [e for e in bench.events if isinstance(e, Checkpoint) and e.milestone]
        assert len(milestones) >= 2
        for milestone in (milestones[0], milestones[-1]):
            tensors = load_safetensors(milestone.checkpoint)[0]
            plain = {name: tensor for name, tensor in tensors.items() if not name.startswith("opt.")}
            weights = save_safetensors(plain, {"settings": json.dumps(slow)})
            measured = await bench.answer(Evaluate, split="validation", weights=weights)
            assert isinstance(measured, Evaluated)
            answers = np.frombuffer(measured.logits, "<f4").reshape(-1, 10).argmax(1)
            counts = np.zeros((10, 10), int)
            np.add.at(counts, (np.frombuffer(measured.labels, np.uint8), answers), 1)
            np.testing.assert_array_equal(milestone.confusion, counts)
            assert np.trace(counts) / counts.sum() == pytest.approx(milestone.validation_accuracy)
        assert milestones[0].confusion != milestones[-1].confusion

    on_bench(go)


def test_export_import_and_evaluate_leave_a_run_as_it_was() -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(Start, settings=LONG)
        await bench.expect(Progress, lambda e: e.step > 20)
        await bench.answer(Pause)
        exported = await bench.answer(Export)
        assert isinstance(exported, Exported)
        measured = await bench.answer(Evaluate, split="validation")
        assert isinstance(measured, Evaluated)
        blank = {name: np.zeros_like(value) for name, value in load_safetensors(exported.data)[0].items()}
        other = await bench.answer(Evaluate, split="validation", weights=save_safetensors(blank))
        assert isinstance(other, Evaluated)
        assert other.loss == pytest.approx(np.log(10), abs=1e-4)
        again = await bench.answer(Evaluate, split="validation")
        assert isinstance(again, Evaluated)
        assert again.logits == measured.logits
        assert isinstance(await bench.answer(Import, weights=save_safetensors(blank)), Accepted)
        after = await bench.answer(Evaluate, split="validation")
        assert isinstance(after, Evaluated)
        assert after.loss == other.loss

    on_bench(go)


@pytest.mark.parametrize("weights", [b"", b"nonsense" * 9, save_safetensors({"a": np.zeros(3, np.float32)})])
def test_a_corrupt_import_is_one_sentence_and_changes_nothing(weights: bytes) -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(Start, settings=LONG)
        await bench.answer(Pause)
        before = await bench.answer(Export)
        failed = await bench.answer(Import, weights=weights)
        assert isinstance(failed, Failed)
        assert failed.kind == "input"
        assert failed.message.endswith(".")
        after = await bench.answer(Export)
        assert isinstance(before, Exported)
        assert isinstance(after, Exported)
        assert before.data == after.data

    on_bench(go)


def test_saved_weights_can_be_measured_without_a_run() -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(Start, settings=SMALL.to_json())
        finished = await bench.expect(Finished)
        weights = [e for e in bench.events if isinstance(e, Weights)][-1].weights
        await bench.answer(Dispose)
        measured = await bench.answer(Evaluate, split="test", weights=weights)
        assert isinstance(measured, Evaluated)
        assert measured.accuracy == pytest.approx(finished.test_accuracy, abs=0.01)

    on_bench(go)


def test_divergence_reaches_the_page_with_the_last_good_weights() -> None:
    async def go(bench: Bench) -> None:
        settings = replace(SMALL, lr=10.0, schedule="constant", hidden=(16, 16), epochs=100)
        await bench.answer(Start, settings=settings.to_json())
        failed = await bench.expect(Failed)
        assert failed.kind == "diverged"
        exported = await bench.answer(Export)
        assert isinstance(exported, Exported)
        assert all(np.isfinite(value).all() for value in load_safetensors(exported.data)[0].values())

    on_bench(go)


@pytest.mark.parametrize("engine", ["webgpu", "wasm"])
def test_a_lost_device_costs_no_run(engine: str) -> None:
    async def go(bench: Bench) -> None:
        left = [40, 60, 10**6]
        bench.wrap = lambda device: LosesItsDevice(device, left.pop(0))  # type: ignore[assignment,return-value]
        await bench.answer(Start, settings=replace(SMALL, engine=engine, epochs=40).to_json())
        finished = await bench.expect(Finished)
        assert finished.reason == "completed"
        assert finished.test_accuracy > 0.9
        assert [e.message for e in bench.events if isinstance(e, Notice)]
        assert [choice for choice, _ in bench.opened] == [engine] * 3

    on_bench(go)


def test_a_device_lost_too_often_moves_the_run_to_webassembly() -> None:
    async def go(bench: Bench) -> None:
        left = [30, 30, 30, 10**6]
        bench.wrap = lambda device: LosesItsDevice(device, left.pop(0))  # type: ignore[assignment,return-value]
        await bench.answer(Start, settings=replace(SMALL, engine="webgpu", epochs=40).to_json())
        await bench.expect(Finished)
        assert [choice for choice, _ in bench.opened] == ["webgpu"] * 3 + ["wasm"]
        assert "WebAssembly" in [e.message for e in bench.events if isinstance(e, Notice)][-1]

    on_bench(go)


def test_a_new_run_takes_the_place_of_the_old_one() -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(Start, settings=LONG)
        await bench.answer(Start, settings=SMALL.to_json())
        assert (await bench.expect(Finished)).settings == SMALL.to_json()
        assert len([e for e in bench.events if isinstance(e, Finished)]) == 1

    on_bench(go)


def test_samples_pings_and_preparation() -> None:
    async def go(bench: Bench) -> None:
        assert isinstance(await bench.answer(Ping), Accepted)
        assert isinstance(await bench.answer(Prepare, settings=SMALL.to_json()), Ready)
        samples = await bench.answer(Samples, split="train", indices=[0, 5])
        assert isinstance(samples, SampleData)
        assert len(samples.pixels) == 2 * 784
        assert len(samples.labels) == 2
        failed = await bench.answer(Samples, split="train", indices=[10**6])
        assert isinstance(failed, Failed)
        assert failed.kind == "data"

    on_bench(go)


def test_a_program_is_compiled_once_and_announced() -> None:
    async def go(bench: Bench) -> None:
        settings = replace(SMALL, hidden=(5,))
        for key in [key for key in COMPILED if key.startswith("program/test/train")]:
            del COMPILED[key]
        await bench.answer(Prepare, settings=settings.to_json())
        assert [e.source for e in bench.events if isinstance(e, Compiled) and e.name == "train"] == ["compiled"]
        assert [e for e in bench.events if isinstance(e, Busy)]

    async def again(bench: Bench) -> None:
        await bench.answer(Prepare, settings=replace(SMALL, hidden=(5,)).to_json())
        assert [e.source for e in bench.events if isinstance(e, Compiled) and e.name == "train"] == ["cache"]

    on_bench(go)
    on_bench(again)


def test_the_programs_of_the_network_in_training_can_be_read() -> None:
    async def go(bench: Bench) -> None:
        refused = await bench.answer(ShowProgram, name="train")
        assert isinstance(refused, Failed)
        assert "press Train" in refused.message
        await bench.answer(Start, settings=LONG)
        for name, outputs in (("train", {"loss", "correct"}), ("evaluate", {"logits", "loss", "correct"})):
            shown = await bench.answer(ShowProgram, name=name)
            assert isinstance(shown, Compiled)
            program = loads(shown.program)
            assert (shown.name, program.name, len(program.kernels)) == (name, name, shown.kernels)
            assert {b.name for b in program.by_role("output")} == outputs
        assert isinstance(await bench.answer(ShowProgram, name="dream"), Failed)
        assert isinstance(await bench.answer(Ping), Accepted), "the run goes on"

    on_bench(go)
