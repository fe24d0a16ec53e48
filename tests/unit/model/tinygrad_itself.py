"""tinygrad itself, in a process of its own: what a source gives on tinygrad's CPU device, without any of our code.

The CPU device needs clang; where there is none, tinygrad's emulator in Python does it, slowly.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scripts.bench.peers import clang

Arrays = dict[str, NDArray[Any]]
#: Of what is drawn while it trains, for dropout.
SEED = 1


@cache
def first_values(source: str, seed: int) -> Arrays:
    """The state dict of `Net()` after `Tensor.manual_seed(seed)`, and "rng.counter"."""
    return _ask(source, "", {"seed": np.array(seed)})


def trained(source: str, weights: Mapping[str, NDArray[Any]], batches: Mapping[str, Any], optimizer: str) -> Arrays:
    """Steps from `weights` on `batches`: x uint8 (steps, B, 784), y int32 (steps, B).

    `optimizer` is an expression that makes one from `parameters`. Gives "loss" (steps,) and the state dict at the end.
    """
    given = {f"weight.{name}": value for name, value in weights.items()}
    return _ask(source, optimizer, {**given, **batches, "seed": np.array(SEED)})


def _ask(source: str, optimizer: str, arrays: Mapping[str, Any]) -> Arrays:
    device = {"DEV": "CPU", "CC": clang.find() or "", "THREADS": "0"} if clang.find() else {"DEV": "PYTHON"}
    with tempfile.TemporaryDirectory() as folder:
        given, result = Path(folder, "given.npz"), Path(folder, "result.npz")
        np.savez(given, **arrays)
        subprocess.run(
            [sys.executable, __file__, str(given), str(result), optimizer],
            input=source.encode(),
            env={**os.environ, "CACHELEVEL": "0", **device},
            check=True,
        )
        with np.load(result) as found:
            return dict(found)


def _main(given: str, result: str, optimizer: str) -> None:
    from tinygrad import Device, Tensor, nn

    names: dict[str, Any] = {"__name__": "net"}
    exec(sys.stdin.read(), names)
    with np.load(given) as file:
        arrays = dict(file)
    Tensor.manual_seed(int(arrays["seed"]))
    net = names["Net"]()
    state = {name: tensor for name, tensor in nn.state.get_state_dict(net).items() if not tensor.uop.is_virtual}
    Tensor.realize(*state.values())  # one by one in another order than they were drawn in, they would be other numbers
    found = {"loss": np.array(_train(net, state, arrays, optimizer, names))} if optimizer else {}
    found |= {name: tensor.numpy() for name, tensor in state.items()}
    counter = Tensor._device_rng_counters.get(Device.DEFAULT)
    if counter is not None:
        found["rng.counter"] = counter.numpy()
        key = hashlib.sha256((0).to_bytes(4, "big")).digest()[-4:]
        assert Tensor._device_seeds[Device.DEFAULT].numpy()[0] == int.from_bytes(key, "big")
    np.savez(result, **found)


def _train(net: Any, state: Any, arrays: Arrays, optimizer: str, names: dict[str, Any]) -> list[float]:
    from tinygrad import Context, Tensor, dtypes, nn

    for name, value in arrays.items():
        if name.startswith("weight."):
            tensor = state[name.removeprefix("weight.")]
            tensor.assign(Tensor(value).cast(tensor.dtype)).realize()
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
