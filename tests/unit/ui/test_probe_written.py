"""The probe into a network that somebody wrote: its layers, their values, votes of the last one, and the gradient."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from scripts.build import SOURCES
from tabgrad import model
from tabgrad.backends.wasm import WasmDevice, open_device
from tabgrad.data.drawings import Drawing, split
from tabgrad.data.strokes import StrokeSource, draw_chunk
from tabgrad.explain import attribution, written
from tabgrad.network import CLASSES, CODE, Description, SourceError, Stage
from tabgrad.program import Program, ProgramError
from tabgrad.ui.inspect.probe import OTHER_LAYERS, Probe, as_input
from tabgrad.ui.inspect.sections.tuner import NOT_DENSE, fine_tune
from tabgrad.ui.inspect.stage_words import note_of, place_of, title_of
from tabgrad.ui.models import load_model
from tabgrad.ui.models.shipped import ShippedModels, ShippedPrograms
from tests.unit.model.written_sources import CONVOLUTIONS, net

EXAMPLES = {path.stem: path.read_text() for path in sorted(SOURCES.glob("*.py")) if path.stem != "mistake"}
IMAGES = as_input(StrokeSource(9).take_now(3).images)
#: Drawings to learn from and to test on.
OWN = [Drawing(int(label), tuple(strokes), 1.0) for strokes, label in zip(*draw_chunk(5, 0), strict=True)][:40]
#: Layers of every kind: what has too many numbers, what has no batch, maps of one pixel, a mask of an attention.
STRANGE = """
from tinygrad import Tensor, nn
class Net:
    def __init__(self):
        self.flat, self.wide, self.tall = lambda x: x.flatten(1), nn.Linear(784, 600), lambda x: x.reshape(-1, 1, 600)
        self.scores = lambda x: (x.reshape(-1, 1, 1, 1, 600) > 0).where(x.reshape(-1, 1, 1, 1, 600), -float("inf"))
        self.points, self.mean = nn.Conv2d(1, 3, 28), lambda x: x.mean((0, 1, 2))
        self.out = nn.Linear(603, 10)
    def __call__(self, x):
        wide = self.tall(self.wide(self.flat(x))).sigmoid()
        both = self.scores(wide.reshape(-1, 600)).exp().flatten(1).cat(self.points(x).flatten(1), dim=1)
        return self.out(both * self.mean(x).sum()).log_softmax()
"""


class Teller:
    """A `Describer` that compiles at once. `asked` has the names of the programs that it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.change: Callable[[Description], Description] = lambda described: described

    async def describe(self, source: str, classes: int) -> Description:
        self.asked.append("")
        return self.change(model.describe(source, classes))

    async def program(self, source: str, classes: int, name: str) -> Program:
        self.asked.append(name)
        make = {"activations": model.activations, "saliency": model.saliency}[name]
        try:
            return make({"kind": CODE, "source": source, "classes": classes}, "wasm", "simd")
        except SourceError as error:
            raise ProgramError(str(error)) from error


def looking_into(
    source: str, test: Callable[[Probe, Teller, WasmDevice], Awaitable[object]], classes: int = CLASSES
) -> None:
    """Call `test` with a probe into the network of a source, whose weights are made up."""

    async def go() -> None:
        device, teller = await open_device(), Teller()
        spec = {"kind": CODE, "source": source, "classes": classes}
        program = model.inference(spec, "wasm", "simd")
        rng, weights = np.random.default_rng(4), dict[str, Any]()
        for buffer in program.by_role("weight"):
            drawn = rng.uniform(0.1, 1, buffer.shape)  # variances, among others
            if len(buffer.shape) > 1:
                drawn = rng.standard_normal(buffer.shape) * np.sqrt(2 / np.prod(buffer.shape[1:]))
            weights[buffer.name] = drawn.astype(buffer.dtype)
        answering = await load_model(device, "code", {"spec": spec}, program, weights)
        probe = Probe(ShippedModels(ShippedPrograms({}, no_file), device), device, answering, teller)
        await probe.load()
        await test(probe, teller, device)
        probe.destroy()
        device.destroy()

    asyncio.run(go())


