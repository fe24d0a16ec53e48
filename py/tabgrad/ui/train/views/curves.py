"""Loss and accuracy while a network trains: two charts, and the same numbers as a table."""

from __future__ import annotations

from tabgrad.artifacts import Curves
from tabgrad.interop import chart, dom

from ...widgets.format import percent
from ..state import RunState

TRAIN, VALIDATION = "Training", "Validation"
COLUMNS = ("Epoch", "Training loss", "Training accuracy", "Validation loss", "Validation accuracy")


class CurvesView:
    """Two charts side by side. `load` fetches the chart library; until then the table alone shows the numbers."""

    def __init__(self, parent: dom.Element) -> None:
        self._curves, self._steps_per_epoch = Curves(), 1.0
        self._box = box = dom.create("div", parent, class_="train-charts")
        box.hidden = True
        self._frames = {}
        for name, title in (("loss", "Loss, nats"), ("accuracy", "Accuracy, %")):
            figure = dom.create("figure", box, class_="train-chart")
            caption = dom.create("figcaption", figure, text=title)
            for label, colour in ((TRAIN, "bar"), (VALIDATION, "accent")):
                dom.create("span", caption, text=label, class_=f"key key-{colour}")
            self._frames[name] = dom.create("div", figure, class_="train-plot", aria_hidden="true")
        details = dom.create("details", parent, class_="train-more")
        dom.create("summary", details, text="The curves as a table")
        table = dom.create("table", dom.create("div", details, class_="table-scroll"), data_testid="train-table")
        dom.create("caption", table, text="Validation during the run", class_="sr-only")
        head = dom.create("tr", dom.create("thead", table))
        for title in COLUMNS:
            dom.create("th", head, text=title, scope="col")
        self._rows = dom.create("tbody", table)
        self._row_count = 0
        self._visible = True
        self._charts: dict[str, chart.Chart] = {}

    async def load(self, url: str) -> None:
        """Fetch the chart library and show the charts. Raises OSError with one sentence."""
        await chart.load(url)
        lines = (chart.Line(TRAIN, "--bar"), chart.Line(VALIDATION, "--accent", points=True))
        for name, frame in self._frames.items():
            if name not in self._charts:
                self._charts[name] = chart.Chart(frame, lines, "Epoch")
        self._draw()

    def render(self, state: RunState) -> None:
        """Show the curves of the run."""
        self._curves, self._steps_per_epoch = state.curves, state.steps_per_epoch
        if len(self._curves.validation_step) < self._row_count:  # another run
            self._rows.replaceChildren()
            self._row_count = 0
        self._box.hidden = not (self._curves.step or self._curves.validation_step)
        self._draw()
        self._add_rows()

    def set_visible(self, visible: bool) -> None:
        """Charts are drawn only while the panel is in view; its width is only known then."""
        self._visible = visible
        if visible:
            for one in self._charts.values():
                one.resize()
            self._draw()

    def recolour(self) -> None:
        """Use the colours of the present theme."""
        for one in self._charts.values():
            one.recolour()

    def _draw(self) -> None:
        if not self._visible:
            return
        for name, one in self._charts.items():
            epochs, *lines = self._curves.columns(name, self._steps_per_epoch)
            one.show(epochs, *[line * 100 for line in lines] if name == "accuracy" else lines)

    def _add_rows(self) -> None:
        """One row for each validation; training columns hold the latest mean before it."""
        curves = self._curves
        for i in range(self._row_count, len(curves.validation_step)):
            step = curves.validation_step[i]
            before = max((k for k, s in enumerate(curves.step) if s <= step), default=None)
            row = dom.create("tr", self._rows)
            cells = [f"{step / max(1e-9, self._steps_per_epoch):.2f}"]
            cells += ["", ""] if before is None else [f"{curves.loss[before]:.4f}", percent(curves.accuracy[before], 2)]
            cells += [f"{curves.validation_loss[i]:.4f}", percent(curves.validation_accuracy[i], 2)]
            for text in cells:
                dom.create("td", row, text=text)
        self._row_count = len(curves.validation_step)
