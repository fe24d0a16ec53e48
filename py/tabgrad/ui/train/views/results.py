"""The table of runs: what was tried and what came of it, to compare and to take away as CSV or JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from tabgrad.artifacts import RunRow, run_name, source_of, to_csv, to_json
from tabgrad.interop import dom, page
from tabgrad.settings import FIELDS, ChoiceField, RunSettings

from ...widgets.controls import Button
from ...widgets.format import duration, ends, percent
from ...widgets.labels import known
from ..optimizer_words import optimizer_title
from .run_name import NameField

if TYPE_CHECKING:
    from .comparison import Comparison

TITLE, EMPTY = "Your runs", "Each run that ends is kept here, so that you can compare them."
COLUMNS = ("Run", "Network", "Test", "Time")
TEST_NOTE = (
    "Test: how many of the test images it reads right. It has never seen them before. Below it is the 95 % interval."
)
ACTIONS = {
    "use": "Answer with it",
    "settings": "Settings",
    "weights": "Weights",
    "rename": "Rename",
    "compare": "Compare the code",
    "forget": "Forget",
}
#: The name of a row's menu; `act` gets it never, nor the two actions that the table does itself.
MENU, UNDO, RENAME, COMPARE = "menu", "undo", "rename", "compare"


class RunsTable:
    """`act` is called with the name of one of `ACTIONS` or `UNDO`, and a run's id; `rename` with a run's id and what
    it is to be called. `before` makes what stands before the rows, so that a new row does not push it.
    """

    def __init__(
        self,
        parent: dom.Element,
        before: Callable[[dom.Element], object],
        act: Callable[[str, str], object],
        rename: Callable[[str, str], object],
    ) -> None:
        self._act, self._rename = act, rename
        self._naming: NameField | None = None  # a run that is being renamed
        self._parent = parent
        self._comparison: Comparison | None = None  # made when it is first used
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
        before(parent)
        self._undo_box = dom.create("div", parent, class_="runs-undo")
        self._undo_text = dom.create("p", self._undo_box, id="runs-undo-text")
        self._undo = Button(self._undo_box, "Undo", self._on_undo, "runs-undo")
        self._undo.element.setAttribute("aria-describedby", "runs-undo-text")
        self._forgotten = ""
        self._shown_forgotten: RunRow | None = None
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
        focus, naming = self._focused(), self._naming
        typed = naming.release() if naming else ""
        if self._focus is not None and (self._focus[0] != UNDO or forgotten is not None):
            focus, self._focus = self._focus, None
        self._rows, self._shown_forgotten = rows, forgotten
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
        if naming is not None:
            self._begin_naming(naming.run_id, typed)
        elif focus is not None:
            self._give_focus(*focus)

    def _add(self, row: RunRow) -> None:
        settings = RunSettings.stored(row["settings"])
        line = dom.create("tr", self._body, data_run=row["id"], role="row")
        dom.create("td", line, text=f"{row['number']}", role="cell")
        network = dom.create("td", line, role="cell")
        dom.create("span", network, text=run_name(row), data_part="name")
        dom.create("small", network, text=details(row, settings))
        test = dom.create("td", line, role="cell")
        dom.create("span", test, text=percent(row["test_accuracy"], 2))
        if interval := row.get("test_interval"):
            dom.create("small", test, text=ends(interval), data_part="interval")
        dom.create("td", line, text=duration(row["seconds"]), role="cell")
        menu = dom.create("details", dom.create("td", line, role="cell"), class_="row-menu")
        summary = dom.create("summary", menu, aria_label=f"More about run {row['number']}", data_action=MENU)
        dom.create("span", summary, text="\N{MIDLINE HORIZONTAL ELLIPSIS}", aria_hidden="true")
        self._listeners.append(dom.Listener(menu, "toggle", partial(self._on_toggle, menu)))
        actions = dom.create("div", menu, class_="row-actions")
        for action, title in self._actions(row).items():
            button = dom.create("button", actions, text=title, type="button", data_action=action)
            button.setAttribute("aria-label", f"{title}: run {row['number']}")
            self._listeners.append(dom.Listener(button, "click", partial(self._pressed, action, row["id"], menu)))

    def _pressed(self, action: str, run_id: str, menu: dom.Element, _event: dom.Event) -> None:
        menu.open = False
        dom.select("summary", menu)[0].focus()
        if action == RENAME:
            self._begin_naming(run_id)
            return
        if action == COMPARE:
            self._compare(run_id)
            return
        if action == "forget":
            self._focus = (UNDO, run_id)
        self._act(action, run_id)

    def _compare(self, run_id: str) -> None:
        if self._comparison is None:
            from .comparison import Comparison  # only now: few visitors compare

            self._comparison = Comparison(self._parent)
        self._comparison.open(self._rows, run_id)

    def _actions(self, row: RunRow) -> dict[str, str]:
        """What can be done with a run: code is compared only with other code."""
        can_compare = bool(source_of(row)) and sum(bool(source_of(other)) for other in self._rows) > 1
        return {action: title for action, title in ACTIONS.items() if action != COMPARE or can_compare}

    def _begin_naming(self, run_id: str, text: str | None = None) -> None:
        """Put a field in the place of a run's name."""
        self._naming = None
        for row in self._rows:
            if row["id"] == run_id:
                (name,) = dom.select(f'[data-run="{run_id}"] [data-part=name]', self._body)
                before = run_name(row)
                done = partial(self._named, run_id, before)
                self._naming = NameField(name, row, before if text is None else text, done)
                self._listeners += self._naming.listeners

    def _named(self, run_id: str, before: str, name: str | None, by_key: bool) -> None:
        """The field was left; None gives the name up."""
        self._naming = None
        if by_key:
            self._focus = (MENU, run_id)
        if name is None or name == before:
            self.show(self._rows, self._shown_forgotten)
        else:
            self._rename(run_id, name)

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
        optimizer_title(settings),
        f"rate {settings.lr:g}",
        f"batch {settings.batch}",
        "1 epoch" if epochs == "1" else f"{epochs} epochs",
        _data_title(settings),
        row["engine"],
        f"{percent(row['validation_accuracy'], 2)} on validation images",
    ]
    return ", ".join(filter(None, parts))


def _data_title(settings: RunSettings) -> str:
    """What the form calls the data; of a set of the visitor's, which may be gone by now, what it shows."""
    return known(settings.labels) if settings.labels else _title("data", settings.data)


def _title(field: str, value: str) -> str:
    """What the form calls the value of a choice."""
    choice = FIELDS[field]
    assert isinstance(choice, ChoiceField)
    return choice.options.get(value, value)
