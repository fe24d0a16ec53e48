"""A network that somebody wrote goes through a whole run: from Start to its result, paused, saved, resumed, refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tabgrad import protocol
from tabgrad.artifacts import load_weights, read_record
from tabgrad.backends.wasm import open_device
from tabgrad.data import Samples
from tabgrad.metrics import Results
from tabgrad.network import CODE, SourceError, load_safetensors, weights_for
from tabgrad.program import loads
from tabgrad.session.plan import answer_request, evaluation_request, initial_request
from tabgrad.session.programs import compile_program
from tabgrad.session.written import DistortedBatches
from tabgrad.settings import RunSettings
from tests.unit.session.session_bench import Bench, on_bench
from tests.unit.session.session_runs import SMALL, Digits, digits

#: Everything that a source can have: batch norm, dropout, and a loss, an optimizer and an augmentation of its own.
SOURCE = """
import numpy as np
from tinygrad import Tensor, nn

class Net:
    def __init__(self):
        self.l1, self.norm, self.l2 = nn.Linear(784, 16), nn.BatchNorm(16), nn.Linear(16, 10)

    def __call__(self, x):
        return self.l2(self.norm(self.l1(x.flatten(1))).relu().dropout(0.1))

def loss(logits, y):
    return logits.sparse_categorical_crossentropy(y, label_smoothing=0.1) * 100

def optimizer(parameters):
    return nn.optim.Adam(parameters, lr=0.01)

def augment(images, rng):
    return np.roll(images, rng.integers(-1, 2), axis=2)
