"""Training as a visitor has it: from the click on Train to a tested network, with the page in use meanwhile.

Each round opens a fresh page for each engine, trains the fast preset with a cold and then with a warm worker, and
draws while it trains. Everything between click and result counts: Python, engine, data, evaluation.
"""

import time
from typing import Any

from playwright.sync_api import Page

from scripts import chromium
from scripts.bench import BenchContext, summary

TIMEOUT_S = 600.0
ENGINES = ("auto", "wasm", "webgpu")
#: Frames and long tasks of the main thread. A task over 50 ms is what the browser itself calls long.
WATCH = """() => {
  window.benchFrames = []; window.benchLong = []; window.benchLatency = [];
  let last = performance.now();
  const tick = (now) => { benchFrames.push(now - last); last = now; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
  new PerformanceObserver((list) => benchLong.push(...list.getEntries().map((entry) => entry.duration)))
    .observe({ type: "longtask" });
  const shown = document.querySelector("[data-testid=latency-ms]");
  new MutationObserver(() => benchLatency.push(parseFloat(shown.textContent)))
    .observe(shown, { childList: true, characterData: true, subtree: true });
}"""
READ = "() => ({ frames: benchFrames, long: benchLong, latency: benchLatency.filter(Number.isFinite) })"


def run(context: BenchContext) -> dict[str, Any]:
    """Seconds, images a second and milliseconds by engine; see the module."""
    rows: dict[str, dict[str, list[float]]] = {engine: {} for engine in ENGINES}
    for _ in range(context.rounds):
        for engine, row in rows.items():
            for name, values in visit(context, engine).items():
                row.setdefault(name, []).extend(values)
    return {engine: {name: summary(values) for name, values in row.items()} for engine, row in rows.items()}


def visit(context: BenchContext, engine: str) -> dict[str, list[float]]:
    """One page: cold run, warm run while drawing."""
    browser = chromium.launch(context.playwright, "--enable-precise-memory-info")
    try:
        page = browser.new_page(viewport={"width": 1280, "height": 2200})
        page.goto(f"{context.url}{'' if engine == 'auto' else f'?engine={engine}'}")
        wait(page, "app", "ready")
        page.get_by_test_id("train-preset-fast").click()
        cold = train(page)
        page.evaluate(WATCH)
        page.wait_for_timeout(1000)
        idle = page.evaluate(READ)
        page.evaluate("() => { benchFrames.length = benchLong.length = benchLatency.length = 0; }")
        warm = train(page, drawing=True)
        busy = page.evaluate(READ)
        return {
            **{f"cold_{name}": value for name, value in cold.items()},
            **{f"warm_{name}": value for name, value in warm.items()},
            "idle_frame_ms": idle["frames"],
            "training_frame_ms": busy["frames"],
            "training_long_task_ms": busy["long"],
            "training_ink_to_bars_ms": busy["latency"],
            "page_heap_mb": [page.evaluate("performance.memory.usedJSHeapSize") / 1e6],
        }
    finally:
        browser.close()


def train(page: Page, drawing: bool = False) -> dict[str, list[float]]:
    """Press Train and wait for the result; with `drawing` the pen moves all the time."""
    begin = time.perf_counter()
    page.get_by_test_id("train-start").click()
    wait(page, "worker", "training")
    first_step = time.perf_counter() - begin
    pace, box = [], page.get_by_test_id("draw-pad").bounding_box()
    while wait(page, "worker", "training", "finished", "failed") == "training":
        pace.append(figure(page, "samples-per-s"))
        if drawing and box:
            page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.2 * box["height"])
            page.mouse.down()
            page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.8 * box["height"], steps=12)
            page.mouse.up()
        page.wait_for_timeout(20)
    return {
        "first_step_s": [first_step],
        "result_s": [time.perf_counter() - begin],
        "test_accuracy_percent": [figure(page, "test-accuracy")],
        "images_per_s": [max(pace, default=0.0)],
    }


def figure(page: Page, name: str) -> float:
    """A number of the panel."""
    text = (page.get_by_test_id(f"train-{name}").text_content() or "").replace("\u202f", "")
    try:
        return float(text.split()[0])
    except (ValueError, IndexError):
        return 0.0


def wait(page: Page, name: str, *values: str) -> str:
    """Wait until a field of the root's dataset has one of these values; TimeoutError."""
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        value = str(page.evaluate("name => document.documentElement.dataset[name]", name))
        if value in values:
            return value
        page.wait_for_timeout(10)
    raise TimeoutError(f"data-{name} is still {value!r}.")
