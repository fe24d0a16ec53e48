"""The table of runs: what was tried and what came of it, to compare and to take away as CSV or JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tabgrad.artifacts import RunRow, to_csv, to_json
from tabgrad.interop import dom, page
from tabgrad.settings import FIELDS, ChoiceField, RunSettings, network_name

from ...widgets.controls import Button
from ...widgets.format import duration, percent

TITLE, EMPTY = "Your runs", "Each run that ends is kept here, so that you can compare them."
COLUMNS = ("Run", "Network", "Test", "Time")
TEST_NOTE = "Test: how many of the test images it reads right. It has never seen them before."
ACTIONS = {"use": "Answer with it", "settings": "Settings", "weights": "Weights", "forget": "Forget"}
#: The name of a row's menu; `act` gets it never.
MENU, UNDO = "menu", "undo"


class RunsTable:
    """`act` is called with the name of one of `ACTIONS` or `UNDO`, and a run's id."""

    def __init__(self, parent: dom.Element, act: Callable[[str, str], object]) -> None:
        self._act = act
        self._rows: Sequence[RunRow] = []
        self._listeners: list[dom.Listener] = []
        self._focus: tuple[str, str] | None = None  # what gets the focus when the table is shown next: action, run
        head = dom.create("div", parent, class_="section-head")
        dom.create("h3", head, text=TITLE)
        buttons = dom.create("div", head, class_="train-buttons")
        self._exports = []
        for kind in ("csv", "json"):
            button = Button(buttons, kind.upper(), partial(self._download, kind), f"runs-{kind}")
            button.element.setAttribute("aria-label", f"{kind.upper()}: download the table")
            self._exports.append(button)
        self._undo_box = dom.create("div", parent, class_="runs-undo")
        self._undo_text = dom.create("p", self._undo_box, id="runs-undo-text")
        self._undo = Button(self._undo_box, "Undo", self._on_undo, "runs-undo")
        self._undo.element.setAttribute("aria-describedby", "runs-undo-text")
        self._forgotten = ""
        self._empty = dom.create("p", parent, text=EMPTY, class_="field-hint")
        # Rows are grids, so that a run's details can go below all of its columns: the roles keep it a table.
        self._table = dom.create(
            "table", parent, data_testid="runs-table", class_="runs figures", role="table", aria_label=TITLE
        )
        titles = dom.create("tr", dom.create("thead", self._table, role="rowgroup"), role="row")
        for title in COLUMNS:
            dom.create("th", titles, text=title, scope="col", role="columnheader")
        dom.create("td", titles, role="cell")
        self._body = dom.create("tbody", self._table, role="rowgroup")
        self._note = dom.create("p", parent, text=TEST_NOTE, class_="field-hint")
        self._outside = dom.on_page("pointerdown", self._close_others)
        self._escape = dom.Listener(self._body, "keydown", self._on_key)

    def show(self, rows: Sequence[RunRow], forgotten: RunRow | None = None) -> None:
        """Show these runs, newest first; `forgotten` is one that can be brought back."""
        focus = self._focused()
        if self._focus is not None and (self._focus[0] != UNDO or forgotten is not None):
            focus, self._focus = self._focus, None
        self._rows = rows
        for listener in self._listeners:
            listener.remove()
        self._listeners.clear()
        self._body.replaceChildren()
        self._table.hidden = self._note.hidden = not rows
        self._empty.hidden = bool(rows)
        for button in self._exports:
            button.enable(bool(rows))
        self._undo_box.hidden = forgotten is None
        self._forgotten = forgotten["id"] if forgotten else ""
        if forgotten is not None:
            self._undo_text.textContent = f"Run {forgotten['number']} is forgotten."
        for row in rows:
            self._add(row)
        if focus is not None:
            self._give_focus(*focus)

    def _add(self, row: RunRow) -> None:
        settings = RunSettings.stored(row["settings"])
        line = dom.create("tr", self._body, data_run=row["id"], role="row")
        dom.create("td", line, text=f"{row['number']}", role="cell")
        network = dom.create("td", line, role="cell")
        dom.create("span", network, text=network_name(settings))
        dom.create("small", network, text=details(row, settings))
        dom.create("td", line, text=percent(row["test_accuracy"], 2), role="cell")
        dom.create("td", line, text=duration(row["seconds"]), role="cell")
        menu = dom.create("details", dom.create("td", line, role="cell"), class_="row-menu")
        summary = dom.create("summary", menu, aria_label=f"More about run {row['number']}", data_action=MENU)
        dom.create("span", summary, text="\N{MIDLINE HORIZONTAL ELLIPSIS}", aria_hidden="true")
        self._listeners.append(dom.Listener(menu, "toggle", partial(self._on_toggle, menu)))
        actions = dom.create("div", menu, class_="row-actions")
        for action, title in ACTIONS.items():
            button = dom.create("button", actions, text=title, type="button", data_action=action)
            button.setAttribute("aria-label", f"{title}: run {row['number']}")
            self._listeners.append(dom.Listener(button, "click", partial(self._pressed, action, row["id"], menu)))

    def _pressed(self, action: str, run_id: str, menu: dom.Element, _event: dom.Event) -> None:
        menu.open = False
        dom.select("summary", menu)[0].focus()
        if action == "forget":
            self._focus = (UNDO, run_id)
        self._act(action, run_id)

    def _on_undo(self) -> None:
        self._focus = (MENU, self._forgotten)
        self._act(UNDO, self._forgotten)

    # ---- Menus and the focus

    def _on_toggle(self, menu: dom.Element, _event: dom.Event) -> None:
        if menu.open:
            dom.select(".row-actions", menu)[0].scrollIntoView(block="nearest")

    def _close_others(self, event: dom.Event) -> None:
        """A press outside an open menu closes it."""
        for menu in dom.select("details[open]", self._body):
            if not menu.contains(event.target):
                menu.open = False

    def _on_key(self, event: dom.Event) -> None:
        menu = dom.closest(event.target, "details[open]")
        if str(event.key) == "Escape" and menu is not None:
            menu.open = False
            dom.select("summary", menu)[0].focus()

    def _focused(self) -> tuple[str, str] | None:
        """The row's menu that has the focus, or one of its actions: the rows are about to be made anew."""
        element = dom.focused()
        if element is None or not self._body.contains(element):
            return None
        return dom.data(element, "action"), dom.data(element.closest("tr"), "run")

    def _give_focus(self, action: str, run_id: str) -> None:
        if action == UNDO:
            self._undo.element.focus()
            return
        for row in dom.select("tr", self._body):
            if dom.data(row, "run") == run_id:
                dom.select("details", row)[0].open = action != MENU
                dom.select(f"[data-action={action}]", row)[0].focus()

    def _download(self, kind: str) -> None:
        text = to_csv(self._rows) if kind == "csv" else to_json(self._rows)
        page.download(f"tabgrad-runs.{kind}", text.encode(), "text/csv" if kind == "csv" else "application/json")


def details(row: RunRow, settings: RunSettings) -> str:
    """What a run was made of, in one line."""
    epochs = f"{row['epochs_done']:.2f}".rstrip("0").rstrip(".")
    parts = [
        f"from {row['origin']}" if row.get("origin") else "",
        _title("optimizer", settings.optimizer),
        f"rate {settings.lr:g}",
        f"batch {settings.batch}",
        "1 epoch" if epochs == "1" else f"{epochs} epochs",
        _title("data", settings.data),
        row["engine"],
        f"{percent(row['validation_accuracy'], 2)} on validation images",
    ]
    return ", ".join(filter(None, parts))


def _title(field: str, value: str) -> str:
    """What the form calls the value of a choice."""
    choice = FIELDS[field]
    assert isinstance(choice, ChoiceField)
    return choice.options[value]