"""
WRITTEN = replace(SMALL, model=CODE, source=SOURCE, lr=0.01)
#: The same without what only training needs.
PLAIN = replace(WRITTEN, source=SOURCE[: SOURCE.index("def loss")], optimizer="adamw")


def last(bench: Bench, kind: type[Any]) -> Any:
    return [event for event in bench.events if isinstance(event, kind)][-1]


def answers(program: bytes, weights: bytes, samples: Samples) -> Results:
    """What the page makes of a weights file: its own check, and its program for one image."""

    async def go() -> Results:
        device = await open_device()
        executable = await device.load(loads(program))
        for name, value in weights_for(executable.program, load_weights(weights).tensors).items():
            executable.write(name, value)
        images = samples.images.reshape(-1, 1, 784).astype(np.float32) / 255
        logits = [(await executable.run({"x": image}, ["logits"]))["logits"] for image in images]
        device.destroy()
        return Results(np.concatenate(logits), samples.labels)

    return asyncio.run(go())


@pytest.mark.parametrize("settings", [WRITTEN, PLAIN], ids=["with everything", "with the form's"])
def test_a_run_from_start_to_its_result(settings: RunSettings) -> None:
    program, weights, finished = b"", b"", None

    async def go(bench: Bench) -> None:
        nonlocal program, weights, finished
        ready = await bench.answer(protocol.Start, settings=settings.to_json(), answer_target="wasm.simd")
        assert isinstance(ready, protocol.Ready)
        finished = await bench.expect(protocol.Finished)
        program = (await bench.expect(protocol.Compiled, lambda e: e.name == "infer" and e.program)).program
        weights = last(bench, protocol.Weights).weights

    on_bench(go)
    assert finished is not None
    assert finished.settings == settings.to_json()
    assert finished.test_accuracy > 0.9
    assert answers(program, weights, digits(400, 3)).accuracy == pytest.approx(finished.test_accuracy)
    file = load_weights(weights)
    assert (file.settings, file.remark) == (settings, "")
    assert file.tensors["norm.num_batches_tracked"] == finished.step
    assert file.parameters == 784 * 16 + 16 + 2 * 16 + 16 * 10 + 10
    assert weights.count(b"class Net") == 1


@pytest.mark.parametrize("settings", [WRITTEN, PLAIN], ids=["with everything", "with the form's"])
def test_a_run_that_is_paused_and_resumed_ends_the_same(settings: RunSettings) -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(protocol.Start, settings=settings.to_json())
        whole = await bench.expect(protocol.Finished)
        weights = last(bench, protocol.Weights).weights
        bench.forget_events()
        await bench.answer(protocol.Start, settings=settings.to_json(), start_paused=True)
        for step in (1, 2, 3):
            await bench.answer(protocol.Step)
            await bench.expect(protocol.Progress, lambda e, step=step: e.step == step)  # type: ignore[misc] # a default
        saved = await bench.answer(protocol.SaveCheckpoint)
        assert isinstance(saved, protocol.Checkpoint)
        assert read_record(saved.checkpoint).settings == settings
        bench.forget_events()
        await bench.answer(protocol.Start, checkpoint=saved.checkpoint)
        again = await bench.expect(protocol.Finished)
        assert replace(again, id=0, seconds=0) == replace(whole, id=0, seconds=0)
        assert last(bench, protocol.Weights).weights == weights

    on_bench(go)


def test_other_seeds_begin_with_other_weights_and_no_program_is_compiled_again() -> None:
    async def go(bench: Bench) -> None:
        begun = []
        for seed in (1, 2, 1):
            bench.forget_events()
            settings = replace(PLAIN, seed=seed, epochs=0.1)
            await bench.answer(protocol.Start, settings=settings.to_json())
            await bench.expect(protocol.Finished)
            begun.append(load_safetensors((await bench.expect(protocol.Checkpoint)).weights)[0]["l1.weight"])
            sources = [e.source for e in bench.events if isinstance(e, protocol.Compiled)]
        assert "compiled" not in sources
        np.testing.assert_array_equal(begun[0], begun[2])
        assert (begun[0] != begun[1]).mean() > 0.9

    on_bench(go)


def test_weights_of_the_same_network_can_be_gone_on_with() -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(protocol.Start, settings=replace(PLAIN, epochs=0.5).to_json())
        await bench.expect(protocol.Finished)
        weights = last(bench, protocol.Weights).weights
        bench.forget_events()
        await bench.answer(protocol.Start, settings=WRITTEN.to_json(), weights=weights, origin="the first")
        first = await bench.expect(protocol.Checkpoint)
        assert (
            load_safetensors(first.weights)[0]["l1.weight"].tolist()
            == load_weights(weights).tensors["l1.weight"].tolist()
        )
        await bench.expect(protocol.Finished)

    on_bench(go)


def edited(before: str, after: str) -> dict[str, Any]:
    assert before in SOURCE
    return replace(WRITTEN, source=SOURCE.replace(before, after)).to_json()


#: What is wrong with a source, and the line.
REFUSED = {
    "the network": (edited("16, 10)\n", "16, 9)\n"), "write nn.Linear(16, 10) here", 7),
    "the optimizer": (edited("Adam(parameters", "Adam([]"), "at least one param", 16),
    "the augmentation": (edited("def augment(images, rng)", "augment = 3\ndef other(images, rng)"), "a function", 18),
    "everything": (edited(SOURCE, "while :"), "invalid syntax", 1),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_source_that_cannot_be_used_is_refused_with_its_line(what: str) -> None:
    settings, sentence, line = REFUSED[what]

    async def go(bench: Bench) -> None:
        failed = await bench.answer(protocol.Start, settings=settings)
        assert isinstance(failed, protocol.Failed)
        assert (failed.kind, failed.line) == ("code", line)
        assert sentence in failed.message
        assert sum(event.reply_to == failed.reply_to for event in bench.events) == 1

    on_bench(go)


def test_an_augmentation_that_fails_later_ends_the_run() -> None:
    async def go(bench: Bench) -> None:
        settings = edited("return np.roll", "assert rng.integers(20)\n    return np.roll")
        await bench.answer(protocol.Start, settings=settings)
        failed = await bench.expect(protocol.Failed)
        assert (failed.kind, failed.line, failed.reply_to) == ("code", 19, 0)
        assert "AssertionError" in failed.message

    on_bench(go)


def test_a_source_is_never_too_long() -> None:
    async def go(bench: Bench) -> None:
        failed = await bench.answer(protocol.Start, settings=edited(SOURCE, "x" * 1_000_000))
        assert isinstance(failed, protocol.Failed)
        assert "1,000,000 bytes" in failed.message

    on_bench(go)


def test_batches_are_distorted_the_same_however_they_are_taken() -> None:
    def augment(images: Any, rng: Any) -> Any:
        return np.roll(images, rng.integers(0, 784))

    async def taken(*counts: int, position: int = 0) -> Samples:
        source = Digits(1)
        source.position = position
        distorted = DistortedBatches(source, augment, batch=8, seed=3)
        parts = [await distorted.take(count) for count in counts]
        return Samples(np.concatenate([p.images for p in parts]), np.concatenate([p.labels for p in parts]))

    whole, parts, rest = (asyncio.run(taken(*c, position=p)) for c, p in (((32,), 0), ((8, 16, 8), 0), ((16,), 16)))
    np.testing.assert_array_equal(whole.images, parts.images)
    np.testing.assert_array_equal(whole.images[16:], rest.images)
    np.testing.assert_array_equal(whole.labels, parts.labels)
    assert len({image.tobytes() for image in whole.images}) == 32


def test_requests_name_the_source() -> None:
    requests = [make(WRITTEN, "wasm", "simd") for make in (answer_request, evaluation_request, initial_request)]
    assert all(request.spec == {"kind": CODE, "source": SOURCE} for request in requests)
    other = answer_request(replace(WRITTEN, source=SOURCE + "\n"), "wasm", "simd")
    assert len({request.stem for request in [*requests, other]}) == 4
    with pytest.raises(SourceError, match="no “Net”"):
        compile_program(answer_request(replace(WRITTEN, source=""), "wasm", "simd"))


def test_a_source_is_compiled_and_answers_before_it_is_trained() -> None:
    async def go(bench: Bench) -> None:
        written = await bench.answer(protocol.Compile, settings=WRITTEN.to_json(), answer_target="wasm.simd")
        assert isinstance(written, protocol.Written)
        assert [row["call"] for row in written.description["layers"]][:2] == ["Linear (16, 784)", "BatchNorm (16,)"]
        assert load_weights(written.weights).settings == WRITTEN
        network.append(written)
        again = await bench.answer(protocol.Compile, settings=WRITTEN.to_json(), answer_target="wasm.simd")
        assert isinstance(again, protocol.Written)
        assert again.weights == written.weights, "the seed decides the first values"

    network = list[protocol.Written]()
    on_bench(go)
    results = answers(network[0].program, network[0].weights, digits(20, seed=0))
    assert np.isfinite(results.logits).all()


def test_a_source_is_compiled_while_a_run_is_under_way() -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(protocol.Start, settings=SMALL.to_json())
        written = await bench.answer(protocol.Compile, settings=PLAIN.to_json(), answer_target="wasm.simd")
        assert isinstance(written, protocol.Written)
        await bench.expect(protocol.Finished)
        assert len(bench.opened) == 1, "on the engine of the run"

    on_bench(go)


async def asked_for(bench: Bench, name: str, settings: RunSettings = PLAIN, target: str = "wasm.simd") -> Any:
    return await bench.answer(protocol.Prepare, settings=settings.to_json(), answer_target=target, program=name)


def test_programs_that_look_inside_are_made_when_the_page_asks() -> None:
    async def go(bench: Bench) -> None:
        for name, outputs in (("infer", []), ("activations", ["act.0", "act.1"]), ("saliency", ["saliency"])):
            compiled = await asked_for(bench, name)
            assert isinstance(compiled, protocol.Compiled)
            assert compiled.name == name
            program = loads(compiled.program)
            assert [b.name for b in program.by_role("output")] == ["logits", *outputs]
            assert "l1.weight" in {b.name for b in program.by_role("weight")}

    on_bench(go)


def test_a_program_that_cannot_be_made_is_refused_in_one_sentence() -> None:
    async def go(bench: Bench) -> None:
        for name, settings in (("train", PLAIN), ("b" * 99, PLAIN), ("saliency", SMALL)):
            failed = await asked_for(bench, name, settings)
            assert isinstance(failed, protocol.Failed)
            assert (failed.kind, failed.message.count(".")) == ("input", 1)
        rounded = PLAIN.source.replace("x.flatten(1)", "(x.flatten(1) > 0.5).float()")
        failed = await asked_for(bench, "saliency", replace(PLAIN, source=rounded))
        assert isinstance(failed, protocol.Failed)
        assert failed.kind == "code"
        assert "no saliency" in failed.message

    on_bench(go)


def test_a_mistake_in_a_source_is_said_at_its_line_and_a_run_goes_on() -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(protocol.Start, settings=SMALL.to_json())
        wrong = replace(PLAIN, source=PLAIN.source.replace("Linear(16, 10)", "Linear(17, 10)"))
        failed = await bench.answer(protocol.Compile, settings=wrong.to_json(), answer_target="wasm.simd")
        assert isinstance(failed, protocol.Failed)
        assert (failed.kind, failed.line) == ("code", 10)
        await bench.expect(protocol.Finished)

    on_bench(go)


def test_the_editor_is_helped_also_while_a_run_is_under_way() -> None:
    typed = WRITTEN.source + "\nx.re"
    at = {"line": typed.count("\n") + 1, "column": 4}

    async def go(bench: Bench) -> None:
        for _ in range(2):
            found = await bench.answer(protocol.Assist, source=typed, **at)
            assert isinstance(found, protocol.Assisted)
            assert "relu" in [option["label"] for option in found.options]
            hint = await bench.answer(protocol.Assist, source=typed + "lu", hover=True, **at)
            assert isinstance(hint, protocol.Assisted)
            assert (hint.signature, hint.options) == ("relu() -> Tensor", [])
            nothing = await bench.answer(protocol.Assist, source="", line=7, column=1, hover=True)
            assert nothing == protocol.Assisted(id=nothing.id, reply_to=nothing.reply_to)
            await bench.answer(protocol.Start, settings=replace(SMALL, epochs=1000, schedule="constant").to_json())
        assert bench.host.running

    on_bench(go)


def test_values_that_are_not_finite_are_refused_at_their_line() -> None:
    async def go(bench: Bench) -> None:
        wrong = "\n        self.l2.weight = Tensor.full((10, 16), float('nan')).contiguous()\n\n    def __call__"
        settings = replace(PLAIN, source=PLAIN.source.replace("\n\n    def __call__", wrong)).to_json()
        for command, line in ((protocol.Compile, 8), (protocol.Start, 0)):
            given = {"answer_target": "wasm.simd"} if command is protocol.Compile else {}
            await bench.answer(command, settings=settings, **given)
            failed = await bench.expect(protocol.Failed)
            bench.forget_events()
            assert failed.message == "The tensor “l2.weight” begins with values that are not finite numbers."
            assert (failed.kind, failed.line) == ("code", line)

    on_bench(go)
