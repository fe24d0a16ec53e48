"""Draws docs/strokes.svg, a contact sheet of the stroke generator: `python -m scripts.contact_sheet [--check]`.

Each template has its name and a few random drawings, as vectors. The same code gives the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scripts.sitebuild.parts import ROOT
from tabgrad.data.seeding import generator
from tabgrad.data.strokes import DIGITS, Template, Variation, write

FILE = ROOT / "docs" / "strokes.svg"
COLUMNS, VARIANTS = 4, 6
#: Side of a drawing, space between drawings, and width of a template's name, in pixels.
SIDE, GAP, NAME = 30, 10, 120
ROW = SIDE + GAP
STYLE = (
    "svg{color-scheme:light dark;background:light-dark(#fff,#15181e)}"
    "path{fill:none;stroke:light-dark(#111,#eee);stroke-width:3;stroke-linecap:round;stroke-linejoin:round}"
    "text{font:11px system-ui,sans-serif;fill:light-dark(#444,#bbb)}"
)


def path_data(strokes: Sequence[NDArray[np.float64]], x: float, y: float) -> str:
    """SVG path data of one drawing, fitted into the square of side `SIDE` at (x, y)."""
    low, high = (f(np.concatenate(strokes), axis=0) for f in (np.min, np.max))
    scale = SIDE / (high - low).max()
    corner = np.array([x, y]) + (SIDE - (high - low) * scale) / 2
    parts = []
    for stroke in strokes:
        points = np.rint(((stroke - low) * scale + corner) * 10).astype(int)
        points = points[np.append(True, np.any(np.diff(points, axis=0) != 0, axis=1))]
        parts.append("M" + "L".join(f"{px / 10:g} {py / 10:g}" for px, py in points))
    return "".join(parts)


def template_row(number: int, template: Template, x: float, y: float) -> str:
    """The name and the drawings of one template, as SVG."""
    strokes = write(template, VARIANTS, Variation(), generator(1, number))
    drawings = [
        path_data([stroke[k] for stroke in strokes], x + NAME + k * (SIDE + GAP), y + GAP / 2) for k in range(VARIANTS)
    ]
    name = f'<text x="{x}" y="{y + ROW / 2 + 4:g}">{template.label} {template.name}</text>'
    return f'{name}<path d="{"".join(drawings)}"/>'


def contact_sheet() -> str:
    """The whole sheet as SVG text."""
    rows = -(-len(DIGITS) // COLUMNS)
    width, height = COLUMNS * (NAME + VARIANTS * (SIDE + GAP) + GAP), rows * ROW
    column = width / COLUMNS
    body = [template_row(i, t, GAP + i // rows * column, i % rows * ROW) for i, t in enumerate(DIGITS)]
    title = f"The stroke generator's {len(DIGITS)} templates, {VARIANTS} random drawings of each"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{title}">'
    return "\n".join([head, f"<title>{title}</title><style>{STYLE}</style>", *body, "</svg>\n"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the file instead of writing it")
    text = contact_sheet()
    if parser.parse_args(arguments).check:
        if not FILE.exists() or FILE.read_text() != text:
            print("docs/strokes.svg is outdated: run `python -m scripts.contact_sheet`.", file=sys.stderr)
            return 1
        return 0
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text)
    print(f"{FILE.name}: {len(DIGITS)} templates, {len(text) / 1024:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
