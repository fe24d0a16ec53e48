"""tinygrad training on its own CPU backend (clang, one thread), in a process that `ClangTrainer` starts.

The process runs this file: it reads a number of steps from each line of its input, trains, and prints samples a second.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from typing import Any

from scripts.sitebuild.parts import ROOT


def find() -> str | None:
    """The path of `clang`, or else of the newest versioned one on the PATH; None if there is none."""
    return next(filter(None, map(shutil.which, ("clang", *(f"clang-{n}" for n in range(21, 13, -1))))), None)


class ClangTrainer:
    """Each call trains `steps` steps and returns samples a second."""

    def __init__(self, spec: dict[str, Any], optimizer: str, batch: int, steps: int) -> None:
        path = os.pathsep.join((str(ROOT / "py"), str(ROOT)))
        environment = {**os.environ, "DEV": "CPU", "THREADS": "0", "CC": find() or "clang", "PYTHONPATH": path}
        self.steps = steps
        self.process = subprocess.Popen(
            [sys.executable, "-m", "scripts.bench.peers.clang", json.dumps([spec, optimizer, batch])],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ask(3)  # TinyJit compiles in the first two steps, and replays from the third on

    def ask(self, steps: int) -> float:
        """Train `steps` steps; returns samples a second."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def __call__(self) -> float:
        return self.ask(self.steps)

    def close(self) -> None:
        """End the process, which stops at the end of its input."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)


def main() -> None:
    """Read numbers of steps, train, and print rates, until the input ends."""
    from tinygrad import Context, Tensor, TinyJit, dtypes, nn

    from tabgrad import model

    spec, optimizer, batch = json.loads(sys.argv[1])
    network = model.build(spec)
    for tensor in nn.state.get_parameters(network):
        tensor.replace(Tensor.rand(*tensor.shape) * 0.05).realize()
    params = [
        t for name, t in nn.state.get_state_dict(network).items() if "running" not in name and "input" not in name
    ]
    for tensor in params:
        tensor.is_param_(True)
    rule = nn.optim.SGD(params, lr=1e-3, momentum=0.9) if optimizer == "sgd" else nn.optim.Adam(params, lr=1e-3)

    @TinyJit  # type: ignore[untyped-decorator] # tinygrad is untyped here
    def step(x: Tensor, y: Tensor) -> Tensor:
        with Context(TRAINING=1):
            rule.zero_grad()
            loss = network((x.cast(dtypes.float32) / 255).contiguous()).sparse_categorical_crossentropy(y)
            loss.backward()
            return loss.realize(*rule.schedule_step())

    x = (Tensor.rand(batch, 784) * 255).cast(dtypes.uint8).realize()
    y = (Tensor.rand(batch) * 10).cast(dtypes.int32).realize()
    for line in sys.stdin:
        started = time.perf_counter()
        for _ in range(int(line)):
            loss = step(x, y)
        loss.item()
        print(int(line) * batch / (time.perf_counter() - started), flush=True)


if __name__ == "__main__":
    main()
