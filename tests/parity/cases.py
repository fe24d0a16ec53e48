"""Comparisons of an engine with the oracle, for pytest in CPython and for a page in Pyodide.

Each takes an opened device and a `Case` and returns the largest errors; the tests compare them with a tolerance. Never
imports pytest or tinygrad.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.backends import Device
from tabgrad.backends.oracle.network import OracleNetwork, cross_entropy
from tabgrad.backends.oracle.optim import train_step
from tabgrad.network import load_safetensors, save_safetensors
from tabgrad.program import Program, dumps, loads

#: The hyperparameters of each optimizer in the ten-step comparisons.
HYPERPARAMETERS: Mapping[str, Mapping[str, float]] = {
    "sgd": {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-3},
    "adam": {"lr": 1e-3, "weight_decay": 0.0},
    "adamw": {"lr": 1e-3, "weight_decay": 0.05},
    "muon": {"lr": 0.02, "momentum": 0.95, "weight_decay": 0.01},
}
STEPS = 10


@dataclass
class Case:
    """A network with weights, its programs, and images."""

    spec: Mapping[str, Any]
    weights: dict[str, NDArray[Any]]
    programs: dict[str, Program]  #: infer, activations, saliency, evaluate, and train.<optimizer>
    pixels: NDArray[np.uint8]  #: (N, 784)
    labels: NDArray[np.int32]  #: (N,)

    def pack(self) -> dict[str, bytes]:
        """The case as files, to send into a browser."""
        tensors = {f"w.{name}": value for name, value in self.weights.items()}
        tensors |= {"pixels": self.pixels, "labels": self.labels}
        programs = {name: dumps(program) for name, program in self.programs.items()}
        return {
            "tensors": save_safetensors(tensors),
            "rest": json.dumps({"spec": self.spec, "programs": programs}).encode(),
        }

    @classmethod
    def unpack(cls, files: Mapping[str, bytes]) -> Case:
        """The inverse of `pack`."""
        tensors, _ = load_safetensors(files["tensors"])
        rest = json.loads(files["rest"])
        weights = {name[2:]: value for name, value in tensors.items() if name.startswith("w.")}
        programs = {name: loads(text) for name, text in rest["programs"].items()}
        return cls(rest["spec"], weights, programs, tensors["pixels"], tensors["labels"])


async def _loaded(device: Device, case: Case, name: str) -> Any:
    executable = await device.load(case.programs[name])
    for buffer in case.programs[name].by_role("weight"):
        executable.write(buffer.name, case.weights[buffer.name])
    return executable


def _distance(got: NDArray[Any], expected: NDArray[Any]) -> float:
    """Largest absolute difference; infinite if the sizes differ or a value is not a number."""
    difference = np.abs(got.reshape(-1).astype(np.float64) - expected.reshape(-1))
    return float(difference.max()) if np.isfinite(difference).all() else float("inf")


async def infer(device: Device, case: Case) -> dict[str, float]:
    """`logits` of every image, one image per run, as in the page."""
    executable = await _loaded(device, case, "infer")
    images = (case.pixels / np.float32(255)).astype(np.float32)
    rows = [(await executable.run({"x": image[None]}, ["logits"]))["logits"][0] for image in images]
    executable.destroy()
    return {"logits": _distance(np.array(rows), OracleNetwork(case.spec, case.weights).forward(images))}


async def activations(device: Device, case: Case) -> dict[str, float]:
    """All activations and the logits of the first three images."""
    executable = await _loaded(device, case, "activations")
    images = (case.pixels[:3] / np.float32(255)).astype(np.float32)
    names = [buffer.name for buffer in case.programs["activations"].by_role("output")]
    worst = dict.fromkeys(names, 0.0)
    for image in images:
        got = await executable.run({"x": image[None]}, names)
        taps: list[Any] = []
        expected = {"logits": OracleNetwork(case.spec, case.weights).forward(image[None], taps=taps)}
        expected |= {f"act.{i}": tap for i, tap in enumerate(taps)}
        assert expected.keys() == set(names)
        worst = {name: max(worst[name], _distance(got[name], expected[name])) for name in names}
    executable.destroy()
    return worst


async def saliency(device: Device, case: Case) -> dict[str, float]:
    """d (logit 3 - logit 8) / d x of the first three images."""
    executable = await _loaded(device, case, "saliency")
    seed = np.zeros((1, 10), np.float32)
    seed[0, 3], seed[0, 8] = 1, -1
    worst = 0.0
    for image in (case.pixels[:3] / np.float32(255)).astype(np.float32):
        got = await executable.run({"x": image[None], "seed": seed}, ["logits", "saliency"])
        network = OracleNetwork(case.spec, case.weights)
        network.forward(image[None])
        worst = max(worst, _distance(got["saliency"], network.backward(seed.astype(np.float64))))
    executable.destroy()
    return {"saliency": worst}


async def evaluate(device: Device, case: Case) -> dict[str, float]:
    """Logits, loss and number of correct answers of a batch of pixels (uint8)."""
    executable = await _loaded(device, case, "evaluate")
    batch = case.programs["evaluate"].buffer("y").shape[0]
    pixels, labels = case.pixels[:batch], case.labels[:batch]
    got = await executable.run({"x": pixels, "y": labels}, ["logits", "loss", "correct"])
    executable.destroy()
    logits = OracleNetwork(case.spec, case.weights).forward(pixels / 255.0)
    right = (logits.argmax(axis=1) == labels).sum()
    loss = np.array([cross_entropy(logits, labels)[0]])
    return {
        "logits": _distance(got["logits"], logits),
        "loss": _distance(got["loss"], loss),
        "correct": _distance(got["correct"], np.array([right])),
    }


async def train(device: Device, case: Case, optimizer: str) -> dict[str, float]:
    """Ten steps: the relative error of the losses, and the absolute error of the final weights.

    Two chunks of steps are in flight at once, and the learning rate changes from step to step.
    """
    program = case.programs[f"train.{optimizer}"]
    executable = await _loaded(device, case, f"train.{optimizer}")
    for name in ("opt.decay1", "opt.decay2"):
        if any(buffer.name == name for buffer in program.buffers):
            executable.write(name, np.ones(1, np.float32))
    batch = program.buffer("y").shape[0]
    order = np.random.default_rng(7).integers(0, len(case.pixels), (STEPS, batch))
    hyper = {name: np.full((STEPS, 1), value, np.float32) for name, value in HYPERPARAMETERS[optimizer].items()}
    hyper["lr"] *= np.linspace(0.5, 1, STEPS, dtype=np.float32)[:, None]
    streams = {"x": case.pixels[order], "y": case.labels[order], **hyper}
    chunks = [
        executable.run_steps(part.stop - part.start, {k: v[part] for k, v in streams.items()}, ["loss", "correct"])
        for part in (slice(0, 4), slice(4, STEPS))
    ]
    losses = np.concatenate([(await chunk)["loss"].ravel() for chunk in chunks])
    weights = await executable.read(*case.weights)
    executable.destroy()
    network, state = OracleNetwork(case.spec, case.weights), dict[str, Any]()
    expected = [
        train_step(
            network,
            optimizer,
            state,
            (case.pixels[rows], case.labels[rows]),
            {name: float(values[i, 0]) for name, values in hyper.items()},
        )
        for i, rows in enumerate(order)
    ]
    return {
        "loss": _distance(losses / np.array(expected), np.ones(STEPS)),
        "weights": max(_distance(weights[name], network.weights[name]) for name in weights),
    }
