"""How much the open panels slow the pen down: from a pointer event to the frame that shows its answer.

The page records when each event happened, when it was handled, and when each answer was painted. The answer to an event
is the first prediction that began after the event was handled. Models and panels alternate in each round.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Browser, Page

from scripts import chromium
from scripts.bench.context import BenchContext, summary
from scripts.bench.page import THREE, Arc, on_pad, wait

ENGINES, MODELS = ("wasm", "webgpu"), ("mlp", "cnn")
#: {state: the panel's tab}. In the training panel nothing follows the pen, so it stands for "shut".
PANELS = {"shut": "train", "look inside": "inside", "data": "data", "kernels": "code"}
TIMEOUT_S = 120.0
#: Seconds between two pointer events, as on a screen of 60 Hz.
EVENT_S = 0.016
EIGHT: tuple[Arc, ...] = ((0.5, 0.34, 0.16, 0.16, 80, -260), (0.5, 0.66, 0.19, 0.18, -80, 260))
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
    with chromium.launch(context.playwright) as browser:
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
    _draw(page, THREE)
    _wait_for_rest(page)
    page.evaluate("window.bench.events.length = window.bench.answers.length = 0")
    for digit in (THREE, EIGHT):
        _draw(page, digit)
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


def _draw(page: Page, arcs: Sequence[Arc]) -> None:
    """Draw a digit, each of its arcs as a stroke."""
    page.get_by_test_id("tool-clear").click(force=True)
    for arc in arcs:
        first, *rest = on_pad(page, arc)
        page.mouse.move(*first)
        page.mouse.down()
        for point in rest:
            begin = time.monotonic()
            page.mouse.move(*point)
            time.sleep(max(0.0, EVENT_S - (time.monotonic() - begin)))
        page.mouse.up()
