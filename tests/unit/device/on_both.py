"""What the device computes from given numbers, to compare CPython with Pyodide."""

import json
from pathlib import Path

import numpy as np

import tinygrad_device
from tabgrad.program import ProgramError

from tinygrad import Device, Tensor, TinyJit  # isort: skip # after the device

DEVICE = tinygrad_device.DEVICE


def results() -> dict[str, object]:
    """A name for each result, and its value as JSON has it."""
    rng = np.random.default_rng(0)
    a = Tensor(rng.standard_normal((30, 30)).astype(np.float32), device=DEVICE)

    @TinyJit
    def step(x: Tensor) -> Tensor:
        return (x @ x).softmax().realize()

    for _ in range(4):
        last = step(a.realize())
    large = Tensor(np.ones(1 << 20, np.float32), device=DEVICE)
    try:
        Tensor([1.0], dtype="float64", device=DEVICE).exp().item()
        refusal = ""
    except ProgramError as error:
        refusal = str(error)
    return {
        "list": (Tensor([1, 2, 3], device=DEVICE) * 2).tolist(),
        "default device": [Tensor.arange(3).tolist(), Device[DEVICE].device],
        "jit": last.numpy().tolist(),
        "sorted": Tensor([3, -1, 2], dtype="int64", device=DEVICE).sort()[0].tolist(),
        "half": Tensor([0.5, 3.0, 2.0], dtype="float16", device=DEVICE).max().cast("float32").item(),
        "memory that grew": (large + 1).sum().item(),
        "refusal": refusal,
    }


def write(path: str) -> None:
    """Write the results to a JSON file."""
    Path(path).write_text(json.dumps(results()))
