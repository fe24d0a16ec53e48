"""Small line and dot charts as SVG text, readable in light and dark mode. Knows nothing of training."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 56, 150, 30, 44
COLOURS = ("#2f6fde", "#d9622b", "#2a9d63", "#a74bc2", "#b8860b", "#d13b6a")
STYLE = (
    "svg{color-scheme:light dark;background:light-dark(#fff,#15181e)}"
    "text{font:12px system-ui,sans-serif;fill:light-dark(#333,#ccc)}.title{font-weight:600}"
    ".grid{stroke:light-dark(#e3e3e3,#30343c)}.line{fill:none;stroke-width:1.5}.faint{opacity:.3}"
)


@dataclass(frozen=True)
class Series:
    """(x, y) points of one colour. `lines` connects them; `faint` makes them pale and leaves them out of the legend."""

    label: str
    points: Sequence[tuple[float, float]]
    colour: int = 0
    lines: bool = False
    faint: bool = False


@dataclass(frozen=True)
class Axis:
    """A linear or logarithmic axis from `low` to `high`."""

    label: str
    low: float
    high: float
    log: bool = False

    def place(self, value: float) -> float:
        """The position of a value on the axis, in 0..1; values outside are put at its ends."""
        f: Callable[[float], float] = math.log if self.log else float
        share = (f(value) - f(self.low)) / (f(self.high) - f(self.low))
        return min(1.0, max(0.0, share))

    def ticks(self) -> list[tuple[float, str]]:
        """(value, label) of each tick."""
        if self.log:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            values = [m * 10.0**p for p in powers for m in (1, 2, 5)]
            return [(v, f"{v:g}") for v in values if self.low <= v <= self.high]
        step = 10 ** math.floor(math.log10((self.high - self.low) / 2))
        step *= next(m for m in (1, 2, 5, 10) if (self.high - self.low) / (step * m) <= 6)
        first = math.ceil(self.low / step)
        return [(i * step, f"{i * step:g}") for i in range(first, math.floor(self.high / step + 1e-9) + 1)]


def chart(title: str, x: Axis, y: Axis, series: Sequence[Series]) -> str:
    """The chart as SVG text. The legend has each label once."""
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def at(px: float, py: float) -> tuple[float, float]:
        return LEFT + x.place(px) * (right - LEFT), bottom - y.place(py) * (bottom - TOP)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><style>{STYLE}</style>',
        f'<title>{escape(title)}</title><text class="title" x="{LEFT}" y="18">{escape(title)}</text>',
    ]
    for value, name in y.ticks():
        _, py = at(x.low, value)
        out.append(f'<path class="grid" d="M{LEFT} {py:.1f}H{right}"/>')
        out.append(f'<text x="{LEFT - 6}" y="{py + 4:.1f}" text-anchor="end">{escape(name)}</text>')
    for value, name in x.ticks():
        px, _ = at(value, y.low)
        out.append(f'<text x="{px:.1f}" y="{bottom + 16}" text-anchor="middle">{escape(name)}</text>')
    out.append(f'<text x="{(LEFT + right) / 2:g}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x.label)}</text>')
    middle = (TOP + bottom) / 2
    out.append(
        f'<text transform="rotate(-90 14 {middle:g})" x="14" y="{middle:g}" text-anchor="middle">'
        f"{escape(y.label)}</text>"
    )
    legend: list[Series] = []
    for item in series:
        colour, shade = COLOURS[item.colour % len(COLOURS)], " faint" if item.faint else ""
        places = [at(*point) for point in item.points]
        if item.lines and len(places) > 1:
            path = "L".join(f"{px:.1f} {py:.1f}" for px, py in places)
            out.append(f'<path class="line{shade}" stroke="{colour}" d="M{path}"/>')
        out += [f'<circle class="dot{shade}" fill="{colour}" cx="{px:.1f}" cy="{py:.1f}" r="3"/>' for px, py in places]
        if item.label and item.label not in {known.label for known in legend}:
            legend.append(item)
    for i, item in enumerate(legend):
        py = TOP + 8 + 18 * i
        out.append(f'<circle fill="{COLOURS[item.colour % len(COLOURS)]}" cx="{right + 16}" cy="{py}" r="4"/>')
        out.append(f'<text x="{right + 26}" y="{py + 4}">{escape(item.label)}</text>')
    return "\n".join([*out, "</svg>\n"])
