"""The WebAssembly engine alone: training and prediction in Chromium and in wasmtime, hottest kernels, module sizes.

wasmtime is compared with tinygrad's clang backend on the same networks, in alternating rounds. The GFLOP/s of a kernel
can be compared with the most that this machine reaches with 128-bit vectors in the same runtime.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from scripts import chromium
from scripts.bench.context import BenchContext, summary
from scripts.bench.peers import clang
from scripts.bench.peers.peak import best_gflops
from scripts.pyodide_node import run_python
from scripts.pyodide_page import pyodide_page
from tabgrad import model
from tabgrad.backends.wasm import WasmExecutable, open_device
from tabgrad.program import Program, dumps

T = TypeVar("T")
MLP: dict[str, Any] = {"kind": "mlp", "hidden": [128]}
CNN: dict[str, Any] = {"kind": "cnn"}
#: {name: (network, optimizer, batch, steps a round)}.
TRAININGS: dict[str, tuple[dict[str, Any], str, int, int]] = {
    "mlp sgd": (MLP, "sgd", 128, 100),
    "mlp adam": (MLP, "adam", 128, 100),
    "cnn sgd": (CNN, "sgd", 64, 8),
}
VARIANTS = ("simd", "relaxed")
IN_BROWSER = """
import time, numpy as np
from pathlib import Path
from tabgrad.program import loads
from tabgrad.backends.wasm import open_device
device = await open_device()
figures = {}
for path in sorted(Path(folder).iterdir()):
    program = loads(path.read_bytes())
    if program.variant not in device.variants:
        continue
    started = time.perf_counter()
    executable = await device.load(program)
    loading = (time.perf_counter() - started) * 1e3
    rng = np.random.default_rng(0)
    for buffer in program.by_role("weight", "state"):
        if buffer.dtype == "float32":
            executable.write(buffer.name, (rng.random(buffer.shape) * 0.05).astype(np.float32))
    if program.name == "infer":
        x = {"x": rng.random((1, 784), dtype=np.float32)}
        def engine():
            return executable.run_steps(500, {}, [])
        async def page():
            for _ in range(100):
                await executable.run(x, ["logits"])
        values = {}
        for name, run, count in (("engine_us", engine, 500), ("with_python_us", page, 100)):
            await run()
            values[name] = []
            for _ in range(rounds):
                started = time.perf_counter()
                await run()
                values[name].append((time.perf_counter() - started) * 1e6 / count)
    else:
        steps = 40 if "mlp" in path.name else 4
        batch = program.buffer("y").shape[0]
        streams = {"x": rng.integers(0, 256, (steps, batch, 784), dtype=np.uint8)}
        streams["y"] = rng.integers(0, 10, (steps, batch), dtype=np.int32)
        executable.write("lr", np.full(1, 1e-3, np.float32))
        times = []
        for _ in range(rounds + 3):
            started = time.perf_counter()
            await executable.run_steps(steps, streams, ["loss"])
            times.append(steps * batch / (time.perf_counter() - started))
        values = {"samples_per_s": times[3:]}
    executable.destroy()
    figures[path.name] = values | {"load_ms": [loading]}
return figures
"""
IN_PYODIDE = """
import json, time
from tabgrad import model
seconds = {}
for name, make in {
    "mlp infer": lambda: model.inference({"kind": "mlp", "hidden": [128]}, "wasm", "simd"),
    "mlp sgd": lambda: model.training({"kind": "mlp", "hidden": [128]}, model.Training(batch=128), "wasm", "simd"),
    "cnn infer": lambda: model.inference({"kind": "cnn"}, "wasm", "simd"),
    "cnn sgd": lambda: model.training({"kind": "cnn"}, model.Training(batch=64), "wasm", "simd"),
}.items():
    started = time.perf_counter()
    make()
    seconds[name] = round(time.perf_counter() - started, 2)
