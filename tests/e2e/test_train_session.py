"""The session in a browser's Python, without the page: the same losses as natively, and nothing that piles up."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from scripts.pyodide_page import PyodidePage, pyodide_page
from tabgrad.program import Target, dumps
from tests.unit.session import session_runs
from tests.unit.session.session_runs import SMALL, TRAINING_IMAGES, compiled, train

TARGETS: dict[str, tuple[Target, str]] = {"webgpu": ("wgsl", "sw"), "wasm": ("wasm", "simd")}
#: 1,200 steps of the small network.
LONG = replace(SMALL, epochs=1200 * SMALL.batch / TRAINING_IMAGES)
RUN = """
import asyncio, js
from tabgrad.backends.wasm import open_device as open_wasm
from tabgrad.backends.webgpu import open_device as open_webgpu
from tabgrad.interop.convert import live_proxies
from tabgrad.program import loads
from tabgrad.session.network import load_network
from tabgrad.settings import RunSettings
from tests.unit.session.session_runs import prepare
device = await (open_webgpu() if engine == "webgpu" else open_wasm())
programs = [loads(open(f"/session/{name}.json").read()) for name in ("train", "evaluate")]
network = await load_network(device, *programs)
run = await prepare(RunSettings.make(settings), network=network)
counts = []
def count(event):
    if type(event).__name__ == "Progress":
        heap = js.pyodide._module.HEAPU8.length
        counts.append([event.step, live_proxies(), getattr(device, "live_buffers", 0), heap])
run.trainer.reporter.emit = count
reason = await run.trainer.run()
network.destroy()
after = [live_proxies(), getattr(device, "live_buffers", 0)]
device.destroy()
return {"reason": reason, "losses": run.trainer.record.curves.loss, "counts": counts, "after": after}
"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[PyodidePage]:
    with pyodide_page(browser, Path(session_runs.__file__).parent) as opened:
        for target, variant in TARGETS.values():
            files = {
                f"{name}.json": dumps(compiled(name, SMALL, target, variant)).encode() for name in ("train", "evaluate")
            }
            opened.put(files, f"/{target}")
        yield opened


def run(page: PyodidePage, engine: str, settings: session_runs.RunSettings) -> dict[str, list[list[int]]]:
    target, _ = TARGETS[engine]
    body = RUN.replace("/session/", f"/{target}/")
    result: dict[str, list[list[int]]] = page.run(body, engine=engine, settings=settings.to_json())
    return result


@pytest.mark.parametrize("engine", TARGETS)
def test_a_run_in_the_browser_has_the_losses_of_a_native_one(page: PyodidePage, engine: str) -> None:
    with ThreadPoolExecutor(1) as elsewhere:  # this thread has Playwright's event loop
        _, native = elsewhere.submit(train, SMALL).result()
    here = run(page, engine, SMALL)
    # wasmtime and V8 run the same instructions; a GPU adds in another order.
    np.testing.assert_allclose(here["losses"], native.trainer.record.curves.loss, rtol=0 if engine == "wasm" else 2e-3)


@pytest.mark.parametrize("engine", TARGETS)
def test_proxies_buffers_and_memory_are_flat_over_a_thousand_steps(page: PyodidePage, engine: str) -> None:
    result = run(page, engine, LONG)
    assert result["reason"] == "completed"
    settled = [count[1:] for count in result["counts"] if count[0] > 200]
    assert result["counts"][-1][0] == 1200
    # A readback in flight holds a proxy and a staging buffer or two.
    assert max(c[0] for c in settled) - min(c[0] for c in settled) <= 4
    assert max(c[1] for c in settled) - min(c[1] for c in settled) <= 2
    assert settled[-1][2] == settled[0][2]
    again = run(page, engine, SMALL)
    assert again["after"] == result["after"]
