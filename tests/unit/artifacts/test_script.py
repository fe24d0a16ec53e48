"""A run as a Python file: it does what the page does, in tinygrad itself and without any of our code."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scripts.bench.peers import clang
from tabgrad.artifacts.script import as_script, script_name
from tabgrad.backends.wasm import open_device
from tabgrad.data import RunData, Samples, mnist
from tabgrad.data.index import SPLITS, SplitName
from tabgrad.data.npz import write_npz
from tabgrad.data.packed import open_packed
from tabgrad.data.sets import SetHead
from tabgrad.data.stored import StoredData
from tabgrad.network import CODE, draw_weights, spec_shapes
from tabgrad.session import plan
from tabgrad.session.network import LoadedNetwork, first_values, mean_image
from tabgrad.session.programs import compile_program
from tabgrad.session.schedule import Rates, learning_rates
from tabgrad.session.written import DistortedBatches
from tabgrad.settings import OPTIMIZERS, RunSettings, total_steps, training_spec

#: So small that tinygrad's emulator in Python can train it.
SOURCE = '''"""Every fourth pixel of every fourth row."""
from __future__ import annotations
from tinygrad import Tensor, nn

BATCH = 49  # a name of the file's own, too

class Net:
    def __init__(self):
        self.l1, self.norm, self.l2 = nn.Linear(BATCH, 8), nn.BatchNorm(8), nn.Linear(8, 10)
        self.scale = 1 + Tensor.arange(8) / 8

    def __call__(self, x: Tensor) -> Tensor:
        x = x[:, 0, ::4, ::4].reshape(-1, BATCH)
        return self.l2(self.norm(self.l1(x) * self.scale).relu().dropout(0.2))
'''
OWN = """
import numpy as np

def loss(logits, y):
    return logits.sparse_categorical_crossentropy(y, label_smoothing=0.1) * 10

def optimizer(parameters):
    first, *others = parameters
    return nn.optim.OptimizerGroup(nn.optim.SGD([first], lr=0.1), nn.optim.Adam(others, lr=0.01))

def augment(images, rng):
    return np.roll(images, rng.integers(-1, 2), axis=2)
"""
PLAIN = RunSettings(model=CODE, source=SOURCE, batch=6, lr=0.1, seed=3, label_smoothing=0.1)


def idx_files(train: int, test: int) -> dict[str, bytes]:
    """MNIST's four files, with noise that is brighter where the label says."""
    rng, files = np.random.default_rng(1), {}
    for name, count in (("train", train), ("t10k", test)):
        labels = rng.integers(0, 10, count).astype(np.uint8)
        images = rng.integers(0, 120, (count, 28, 28), dtype=np.uint8)
        for image, label in zip(images.reshape(-1, 784), labels.tolist(), strict=True):
            image[label * 70 : label * 70 + 70] += 120
        for kind, values in (("images-idx3", images), ("labels-idx1", labels)):
            header = bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape)
            files[f"{name}-{kind}-ubyte"] = header + values.tobytes()
    return files


def packed(files: Mapping[str, bytes], monkeypatch: pytest.MonkeyPatch) -> RunData:
    """The page's data set, made of these files."""
    monkeypatch.setattr(mnist, "MNIST_SHA256", {name: hashlib.sha256(data).hexdigest() for name, data in files.items()})
    blocks = mnist.pack_mnist(files)

    async def fetch(name: str) -> bytes:
        return blocks[name]

    return asyncio.run(open_packed(mnist.INDEX_FILE, fetch))


def names_in(script: str) -> dict[str, Any]:
    """What a file defines."""
    names: dict[str, Any] = {"__name__": "script"}
    exec(script, names)
    return names


async def load(settings: RunSettings) -> LoadedNetwork:
    """The network of the page; nothing here evaluates it."""
    device = await open_device()
    train = await device.load(compile_program(plan.training_request(settings, "wasm", "simd")))
    if settings.model != CODE:
        return LoadedNetwork(train, train)
    init = compile_program(plan.initial_request(settings, "wasm", "simd"))
    return LoadedNetwork(train, train, partial(first_values, device, init))


