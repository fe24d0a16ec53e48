"""Calibration: when the network says 90 %, is it right nine times in ten? A plot in SVG, and the same in words."""

from __future__ import annotations

from tabgrad.explain.results import Results, wilson_95
from tabgrad.interop import dom

#: Side of the plot in its own units.
SIZE = 100


class CalibrationPlot:
    """One point for each range of confidence, with the 95 % interval of its accuracy."""

    def __init__(self, parent: dom.Element) -> None:
        dom.create("h4", parent, text="Calibration: is it as right as it is sure?", class_="stage-title")
        self._figure = dom.create("div", parent, class_="calibration", role="img", aria_label="Calibration")
        self._note = dom.create("p", parent, class_="note", data_testid="calibration-note")

    def show(self, results: Results) -> None:
        """Draw the curve of these results."""
        bins = results.calibration()
        points, bars = [], []
        for part in bins:
            x, y = part.confidence * SIZE, (1 - part.accuracy) * SIZE
            low, high = wilson_95(round(part.accuracy * part.count), part.count)
            bars.append(f'<path class="interval" d="M{x:.2f} {(1 - low) * SIZE:.2f}V{(1 - high) * SIZE:.2f}"/>')
            points.append(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="1.8"/>')
        self._figure.innerHTML = (
            f'<svg viewBox="-2 -2 {SIZE + 4} {SIZE + 4}"><rect width="{SIZE}" height="{SIZE}"/>'
            f'<path class="ideal" d="M0 {SIZE}L{SIZE} 0"/>{"".join(bars)}{"".join(points)}</svg>'
        )
        words = "; ".join(f"said {p.confidence:.0%}, right {p.accuracy:.0%} of {p.count:,}" for p in bins)
        self._figure.setAttribute("aria-label", f"Confidence and accuracy: {words}")
        error = results.expected_calibration_error()
        self._note.textContent = (
            f"To the right: how sure it says it is; upwards: how often it is right. On the line it is honest. "
            f"On average it is off by {100 * error:.1f} percentage points."
        )
        self._note.dataset.value = f"{error:.6f}"
