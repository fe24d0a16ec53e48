"""The engines in a real browser: right answers on both; WebGPU leaks nothing and tells its faults in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from scripts.pyodide_page import PyodidePage, pyodide_page
from tests.parity import cases
from tests.parity.cases import Case
from tests.parity.conftest import make_case

#: For each engine the target and a variant; the native parity tests cover all variants.
ENGINES = {"webgpu": ("wgsl", "sw"), "wasm": ("wasm", "simd")}
OPEN = """
from tabgrad.backends.webgpu import open_device as open_webgpu
from tabgrad.backends.wasm import open_device as open_wasm
from tabgrad.backends import DeviceLostError, EngineError
from tabgrad.interop.convert import live_proxies
from tests.parity import cases
from pathlib import Path
import asyncio, js, numpy as np
def read_case(folder):
    return cases.Case.unpack({p.name: p.read_bytes() for p in Path(folder).iterdir()})
async def sentence(awaitable):
    try:
        await awaitable
    except Exception as error:
        return [type(error).__name__, str(error)]
"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[PyodidePage]:
    with pyodide_page(browser, Path(cases.__file__).parent) as opened:
        yield opened


@pytest.fixture
def quiet(page: PyodidePage) -> Iterator[PyodidePage]:
    """The page; the test fails if the browser's console complains."""
    page.errors.clear()
    yield page
    assert page.errors == []


@pytest.fixture
def put_case(page: PyodidePage) -> Callable[..., Case]:
    """Puts a case of the parity tests into the page's folder /case."""

    def put(kind: str, *names: str, engine: str = "webgpu") -> Case:
        target, variant = ENGINES[engine]
        case = make_case(kind, target, variant, *names)  # type: ignore[arg-type] # a literal
        page.put(case.pack(), "/case")
        return case

    return put


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["infer", "activations", "saliency", "evaluate"])
@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_outputs_equal_the_oracle(
    quiet: PyodidePage, put_case: Callable[..., Case], engine: str, kind: str, name: str
) -> None:
    put_case(kind, name, engine=engine)
    figures = quiet.run(
        OPEN + "device = await (open_webgpu() if engine == 'webgpu' else open_wasm())\n"
        "figures = await getattr(cases, name)(device, read_case('/case'))\n"
        "device.destroy()\nreturn figures",
        engine=engine,
        name=name,
    )
    assert figures
    assert all(error < 1e-4 for error in figures.values())


def test_results_come_back_with_nudges_as_firefox_needs_them(quiet: PyodidePage, put_case: Callable[..., Case]) -> None:
    put_case("mlp", "infer")
    figures, nudges = quiet.run(
        OPEN + "device = await open_webgpu()\n"
        "gpu = device.gpu.device\n"
        "gpu.needs_nudges, submit, nudges = True, gpu.queue.submit, []\n"
        "gpu.queue.submit = lambda buffers: (nudges.append(1) if not buffers else None, submit(buffers))\n"
        "figures = await cases.infer(device, read_case('/case'))\n"
        "device.destroy()\nreturn figures, len(nudges)"
    )
    assert figures["logits"] < 1e-4
    assert nudges >= 100


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("kind", "optimizer"), [("mlp", "sgd"), ("mlp", "adamw"), ("cnn", "sgd")])
def test_ten_steps_equal_the_oracle(
    quiet: PyodidePage, put_case: Callable[..., Case], engine: str, kind: str, optimizer: str
) -> None:
    put_case(kind, f"train.{optimizer}", engine=engine)
    figures = quiet.run(
        OPEN + "device = await (open_webgpu() if engine == 'webgpu' else open_wasm())\n"
        "figures = await cases.train(device, read_case('/case'), optimizer)\n"
        "device.destroy()\nreturn figures",
        engine=engine,
        optimizer=optimizer,
    )
    assert figures["loss"] < 1e-4


COUNTS = """
def counts():
    import pyodide_js
    memory = pyodide_js._module.HEAPU8.length
    return [live_proxies(), device.live_buffers, device.live_bytes, memory]
"""


def test_a_thousand_steps_and_predictions_leave_nothing_behind(
    quiet: PyodidePage, put_case: Callable[..., Case]
) -> None:
    put_case("mlp", "infer", "train.sgd")
    before, after, freed, at_end = quiet.run(
        OPEN + "device = await open_webgpu()\n" + COUNTS + "case = read_case('/case')\n"
        "empty = counts()\n"
        "train = await device.load(case.programs['train.sgd'])\n"
        "infer = await device.load(case.programs['infer'], share=train)\n"
        "rng = np.random.default_rng(0)\n"
        "batch = case.programs['train.sgd'].buffer('y').shape[0]\n"
        "async def work(chunks):\n"
        "    pending = None\n"
        "    for _ in range(chunks):\n"
        "        rows = rng.integers(0, 100, (20, batch))\n"
        "        hyper = {k: np.full((20, 1), v, np.float32) for k, v in cases.HYPERPARAMETERS['sgd'].items()}\n"
        "        streams = {'x': case.pixels[rows], 'y': case.labels[rows], **hyper}\n"
        "        following = train.run_steps(20, streams, ['loss'])\n"
        "        if pending is not None: await pending\n"
        "        pending = following\n"
        "        for row in rows[0]:\n"
        "            await infer.run({'x': (case.pixels[row:row + 1] / 255).astype(np.float32)}, ['logits'])\n"
        "    await pending\n"
        "await work(5)\n"
        "before = counts()\n"
        "await work(50)\n"
        "after = counts()\n"
        "infer.destroy(); train.destroy()\n"
        "freed = counts()\n"
        "device.destroy()\n"
        "await asyncio.sleep(0.2)\n"
        "return before, after, freed[:3] == empty[:3], live_proxies()"
    )
    assert before == after
    assert freed
    assert at_end == 0


