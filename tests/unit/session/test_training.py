"""A run learns, repeats by seed, resumes exactly, stops when told to, and survives its own divergence."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tabgrad.artifacts import load_weights, pack, unpack
from tabgrad.backends.oracle.network import OracleNetwork as Oracle
from tabgrad.backends.oracle.optim import train_step
from tabgrad.network import WeightsError, draw_weights, weights_for
from tabgrad.protocol import Checkpoint, Metrics, Progress, Weights
from tabgrad.session import plan
from tabgrad.session.control import Abandoned, Diverged
from tabgrad.session.network import mean_image
from tabgrad.session.schedule import learning_rates
from tabgrad.settings import RunSettings, SettingsError, training_spec
from tests.unit.session.session_runs import SMALL, TRAINING_IMAGES, Digits, compiled, prepare, train, validation

OPTIMIZERS = {"sgd": 0.5, "momentum": 0.05, "adam": 0.003, "adamw": 0.003, "muon": 0.1}


def curves(settings: RunSettings) -> Any:
    _, run = train(settings)
    run.close()
    return run.trainer.record.curves


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_learns(optimizer: str) -> None:
    c = curves(replace(SMALL, optimizer=optimizer, lr=OPTIMIZERS[optimizer]))
    assert c.validation_accuracy[-1] > 0.9
    assert c.validation_loss[-1] < c.validation_loss[0]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_takes_the_oracles_steps(optimizer: str) -> None:
    settings = replace(SMALL, optimizer=optimizer, lr=OPTIMIZERS[optimizer], weight_decay=0.01, epochs=0.5, clip=1.0)
    c = curves(settings)
    program = compiled("train", settings)
    weights = draw_weights({b.name: b.shape for b in program.by_role("weight")}, settings.seed)
    source = Digits(settings.seed)
    weights["input_mean"] = asyncio.run(mean_image(source))
    oracle, state = Oracle(training_spec(settings), weights), dict[str, Any]()
    rates = learning_rates(settings, 0, 10, TRAINING_IMAGES)
    hyper = {name: float(value[0]) for name, value in plan.hyperparameters(settings, program).items()}
    expected = []
    for rate in rates:
        samples = asyncio.run(source.take(settings.batch))
        batch = samples.images.reshape(-1, 784), samples.labels.astype(np.int64)
        optimizer_name = plan.training_options(settings)["optimizer"]
        expected.append(train_step(oracle, optimizer_name, state, batch, {**hyper, "lr": float(rate)}))
    np.testing.assert_allclose(c.loss, expected, rtol=1e-4)


def test_the_same_seed_gives_the_same_losses_and_another_does_not() -> None:
    first, again, other = curves(SMALL), curves(SMALL), curves(replace(SMALL, seed=2))
    assert first == again
    assert first.loss != other.loss


@pytest.mark.parametrize(
    "settings",
    [
        SMALL,
        replace(SMALL, optimizer="adamw", lr=0.003, schedule="cosine"),
        replace(SMALL, dropout=0.3, patience=3, schedule="exponential"),
        replace(SMALL, model="cnn", batch=16, epochs=0.3, lr=0.01),
        replace(SMALL, model="cnn", start_from="features", optimizer="adamw", batch=16, epochs=0.3, lr=0.01),
    ],
    ids=["momentum", "adamw", "dropout and patience", "cnn", "frozen features"],
)
def test_a_resumed_run_equals_an_uninterrupted_one(settings: RunSettings) -> None:
    _, whole = train(settings)

    async def interrupted() -> bytes:
        run = await prepare(settings)

        async def save() -> None:
            await run.trainer.save()
            run.control.abandon()

        run.source.at(4, lambda: run.control.request(save))
        with pytest.raises(Abandoned):
            await run.trainer.run()
        run.close()
        return run.of(Checkpoint)[-1].checkpoint

    _, resumed = train(settings, checkpoint=asyncio.run(interrupted()))
    assert resumed.trainer.record.curves == whole.trainer.record.curves
    assert resumed.trainer.record.best_accuracy == whole.trainer.record.best_accuracy
    ours, theirs = (asyncio.run(run.network.everything()) for run in (resumed, whole))
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        np.testing.assert_array_equal(value, theirs[name], err_msg=name)
    resumed.close()
    whole.close()


async def until(happened: Callable[[], object], task: asyncio.Future[str]) -> None:
    """Wait for something in a run, which must not end before."""
    while not happened():
        assert not task.done(), task
        await asyncio.sleep(0.01)


def test_pause_step_and_resume_change_nothing_but_the_time() -> None:
    uninterrupted = curves(SMALL)

    async def go() -> None:
        run = await prepare(SMALL)
        run.source.at(5, run.control.pause)
        task = asyncio.ensure_future(run.trainer.run())

        def paused() -> list[Progress]:
            return [e for e in run.of(Progress) if e.state == "paused"]

        await until(paused, task)
        held = paused()[-1].step
        await asyncio.sleep(0.05)
        assert run.trainer.record.step == held
        run.control.step()
        await until(lambda: len(paused()) == 2, task)
        assert run.trainer.record.step == held + 1
        run.control.resume()
        assert await task == "completed"
        assert run.trainer.record.curves == uninterrupted
        run.close()

    asyncio.run(go())


def test_a_run_can_begin_paused_and_take_single_steps() -> None:
    async def go() -> None:
        run = await prepare(SMALL, paused=True)
        task = asyncio.ensure_future(run.trainer.run())
        for expected in (1, 2, 3):
            run.control.step()
            await until(lambda expected=expected: run.trainer.record.step == expected, task)
        await asyncio.sleep(0.05)
        assert run.trainer.record.step == 3
        run.control.stop()
        assert await task == "stopped"
        run.close()

    asyncio.run(go())


def test_stop_ends_the_run_between_chunks() -> None:
    async def go() -> None:
        run = await prepare(replace(SMALL, epochs=1000))
        run.source.at(10, run.control.stop)
        assert await run.trainer.run() == "stopped"
        assert run.trainer.record.step < 200
        assert run.of(Weights)[-1].step == run.trainer.record.step
        run.close()

    asyncio.run(go())


def test_the_learning_rate_changes_during_a_run_without_a_new_program() -> None:
    async def go() -> None:
        run = await prepare(replace(SMALL, schedule="constant"))
        run.source.at(10, lambda: run.trainer.tune({"lr": 0.0123}))
        await run.trainer.run()
        assert run.of(Progress)[-1].lr == pytest.approx(0.0123)
        assert run.trainer.record.tunings[0]["lr"] == 0.0123
        with pytest.raises(SettingsError, match="batch"):
            run.trainer.tune({"batch": 8})
        run.close()

    asyncio.run(go())


def test_shortening_a_run_ends_it_where_it_is() -> None:
    async def go() -> None:
        run = await prepare(replace(SMALL, epochs=50))
        run.source.at(20, lambda: run.trainer.tune({"epochs": 0.1}))
        assert await run.trainer.run() == "completed"
        assert run.trainer.record.step < 100
        run.close()

    asyncio.run(go())


def test_divergence_stops_the_run_keeps_good_weights_and_says_what_to_change() -> None:
    async def go() -> None:
        run = await prepare(replace(SMALL, schedule="constant", lr=10.0, hidden=(16, 16), epochs=100))
        with pytest.raises(Diverged, match="learning rate") as caught:
            await run.trainer.run()
        assert "a learning rate of 1 or" in str(caught.value)
        weights = await run.network.weights()
        assert all(np.isfinite(w).all() for w in weights.values())
        measured = await run.trainer.validate()
        assert math.isfinite(measured.loss)
        run.close()

    asyncio.run(go())


def test_a_run_that_diverges_after_good_epochs_goes_back_to_the_best_of_them() -> None:
    async def go() -> None:
        run = await prepare(replace(SMALL, schedule="constant", hidden=(16, 16), epochs=100))

        async def spoil() -> None:
            run.network.write({name: w * 1e4 for name, w in (await run.network.weights()).items()})

        run.source.at(65, lambda: run.control.request(spoil))
        with pytest.raises(Diverged, match="the best so far, are kept: try a learning rate of") as caught:
            await run.trainer.run()
        epochs = [event for event in run.of(Checkpoint) if event.end_of_epoch and event.step]
        best = max(epochs, key=lambda event: event.validation_accuracy)
        assert f"The weights of step {best.step}, the best" in str(caught.value)
        expected, found = load_weights(best.weights).tensors, await run.network.weights()
        for name in ("layers.1.weight", "layers.2.weight"):  # a weights file has the mean in its first bias
            np.testing.assert_array_equal(found[name], expected[name])
        run.close()

    asyncio.run(go())


def test_early_stopping_brings_the_best_weights_back() -> None:
    async def go() -> None:
        # A rate of next to nothing: no epoch after the first is better.
        run = await prepare(replace(SMALL, lr=1e-6, schedule="constant", patience=2, epochs=50))
        assert await run.trainer.run() == "early"
        assert run.trainer.record.epoch < 10
        best = run.trainer.best
        assert best
        for name, value in (await run.network.weights()).items():
            np.testing.assert_array_equal(value, best[name])
        run.close()

    asyncio.run(go())


def test_abandoning_ends_the_run_at_once() -> None:
    async def go() -> None:
        run = await prepare(replace(SMALL, epochs=1000))
        run.source.at(3, run.control.abandon)
        with pytest.raises(Abandoned):
            await run.trainer.run()
        run.close()

    asyncio.run(go())


def test_events_add_up_to_the_record() -> None:
    _, run = train(SMALL)
    record, metrics = run.trainer.record, run.of(Metrics)
    assert [s for m in metrics for s in m.step] == record.curves.step
    assert [a for m in metrics for a in m.validation_accuracy] == record.curves.validation_accuracy
    assert [round(c.epoch, 6) for c in run.of(Checkpoint)] == [0, 1, 2]
    assert run.of(Progress)[-1].step == run.of(Progress)[-1].steps == record.steps
    run.close()


def test_a_run_begins_with_the_untrained_network_and_what_it_knows() -> None:
    _, run = train(SMALL)
    first = run.of(Checkpoint)[0]
    assert (first.step, first.epoch, first.end_of_epoch) == (0, 0, True)
    untrained = draw_weights({b.name: b.shape for b in run.network.train.program.by_role("weight")}, SMALL.seed)
    kept = load_weights(first.weights).tensors
    np.testing.assert_array_equal(kept["layers.0.weight"], untrained["layers.0.weight"])
    samples = asyncio.run(validation())
    oracle = Oracle({"kind": "mlp"}, kept)
    right = oracle.forward(samples.images.reshape(-1, 784) / 255).argmax(1) == samples.labels
    assert first.validation_accuracy == pytest.approx(right.mean())
    assert sum(map(sum, first.confusion)) == len(samples.labels)
    curves = run.trainer.record.curves
    assert (curves.validation_step[0], curves.validation_accuracy[0]) == (0, first.validation_accuracy)
    assert run.of(Metrics)[0].validation_step == [0], "the page has it before the first step is done"
    run.close()


def test_the_beginning_is_measured_once_and_changes_nothing() -> None:
    _, whole = train(SMALL)
    first = whole.of(Checkpoint)[0].checkpoint
    _, again = train(SMALL, checkpoint=first)  # a device that is lost before the first step
    assert again.trainer.record.curves == whole.trainer.record.curves
    assert [c.step for c in again.of(Checkpoint)] == [c.step for c in whole.of(Checkpoint)][1:]

    async def unmeasured() -> Any:
        """A run of the version before, which did not measure its beginning."""
        run = await prepare(SMALL)
        run.trainer.record.curves.validation_step.append(-1)
        await run.trainer.run()
        return run

    before = asyncio.run(unmeasured())
    assert before.trainer.record.curves.loss == whole.trainer.record.curves.loss
    ours, theirs = (asyncio.run(run.network.everything()) for run in (before, whole))
    for name, value in ours.items():
        np.testing.assert_array_equal(value, theirs[name], err_msg=name)
    for run in (whole, again, before):
        run.close()


def test_a_run_that_went_on_before_there_was_a_beginning_still_has_none() -> None:
    _, whole = train(SMALL)
    tensors, record, best = unpack(whole.of(Checkpoint)[1].checkpoint)
    curves = record.curves
    for values in (curves.validation_step, curves.validation_loss, curves.validation_accuracy):
        del values[0]
    _, resumed = train(SMALL, checkpoint=pack(tensors, record, best))
    assert 0 not in resumed.trainer.record.curves.validation_step
    assert resumed.trainer.record.curves.loss == whole.trainer.record.curves.loss
    whole.close()
    resumed.close()


def test_checkpoints_and_exported_weights_are_what_they_say() -> None:
    import safetensors.numpy

    _, run = train(SMALL)
    packed = run.of(Checkpoint)[-1].checkpoint
    tensors, record, _ = unpack(packed)
    assert record == replace(run.trainer.record, seconds=record.seconds)
    assert tensors.keys() == {*run.network.weight_names, *run.network.state_names}
    assert safetensors.numpy.load(packed).keys() == tensors.keys()

    exported = run.of(Weights)[-1].weights
    plain = safetensors.numpy.load(exported)
    assert {name: value.shape for name, value in plain.items()} == {
        "layers.0.weight": (784, 16),
        "layers.0.bias": (16,),
        "layers.1.weight": (16, 10),
        "layers.1.bias": (10,),
    }
    with pytest.raises(WeightsError, match="no checkpoint"):
        unpack(exported)

    async def measure_again() -> None:
        fresh = await prepare(SMALL)
        fresh.network.write(weights_for(fresh.network.train.program, load_weights(exported).tensors))
        ours, theirs = await fresh.trainer.validate(), await run.trainer.validate()
        np.testing.assert_allclose(ours.logits, theirs.logits, atol=1e-4)
        fresh.close()

    asyncio.run(measure_again())
    run.close()
