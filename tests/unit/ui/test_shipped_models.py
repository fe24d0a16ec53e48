"""The page's models on an engine that only pretends: what is fetched, what is refused, and in which words."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tabgrad.network import WeightsError, save_safetensors
from tabgrad.program import Buffer, Dispatch, Kernel, Program, ProgramError, dumps, kernel_key
from tabgrad.ui.models.model import parse_card
from tabgrad.ui.models.shipped import ShippedModels, ShippedPrograms

KERNEL = Kernel("main", source="@compute @workgroup_size(1) fn main() {}")
PROGRAM = Program(
    name="mlp.infer",
    target="wgsl",
    kernels={kernel_key(KERNEL): KERNEL},
    buffers=(
        Buffer("x", "float32", (1, 784), "input"),
        Buffer("layers.0.weight", "float32", (784, 10), "weight"),
        Buffer("logits", "float32", (1, 10), "output"),
    ),
    dispatch=(Dispatch(kernel_key(KERNEL), (0, 1, 2)),),
)
WEIGHTS = {"layers.0.weight": np.full((784, 10), 0.5, np.float32)}
FILES = {
    "card.json": json.dumps({"title": "MLP", "temperature": 1.3, "not_sure_below": 0.7}).encode(),
    "weights.safetensors": save_safetensors(WEIGHTS),
    "infer.json": dumps(PROGRAM).encode(),
}
URLS = {"mlp": {"card": "card.json", "weights": "weights.safetensors", "programs": {"infer.wgsl.sw": "infer.json"}}}


class FakeExecutable:
    """Multiplies by its weights in NumPy."""

    def __init__(self, program: Program) -> None:
        self.program, self.weights = program, dict[str, NDArray[Any]]()
        self.destroyed = False

    def write(self, name: str, value: NDArray[Any]) -> None:
        self.weights[name] = value

    async def run(self, inputs: dict[str, NDArray[Any]], outputs: list[str]) -> dict[str, NDArray[Any]]:
        return {outputs[0]: inputs["x"] @ self.weights["layers.0.weight"]}

    def destroy(self) -> None:
        self.destroyed = True


class FakeDevice:
    """An engine that runs WGSL in the variants "gpu" and "sw"."""

    name, target, variants, description, is_software = "webgpu", "wgsl", ("gpu", "sw"), "a test", True

    def __init__(self) -> None:
        self.loaded: list[FakeExecutable] = []

    async def load(self, program: Program, share: object = None) -> FakeExecutable:
        self.loaded.append(FakeExecutable(program))
        return self.loaded[-1]

    def destroy(self) -> None:
        return


def models(**changed: bytes) -> tuple[ShippedModels, FakeDevice, list[str]]:
    """ShippedModels over FILES with some of them changed; also the device, and the list of what gets fetched."""
    device, fetched = FakeDevice(), list[str]()

    async def fetch(url: str) -> bytes:
        fetched.append(url)
        return {**FILES, **{name.replace("_", "."): content for name, content in changed.items()}}[url]

    return ShippedModels(ShippedPrograms(URLS, fetch), device), device, fetched  # type: ignore[arg-type]  # as much as is used


def test_a_model_answers_with_its_weights_and_is_fetched_once() -> None:
    site, _, fetched = models()
    model = asyncio.run(site.get("mlp"))
    logits = asyncio.run(model.logits(np.ones((28, 28), np.float32)))
    np.testing.assert_allclose(logits, 392)
    assert (model.title, model.temperature, model.not_sure_below) == ("MLP", 1.3, 0.7)
    assert asyncio.run(site.get("mlp")) is model
    assert sorted(fetched) == sorted(FILES)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"weights_safetensors": FILES["weights.safetensors"][:-4]}, "truncated"),
        ({"weights_safetensors": save_safetensors({"other": np.zeros(3, np.float32)})}, "no tensor 'layers.0.weight'"),
        ({"weights_safetensors": save_safetensors({"layers.0.weight": np.zeros((784, 10), np.int32)})}, "needs"),
        ({"weights_safetensors": save_safetensors({"layers.0.weight": np.zeros(10, np.float32)})}, "needs"),
        ({"card_json": b"{"}, "card is damaged"),
        ({"card_json": b"[]"}, "card is damaged"),
        ({"infer_json": FILES["infer.json"][:200]}, "truncated"),
    ],
    ids=["truncated", "other names", "other dtype", "other size", "cut card", "no card", "cut program"],
)
def test_a_damaged_file_is_refused_and_leaves_nothing_behind(changed: dict[str, bytes], sentence: str) -> None:
    site, device, _ = models(**changed)
    with pytest.raises((ProgramError, WeightsError), match=sentence):
        asyncio.run(site.get("mlp"))
    assert all(executable.destroyed for executable in device.loaded)


def test_models_and_variants_that_the_site_lacks() -> None:
    site, device, _ = models()
    with pytest.raises(ProgramError, match="without the model 'cnn'"):
        asyncio.run(site.get("cnn"))
    device.variants = ("gpu",)
    with pytest.raises(ProgramError, match="no program 'infer'"):
        asyncio.run(site.get("mlp"))


def test_cards_are_objects() -> None:
    assert parse_card(b'{"a": 1}') == {"a": 1}
    for card in (
        b"[" * 5000,
        b'{"title": 3}',
        b'{"temperature": "1"}',
        b'{"temperature": 0}',
        b'{"not_sure_below": null}',
        b'{"spec": []}',
    ):
        with pytest.raises(ProgramError, match="card is damaged"):
            parse_card(card)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_answer_that_is_no_number_is_one_sentence(value: float) -> None:
    site, device, _ = models()
    model = asyncio.run(site.get("mlp"))
    device.loaded[0].weights["layers.0.weight"][:, 3] = value
    with pytest.raises(WeightsError, match=r"^MLP gives answers that are not numbers: choose another network\.$"):
        asyncio.run(model.logits(np.ones((28, 28), np.float32)))
