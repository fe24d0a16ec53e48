"""Calibration: when the network is 90 % sure, is it right nine times in ten? A plot in SVG, and the same in words."""

from __future__ import annotations

from tabgrad.interop import dom
from tabgrad.metrics import Results, wilson_95

from ...widgets.format import percent

#: Side of the plot in its own units, and the margin for the axes' labels.
SIZE, MARGIN = 100, 11
#: Labels of the axes: x, y, rotation in degrees, anchor, text.
_LABELS = (
    (SIZE / 2, SIZE + 9.5, 0, "middle", "how sure it says it is"),
    (-6.5, SIZE / 2, -90, "middle", "how often it is right"),
    (0, SIZE + 4.5, 0, "start", "0\N{NO-BREAK SPACE}%"),
    (SIZE, SIZE + 4.5, 0, "end", "100\N{NO-BREAK SPACE}%"),
    (-1.5, SIZE, -90, "start", "0\N{NO-BREAK SPACE}%"),
    (-1.5, 0, -90, "end", "100\N{NO-BREAK SPACE}%"),
)
_LABELS_SVG = "".join(
    f'<text x="{x}" y="{y}" transform="rotate({turned} {x} {y})" text-anchor="{anchor}">{text}</text>'
    for x, y, turned, anchor, text in _LABELS
)


class CalibrationPlot:
    """One point for each range of confidence, with the 95 % interval of its accuracy."""

    def __init__(self, parent: dom.Element) -> None:
        dom.create("h4", parent, text="Calibration: is it right as often as it is sure?", class_="stage-title")
        self._figure = dom.create("div", parent, class_="calibration", role="img", aria_label="Calibration")
        self._note = dom.create("p", parent, class_="note", data_testid="calibration-note")

    def show(self, results: Results) -> None:
        """Draw the calibration of these results."""
        bins = results.calibration()
        points, bars = [], []
        for part in bins:
            x, y = part.confidence * SIZE, (1 - part.accuracy) * SIZE
            low, high = wilson_95(round(part.accuracy * part.count), part.count)
            bars.append(f'<path class="interval" d="M{x:.2f} {(1 - low) * SIZE:.2f}V{(1 - high) * SIZE:.2f}"/>')
            points.append(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="1.8"/>')
        side = SIZE + MARGIN + 3
        self._figure.innerHTML = (
            f'<svg viewBox="{-MARGIN} -3 {side} {side}"><rect width="{SIZE}" height="{SIZE}"/>'
            f'<path class="ideal" d="M0 {SIZE}L{SIZE} 0"/>{"".join(bars)}{"".join(points)}{_LABELS_SVG}</svg>'
        )
        words = "; ".join(f"said {percent(p.confidence)}, right {percent(p.accuracy)} of {p.count:,}" for p in bins)
        self._figure.setAttribute("aria-label", f"Confidence and accuracy: {words}")
        error = results.expected_calibration_error()
        self._note.textContent = (
            "On the dashed line, the network is right exactly as often as it claims. Below the line, it is too sure of "
            f"itself. The vertical lines are {percent(0.95)} intervals. On average it is off by {100 * error:.1f} "
            "percentage points."
        )
        self._note.dataset.value = f"{error:.6f}"
