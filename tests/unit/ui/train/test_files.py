"""Weights as files: what leaves the page, and what comes in."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from tabgrad import protocol
from tabgrad.artifacts import load_weights, save_weights
from tabgrad.network import WeightsError, draw_weights, load_safetensors, save_safetensors, weights_for
from tabgrad.program import Program, loads
from tabgrad.settings import RunSettings
from tabgrad.storage import keys
from tabgrad.ui.train.store import KEPT_WEIGHTS
from tabgrad.ui.train.trained_models import IMPORTED
from tests.unit.ui.train.controller_bench import INFER, Bench, expected, on_bench, weights

MODELS = Path(__file__).parents[4] / "models"


def test_a_run_is_exported_as_a_script() -> None:
    async def test(bench: Bench) -> None:
        name, content = bench.controller.files.script(RunSettings(hidden=(64,), batch=77))
        assert name == "train_784_64_10.py"
        assert b"BATCH = 77" in content
        assert "downloads" in bench.state.message.text

    on_bench(test)


def test_weights_are_exported_under_the_name_of_their_network() -> None:
    async def go(bench: Bench) -> None:
        assert await bench.controller.files.exported() is None
        assert "press Train" in bench.state.message.text
        await bench.begin()
        bench.receive(protocol.Weights(step=7, weights=weights(7, 7)))
        assert await bench.controller.files.exported() == ("tabgrad-784-128-64-10-step7.safetensors", weights(7, 7))
        assert await bench.controller.files.exported("gone") is None
        assert str(KEPT_WEIGHTS) in bench.state.message.text
        bench.storage[keys.run_weights("damaged")] = b"?"
        assert await bench.controller.files.exported("damaged") is None
        assert "cannot be exported" in bench.state.message.text

    on_bench(go)


def test_a_file_goes_into_the_run_under_way_or_becomes_a_model() -> None:
    async def go(bench: Bench) -> None:
        bench.client.answers[protocol.Prepare] = INFER
        await bench.controller.files.import_weights(weights(5))
        assert bench.page.titles == {IMPORTED: "Imported 784-128-64-10"}
        assert await bench.answering() == expected(weights(5))
        await bench.begin()
        await bench.controller.files.import_weights(weights(6))
        assert bench.client.told(protocol.Import)[0].weights == weights(6)
        bench.client.answers[protocol.Import] = protocol.Failed(kind="input", message="It does not fit.")
        await bench.controller.files.import_weights(weights(6))
        assert bench.state.message.text == "The file was not imported: It does not fit."

    on_bench(go)


def test_a_file_runs_no_code_before_the_visitor_has_read_it() -> None:
    async def go(bench: Bench) -> None:
        shown = list[str]()
        files = bench.controller.files
        files.show_code = shown.append
        settings = RunSettings(model="code", source="class Net: ...\n")
        content = save_weights({"w": np.zeros((784, 10), np.float32)}, settings)
        await files.import_weights(content)
        assert shown == [settings.source]
        assert "nothing of it was run" in bench.state.message.text
        assert bench.client.told(protocol.Prepare) == []
        files.may_run = shown.__contains__
        await files.import_weights(content)
        assert [command.settings["source"] for command in bench.client.told(protocol.Prepare)] == shown

    on_bench(go)


@pytest.mark.parametrize("content", [b"", b"nonsense" * 9, save_weights({"a": np.zeros(3, np.float32)})])
def test_a_file_that_is_no_network_is_one_sentence(content: bytes) -> None:
    async def go(bench: Bench) -> None:
        bench.client.answers[protocol.Prepare] = INFER
        await bench.controller.files.import_weights(content)
        assert bench.state.message.text.startswith("The file was not imported: ")
        assert bench.page.titles == {}

    on_bench(go)


def mlp(*hidden: int) -> bytes:
    """A network of these sizes, without metadata."""
    sizes = (784, *hidden, 10)
    pairs = list(enumerate(itertools.pairwise(sizes)))
    shapes: dict[str, tuple[int, ...]] = {f"layers.{i}.weight": pair for i, pair in pairs}
    return save_safetensors(draw_weights(shapes | {f"layers.{i}.bias": pair[1:] for i, pair in pairs}, 0))


def with_metadata(**changes: str) -> bytes:
    """A network that fits, with other metadata."""
    tensors, metadata = load_safetensors(weights(5))
    return save_safetensors(tensors, metadata | changes)


def transposed(content: bytes) -> bytes:
    tensors, metadata = load_safetensors(content)
    return save_safetensors({name: tensor.T for name, tensor in tensors.items()}, metadata)


def filled(value: float) -> bytes:
    tensors, metadata = load_safetensors(weights(5))
    return save_safetensors({name: np.full_like(tensor, value) for name, tensor in tensors.items()}, metadata)


REFUSED: dict[str, tuple[bytes, str]] = {
    "layers that are too large": (mlp(2048, 2048), "at most 4 numbers from 1 to 1024"),
    "six hidden layers": (mlp(9, 9, 9, 9, 9, 9), "at most 4 numbers"),
    "PyTorch's layout with settings": (transposed(weights(5)), "PyTorch's layout"),
    "PyTorch's layout without": (transposed(mlp(128, 64)), "PyTorch's layout"),
    "settings that are a list": (with_metadata(settings="[]"), "settings cannot be used"),
    "settings that are nested": (with_metadata(settings="[" * 5000), "settings are damaged"),
    "settings that are cut off": (with_metadata(settings='{"lr": 1'), "settings are damaged"),
    "a rate of 400 digits": (with_metadata(settings='{"lr": 1' + "0" * 400 + "}"), "settings are damaged"),
    "a rate that is no number": (with_metadata(settings='{"lr": []}'), "must be a number"),
    "settings of a larger network": (with_metadata(settings='{"hidden": [4000]}'), "at most 4 numbers"),
    "settings of a CNN": (with_metadata(settings='{"model": "cnn"}'), "another network"),
    "weights of 1e38": (filled(1e38), "so large"),
    "weights that are no numbers": (filled(np.nan), "not finite"),
    "weights without end": (filled(np.inf), "not finite"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_that_cannot_answer_is_refused_in_one_sentence(what: str) -> None:
    content, sentence = REFUSED[what]

    async def go(bench: Bench) -> None:
        bench.client.answers[protocol.Prepare] = INFER
        await bench.controller.files.import_weights(content)
        message = bench.state.message
        assert message.is_error
        assert message.text.startswith("The file was not imported: ")
        assert sentence in message.text
        assert message.text.endswith(".")
        assert len(message.text) <= 200
        assert bench.page.titles == {}
        assert not bench.state.under_way

    if what == "settings of a CNN":  # the bench's program is that of an MLP
        with pytest.raises(WeightsError, match=sentence):
            weights_for(cnn_program(), load_weights(content).tensors)
    else:
        on_bench(go)


def cnn_program() -> Program:
    return loads((MODELS / "cnn" / "programs" / "infer.wasm.simd.json").read_bytes())


@pytest.mark.parametrize("spec", ["[]", '"mlp"', "{", "[" * 5000, '{"kind": "cnn"}', '{"kind": "mlp", "hidden": [9]}'])
def test_of_a_description_that_contradicts_the_tensors_the_tensors_count_and_it_is_said(spec: str) -> None:
    async def go(bench: Bench) -> None:
        bench.client.answers[protocol.Prepare] = INFER
        await bench.controller.files.import_weights(with_metadata(spec=spec))
        assert bench.state.message.text.startswith("The imported network answers now. The file's description is that")
        assert not bench.state.message.is_error
        assert await bench.answering() == expected(weights(5))
        file = load_weights(with_metadata(spec=spec))
        assert file.spec == {"kind": "mlp", "hidden": [128, 64], "activation": "relu"}
        await bench.begin()
        await bench.controller.files.import_weights(with_metadata(spec=spec))
        assert "its tensors decided" in bench.state.message.text

    on_bench(go)


def test_a_file_from_elsewhere_does_not_say_what_its_classes_are_called() -> None:
    for classes in (2, 10, 26):
        shapes = {"layers.0.weight": (784, classes), "layers.0.bias": (classes,)}
        file = load_weights(save_safetensors({name: np.zeros(shape, np.float32) for name, shape in shapes.items()}))
        assert len(file.settings.alphabet) == classes
        if classes == 10:
            assert (file.settings.labels, file.remark) == ((), "")
        else:
            assert file.settings.alphabet[0] == "class 1"
            assert file.remark == f"The file does not say what its {classes} classes are called."
    for classes in (1, 37):
        shapes = {"layers.0.weight": (784, classes), "layers.0.bias": (classes,)}
        file = load_weights(save_safetensors({name: np.zeros(shape, np.float32) for name, shape in shapes.items()}))
        with pytest.raises(WeightsError, match="classes"):
            _ = file.settings


def test_a_description_without_settings_says_the_activation() -> None:
    tensors, _ = load_safetensors(weights(5))
    file = load_weights(save_safetensors(tensors, {"spec": '{"kind": "mlp", "activation": "silu"}'}))
    assert (file.settings.activation, file.spec["activation"], file.remark) == ("silu", "silu", "")
    for spec in ('{"activation": ["relu"]}', '{"activation": "x"}'):
        file = load_weights(save_safetensors(tensors, {"spec": spec}))
        assert (file.settings.activation, bool(file.remark)) == ("relu", True)
    assert load_weights(save_safetensors(tensors, {"step": "../7"})).step == ""
