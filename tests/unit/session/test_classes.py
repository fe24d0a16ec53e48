"""Networks of 2, 3 and 26 classes go through whole runs: trained, measured, saved, resumed, exported, refused."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tabgrad import protocol
from tabgrad.alphabet import DIGITS, Labels
from tabgrad.artifacts import load_weights, read_record, save_weights, unpack
from tabgrad.network import CODE, load_safetensors, weights_for
from tabgrad.program import loads
from tabgrad.settings import RunSettings
from tests.unit.session.session_bench import Bench, MadeUpSets, measured, on_bench
from tests.unit.session.session_runs import SMALL

LETTERS: Labels = tuple("abcdefghijklmnopqrstuvwxyz")
ALPHABETS: dict[int, Labels] = {2: ("cat", "dog"), 3: ("circle", "square", "star"), 26: LETTERS}
SOURCE = """from tinygrad import Tensor, nn

class Net:
    def __init__(self):
        self.l1, self.l2 = nn.Linear(784, 16), nn.Linear(16, {classes})

    def __call__(self, x):
        return self.l2(self.l1(x.flatten(1)).relu())
"""
NETWORKS = {
    "mlp": replace(SMALL, epochs=3),
    "cnn": replace(SMALL, model="cnn", optimizer="adamw", lr=0.01, epochs=10),
    CODE: replace(SMALL, model=CODE, optimizer="adam", lr=0.01, epochs=12),
}


def settings_of(kind: str, labels: Labels) -> RunSettings:
    source = SOURCE.format(classes=len(labels)) if kind == CODE else ""
    return replace(NETWORKS[kind], source=source, labels=labels)


def with_data(labels: Labels, test: Callable[[Bench], Awaitable[None]]) -> None:
    on_bench(test, MadeUpSets(labels))


def of_kind(bench: Bench, kind: type[Any]) -> list[Any]:
    return [event for event in bench.events if isinstance(event, kind)]


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("classes", ALPHABETS)
def test_a_run_from_start_to_its_result(kind: str, classes: int) -> None:
    labels = ALPHABETS[classes]
    settings = settings_of(kind, labels)

    async def go(bench: Bench) -> None:
        ready = await bench.answer(protocol.Start, settings=settings.to_json(), answer_target="wasm.simd")
        assert isinstance(ready, protocol.Ready)
        finished = await bench.expect(protocol.Finished)
        assert finished.settings["labels"] == list(labels)
        chance = 1 / classes
        assert finished.validation_accuracy > chance + 5 * math.sqrt(chance * (1 - chance) / 400)  # of 400 images
        program = loads(next(event.program for event in of_kind(bench, protocol.Compiled) if event.name == "infer"))
        assert program.buffer("logits").shape == (1, classes)
        last = [event for event in of_kind(bench, protocol.Checkpoint) if event.end_of_epoch][-1]
        confusion = np.array(last.confusion)
        assert confusion.shape == (classes, classes)
        assert confusion.trace() / confusion.sum() == pytest.approx(finished.validation_accuracy)
        file = load_weights(last.weights)
        assert (file.settings, file.remark) == (settings, "")
        assert weights_for(program, file.tensors).keys() == file.tensors.keys()
        if kind != CODE:  # which the oracle does not know
            assert measured(last.weights).accuracy == pytest.approx(finished.validation_accuracy, abs=0.005)
            assert measured(last.weights, "test").accuracy == pytest.approx(finished.test_accuracy, abs=0.005)

    with_data(labels, go)


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_resumed_run_is_the_same_to_the_bit(kind: str) -> None:
    settings = settings_of(kind, LETTERS)

    async def go(bench: Bench) -> None:
        await bench.answer(protocol.Start, settings=settings.to_json())
        await bench.expect(protocol.Finished)
        saved = of_kind(bench, protocol.Checkpoint)
        end, half = saved[-1].checkpoint, next(event for event in saved if event.step > 0).checkpoint
        assert read_record(half).settings == settings
        bench.forget_events()
        await bench.answer(protocol.Start, settings={}, checkpoint=half)
        await bench.expect(protocol.Finished)
        again = of_kind(bench, protocol.Checkpoint)[-1].checkpoint
        found, expected = load_safetensors(again)[0], load_safetensors(end)[0]
        assert found.keys() == expected.keys()
        assert all(np.array_equal(found[name], value) for name, value in expected.items())

    with_data(LETTERS, go)


def test_a_run_and_its_data_must_have_the_same_classes() -> None:
    mixed: Labels = (*LETTERS[:12], "L", *LETTERS[13:])
    wrong = {
        (): "tells 0 to 9 apart, and the data has a, b, c, d, e … z (26 classes)",
        ALPHABETS[2]: "tells cat and dog apart, and the data has a, b",
        LETTERS[::-1]: "tells z, y, x",
        mixed: "tells L (class 13) apart, and the data has m (class 13)",
    }

    async def go(bench: Bench) -> None:
        for labels, sentence in wrong.items():
            settings = replace(NETWORKS["mlp"], labels=labels).to_json()
            for command in (protocol.Start, protocol.Prepare):
                failed = await bench.answer(command, settings=settings)
                assert isinstance(failed, protocol.Failed)
                assert failed.kind == "data"
                assert sentence in failed.message
        assert not bench.opened  # nothing was compiled for it

    with_data(LETTERS, go)


def test_weights_of_another_alphabet_are_refused() -> None:
    settings = settings_of("mlp", ALPHABETS[3])
    shapes = {"layers.0.weight": (784, 16), "layers.0.bias": (16,), "layers.1.weight": (16, 3), "layers.1.bias": (3,)}
    tensors = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    others = save_weights(tensors, replace(settings, labels=("one", "two", "three")))
    nameless = save_weights(tensors)

    async def go(bench: Bench) -> None:
        failed = await bench.answer(protocol.Start, settings=settings.to_json(), weights=others)
        assert isinstance(failed, protocol.Failed)
        assert "tells one, two and three apart, and this one circle, square and star" in failed.message
        await bench.answer(protocol.Start, settings=settings.to_json(), weights=nameless, start_paused=True)
        await bench.expect(protocol.Progress)
        failed = await bench.answer(protocol.Import, weights=others)
        assert isinstance(failed, protocol.Failed)
        assert "one, two and three" in failed.message
        assert isinstance(await bench.answer(protocol.Import, weights=nameless), protocol.Accepted)
        saved = await bench.answer(protocol.SaveCheckpoint)
        assert isinstance(saved, protocol.Checkpoint)
        assert not unpack(saved.checkpoint).tensors["layers.1.weight"].any()

    with_data(ALPHABETS[3], go)


def test_a_source_with_another_number_of_outputs_is_told_what_to_change() -> None:
    settings = replace(settings_of(CODE, LETTERS), source=SOURCE.format(classes=10))

    async def go(bench: Bench) -> None:
        for kind in (protocol.Start, protocol.Compile):
            failed = await bench.answer(kind, settings=settings.to_json(), answer_target="wasm.simd")
            assert isinstance(failed, protocol.Failed)
            assert (failed.kind, failed.line) == ("code", 5)
            assert "The data has 26 classes" in failed.message
            assert "write nn.Linear(16, 26) here instead of nn.Linear(16, 10)" in failed.message

    with_data(LETTERS, go)


def test_the_console_knows_the_names_of_the_classes() -> None:
    settings = settings_of("mlp", ALPHABETS[3])

    async def go(bench: Bench) -> None:
        await bench.answer(protocol.Start, settings=settings.to_json())
        await bench.expect(protocol.Finished)
        code = "print(data.labels[data.sample(3).label] in data.labels, data.labels, weights['layers.1.bias'].shape)"
        done = await bench.answer(protocol.Evaluate, code=code)
        assert isinstance(done, protocol.Evaluated)
        assert done.items[0]["text"] == "True ('circle', 'square', 'star') (3,)\n"
        done = await bench.answer(protocol.Evaluate, code="from tinygrad import Tensor\nnet(Tensor(x)[None]).shape")
        assert isinstance(done, protocol.Evaluated)
        assert done.items[0]["text"] == "(1, 3)\n"

    with_data(ALPHABETS[3], go)


def test_digits_stay_the_digits_of_before() -> None:
    assert "labels" not in replace(SMALL, labels=()).to_json()
    assert RunSettings.stored(SMALL.to_json()).alphabet == DIGITS