def test_a_lost_device_is_told_and_another_one_works(quiet: PyodidePage, put_case: Callable[..., Case]) -> None:
    put_case("mlp", "infer", "train.sgd")
    pending, later, figures = quiet.run(
        OPEN + "case = read_case('/case')\n"
        "device = await open_webgpu()\n"
        "train = await device.load(case.programs['train.sgd'])\n"
        "batch = case.programs['train.sgd'].buffer('y').shape[0]\n"
        "streams = {'x': case.pixels[np.zeros((9, batch), int)], 'y': case.labels[np.zeros((9, batch), int)]}\n"
        "streams |= {k: np.full((9, 1), v, np.float32) for k, v in cases.HYPERPARAMETERS['sgd'].items()}\n"
        "chunk = train.run_steps(9, streams, ['loss'])\n"
        "device.gpu.device.js.destroy()\n"
        "pending = await sentence(chunk)\n"
        "later = await sentence(train.read('loss'))\n"
        "train.destroy(); device.destroy()\n"
        "device = await open_webgpu()\n"
        "figures = await cases.infer(device, case)\n"
        "device.destroy()\n"
        "return pending, later, figures"
    )
    for kind, message in (pending, later):
        assert kind == "DeviceLostError"
        assert "device was lost" in message
    assert figures["logits"] < 1e-4


def test_a_shader_that_does_not_compile_is_one_sentence(quiet: PyodidePage, put_case: Callable[..., Case]) -> None:
    put_case("mlp", "infer")
    kind, message, buffers = quiet.run(
        OPEN + "from dataclasses import replace\n"
        "from tabgrad.program import kernel_key\n"
        "program = read_case('/case').programs['infer']\n"
        "key = program.dispatch[0].kernel\n"
        "broken = replace(program.kernels[key], source=program.kernels[key].source + '}')\n"
        "dispatch = tuple(replace(d, kernel=kernel_key(broken)) if d.kernel == key else d for d in program.dispatch)\n"
        "program = replace(program, dispatch=dispatch, kernels={**program.kernels, kernel_key(broken): broken})\n"
        "device = await open_webgpu()\n"
        "told = await sentence(device.load(program))\n"
        "left = device.live_buffers\n"
        "device.destroy()\nreturn [*told, left]"
    )
    assert kind == "EngineError"
    assert message.startswith("WebGPU could not build the program 'infer'")
    assert "\n" not in message
    assert buffers == 0


def test_an_error_nobody_waits_for_surfaces_at_the_next_call(page: PyodidePage, put_case: Callable[..., Any]) -> None:
    put_case("mlp", "infer")
    page.errors.clear()
    first, second = page.run(
        OPEN + "case = read_case('/case')\n"
        "device = await open_webgpu()\n"
        "infer = await device.load(case.programs['infer'])\n"
        "x = np.zeros((1, 784), np.float32)\n"
        "gpu = device.gpu.device\n"
        "gpu.queue.write_buffer(gpu.create_buffer(size=4, usage=8), 0, np.zeros(9, np.float32))\n"
        "first = await sentence(infer.run({'x': x}, ['logits']))\n"
        "second = await sentence(infer.run({'x': x}, ['logits']))\n"
        "device.destroy()\nreturn first, second"
    )
    assert first[0] == "EngineError"
    assert first[1].startswith("WebGPU reported an error")
    assert second is None


NO_ADAPTER = {
    "This browser has no WebGPU.": "undefined",
    "This browser has WebGPU, but no graphics adapter it may use.": "{requestAdapter: async () => null}",
}


@pytest.mark.parametrize("expected", NO_ADAPTER)
def test_without_an_adapter_the_engine_says_so(quiet: PyodidePage, expected: str) -> None:
    told = quiet.run(
        OPEN + "js.eval(f\"Object.defineProperty(navigator, 'gpu', {{value: {gpu}, configurable: true}})\")\n"
        "told = await sentence(open_webgpu())\n"
        "del js.navigator.gpu\nreturn told",
        gpu=NO_ADAPTER[expected],
    )
    assert told == ["EngineError", expected]
