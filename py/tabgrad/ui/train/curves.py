"""Loss and accuracy while a network trains: two charts, and the same numbers as a table. Owns the points only."""

from __future__ import annotations

from tabgrad.interop import chart, dom
from tabgrad.protocol import Metrics

from .data import Points, percent

TRAIN, VALIDATION = "Training", "Validation"


class CurvesView:
    """Two charts side by side. `load` fetches the chart library; until then the table alone shows the numbers."""

    def __init__(self, parent: dom.Element) -> None:
        self.points = Points()
        self.steps_per_epoch = 1.0
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
        for title in ("Epoch", "Training loss", "Training accuracy", "Validation loss", "Validation accuracy"):
            dom.create("th", head, text=title, scope="col")
        self._rows = dom.create("tbody", table)
        self._shown = 0
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

    def clear(self) -> None:
        """Begin a new run."""
        self.points = Points()
        self._box.hidden = True
        self._rows.replaceChildren()
        self._shown = 0
        self._draw()

    def add(self, news: Metrics) -> None:
        """Show more points."""
        self.points.add(news)
        self._box.hidden = False
        self._draw()
        self._tabulate()

    def seen(self, visible: bool) -> None:
        """Draw again, or not any more."""
        self._visible = visible
        if visible:
            self.resize()
            self._draw()

    def resize(self) -> None:
        """Fit the panel, whose width is only known while it is seen."""
        for one in self._charts.values():
            one.resize()

    def recolour(self) -> None:
        """Take the colours of the present theme."""
        for one in self._charts.values():
            one.recolour()

    def _draw(self) -> None:
        if not self._visible:
            return
        for name, one in self._charts.items():
            epochs, *lines = self.points.columns(name, self.steps_per_epoch)
            one.show(epochs, *[line * 100 for line in lines] if name == "accuracy" else lines)

    def _tabulate(self) -> None:
        """One row for each validation; training columns hold the latest mean before it."""
        points = self.points
        for i in range(self._shown, len(points.validation_step)):
            step = points.validation_step[i]
            before = max((k for k, s in enumerate(points.step) if s <= step), default=None)
            row = dom.create("tr", self._rows)
            cells = [f"{step / max(1e-9, self.steps_per_epoch):.2f}"]
            cells += ["", ""] if before is None else [f"{points.loss[before]:.4f}", percent(points.accuracy[before])]
            cells += [f"{points.validation_loss[i]:.4f}", percent(points.validation_accuracy[i])]
            for text in cells:
                dom.create("td", row, text=text)
        self._shown = len(points.validation_step)