async def our_losses(network: LoadedNetwork, settings: RunSettings, data: RunData, steps: int) -> list[float]:
    """The losses of the first steps, with the weights that the network has."""
    source, rates = data.source(settings.seed), Rates(data.count)
    if "def augment" in settings.source:
        source = DistortedBatches(source, names_in(settings.source)["augment"], settings.batch, settings.seed)
    for name, value in plan.hyperparameters(settings, network.train.program).items():
        network.train.write(name, value)
    images, labels = await source.take(steps * settings.batch)
    streams = {
        "x": images.reshape(steps, settings.batch, 784),
        "y": labels.astype(np.int32).reshape(steps, settings.batch),
        "lr": rates.of(settings, 0, steps).reshape(steps, 1),
    }
    return list((await network.train.run_steps(steps, streams, ["loss"]))["loss"].reshape(-1))


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        (replace(PLAIN, weight_decay=0.01, clip=0.8, data="strokes"), 20),
        (replace(PLAIN, source=SOURCE + OWN, patience=3, augment="mild"), 8),
    ],
    ids=["with the form's", "with its own"],
)
def test_the_file_trains_as_the_page_does(
    settings: RunSettings, steps: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = idx_files(300, 20)
    data = packed(files, monkeypatch)
    settings = replace(settings, epochs=steps * settings.batch / data.count)
    for i, (name, content) in enumerate(files.items()):
        path = tmp_path / (f"{name}.gz" if i % 2 else name)
        path.write_bytes(gzip.compress(content) if i % 2 else content)
    # The emulator takes its time, so measuring must not fill up batches of 100.
    script = as_script(settings).replace("size=100", "size=20")
    (tmp_path / "script.py").write_text(script)
    device = {"DEV": "CPU", "CC": clang.find() or "", "THREADS": "0"} if clang.find() else {"DEV": "PYTHON"}
    printed = subprocess.run(
        [sys.executable, "-I", str(tmp_path / "script.py"), "--data", str(tmp_path), "--every", "1"],
        env={**os.environ, "CACHELEVEL": "0", **device},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    theirs = [float(loss) for loss in re.findall(r"^step +\d+  loss (\S+)$", printed, re.M)]

    async def go() -> list[float]:
        network = await load(settings)
        await network.initialise(settings.seed, np.zeros(784, np.float32))
        return await our_losses(network, settings, data, steps)

    np.testing.assert_allclose(theirs, asyncio.run(go()), atol=1e-4)
    assert re.search(r"^epoch \S+  validation \S+%\ntest \S+%$", printed, re.M)
    notes = re.findall("^Note: (.*)$", printed, re.M)
    if settings.data == "strokes":
        assert notes == ["The page trained on other images. This file trains on MNIST."]
    else:  # its own augmentation is in the file
        assert notes == ["The page stopped when the network got no better. This file trains to the end."]


class Weights:
    """Stands for a tensor: has a shape, and keeps what is assigned."""

    def __init__(self, *shape: int) -> None:
        self.shape, self.value = shape, np.zeros(shape, np.float32)

    def assign(self, value: Any) -> None:
        assert value.shape == self.shape
        assert value.dtype == np.float32
        self.value = value


class Layer:
    """Stands for a layer with weights."""

    def __init__(self, *shape: int) -> None:
        self.weight, self.bias = Weights(*shape), Weights(shape[0])


class Layers:
    """Stands for the network of a file."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.convs = [Layer(*s) for name, s in shapes.items() if name.startswith("convs")]
        dense = [s for name, s in shapes.items() if name.startswith("layers") and len(s) > 1]
        self.layers = [Layer(*s[::-1]) for s in dense]


@pytest.mark.parametrize(
    "settings",
    [
        RunSettings(hidden=(32, 16), activation="silu", batch=32),
        RunSettings(hidden=(), center="plain", batch=32),
        RunSettings(model="cnn", activation="leaky_relu", batch=32, lr=0.05),
    ],
    ids=["MLP", "without hidden layers", "CNN"],
)
def test_the_network_of_the_form_is_the_one_in_its_file(settings: RunSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed(idx_files(1200, 20), monkeypatch)
    script = as_script(settings)
    names = names_in(script) | {"Tensor": lambda value: value}
    shapes = spec_shapes(training_spec(settings))
    assert shapes is not None
    stand_in = Layers(shapes)
    exec(names_source(script, "first_values"), names)
    names["first_values"](stand_in)
    ours = draw_weights(shapes, settings.seed)
    values = {f"convs.{i}.weight": conv.weight.value for i, conv in enumerate(stand_in.convs)}
    for i, layer in enumerate(stand_in.layers):
        values |= {f"layers.{i}.weight": layer.weight.value, f"layers.{i}.bias": layer.bias.value}
    for name, value in values.items():
        np.testing.assert_array_equal(value.T if name.startswith("layers") else value, ours[name])
    written = replace(settings, model=CODE, source=script[: script.index("# ---- What follows")])

    async def go() -> tuple[list[float], list[float]]:
        source = data.source(settings.seed)
        mean = await mean_image(source)
        first = names["epoch_order"](0, data.count)[:1000]
        form, file = await load(settings), await load(written)
        await form.initialise(settings.seed, mean)
        await file.initialise(settings.seed, mean)
        centred = {"mean": mean} if settings.model == "mlp" and settings.center == "mean" else {}
        file.write(values | centred)
        if centred:
            rows = (await data.source(settings.seed).take(len(first))).images
            np.testing.assert_array_equal(mean, (rows.reshape(-1, 784).mean(0) / 255).astype(np.float32))
        return await our_losses(form, settings, data, 4), await our_losses(file, written, data, 4)

    one, other = asyncio.run(go())
    np.testing.assert_allclose(one, other, atol=1e-4)


def names_source(script: str, function: str) -> str:
    """The text of a function."""
    found = re.search(rf"^def {function}\(.*?(?=\n\n\n)", script, re.M | re.S)
    assert found is not None
    return found[0]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_optimizer_of_the_file_is_that_of_the_page(optimizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed(idx_files(300, 20), monkeypatch)
    settings = replace(
        PLAIN, optimizer=optimizer, momentum=0.8, weight_decay=0.1, lr=0.02, label_smoothing=0, source=SOURCE
    )
    rule = names_source(as_script(settings), "make_rule").replace("make_rule", "optimizer")
    own = replace(settings, source=f"{SOURCE}\nRATE = 0.02\n{rule}")

    async def go(chosen: RunSettings) -> list[float]:
        network = await load(chosen)
        await network.initialise(chosen.seed, np.zeros(784, np.float32))
        return await our_losses(network, chosen, data, 6)

    np.testing.assert_allclose(asyncio.run(go(own)), asyncio.run(go(settings)), atol=1e-4)


@pytest.mark.parametrize("schedule", ["one_cycle", "cosine", "exponential", "constant"])
def test_rates_are_those_of_the_page(schedule: str) -> None:
    settings = RunSettings(schedule=schedule, epochs=2, batch=100, decay=0.7, warm_up=0.3)
    steps = total_steps(settings, 1050)
    rate_at = names_in(as_script(settings))["rate_at"]
    found = [rate_at(step, steps, 1050 / 100) for step in range(steps)]
    np.testing.assert_allclose(found, learning_rates(settings, 0, steps, 1050), rtol=1e-5)


def test_images_come_in_the_order_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = idx_files(5_000, 20)  # three blocks
    data = packed(files, monkeypatch)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    names = names_in(as_script(RunSettings(seed=5, batch=1000)))
    (images, labels), validation, test = names["split_images"](tmp_path)
    rows = names["batch_rows"](len(labels))

    async def go() -> None:
        source = data.source(5)
        for _ in range(11):  # beyond two epochs
            theirs = next(rows)
            ours = await source.take(1000)
            np.testing.assert_array_equal(ours.images, images[theirs])
            np.testing.assert_array_equal(ours.labels, labels[theirs])
        for name, found in (("validation", validation), ("test", test)):
            for one, other in zip(await data.split(name), found, strict=True):
                np.testing.assert_array_equal(one, other)

    asyncio.run(go())


def test_a_source_stands_at_the_top_as_it_was_written() -> None:
    script = as_script(PLAIN)
    assert script.startswith(SOURCE.rstrip())
    assert "BATCH_ = 6" in script
    assert script.count("SEED_") == 0


def test_what_a_source_does_as_a_program_is_left_to_it() -> None:
    source = SOURCE.replace("from __future__ import annotations\n", "") + "if __name__ == '__main__':\n    fail()\n"
    script = as_script(replace(PLAIN, source=source))
    names = {"__name__": "__main__"}
    exec(script[: script.rindex("main()")] + "pass", names)
    assert names["__name__"] == "__main__"


def exported(path: Path, samples: Samples, labels: tuple[str, ...]) -> StoredData:
    """A set with a third of the samples in each split, stored and exported by the page."""
    parts = {name: Samples(samples.images[i::3], samples.labels[i::3]) for i, name in enumerate(SPLITS)}
    counts = {name: tuple(np.bincount(part.labels, minlength=3).tolist()) for name, part in parts.items()}
    head = SetHead("set-0123456789abcdef", "Pets", "images", labels, counts)

    async def go() -> None:
        async def blocks(split: SplitName) -> AsyncIterator[Samples]:
            yield parts[split]

        with path.open("wb") as file:
            await write_npz(labels, {name: head.size(name) for name in SPLITS}, blocks, file.write)

    asyncio.run(go())

    async def nothing(_key: str) -> bytes | None:
        raise AssertionError

    return StoredData(head, nothing, parts)


def test_a_file_for_other_classes_takes_its_images_from_a_file(tmp_path: Path) -> None:
    labels = ("cat", "dog", "bird's")
    settings = replace(PLAIN, source=SOURCE.replace("(8, 10)", "(8, 3)"), labels=labels, data="set-0123456789abcdef")
    rng = np.random.default_rng(2)
    truth = (np.arange(120) // 3 % 3).astype(np.uint8)
    images = (rng.integers(0, 120, (120, 28, 28), dtype=np.uint8) + truth[:, None, None] * 60).astype(np.uint8)
    np.savez(tmp_path / "set.npz", x_train=images, y_train=truth)
    np.savez(tmp_path / "wrong.npz", x_train=images, y_train=truth + 1)
    np.savez(tmp_path / "other.npz", x_train=images, y_train=truth, labels=np.array(["a", "b", "c"]))
    data = exported(tmp_path / "page.npz", Samples(images, truth), labels)
    steps = 12
    settings = replace(settings, epochs=steps * settings.batch / data.count)
    (tmp_path / "script.py").write_text(as_script(settings).replace("size=100", "size=5"))

    def run(name: str) -> subprocess.CompletedProcess[str]:
        device = {"DEV": "CPU", "CC": clang.find() or "", "THREADS": "0"} if clang.find() else {"DEV": "PYTHON"}
        command = [sys.executable, "-I", str(tmp_path / "script.py"), "--data", str(tmp_path / name), "--every", "1"]
        return subprocess.run(command, env={**os.environ, **device}, check=False, capture_output=True, text=True)

    done = run("set.npz")
    assert "Note: This file trains on the images that you give it." in done.stdout
    assert re.search(r"^test \S+%$", done.stdout, re.M)

    async def go() -> list[float]:
        network = await load(settings)
        await network.initialise(settings.seed, np.zeros(784, np.float32))
        return await our_losses(network, settings, data, steps)

    done = run("page.npz")  # what the page exports, in the page's order
    theirs = [float(loss) for loss in re.findall(r"^step +\d+  loss (\S+)$", done.stdout, re.M)]
    np.testing.assert_allclose(theirs, asyncio.run(go()), atol=1e-4)
    assert "MNIST" not in done.stdout
    assert re.search(r"^step +0  loss \d", done.stdout, re.M)
    assert re.search(r"^test \S+%$", done.stdout, re.M)
    assert "labels numbers from 0 to 2" in run("wrong.npz").stderr
    assert "other.npz are not those of this network." in run("other.npz").stderr
    assert "LABELS = ['cat', 'dog', \"bird's\"]" in as_script(settings)


def test_the_network_in_a_file_has_an_output_for_each_class() -> None:
    letters = tuple("abcdefghijklmnopqrstuvwxyz")
    for model, layer in (("mlp", "nn.Linear(128, 26)"), ("cnn", "nn.Linear(64, 26)")):
        script = as_script(RunSettings(model=model, labels=letters, data="set-0123456789abcdef"))
        assert layer in script
        assert "(B, 26)" in script
        assert "mnist" not in script.lower()


def test_a_file_is_called_by_its_network() -> None:
    assert script_name(RunSettings(hidden=(64, 32))) == "train_784_64_32_10.py"
    assert script_name(RunSettings(model="cnn")) == "train_small_cnn.py"
