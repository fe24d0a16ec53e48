"""Our engines against ONNX Runtime Web (prediction) and TensorFlow.js (training), with the same networks.

The engines alternate in each round. Prediction uses the shipped weights, and before anything is timed all engines must
give the same logits. The peers are installed from npm into .cache/bench on the first run.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

import numpy as np

from scripts import chromium
from scripts.bench.context import BenchContext, summary
from scripts.bench.peers import install
from scripts.bench.peers.onnx import onnx_model
from scripts.bench.peers.pages import BATCH, OnnxRuntime, Ours, TensorFlow
from scripts.pyodide_page import pyodide_page, served
from scripts.sitebuild.parts import ROOT
from tabgrad.network import load_safetensors
from tabgrad.program import Target, dumps

NETWORKS = ("mlp", "cnn")
RUNS = 20
WARM_UP_STEPS, STEPS = 20, {"webgpu": 40, "wasm": 200, "tfjs webgpu": 4, "tfjs wasm": 40}
TOLERANCE = 1e-3


def run(context: BenchContext) -> dict[str, Any]:
    """Milliseconds a prediction, training samples a second, and the ratios of their medians."""
    image = np.random.default_rng(0).uniform(0, 1, 784).astype(np.float32).tolist()
    with ExitStack() as stack:
        inference, training, description = open_engines(context, stack)
        check_same_logits(inference, image)
        for name, peer in training.items():
            peer.train(min(WARM_UP_STEPS, STEPS[name]))
        milliseconds: dict[str, list[float]] = {}
        samples: dict[str, list[float]] = {}
        for _ in range(context.rounds):
            for network in NETWORKS:
                for name, peer in inference.items():
                    times, _ = peer.infer(network, image, RUNS)
                    milliseconds.setdefault(f"{network} {name}", []).extend(times)
            for name, peer in training.items():
                samples.setdefault(name, []).append(peer.train(STEPS[name]))
    return figures(milliseconds, samples) | {"webgpu_adapter": description}


def open_engines(context: BenchContext, stack: ExitStack) -> tuple[dict[str, Any], dict[str, Any], str]:
    """(engines that predict, engines that train, the name of our WebGPU adapter); each peer has its own page."""
    browser = stack.enter_context(chromium.launch(context.playwright))
    ours = stack.enter_context(pyodide_page(browser))
    ours.put(our_files(), "/bench")
    url = stack.enter_context(served({"/index.html": b"<!doctype html><title>peer</title>", **install.installed()}))
    models = {network: onnx_model(spec(network), weights(network)) for network in NETWORKS}

    def page() -> Any:
        opened = browser.new_page()
        opened.goto(f"{url}/index.html")
        return opened

    mine = {engine: Ours(ours, engine) for engine in ("webgpu", "wasm")}
    inference = {**mine, **{f"onnx {p}": OnnxRuntime(page(), p, models) for p in ("webgpu", "wasm")}}
    training = {**mine, **{f"tfjs {backend}": TensorFlow(page(), backend) for backend in ("webgpu", "wasm")}}
    return inference, training, str(mine["webgpu"].description)


def spec(network: str) -> dict[str, Any]:
    """The spec of a shipped model, from its card."""
    described: dict[str, Any] = json.loads((ROOT / "models" / network / "card.json").read_text())["spec"]
    return described


def weights(network: str) -> dict[str, Any]:
    """The weights of a shipped model."""
    return load_safetensors((ROOT / "models" / network / "weights.safetensors").read_bytes())[0]


def our_files() -> dict[str, bytes]:
    """Shipped programs and weights, and training programs compiled now, by the file names that `peers.pages` loads."""
    from tabgrad import model
    from tabgrad.program import VARIANTS

    files = {
        f"{network}.weights": (ROOT / "models" / network / "weights.safetensors").read_bytes() for network in NETWORKS
    }
    for network in NETWORKS:
        for path in (ROOT / "models" / network / "programs").glob("infer.*.json"):
            files[f"{network}.{path.name}"] = path.read_bytes()
    recipe = model.Training(batch=BATCH, optimizer="sgd", nesterov=False)
    targets: list[Target] = ["wgsl", "wasm"]
    for target in targets:
        for variant in VARIANTS[target]:
            program = model.training({"kind": "mlp", "hidden": [128]}, recipe, target, variant)
            files[f"mlp.train.{target}.{variant}.json"] = dumps(program).encode()
    return files


def check_same_logits(inference: dict[str, Any], image: list[float]) -> None:
    """Raise RuntimeError if an engine's logits differ from ours: then it does not run the same network."""
    for network in NETWORKS:
        logits = {name: np.array(peer.infer(network, image, 3)[1]) for name, peer in inference.items()}
        for name, value in logits.items():
            if not np.allclose(value, logits["webgpu"], atol=TOLERANCE):
                raise RuntimeError(f"{name} gives {value} for {network}, but our engine gives {logits['webgpu']}.")


def figures(milliseconds: dict[str, list[float]], samples: dict[str, list[float]]) -> dict[str, Any]:
    """Medians and 95th percentiles of prediction times, training rates, and how many times faster ours are."""
    predictions = {
        name: {"median": round(float(np.median(times)), 4), "p95": round(float(np.percentile(times, 95)), 4)}
        for name, times in milliseconds.items()
    }
    pace = {name: summary(values) for name, values in samples.items()}
    ratios = {}
    for engine in ("webgpu", "wasm"):
        for network in NETWORKS:
            ours, peer = (predictions[f"{network} {name}"]["median"] for name in (engine, f"onnx {engine}"))
            ratios[f"{network} prediction on {engine}: onnx / ours"] = round(peer / ours, 2)
        ratios[f"training on {engine}: ours / tfjs"] = round(
            pace[engine]["median"] / pace[f"tfjs {engine}"]["median"], 2
        )
    return {"prediction_ms": predictions, "training_samples_per_s": pace, "ratios": ratios}
