"""A one-minute tour of tabgrad: from pen strokes to a network that was trained on them, and why it answered so.

Read it from top to bottom. Everything here is what the page runs; only the engine is native.
"""

import asyncio

import numpy as np

from tabgrad import ink, model
from tabgrad.backends import Device, Executable
from tabgrad.backends.oracle.network import OracleNetwork as Oracle
from tabgrad.backends.wasm import open_device
from tabgrad.data.strokes import StrokeSource
from tabgrad.network import load_safetensors, save_safetensors
from tabgrad.program import dumps, loads

#: A network is plain data: pixels -> 32 hidden units -> ten logits.
SPEC = {"kind": "mlp", "hidden": [32]}
SEVEN = [[[10, 10], [90, 12]], [[90, 12], [60, 60], [40, 120]]]


def test_ink_becomes_what_the_network_reads() -> None:
    """Wherever and however large it is drawn, a 7 becomes the same 28x28 image."""
    image = ink.normalise(ink.strokes_from_lists(SEVEN))
    assert image.shape == (28, 28)
    far_and_large = (np.array([[x * 5 + 300, y * 5 + 40] for stroke in SEVEN for x, y in stroke])).tolist()
    again = ink.normalise(ink.strokes_from_lists([far_and_large[:2], far_and_large[2:]]))
    np.testing.assert_allclose(image, again, atol=1e-3)


def test_tinygrad_compiles_it_to_a_program_that_any_engine_runs() -> None:
    """tinygrad only compiles. A Program is data: it survives being written to a file."""
    program = model.inference(SPEC, "wasm")
    assert [b.name for b in program.by_role("input", "output")] == ["x", "logits"]
    assert loads(dumps(program)) == program


def test_it_learns_and_says_why() -> None:
    """Train on generated handwriting, agree with NumPy, and look for the pixels that speak for the answer."""
    asyncio.run(_learn())


async def _learn() -> None:
    device = await open_device()
    weights = model.initial_weights(model.build(SPEC), seed=0)
    train = await device.load(model.training(SPEC, model.Training(batch=64), device.target, device.variants[0]))
    _write(train, weights)
    losses = await _train(train, steps=300)
    assert losses[-20:].mean() < 0.3 * losses[:5].mean()

    weights = await train.read(*weights)
    weights, _ = load_safetensors(save_safetensors(weights))  # what the page saves and opens again
    x = ink.normalise(ink.strokes_from_lists(SEVEN)).reshape(1, 784).astype(np.float32)
    logits = await _infer(device, train, x)
    np.testing.assert_allclose(logits, Oracle(SPEC, weights).forward(x), atol=1e-4)
    assert logits.argmax() == 7

    look = await device.load(model.saliency(SPEC, device.target, device.variants[0]), share=train)
    seed = np.eye(10, dtype=np.float32)[[7]]
    why = (await look.run({"x": x, "seed": seed}, ["saliency"]))["saliency"]
    nudged = await _infer(device, train, x + 0.01 * np.sign(why))
    assert nudged[0, 7] > logits[0, 7]
    device.destroy()


async def _train(train: Executable, steps: int) -> np.ndarray:
    samples = await StrokeSource(seed=0).take(steps * 64)
    train.write("momentum", np.array([0.9], np.float32))
    train.write("weight_decay", np.zeros(1, np.float32))
    streams = {
        "x": samples.images.reshape(steps, 64, 784),
        "y": samples.labels.astype(np.int32).reshape(steps, 64),
        "lr": np.linspace(0.1, 0, steps, dtype=np.float32).reshape(steps, 1),
    }
    return (await train.run_steps(steps, streams, ["loss"]))["loss"].ravel()


async def _infer(device: Device, weights: Executable, x: np.ndarray) -> np.ndarray:
    """A program that shares buffers by name: it answers with the weights that were just trained."""
    infer = await device.load(model.inference(SPEC, device.target, device.variants[0]), share=weights)
    return (await infer.run({"x": x}, ["logits"]))["logits"]


def _write(executable: Executable, weights: dict[str, np.ndarray]) -> None:
    for name, value in weights.items():
        executable.write(name, value)
