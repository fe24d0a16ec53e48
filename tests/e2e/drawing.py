"""Digits as polylines in the unit square, x to the right and y down, and how a visitor's hand draws them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from playwright.sync_api import CDPSession, Page

Polyline = Sequence[tuple[float, float]]


def arc(  # noqa: PLR0917 - the parameters of an ellipse, in the usual order
    x: float, y: float, rx: float, ry: float, start: float, end: float, points: int = 14
) -> list[tuple[float, float]]:
    """Part of an ellipse; angles in degrees, 0 is to the right and 90 is down."""
    angles = [math.radians(start + (end - start) * i / (points - 1)) for i in range(points)]
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


DIGITS: dict[int, list[Polyline]] = {
    0: [arc(0.5, 0.5, 0.22, 0.33, -90, 270, 28)],
    1: [[(0.53, 0.16), (0.5, 0.5), (0.48, 0.84)]],
    2: [[*arc(0.48, 0.34, 0.2, 0.16, -160, 40), (0.3, 0.8), (0.72, 0.79)]],
    3: [[*arc(0.46, 0.33, 0.2, 0.16, -140, 85), *arc(0.46, 0.65, 0.22, 0.17, -85, 140)]],
    4: [[(0.36, 0.18), (0.28, 0.52), (0.72, 0.5)], [(0.64, 0.2), (0.6, 0.84)]],
    5: [[(0.68, 0.18), (0.38, 0.19), (0.35, 0.46), *arc(0.47, 0.62, 0.21, 0.19, -110, 140)]],
    6: [[(0.62, 0.16), (0.44, 0.34), (0.34, 0.6), *arc(0.5, 0.66, 0.17, 0.17, 180, -180, 22)]],
    7: [[(0.28, 0.2), (0.72, 0.2), (0.56, 0.5), (0.44, 0.84)]],
    8: [[*arc(0.5, 0.34, 0.16, 0.16, 80, -260, 20), *arc(0.5, 0.66, 0.19, 0.18, -80, 260, 20)]],
    9: [[*arc(0.5, 0.35, 0.17, 0.17, 0, -350, 22), (0.66, 0.4), (0.62, 0.62), (0.56, 0.84)]],
}


def pad_points(page: Page, polyline: Polyline) -> list[tuple[float, float]]:
    """Where points of the unit square are on the screen, in CSS pixels."""
    box = page.get_by_test_id("draw-pad").bounding_box()
    assert box is not None
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in polyline]


def draw(page: Page, polylines: Sequence[Polyline]) -> None:
    """Draw with the mouse."""
    for polyline in polylines:
        first, *rest = pad_points(page, polyline)
        page.mouse.move(*first)
        page.mouse.down()
        for point in rest:
            page.mouse.move(*point, steps=2)
        page.mouse.up()


def touch(page: Page, cdp: CDPSession, polylines: Sequence[Polyline]) -> None:
    """Draw with a finger: trusted touch events, which the browser turns into pointer events."""

    def send(kind: str, *points: tuple[float, float]) -> None:
        cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})

    for polyline in polylines:
        first, *rest = pad_points(page, polyline)
        send("touchStart", first)
        for point in rest:
            send("touchMove", point)
        send("touchEnd")


def guess(page: Page) -> str:
    """The best guess on screen; empty if there is none."""
    return page.get_by_test_id("best-guess").inner_text().strip()


def bars(page: Page) -> list[float]:
    """The ten confidences on screen, all of one moment."""
    values = page.locator("[data-testid^=prob-]").evaluate_all("bars => bars.map(bar => bar.dataset.value)")
    return [float(value or 0) for value in values]


def ink_pixels(page: Page) -> int:
    """How many of the canvas's pixels carry ink."""
    count: int = page.evaluate(
        """() => { const c = document.querySelector("[data-testid=draw-pad]");
        const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
        let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 127; return n; }"""
    )
    return count