async def no_file(url: str) -> bytes:
    raise OSError(f"There is no {url}.")


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_can_be_looked_into(name: str) -> None:
    async def test(probe: Probe, teller: Teller, _device: WasmDevice) -> None:
        assert probe.is_written
        assert probe.has_programs
        assert teller.asked == [], "what nobody looks at is not asked for"
        for image in IMAGES:
            seen = await probe.activations(image)
            np.testing.assert_allclose(seen["logits"], await probe.model.logits(image), atol=1e-4)
            for stage in probe.structure[:-1]:
                assert seen[stage.tap].shape == stage.shape
                assert len(stage.shape) in (1, 3)
            found = written.votes(probe.structure, probe.weights, seen)
            if name in ("mlp", "cnn", "residual"):
                assert found is not None
                np.testing.assert_allclose(found.terms.sum(axis=0) + found.bias, seen["logits"], atol=1e-3)
                parts = found.of(3)
                assert parts.total == pytest.approx(float(seen["logits"][3]), abs=1e-3)
        assert teller.asked == ["", "activations"]

    looking_into(EXAMPLES[name], test)


@pytest.mark.parametrize("name", ["mlp", "encoder"])
def test_the_gradient_is_that_of_the_network(name: str) -> None:
    async def test(probe: Probe, teller: Teller, _device: WasmDevice) -> None:
        for image in IMAGES:
            await gradient_is_right(probe, image)
        assert teller.asked == ["saliency"]

    looking_into(EXAMPLES[name], test)


def test_a_network_of_26_classes_can_be_looked_into() -> None:
    async def test(probe: Probe, _teller: Teller, _device: WasmDevice) -> None:
        seen = await probe.activations(IMAGES[0])
        assert seen["logits"].shape == probe.structure[-1].shape == (26,)
        found = written.votes(probe.structure, probe.weights, seen)
        assert found is not None
        np.testing.assert_allclose(found.terms.sum(axis=0) + found.bias, seen["logits"], atol=1e-3)
        await gradient_is_right(probe, IMAGES[0])

    looking_into(EXAMPLES["mlp"].replace("10)", "26)"), test, 26)


async def gradient_is_right(probe: Probe, image: Any, step: float = 1e-3) -> None:
    """A step along the gradient changes the number as it says."""
    seed = attribution.seed(3, 8, probe.structure[-1].units if probe.structure else CLASSES)
    logits, gradient = await probe.saliency(image, seed)
    way = gradient / np.linalg.norm(gradient) * step
    ends = await probe.logits(np.stack([image - way, image + way]).astype(np.float32))
    assert float((ends[1] - ends[0]) @ seed[0]) == pytest.approx(2 * step * np.linalg.norm(gradient), rel=0.1)
    np.testing.assert_allclose(logits, await probe.model.logits(image), atol=1e-4)


def test_what_is_shown_of_the_examples() -> None:
    def shown(name: str) -> tuple[Stage, ...]:
        shapes = {b.name: b.shape for b in program(EXAMPLES[name]).by_role("weight")}
        return written.written_stages(model.describe(EXAMPLES[name]), shapes)

    hidden, digits = shown("mlp")
    assert title_of(hidden, 0, patterns=True) == "hidden: Linear (128, 784)"
    assert (hidden.name, hidden.input_shape) == ("hidden", (1, 28, 28))
    assert (digits.name, digits.input_shape) == ("output", (128,))
    assert place_of(hidden, 0, 7) == "hidden, unit 7"
    first, second, dense, digits = shown("cnn")
    assert [s.name for s in (first, second, dense, digits)] == ["conv1", "conv2", "", "output"]
    assert dense.input_shape == second.shape == (16, 8, 8)
    assert place_of(first, 0, 7) == "conv1, map 7"
    assert "16 feature maps of 8" in note_of(second, patterns=False, shown=16)
    for stage in (stage for name in EXAMPLES for stage in shown(name)[:-1]):
        assert "rows" not in stage.kind or place_of(stage, 0, 0) == f"{stage.path}, all rows"


