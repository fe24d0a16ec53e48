"""Time from navigation to the first paint, the first ink and the first prediction, on a first and a second visit.

For comparison the same rounds load a page with nothing but unmodified Pyodide and NumPy.
"""

import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, FloatRect, Page

from scripts import chromium
from scripts.bench.context import BenchContext, summary
from scripts.bench.page import pad_box
from scripts.sitebuild import parts

TIMEOUT_S = 120.0
#: The folder of the comparison page. It is written into the site for this measurement and removed afterwards.
BARE = "bare-pyodide"
BARE_PAGE = """<!doctype html><meta charset="utf-8"><title>bare</title><link rel="icon" href="data:,">
<script type="module">
import { loadPyodide } from "./pyodide.mjs";
const pyodide = await loadPyodide();
await pyodide.loadPackage("numpy");
pyodide.runPython("import numpy; numpy.zeros(3) + 1");
window.benchDone = performance.now();
</script>"""
BARE_FILES = ("pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
#: Records when the first prediction is shown.
WATCH_PREDICTION = """
new MutationObserver(() => {
    if (!window.benchDone && Number(document.documentElement.dataset.predictions) > 0)
        window.benchDone = performance.now();
}).observe(document, { attributes: true, subtree: true, attributeFilter: ["data-predictions"] });
"""
#: Records the first frame in which the pad shows ink. Reading the pad back in every frame is slow, so this has a visit
#: of its own.
WATCH_INK = """
const small = new OffscreenCanvas(48, 48).getContext("2d", { willReadFrequently: true });
const look = () => {
    const pad = document.querySelector("[data-testid=draw-pad]");
    if (pad?.width) small.drawImage(pad, 0, 0, 48, 48);
    if (small.getImageData(0, 0, 48, 48).data.some((value, i) => i % 4 === 3 && value))
        window.benchDone = performance.now();
    else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


def run(context: BenchContext) -> dict[str, Any]:
    """Milliseconds since navigation, and bytes as transferred; see the module."""
    folder = context.dist / BARE
    write_bare_page(folder)
    rows: dict[str, list[float]] = {}
    try:
        for _ in range(context.rounds):
            for name, value in {**bare_visits(context), **page_visits(context), **ink_visit(context)}.items():
                rows.setdefault(name, []).append(value)
    finally:
        shutil.rmtree(folder)
    figures: dict[str, Any] = {name: summary(values) for name, values in rows.items()}
    for kind in ("cold", "warm"):
        over = figures[f"{kind}_first_prediction_ms"]["median"] - figures[f"{kind}_bare_pyodide_numpy_ms"]["median"]
        figures[f"{kind}_over_bare_ms"] = round(over, 2)
    return figures


def write_bare_page(folder: Path) -> None:
    """Write Pyodide from npm, the whole NumPy wheel, and a page that loads both."""
    lock = parts.pyodide_lock()
    wheel, _ = parts.numpy_wheel()
    numpy = {**lock["packages"]["numpy"], "sha256": parts.sha256(wheel)}
    folder.mkdir(exist_ok=True)
    for name in BARE_FILES:
        (folder / name).write_bytes(parts.npm_file(f"pyodide/{name}"))
    (folder / numpy["file_name"]).write_bytes(wheel)
    (folder / "pyodide-lock.json").write_text(json.dumps({**lock, "packages": {"numpy": numpy}}))
    (folder / "index.html").write_text(BARE_PAGE)


def profile(context: BenchContext, folder: str) -> BrowserContext:
    """A browser with a profile on disk: as for a user, code caches and the service worker outlive a visit."""
    path = chromium.find(context.playwright)
    return context.playwright.chromium.launch_persistent_context(
        folder, executable_path=path, args=chromium.flags(), viewport={"width": 1280, "height": 900}
    )


def done_ms(page: Page) -> float:
    """Wait until the page has recorded its time; returns it in ms since navigation. Raises TimeoutError."""
    deadline = time.monotonic() + TIMEOUT_S
    while (value := page.evaluate("window.benchDone ?? null")) is None:
        if time.monotonic() > deadline:
            html = page.evaluate("document.documentElement.outerHTML")[:200]
            raise TimeoutError(f"The page recorded no time within {TIMEOUT_S:.0f} s; it begins with {html}")
        time.sleep(0.02)
    return float(value)


def bare_visits(context: BenchContext) -> dict[str, float]:
    """Two visits to the page with Pyodide and NumPy alone."""
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("cold", "warm"):
            with profile(context, folder) as browser:
                page = browser.new_page()
                page.goto(f"{context.url}{BARE}/", wait_until="commit")
                figures[f"{kind}_bare_pyodide_numpy_ms"] = done_ms(page)
    return figures


def page_visits(context: BenchContext) -> dict[str, float]:
    """Two visits to the site, the second one served by the service worker. The stroke is drawn while Python starts."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("cold", "warm"):
            with profile(context, folder) as browser:
                page = browser.new_page()
                page.add_init_script(WATCH_PREDICTION)
                page.goto(context.url, wait_until="commit")
                draw(page, pad_box(page))
                figures[f"{kind}_first_prediction_ms"] = done_ms(page)
                figures[f"{kind}_first_contentful_paint_ms"] = float(
                    page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN")
                )
                if kind == "cold":
                    figures["transferred_bytes"] = transferred(page)
                    page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    return figures


def ink_visit(context: BenchContext) -> dict[str, float]:
    """A visit that draws from the first moment on. Where the pad is was found out by another visit."""
    with tempfile.TemporaryDirectory() as folder, profile(context, folder) as browser:
        scout, page = browser.new_page(), browser.new_page()
        scout.goto(context.url, wait_until="commit")
        box = pad_box(scout)
        scout.close()
        page.add_init_script(WATCH_INK)
        page.goto(context.url, wait_until="commit")
        while page.evaluate("window.benchDone ?? null") is None:
            draw(page, box)
        return {"first_ink_ms": done_ms(page)}


def draw(page: Page, box: FloatRect) -> None:
    """Draw one stroke down the middle of the pad."""
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(x, box["y"] + 0.8 * box["height"], steps=4)
    page.mouse.up()


def transferred(page: Page) -> float:
    """Compressed bytes of all responses up to the first prediction, without headers.

    A file that is requested twice is counted once: the browser's cache serves it, and `transferSize` is 0.
    """
    return float(
        page.evaluate("""() => performance.getEntries()
            .filter(({ entryType, responseEnd, transferSize }) => transferSize
                && ["navigation", "resource"].includes(entryType) && responseEnd <= window.benchDone)
            .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)""")
    )
