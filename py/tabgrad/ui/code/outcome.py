"""What a source became, below the editor: a table of its layers, and what the line of the cursor computes."""

from __future__ import annotations

from tabgrad.explain.kernels import Launch, launches
from tabgrad.interop import dom
from tabgrad.network import Description, LayerRow
from tabgrad.program import Program

from ..compiler import Compiled
from ..lines import LineLink
from ..widgets.format import amount

COLUMNS = ("Layer", "Output", "Parameters", "Multiply-adds")
TIMES = "\N{MULTIPLICATION SIGN}"
TITLE = "What it became"
NOTE = (
    "A multiply-add is one product that is added to a sum: nearly all of the work. Output is for one image. Layers "
    "without parameters, such as relu, are listed if Net keeps them as a layer of its own."
)
#: Kernels of a line that are named; for more their number is told.
NAMED = 3


class OutcomeView:
    """Empty until there is something to show."""

    def __init__(self, parent: dom.Element, lines: LineLink) -> None:
        self._lines, self._launches = lines, tuple[Launch, ...]()
        self._program: Program | None = None
        self._shown: Compiled | None = None
        self._line = dom.create("p", parent, class_="code-note", role="status", data_testid="code-line")
        self._root = dom.create("section", parent, class_="code-outcome card", aria_labelledby="code-outcome-title")
        dom.create("h3", self._root, id="code-outcome-title", text=TITLE)
        frame = dom.create("div", self._root, class_="table-frame")
        # On a phone rows are grids: the roles keep it a table.
        table = dom.create("table", frame, class_="code-layers", data_testid="code-layers", role="table")
        head = dom.create("tr", dom.create("thead", table, role="rowgroup"), role="row")
        for title in COLUMNS:
            dom.create("th", head, text=title, scope="col", role="columnheader")
        self._rows = dom.create("tbody", table, role="rowgroup")
        self._total = dom.create("tr", dom.create("tfoot", table, role="rowgroup"), role="row")
        dom.create("p", self._root, class_="code-note", text=NOTE)
        self._root.hidden = True
        lines.watchers.append(self._show_line)

    def show(self, compiled: Compiled | None) -> None:
        """Show what came of the text as it is now; None while it is another one."""
        if compiled is self._shown:
            return
        self._shown = compiled
        described = compiled.description if compiled else None
        self._root.hidden = described is None
        if described is not None:
            self._show_layers(described)
        self._program = compiled.program if compiled else None
        self._launches = launches(self._program) if self._program else ()
        self._show_line()

    def _show_layers(self, what: Description) -> None:
        self._rows.replaceChildren()
        for layer in what.layers:
            row = dom.create("tr", self._rows, role="row")
            name = dom.create("th", row, scope="row", role="rowheader")
            dom.create("code", name, text=layer.path)
            dom.create("span", name, text=_call(layer))
            for figure in (_shape(layer), f"{layer.parameters:,}", amount(layer.multiply_adds)):
                dom.create("td", row, text=figure, role="cell")
        self._total.replaceChildren()
        dom.create("th", self._total, text="All", scope="row", role="rowheader")
        for figure in ("", f"{what.parameters:,}", amount(what.multiply_adds)):
            dom.create("td", self._total, text=figure, role="cell")

    def _show_line(self) -> None:
        """Say what the line of the cursor computes."""
        sentence = _of_line(self._launches, self._lines.line) if self._launches and self._lines.line else ""
        if str(self._line.textContent) != sentence:
            self._line.textContent = sentence


def _call(layer: LayerRow) -> str:
    again = "" if layer.count == 1 else f", called {layer.count} times"
    return f" {layer.call}{again}"


def _shape(layer: LayerRow) -> str:
    return "" if layer.kind == "own" else f" {TIMES} ".join(map(str, layer.shape)) or "1"


def _of_line(found: tuple[Launch, ...], line: int) -> str:
    """What a line of the source computes when the network answers."""
    of_line = [launch for launch in found if line in launch.lines]
    if not of_line:
        return f"No kernel of the answer comes from line {line}."
    names = [launch.name for launch in of_line]
    named = ", ".join(names[:NAMED]) + ("" if len(names) <= NAMED else ", …")
    work = f"{amount(sum(launch.flops for launch in of_line))} operations"
    moved = f"{amount(sum(launch.nbytes for launch in of_line), 'B')} read or written"
    count = "1 kernel" if len(names) == 1 else f"{len(names)} kernels"
    shared = any(len(launch.lines) > 1 for launch in of_line)
    return f"Line {line} is in {count}{', with other lines' if shared else ''}: {named}. {work}, {moved}."
