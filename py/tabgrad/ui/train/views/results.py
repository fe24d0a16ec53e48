"""The table of runs: what was tried and what came of it, to compare and to take away as CSV or JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tabgrad.artifacts import RunRow, to_csv, to_json
from tabgrad.interop import dom, page
from tabgrad.settings import FIELDS, ChoiceField, RunSettings, network_name

from ...widgets.controls import Button
from ...widgets.format import duration, percent

COLUMNS = ("Run", "Network", "Optimizer", "Rate", "Batch", "Epochs", "Data", "Engine", "Validation", "Test", "Time")
ACTIONS = {"use": "Answer with it", "settings": "Settings", "weights": "Weights", "forget": "Forget"}


class RunsTable:
    """`act` is called with the name of one of `ACTIONS` and a run's id."""

    def __init__(self, parent: dom.Element, act: Callable[[str, str], object]) -> None:
        self._act = act
        self._rows: Sequence[RunRow] = []
        self._listeners: list[dom.Listener] = []
        head = dom.create("div", parent, class_="section-head")
        dom.create("h3", head, text="Runs", class_="eyebrow")
        buttons = dom.create("div", head, class_="train-buttons")
        self._exports = []
        for kind in ("csv", "json"):
            button = Button(buttons, kind.upper(), partial(self._download, kind), f"runs-{kind}")
            button.element.setAttribute("aria-label", f"Download the table as {kind.upper()}")
            self._exports.append(button)
        self._empty = dom.create("p", parent, text="Finished runs appear here, to be compared.", class_="field-hint")
        self._scroll = dom.create("div", parent, class_="table-scroll", tabindex="0", role="region", aria_label="Runs")
        table = dom.create("table", self._scroll, data_testid="runs-table", class_="runs figures")
        titles = dom.create("tr", dom.create("thead", table))
        for title in COLUMNS:
            dom.create("th", titles, text=title, scope="col")
        dom.create("td", titles)
        self._body = dom.create("tbody", table)

    def show(self, rows: Sequence[RunRow]) -> None:
        """Show these runs, newest first."""
        self._rows = rows
        for listener in self._listeners:
            listener.remove()
        self._listeners.clear()
        self._body.replaceChildren()
        self._scroll.hidden = not rows
        self._empty.hidden = bool(rows)
        for button in self._exports:
            button.enable(bool(rows))
        for row in rows:
            self._add(row)

    def _add(self, row: RunRow) -> None:
        settings = RunSettings.make(row["settings"])
        line = dom.create("tr", self._body, data_run=row["id"])  # on a phone it is a card, with the labels
        cells = (
            f"{row['number']}",
            f"{network_name(settings)}, from {row['origin']}" if row.get("origin") else network_name(settings),
            _title("optimizer", settings.optimizer),
            f"{settings.lr:g}",
            f"{settings.batch}",
            f"{row['epochs_done']:.2f}",
            _title("data", settings.data),
            row["engine"],
            percent(row["validation_accuracy"], 2),
            percent(row["test_accuracy"], 2),
            duration(row["seconds"]),
        )
        for title, text in zip(COLUMNS, cells, strict=True):
            dom.create("td", line, text=text, data_label=title)
        actions = dom.create("td", line, class_="row-actions")
        for action, title in ACTIONS.items():
            button = dom.create("button", actions, text=title, type="button", class_="link-button")
            button.setAttribute("aria-label", f"{title}: run {row['number']}")
            self._listeners.append(dom.Listener(button, "click", partial(self._pressed, action, row["id"])))

    def _pressed(self, action: str, run_id: str, _event: dom.Event) -> None:
        self._act(action, run_id)

    def _download(self, kind: str) -> None:
        text = to_csv(self._rows) if kind == "csv" else to_json(self._rows)
        page.download(f"tabgrad-runs.{kind}", text.encode(), "text/csv" if kind == "csv" else "application/json")


def _title(field: str, value: str) -> str:
    """What the form calls the value of a choice."""
    choice = FIELDS[field]
    assert isinstance(choice, ChoiceField)
    return choice.options[value]
