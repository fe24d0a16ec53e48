"""What the open panels cost the pen: from a pointer's event to the frame that shows its answer, panels shut and open.

The page itself notes when each event happened, when it was handled, and when an answer was painted; an event counts as
answered by the first prediction that was begun after it was handled. Engines, models and panels take turns.
"""

from __future__ import annotations

import math
import time
from typing import Any

from playwright.sync_api import Browser, Page

from scripts import chromium
from scripts.bench import BenchContext, summary

ENGINES, MODELS = ("wasm", "webgpu"), ("mlp", "cnn")
#: A panel for each state, by the fragment of its address; nothing of "train" follows the pen.
PANELS = {"shut": "train", "look inside": "inside", "data": "data", "kernels": "kernels"}
TIMEOUT_S = 120.0
#: Between two events of the pointer, as a screen of 60 Hz gives them. Seconds.
EVENT_S = 0.016
#: Two bows of a three and the loops of an eight, in the unit square: centre, radii, first and last angle in degrees.
STROKES = (
    ((0.47, 0.33, 0.2, 0.16, -140, 85), (0.47, 0.66, 0.23, 0.18, -85, 140)),
    ((0.5, 0.34, 0.16, 0.16, 80, -260), (0.5, 0.66, 0.19, 0.18, -80, 260)),
)
POINTS = 25
#: `events`: [happened, handled]; `answers`: [begun, shown, painted]. All in ms on the page's clock.
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
    """Milliseconds from event to bars (in the document) and to the frame that shows them, by engine, model, panel."""
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
    """A booted page that has shown every panel once."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce").new_page()
    page.set_default_timeout(TIMEOUT_S * 1000)
    page.add_init_script(WATCH)
    page.goto(url)
    _wait(page, "document.documentElement.dataset.app === 'ready'")
    return page


def _wait(page: Page, condition: str) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not page.evaluate(condition):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the page did not get to: {condition}")
        time.sleep(0.02)


def _measure(page: Page, model: str, panel: str) -> dict[str, list[float]]:
    """Draw with one panel open; a first digit, which is not counted, builds it and loads its programs."""
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
    """For each event [happened, handled] the time to the first answer [begun, shown, painted] that knew of it."""
    bars, frames = [], []
    for happened, handled in events:
        answer = next((a for a in answers if a[0] >= handled - 0.2), None)  # the page's clocks tick in 0.1 ms
        if answer is not None:
            bars.append(answer[1] - happened)
            frames.append(answer[2] - happened)
    return {"bars_ms": bars, "frame_ms": frames}


def _wait_for_rest(page: Page) -> None:
    """Until no answer has come for half a second, and the last one was painted."""
    count = -1
    while (now := page.evaluate("window.bench.answers.filter((a) => a[2]).length")) != count:
        count = now
        time.sleep(0.5)


def _draw(page: Page, strokes: tuple[tuple[float, ...], ...]) -> None:
    page.get_by_test_id("tool-clear").click(force=True)
    box = page.get_by_test_id("draw-pad").bounding_box()
    if box is None:
        raise RuntimeError("There is no pad on the page.")
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
