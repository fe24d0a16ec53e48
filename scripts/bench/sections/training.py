"""Training as users see it: from the click on Train to a tested network, while the page is in use.

Each round opens a new page for each engine and trains the fast preset twice: once with a cold worker, and once with a
warm one and a moving pen. Everything between the click and the result is timed: Python, engine, data and evaluation.
"""

from typing import Any

from scripts import chromium
from scripts.bench.context import BenchContext, summary
from scripts.bench.page import train, wait

ENGINES = ("auto", "wasm", "webgpu")
#: Records frames, latencies, and long tasks of the main thread: those over 50 ms, as browsers define them.
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
    """Figures of one page: a cold run, and a warm run while drawing."""
    with chromium.launch(context.playwright, "--enable-precise-memory-info") as browser:
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
