"""One class for each engine: ours under Pyodide, ONNX Runtime Web, TensorFlow.js. The timing runs inside their pages.

`infer(network, image, runs)` returns milliseconds a prediction, from writing the input to reading the logits back.
`train(steps)` returns samples a second of SGD with momentum on 784-128-10 with batches of 128, which are uploaded; the
last loss is read back.
"""

from __future__ import annotations

import base64
from typing import Any

from playwright.sync_api import Page

from scripts.pyodide_page import PyodidePage

BATCH = 128
#: Predictions that are timed together: a page's clock has steps of 0.1 ms, and WebAssembly is faster than that.
GROUPS = {"webgpu": 1, "wasm": 20}

OURS = """
import builtins, numpy as np
from pathlib import Path
from tabgrad.network import load_safetensors
from tabgrad.program import loads
if engine == "webgpu":
    from tabgrad.backends.webgpu import open_device as opener
else:
    from tabgrad.backends.wasm import open_device as opener
device = await opener()
async def load(name):
    found = (Path(f"/bench/{name}.{device.target}.{variant}.json") for variant in device.variants)
    return await device.load(loads(next(path for path in found if path.is_file()).read_bytes()))
loaded = {}
for network in ("mlp", "cnn"):
    loaded[network] = await load(f"{network}.infer")
    for name, value in load_safetensors(Path(f"/bench/{network}.weights").read_bytes())[0].items():
        loaded[network].write(name, value)
loaded["train"] = await load("mlp.train")
rng = np.random.default_rng(0)
for buffer in loaded["train"].program.by_role("weight"):
    loaded["train"].write(buffer.name, (rng.standard_normal(buffer.shape) * 0.05).astype(np.float32))
builtins.engines = {**getattr(builtins, "engines", {}), engine: loaded}
return device.description
"""
OURS_INFER = """
import builtins, time, numpy as np
executable = builtins.engines[engine][network]
x = np.array(image, np.float32)[None]
times = []
for _ in range(runs):
    started = time.perf_counter()
    for _ in range(group):
        logits = (await executable.run({"x": x}, ["logits"]))["logits"]
    times.append((time.perf_counter() - started) * 1e3 / group)
return times, logits[0].tolist()
"""
OURS_TRAIN = """
import builtins, time, numpy as np
executable = builtins.engines[engine]["train"]
batch = executable.program.buffer("y").shape[0]
rng = np.random.default_rng(1)
chunk = 20
hyper = {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.0}
streams = {name: np.full((chunk, 1), value, np.float32) for name, value in hyper.items()}
streams["x"] = rng.integers(0, 256, (chunk, batch, 784), dtype=np.uint8)
streams["y"] = rng.integers(0, 10, (chunk, batch), dtype=np.int32)
started = time.perf_counter()
pending = None
for _ in range(steps // chunk):
    following = executable.run_steps(chunk, streams, ["loss"])
    if pending is not None:
        await pending
    pending = following
losses = (await pending)["loss"]
assert np.isfinite(losses).all()
return (steps // chunk) * chunk * batch / (time.perf_counter() - started)
"""

ORT = """async ([provider, models]) => {
  const bundle = provider === "webgpu" ? "ort.webgpu.bundle.min.mjs" : "ort.wasm.bundle.min.mjs";
  const ort = await import(`/ort/${bundle}`);
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = new URL("/ort/", location.href).href;
  const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const sessions = {};
  for (const [name, model] of Object.entries(models))
    sessions[name] = await ort.InferenceSession.create(bytes(model), { executionProviders: [provider] });
  globalThis.infer = async (network, image, runs, group) => {
    const times = [], pixels = Float32Array.from(image);
    let logits;
    for (let i = 0; i < runs; i++) {
      const started = performance.now();
      for (let j = 0; j < group; j++) {
        const x = new ort.Tensor("float32", pixels, [1, 784]);
        const output = Object.values(await sessions[network].run({ x }))[0];
        logits = await output.getData();
      }
      times.push((performance.now() - started) / group);
    }
    return [times, Array.from(logits)];
  };
}"""
TF = """async ([backend, batch]) => {
  for (const name of ["tf", "webgpu", "wasm"])
    await new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement("script"), { src: `/tf/${name}.js` });
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
  tf.wasm.setWasmPaths(new URL("/tf/", location.href).href);
  await tf.setBackend(backend);
  await tf.ready();
  const variable = (shape, scale) => tf.variable(tf.randomNormal(shape, 0, scale));
  const [w0, b0, w1, b1] = [
    variable([784, 128], 0.05), variable([128], 0), variable([128, 10], 0.09), variable([10], 0)];
  const optimizer = tf.train.momentum(0.01, 0.9);
  const pixels = Float32Array.from({ length: batch * 784 }, () => Math.random());
  const labels = Int32Array.from({ length: batch }, () => Math.floor(Math.random() * 10));
  globalThis.train = async steps => {
    const started = performance.now();
    let loss;
    for (let i = 0; i < steps; i++) {
      loss?.dispose();
      loss = tf.tidy(() => {
        const x = tf.tensor2d(pixels, [batch, 784]);
        const y = tf.oneHot(tf.tensor1d(labels, "int32"), 10);
        return optimizer.minimize(
          () => tf.losses.softmaxCrossEntropy(y, x.matMul(w0).add(b0).relu().matMul(w1).add(b1)), true);
      });
    }
    if (!Number.isFinite((await loss.data())[0])) throw new Error("TensorFlow.js gave a loss that is not finite.");
    return steps * batch * 1000 / (performance.now() - started);
  };
  return tf.getBackend();
}"""


class Ours:
    """tabgrad's engine "webgpu" or "wasm", in a page that has the programs and weights in /bench."""

    def __init__(self, page: PyodidePage, engine: str) -> None:
        self.page, self.engine = page, engine
        self.description = page.run(OURS, engine=engine)

    def infer(self, network: str, image: list[float], runs: int) -> tuple[list[float], list[float]]:
        """(milliseconds a prediction in each run, logits)."""
        args = {"network": network, "image": image, "runs": runs, "group": GROUPS[self.engine]}
        times, logits = self.page.run(OURS_INFER, engine=self.engine, **args)
        return times, logits

    def train(self, steps: int) -> float:
        """Train `steps` steps; returns samples a second."""
        return float(self.page.run(OURS_TRAIN, engine=self.engine, steps=steps))


class OnnxRuntime:
    """ONNX Runtime Web with the execution provider "webgpu" or "wasm" (one thread)."""

    def __init__(self, page: Page, provider: str, models: dict[str, bytes]) -> None:
        self.page, self.provider = page, provider
        page.evaluate(ORT, [provider, {name: base64.b64encode(data).decode() for name, data in models.items()}])

    def infer(self, network: str, image: list[float], runs: int) -> tuple[list[float], list[float]]:
        """(milliseconds a prediction in each run, logits)."""
        args = [network, image, runs, GROUPS[self.provider]]
        times, logits = self.page.evaluate("args => infer(...args)", args)
        return times, logits


class TensorFlow:
    """TensorFlow.js with the backend "webgpu" or "wasm"."""

    def __init__(self, page: Page, backend: str) -> None:
        self.page = page
        used: Any = page.evaluate(TF, [backend, BATCH])
        if used != backend:
            raise RuntimeError(f"TensorFlow.js took its backend {used}, because {backend} does not work here.")

    def train(self, steps: int) -> float:
        """Train `steps` steps; returns samples a second."""
        return float(self.page.evaluate("steps => train(steps)", steps))
