"""Compiles a few programs and hashes them, in CPython and in Pyodide."""

import json
from pathlib import Path

from tabgrad import model
from tabgrad.program import program_hash

MLP = {"kind": "mlp", "hidden": [32]}
CNN = {"kind": "cnn", "stages": ["conv3x4", "pool", "dense16"], "activation": "silu"}


def hashes() -> dict[str, str]:
    """Program and variant -> hash."""
    programs = {
        "train simd": model.training(MLP, model.Training(batch=16, optimizer="adamw"), "wasm", "simd"),
        "saliency relaxed": model.saliency(CNN, "wasm", "relaxed"),
        "infer wgsl": model.inference(CNN, "wgsl", "default"),
    }
    return {name: program_hash(program) for name, program in programs.items()}


def write(path: str) -> None:
    """Write the hashes to a JSON file."""
    Path(path).write_text(json.dumps(hashes()))
