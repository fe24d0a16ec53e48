"""Steps on the site's page that sections and screenshots share: wait for a state, draw a digit, train a network."""

from __future__ import annotations

import math
import time

from playwright.sync_api import FloatRect, Page

TIMEOUT_S = 600.0
#: An arc in the unit square: centre (x, y), radii (x, y), first and last angle in degrees.
Arc = tuple[float, float, float, float, float, float]
#: The arcs of a three, from top to bottom.
THREE: tuple[Arc, ...] = ((0.47, 0.33, 0.2, 0.16, -140, 85), (0.47, 0.66, 0.23, 0.18, -85, 140))
#: Points along an arc.
POINTS = 25


def wait(page: Page, field: str, *values: str) -> str:
    """Wait until `document.documentElement.dataset[field]` is one of `values`; returns it. Raises TimeoutError."""
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        value = str(page.evaluate("field => document.documentElement.dataset[field]", field))
        if value in values:
            return value
        page.wait_for_timeout(10)
    raise TimeoutError(f"After {TIMEOUT_S:.0f} s data-{field} is {value!r}, not {' or '.join(values)}.")


def pad_box(page: Page) -> FloatRect:
    """Position and size of the drawing pad, in CSS pixels."""
    box = page.get_by_test_id("draw-pad").bounding_box()
    if box is None:
        raise RuntimeError("The page shows no drawing pad.")
    return box


def on_pad(page: Page, *arcs: Arc) -> list[tuple[float, float]]:
    """The points of a stroke along `arcs`, on the page's drawing pad, in CSS pixels."""
    box, points = pad_box(page), []
    for x, y, radius_x, radius_y, first, last in arcs:
        for i in range(POINTS):
            angle = math.radians(first + (last - first) * i / (POINTS - 1))
            across, down = x + radius_x * math.cos(angle), y + radius_y * math.sin(angle)
            points.append((box["x"] + across * box["width"], box["y"] + down * box["height"]))
    return points


def train(page: Page, drawing: bool = False) -> dict[str, list[float]]:
    """Press Train and wait for the result; with `drawing`, draw strokes on the pad until then."""
    begin = time.perf_counter()
    page.get_by_test_id("train-start").click()
    wait(page, "worker", "training")
    first_step = time.perf_counter() - begin
    rates, box = [], pad_box(page)
    while wait(page, "worker", "training", "finished", "failed") == "training":
        rates.append(_number(page, "samples-per-s"))
        if drawing:
            page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.2 * box["height"])
            page.mouse.down()
            page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.8 * box["height"], steps=12)
            page.mouse.up()
        page.wait_for_timeout(20)
    return {
        "first_step_s": [first_step],
        "result_s": [time.perf_counter() - begin],
        "test_accuracy_percent": [_number(page, "test-accuracy")],
        "images_per_s": [max(rates, default=0.0)],
    }


def _number(page: Page, name: str) -> float:
    """A number that the training panel shows; 0 while it shows none."""
    text = (page.get_by_test_id(f"train-{name}").text_content() or "").replace("\u202f", "")
    try:
        return float(text.split()[0])
    except (ValueError, IndexError):
        return 0.0
