"""tinygrad itself, in a process of its own: what a source gives on tinygrad's CPU device, without any of our code.

The CPU device needs clang; where there is none, tinygrad's emulator in Python does it, slowly.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scripts.bench.peers import clang

Arrays = dict[str, NDArray[Any]]
BATCH, STEPS = 4, 2


@cache
def first_values(source: str, seed: int) -> Arrays:
    """The state dict of `Net()` after `Tensor.manual_seed(seed)`, and "rng.counter"."""
    return _ask(source, ("",), {"seed": np.array(seed)})[0]


@cache
def trained(source: str, optimizers: tuple[str, ...], seed: int) -> list[Arrays]:
    """For each optimizer, `Net()` after `Tensor.manual_seed(seed)`, and steps on `batches()`.

    They are expressions that make one from `parameters`. Gives "loss" (steps,) and the state dict at the end.
    """
    return _ask(source, optimizers, {**batches(), "seed": np.array(seed)})


def batches() -> Arrays:
    """x uint8 (steps, B, 784) and y int32 (steps, B): noise that is brighter where the label says."""
    rng = np.random.default_rng(3)
    y = rng.integers(0, 10, (STEPS, BATCH), dtype=np.int32)
    x = rng.integers(0, 120, (STEPS, BATCH, 784), dtype=np.uint8)
    for row, label in zip(x.reshape(-1, 784), y.reshape(-1), strict=True):
        row[label * 70 : label * 70 + 70] += 120
    return {"x": x, "y": y}


def _ask(source: str, optimizers: Sequence[str], arrays: Arrays) -> list[Arrays]:
    device = {"DEV": "CPU", "CC": clang.find() or "", "THREADS": "0"} if clang.find() else {"DEV": "PYTHON"}
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder, "given.npz")
        np.savez(given, **arrays)
        subprocess.run(
            [sys.executable, __file__, str(given), *optimizers],
            input=source.encode(),
            env={**os.environ, "CACHELEVEL": "0", **device},
            check=True,
        )
        found = list[Arrays]()
        for i in range(len(optimizers)):
            with np.load(given.with_suffix(f".{i}.npz")) as file:
                found.append(dict(file))
        return found


def _main(given: str, *optimizers: str) -> None:
    names: dict[str, Any] = {"__name__": "net"}
    exec(sys.stdin.read(), names)
    with np.load(given) as file:
        arrays = dict(file)
    for i, optimizer in enumerate(optimizers):
        np.savez(Path(given).with_suffix(f".{i}.npz"), **_run(arrays, optimizer, names))


def _run(arrays: Arrays, optimizer: str, names: dict[str, Any]) -> Arrays:
    from tinygrad import Device, Tensor, nn

    Tensor.manual_seed(int(arrays["seed"]))
    net = names["Net"]()
    state = {name: tensor for name, tensor in nn.state.get_state_dict(net).items() if not tensor.uop.is_virtual}
    Tensor.realize(*state.values())  # one by one in another order than they were drawn in, they would be other numbers
    found = {"loss": np.array(_train(net, state, arrays, optimizer, names))} if optimizer else {}
    found |= {name: tensor.numpy() for name, tensor in state.items()}
    counter = Tensor._device_rng_counters.get(Device.DEFAULT)
    return found if counter is None else {**found, "rng.counter": counter.numpy()}


def _train(net: Any, state: Any, arrays: Arrays, optimizer: str, names: dict[str, Any]) -> list[float]:
    from tinygrad import Context, Tensor, dtypes, nn

    parameters = [tensor for tensor in nn.state.get_parameters(net) if tensor.is_param and tensor.is_floating_point()]
    rule = eval(optimizer, {**names, "nn": nn, "parameters": parameters})
    loss_of = names.get("loss", lambda logits, y: logits.sparse_categorical_crossentropy(y))
    losses = []
    with Context(TRAINING=1):
        for x, y in zip(arrays["x"], arrays["y"], strict=True):
            rule.zero_grad()
            images = (Tensor(x).cast(dtypes.float32) / 255).contiguous().reshape(-1, 1, 28, 28)
            loss = loss_of(net(images), Tensor(y)).backward()
            statistics = [tensor for tensor in state.values() if not tensor.is_param]
            Tensor.realize(loss, *rule.schedule_step(), *statistics)
            losses.append(float(loss.item()))
    return losses


if __name__ == "__main__":
    _main(*sys.argv[1:])
