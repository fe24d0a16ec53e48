"""From navigation to the first paint, the first ink and the first prediction; cold, and on a second visit.

The yardstick is a page with Pyodide and NumPy and nothing else, out of the same folder, in the same rounds.
"""

import tempfile
import time
from typing import Any

from playwright.sync_api import BrowserContext, Page

from scripts import chromium
from scripts.bench import BenchContext, summary

TIMEOUT_S = 120.0
#: Where the bare page is served from; it exists in this measurement only.
BARE = "bare-pyodide.html"
BARE_PAGE = """<!doctype html><meta charset="utf-8"><title>bare</title><link rel="icon" href="data:,">
<script type="module">
import {{ loadPyodide }} from "./{pyodide}pyodide.mjs";
const pyodide = await loadPyodide();
await pyodide.loadPackage("numpy");
pyodide.runPython("import numpy; numpy.zeros(3) + 1");
window.benchDone = performance.now();
</script>"""
#: Notes when the first prediction is on screen.
WATCH_PREDICTION = """
new MutationObserver(() => {
    if (!window.benchDone && Number(document.documentElement.dataset.predictions) > 0)
        window.benchDone = performance.now();
}).observe(document, { attributes: true, subtree: true, attributeFilter: ["data-predictions"] });
"""
#: Notes the first frame in which the pad shows ink. It reads the pad back in every frame, so it has a visit of its own.
WATCH_INK = """
const look = () => {
    const pad = document.querySelector("[data-testid=draw-pad]");
    const pixels = pad?.width && pad.getContext("2d").getImageData(0, 0, pad.width, pad.height).data;
    if (pixels && pixels.some((value, i) => i % 4 === 3 && value)) window.benchDone = performance.now();
    else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


def run(context: BenchContext) -> dict[str, Any]:
    """Figures in ms since navigation, and bytes as transferred; see the module."""
    index = (context.dist / "index.html").read_text()
    pyodide = index.split('modulepreload" href="pyodide-')[1].split("/")[0]
    bare = context.dist / BARE
    bare.write_text(BARE_PAGE.format(pyodide=f"pyodide-{pyodide}/"))
    rows: dict[str, list[float]] = {}
    try:
        for _ in range(context.rounds):
            for name, value in {**bare_visits(context), **page_visits(context), **ink_visit(context)}.items():
                rows.setdefault(name, []).append(value)
    finally:
        bare.unlink()
    figures: dict[str, Any] = {name: summary(values) for name, values in rows.items()}
    for kind in ("cold", "warm"):
        over = figures[f"{kind}_first_prediction_ms"]["median"] - figures[f"{kind}_bare_pyodide_numpy_ms"]["median"]
        figures[f"{kind}_over_bare_ms"] = round(over, 2)
    return figures


def profile(context: BenchContext, folder: str) -> BrowserContext:
    """A browser with a profile on disk, as a visitor has: code caches and the service worker outlive a visit."""
    path = chromium.find(context.playwright)
    return context.playwright.chromium.launch_persistent_context(
        folder, executable_path=path, args=chromium.flags(), viewport={"width": 1280, "height": 900}
    )


def done_ms(page: Page) -> float:
    """Wait for the page's own note of the moment; in ms since navigation."""
    deadline = time.monotonic() + TIMEOUT_S
    while (value := page.evaluate("window.benchDone ?? null")) is None:
        if time.monotonic() > deadline:
            raise TimeoutError(
                "the page did not get there: " + page.evaluate("document.documentElement.outerHTML")[:200]
            )
        time.sleep(0.02)
    return float(value)


def bare_visits(context: BenchContext) -> dict[str, float]:
    """Pyodide and NumPy alone, cold and then again."""
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("cold", "warm"):
            browser = profile(context, folder)
            page = browser.new_page()
            page.goto(context.url + BARE, wait_until="commit")
            figures[f"{kind}_bare_pyodide_numpy_ms"] = done_ms(page)
            browser.close()
    return figures


def page_visits(context: BenchContext) -> dict[str, float]:
    """The first visit, and the second one, which the service worker serves. The drawing waits for Python."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("cold", "warm"):
            browser = profile(context, folder)
            page = browser.new_page()
            page.add_init_script(WATCH_PREDICTION)
            page.goto(context.url, wait_until="commit")
            draw(page)
            figures[f"{kind}_first_prediction_ms"] = done_ms(page)
            figures[f"{kind}_first_contentful_paint_ms"] = float(
                page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN")
            )
            if kind == "cold":
                figures["transferred_bytes"] = transferred(page)
                page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
            browser.close()
    return figures


def ink_visit(context: BenchContext) -> dict[str, float]:
    """A cold visit that draws as early as it can."""
    with tempfile.TemporaryDirectory() as folder:
        browser = profile(context, folder)
        page = browser.new_page()
        page.add_init_script(WATCH_INK)
        page.goto(context.url, wait_until="commit")
        while page.evaluate("window.benchDone ?? null") is None:
            draw(page)
        figures = {"cold_first_ink_ms": done_ms(page)}
        browser.close()
    return figures


def draw(page: Page) -> None:
    """One stroke down the middle of the pad, as soon as there is one."""
    box = page.get_by_test_id("draw-pad").bounding_box()
    if box is None:
        return
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(x, box["y"] + 0.8 * box["height"], steps=4)
    page.mouse.up()


def transferred(page: Page) -> float:
    """Bytes of all responses up to the first prediction, as they went over the wire (gzip), without headers.

    A file that is asked for twice comes from the browser's cache the second time; `transferSize` is 0 then.
    """
    return float(
        page.evaluate("""() => performance.getEntries()
            .filter(({ entryType, responseEnd, transferSize }) => transferSize
                && ["navigation", "resource"].includes(entryType) && responseEnd <= window.benchDone)
            .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)""")
    )