def program(source: str) -> Program:
    return model.inference({"kind": CODE, "source": source}, "wasm", "simd")


def test_layers_of_every_kind_are_shown_as_finite_numbers_of_a_size_that_fits() -> None:
    async def test(probe: Probe, _teller: Teller, _device: WasmDevice) -> None:
        seen = await probe.activations(IMAGES[0])
        kinds = {stage.path: (stage.kind, stage.shape) for stage in probe.structure[:-1]}
        assert kinds == {
            "wide": ("units", (600,)),
            "scores": ("values", (600,)),
            "points": ("units", (3,)),
            "mean": ("values", (28,)),
            "out": ("units", (10,)),
        }
        assert all(np.isfinite(values).all() for values in seen.values())
        assert written.votes(probe.structure, probe.weights, seen) is None
        with pytest.raises(ProgramError) as refused:
            await fine_tune(probe, OWN)
        assert str(refused.value) == NOT_DENSE

    looking_into(STRANGE, test)


@pytest.mark.parametrize("name", ["mlp", "residual"])
def test_its_last_layer_can_be_fine_tuned(name: str) -> None:
    async def test(probe: Probe, _teller: Teller, device: WasmDevice) -> None:
        outcome = await fine_tune(probe, OWN)
        assert outcome is not None
        tuned = await outcome.make(device)
        assert tuned.card["spec"] == probe.model.card["spec"]
        changed = await tuned.weights()
        assert {n for n, v in changed.items() if (v != probe.weights[n]).any()} == {"output.weight", "output.bias"}
        _, held_out = split(OWN)
        answers = [int((await tuned.logits(drawing.image())).argmax()) for drawing in held_out]
        right = sum(answer == drawing.label for answer, drawing in zip(answers, held_out, strict=True))
        assert right == outcome.after

    looking_into(EXAMPLES[name], test)


def test_layers_in_a_list_have_the_votes_of_the_last_one() -> None:
    async def test(probe: Probe, _teller: Teller, _device: WasmDevice) -> None:
        seen = await probe.activations(IMAGES[0])
        assert [stage.path for stage in probe.structure[:-1]] == [f"layers.{i}" for i in range(10)]
        found = written.votes(probe.structure, probe.weights, seen)
        assert found is not None
        assert found.terms.shape == (4, 10)
        np.testing.assert_allclose(found.terms.sum(axis=0) + found.bias, seen["logits"], atol=1e-3)

    looking_into(CONVOLUTIONS, test)


def test_a_network_without_layers_has_a_gradient_and_no_structure() -> None:
    async def test(probe: Probe, _teller: Teller, _device: WasmDevice) -> None:
        await probe.describe()
        assert [stage.tap for stage in probe.structure] == [""]
        await gradient_is_right(probe, IMAGES[0])

    looking_into(net("self.w = Tensor.uniform(784, 10)"), test)


def test_what_cannot_be_compiled_is_one_sentence() -> None:
    async def test(probe: Probe, _teller: Teller, device: WasmDevice) -> None:
        with pytest.raises(ProgramError, match="no saliency"):
            await probe.saliency(IMAGES[0], attribution.seed(1))
        assert (await probe.activations(IMAGES[0]))["logits"].shape == (10,)
        alone = Probe(ShippedModels(ShippedPrograms({}, no_file), device), device, probe.model)
        await alone.load()
        with pytest.raises(ProgramError, match="The tab Train"):
            await alone.activations(IMAGES[0])
        assert (await alone.logits(IMAGES)).shape == (3, 10)

    looking_into(net("self.w = nn.Linear(784, 10)", "return self.w((x.flatten(1) > 0.5).float())"), test)


def test_a_program_with_other_layers_is_refused() -> None:
    async def test(probe: Probe, teller: Teller, _device: WasmDevice) -> None:
        def other(described: Description) -> Description:
            return replace(described, layers=tuple(replace(row, tap=f"{row.tap}0") for row in described.layers))

        teller.change = other
        with pytest.raises(ProgramError) as refused:
            await probe.activations(IMAGES[0])
        assert str(refused.value) == OTHER_LAYERS

    looking_into(EXAMPLES["mlp"], test)
