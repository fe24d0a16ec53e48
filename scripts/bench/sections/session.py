"""How much a training run costs beyond its engine: data, augmentation, metrics and checkpoints.

The bare engine and whole runs alternate in the same page with the same programs; only their ratio matters. The rate of
a run is the number of its images divided by the seconds from its first step to its last, validation included.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from scripts import chromium
from scripts.bench.context import BenchContext, summary
from scripts.pyodide_page import pyodide_page
from tabgrad.settings import PRESETS

FOLDER = "/bench"
#: {name: (preset, changed settings)}. The runs are long enough for their start not to matter.
RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "mlp": ("fast", {"epochs": 16}),
    "mlp, mild distortions": ("fast", {"epochs": 16, "augment": "mild"}),
    "cnn": ("cnn", {"epochs": 3, "augment": "none"}),
    "cnn, mild distortions": ("cnn", {"epochs": 3}),
}
STEPS = {"mlp": 512, "cnn": 64}
OPEN = """
import builtins
from pathlib import Path
from tabgrad.backends.wasm import open_device
from tabgrad.data.catalogue import DataSets
from tabgrad.interop import files
from tabgrad.backends.engines import EngineChoice
from tabgrad.session.programs import ProgramLibrary
class Nothing:
    async def get(self, key): return None
    async def put(self, key, value): pass
async def fetch(url): return (Path(folder) / url.replace("/", "_")).read_bytes()
async def load_compiler(): raise OSError("Only prebuilt programs are measured.")
device = await open_device()
async def open_engine(choice): return EngineChoice(device, "")
programs = ProgramLibrary(manifest["training"], fetch, Nothing(), load_compiler, "")
builtins.services = (open_engine, programs, DataSets(manifest["data"], fetch, files.inflate))
return device.description
"""
BARE = """
import builtins, time, numpy as np
from tabgrad.session import plan
from tabgrad.session.network import load_network
from tabgrad.settings import RunSettings
settings = RunSettings.make(settings)
open_engine, programs, _ = builtins.services
device = (await open_engine("wasm")).device
requests = [make(settings, "wasm", device.variants[0]) for make in (plan.training_request, plan.evaluation_request)]
network = await load_network(device, *[await programs.get(r, print) for r in requests])
await network.initialise(1, np.zeros(784, np.float32))
for name, value in plan.hyperparameters(settings, network.train.program).items():
    network.train.write(name, value)
rng, chunk, rates = np.random.default_rng(0), 16, []
batch = settings.batch
streams = {"x": rng.integers(0, 256, (chunk, batch, 784), dtype=np.uint8)}
streams["y"] = rng.integers(0, 10, (chunk, batch), dtype=np.int32)
streams["lr"] = np.full((chunk, 1), 1e-4, np.float32)
for _ in range(2):
    started = time.perf_counter()
    for _ in range(steps // chunk):
        await network.train.run_steps(chunk, streams, ["loss", "correct"])
    rates.append(steps * batch / (time.perf_counter() - started))
network.destroy()
return rates[-1]
"""
RUN = """
import asyncio, builtins
from tabgrad.protocol import Dispose, Failed, Finished, Start
from tabgrad.session.host import WorkerHost
from tabgrad.settings import RunSettings
ended = asyncio.get_running_loop().create_future()
def receive(event):
    if isinstance(event, (Failed, Finished)) and not ended.done():
        ended.set_result(event)
host = WorkerHost(*builtins.services, receive)
host.receive(Start(id=1, settings=settings))
event = await ended
if isinstance(event, Failed):
    raise RuntimeError(event.message)
host.receive(Dispose(id=2))
await asyncio.sleep(0.1)
return event.step * settings["batch"] / event.seconds
"""


def run(context: BenchContext) -> dict[str, Any]:
    """Images a second of the bare engine and of each kind of run, and the ratio of the two."""
    manifest = read_manifest(context.dist)
    names = [f for part in ("training", "data") for f in files(context.dist, manifest, part)]
    rates: dict[str, list[float]] = {}
    with chromium.launch(context.playwright) as browser, pyodide_page(browser) as page:
        page.put({name.replace("/", "_"): (context.dist / name).read_bytes() for name in names}, FOLDER)
        description = page.run(OPEN, folder=FOLDER, manifest=manifest)
        for _ in range(context.rounds):
            for name, (preset, changes) in RUNS.items():
                settings = {**PRESETS[preset].settings.to_json(), "engine": "wasm", **changes}
                kind = name.partition(",")[0]
                bare = page.run(BARE, settings=settings, steps=STEPS[kind])
                whole = page.run(RUN, settings=settings)
                rates.setdefault(f"{name}: engine alone", []).append(bare)
                rates.setdefault(f"{name}: run", []).append(whole)
                rates.setdefault(f"{name}: run / engine", []).append(whole / bare)
    return {"engine": description, **{name: summary(values) for name, values in rates.items()}}


def read_manifest(dist: Path) -> dict[str, Any]:
    """The manifest inside the built index.html."""
    found = re.search(r'id="manifest">(.*?)</script>', (dist / "index.html").read_text(), re.DOTALL)
    if found is None:
        raise ValueError(f"{dist}/index.html has no manifest: run `make build` and measure again.")
    manifest: dict[str, Any] = json.loads(found[1])
    return manifest


def files(dist: Path, manifest: dict[str, Any], part: str) -> list[str]:
    """URLs of the files in one part of the manifest that a run on WebAssembly may fetch, relative to the page."""
    if part == "training":
        return [url for stem, url in manifest["training"].items() if ".wasm." in stem]
    folder = dist / Path(manifest["data"]["mnist"]["index"]).parent
    return [str(path.relative_to(dist)) for path in sorted(folder.iterdir())]
