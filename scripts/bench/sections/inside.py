"""How much the open panels slow the pen down: from a pointer event to the frame that shows its answer.

The page records when each event happened, when it was handled, and when each answer was painted. The answer to an event
is the first prediction that began after the event was handled. Models and panels alternate in each round.
"""

from __future__ import annotations

import math
import time
from typing import Any

from playwright.sync_api import Browser, Page

from scripts import chromium
from scripts.bench.context import BenchContext, summary
from scripts.bench.page import pad_box, wait

ENGINES, MODELS = ("wasm", "webgpu"), ("mlp", "cnn")
#: {state: the panel's tab}. In the training panel nothing follows the pen, so it stands for "shut".
PANELS = {"shut": "train", "look inside": "inside", "data": "data", "kernels": "kernels"}
TIMEOUT_S = 120.0
#: Seconds between two pointer events, as on a screen of 60 Hz.
EVENT_S = 0.016
#: The arcs of a three and of an eight in the unit square: centre (x, y), radii (x, y), first and last angle in degrees.
STROKES = (
    ((0.47, 0.33, 0.2, 0.16, -140, 85), (0.47, 0.66, 0.23, 0.18, -85, 140)),
    ((0.5, 0.34, 0.16, 0.16, 80, -260), (0.5, 0.66, 0.19, 0.18, -80, 260)),
)
POINTS = 25
#: `events` are [happened, handled], `answers` are [begun, shown, painted], all in ms on the page's clock.
WATCH = """
window.bench = { events: [], answers: [] };
window.addEventListener("pointermove", (event) => {
    if (event.buttons && event.target.id === "pad") window.bench.events.push([event.timeStamp, performance.now()]);
}, { capture: true });
new MutationObserver(() => {
    const shown = performance.now();
    const took = Number.parseFloat(document.getElementById("latency-ms").textContent);
    const answer = [shown - took, shown, 0];
    window.bench.answers.push(answer);
    requestAnimationFrame(() => { setTimeout(() => { answer[2] = performance.now(); }); });
}).observe(document, { attributes: true, subtree: true, attributeFilter: ["data-predictions"] });
"""


def run(context: BenchContext) -> dict[str, Any]:
    """Milliseconds from an event to the bars and to the frame that shows them, by engine, model and panel."""
    rows: dict[str, dict[str, list[float]]] = {}
    browser = chromium.launch(context.playwright)
    try:
        for engine in ENGINES:
            page = _open(browser, f"{context.url}?engine={engine}")
            for _ in range(context.rounds):
                for model in MODELS:
                    for name, panel in PANELS.items():
                        found = _measure(page, model, panel)
                        row = rows.setdefault(f"{engine}, {model}, {name}", {"bars_ms": [], "frame_ms": []})
                        for kind, values in found.items():
                            row[kind] += values
            page.context.close()
    finally:
        browser.close()
    return {name: {kind: summary(values) for kind, values in row.items()} for name, row in rows.items()}


def _open(browser: Browser, url: str) -> Page:
    """The site's page, ready."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce").new_page()
    page.set_default_timeout(TIMEOUT_S * 1000)
    page.add_init_script(WATCH)
    page.goto(url)
    wait(page, "app", "ready")
    return page


def _measure(page: Page, model: str, panel: str) -> dict[str, list[float]]:
    """Draw two digits with one panel open. A digit before them, which is not counted, loads the panel's programs."""
    page.get_by_test_id("model-select").select_option(model)
    page.get_by_test_id("status").filter(has_text="is ready").wait_for()
    page.get_by_test_id(f"tab-{panel}").click()
    page.get_by_test_id("draw-pad").scroll_into_view_if_needed()
    _draw(page, STROKES[0])
    _wait_for_rest(page)
    page.evaluate("window.bench.events.length = window.bench.answers.length = 0")
    for strokes in STROKES:
        _draw(page, strokes)
    _wait_for_rest(page)
    noted = page.evaluate("window.bench")
    return latencies(noted["events"], noted["answers"])


def latencies(events: list[list[float]], answers: list[list[float]]) -> dict[str, list[float]]:
    """Milliseconds from each event [happened, handled] to its answer [begun, shown, painted]; see the module."""
    bars, frames = [], []
    for happened, handled in events:
        answer = next((a for a in answers if a[0] >= handled - 0.2), None)  # the page's clocks tick in 0.1 ms
        if answer is not None:
            bars.append(answer[1] - happened)
            frames.append(answer[2] - happened)
    return {"bars_ms": bars, "frame_ms": frames}


def _wait_for_rest(page: Page) -> None:
    """Wait until half a second has passed without another painted answer."""
    count = -1
    while (now := page.evaluate("window.bench.answers.filter((a) => a[2]).length")) != count:
        count = now
        time.sleep(0.5)


def _draw(page: Page, strokes: tuple[tuple[float, ...], ...]) -> None:
    page.get_by_test_id("tool-clear").click(force=True)
    box = pad_box(page)
    for x, y, radius_x, radius_y, first, last in strokes:
        angles = [math.radians(first + (last - first) * i / (POINTS - 1)) for i in range(POINTS)]
        points = [(x + radius_x * math.cos(a), y + radius_y * math.sin(a)) for a in angles]
        on_screen = [(box["x"] + u * box["width"], box["y"] + v * box["height"]) for u, v in points]
        page.mouse.move(*on_screen[0])
        page.mouse.down()
        for point in on_screen[1:]:
            begin = time.monotonic()
            page.mouse.move(*point)
            time.sleep(max(0.0, EVENT_S - (time.monotonic() - begin)))
        page.mouse.up()