open("/mounted/seconds.json", "w").write(json.dumps(seconds))
"""


def run(context: BenchContext) -> dict[str, Any]:
    """All figures; see the module."""
    programs = training_programs()
    inferences = {
        f"{name} infer.{variant}": model.inference(spec, "wasm", variant)
        for name, spec in (("mlp", MLP), ("cnn", CNN))
        for variant in VARIANTS
    }
    return {
        "chromium": in_chromium(context, {**programs, **inferences}),
        "native_samples_per_s": natively(programs, context.rounds),
        "hottest_kernels": {name: hottest(programs[name], count=3) for name in ("mlp sgd.relaxed", "cnn sgd.relaxed")},
        "best_gflops": {"simd": best_gflops(fused=False), "relaxed": best_gflops(fused=True)},
        "module_bytes": {
            name: sum(len(kernel.module) for kernel in program.kernels.values())
            for name, program in {**programs, **inferences}.items()
        },
        "compile_in_pyodide_s": compile_in_pyodide(),
    }


def training_programs() -> dict[str, Program]:
    """Each of `TRAININGS` compiled in each variant."""
    return {
        f"{name}.{variant}": model.training(spec, model.Training(batch=batch, optimizer=optimizer), "wasm", variant)
        for name, (spec, optimizer, batch, _) in TRAININGS.items()
        for variant in VARIANTS
    }


def in_chromium(context: BenchContext, programs: dict[str, Program]) -> dict[str, Any]:
    """Training samples a second, microseconds a prediction, and milliseconds to load a program."""
    with chromium.launch(context.playwright) as browser, pyodide_page(browser) as page:
        page.put({name: dumps(program).encode() for name, program in programs.items()}, "/bench")
        found = page.run(IN_BROWSER, folder="/bench", rounds=context.rounds)
    return {name: {key: summary(values) for key, values in item.items()} for name, item in found.items()}


def natively(programs: dict[str, Program], rounds: int) -> dict[str, Any]:
    """Training samples a second on wasmtime and, if clang is installed, on clang, in alternating rounds."""
    runners: dict[str, Callable[[], float]] = {
        f"{name} on wasmtime": trainer(program, TRAININGS[name.split(".")[0]][3]) for name, program in programs.items()
    }
    for name, (spec, optimizer, batch, steps) in TRAININGS.items() if clang.find() else ():
        runners[f"{name} on clang"] = clang.ClangTrainer(spec, optimizer, batch, max(1, steps // 8))
    pace: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, runner in runners.items():
            pace.setdefault(name, []).append(runner())
    for runner in runners.values():
        if isinstance(runner, clang.ClangTrainer):
            runner.close()
    return {name: summary(values) for name, values in pace.items()}


def finished(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing. asyncio.run would fail: Playwright holds the loop."""
    while True:
        try:
            work.send(None)
        except StopIteration as stop:
            result: T = stop.value
            return result


async def _load(program: Program) -> WasmExecutable:
    executable = await (await open_device()).load(program)
    for buffer in program.by_role("weight"):
        executable.write(buffer.name, np.full(buffer.shape, 0.01, np.float32))
    return executable


def trainer(program: Program, steps: int) -> Callable[[], float]:
    """A function that trains `steps` steps under wasmtime and returns samples a second."""
    executable = finished(_load(program))
    batch, rng = program.buffer("y").shape[0], np.random.default_rng(0)
    streams: dict[str, Any] = {
        "x": rng.integers(0, 256, (steps, batch, 784), dtype=np.uint8),
        "y": rng.integers(0, 10, (steps, batch), dtype=np.int32),
    }

    def train() -> float:
        started = time.perf_counter()
        executable.run_steps(steps, streams, ["loss"])
        return steps * batch / (time.perf_counter() - started)

    train()
    return train


def hottest(program: Program, count: int) -> list[dict[str, Any]]:
    """The `count` slowest kernels of a step: microseconds, share of the step, GFLOP/s."""
    times = finished(finished(_load(program)).time_launches()).ms
    rows = sorted(zip(times, (program.kernels[d.kernel] for d in program.dispatch), strict=True), key=lambda r: -r[0])
    return [
        {
            "kernel": kernel.entry,
            "us": round(ms * 1e3, 1),
            "share": round(ms / sum(times), 3),
            "gflops": round(kernel.flops / ms / 1e6, 1),
        }
        for ms, kernel in rows[:count]
    ]


def compile_in_pyodide() -> dict[str, float]:
    """Seconds to compile each program under Pyodide, in Node."""
    with tempfile.TemporaryDirectory() as folder:
        run_python(IN_PYODIDE, Path(folder))
        seconds: dict[str, float] = json.loads((Path(folder) / "seconds.json").read_text())
    return seconds
