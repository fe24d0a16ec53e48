"""The settings of a run as native inputs, made from the table of fields. Owns no run.

A value that is refused is marked where it was typed, with the sentence that says why; nothing else is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from functools import partial
from typing import Any

from tabgrad.interop import dom
from tabgrad.settings import FIELDS, TUNABLE, ChoiceField, NumberField, RunSettings, SettingsError, SizesField

from ..state import RunState

#: The fields that are always visible, and those under "More settings", in order.
ESSENTIAL = ("model", "hidden", "optimizer", "lr", "batch", "epochs", "data", "seed", "engine")
MORE = tuple(name for name in FIELDS if name not in ESSENTIAL)
#: What can be changed in a run: nothing while it is set up, then whatever needs no new program.
_CHANGEABLE: Mapping[str, frozenset[str]] = {"loading": frozenset(), "training": TUNABLE, "paused": TUNABLE}


def test_id(name: str) -> str:
    """The test id of a field's input: `train-label-smoothing`."""
    return f"train-{name.replace('_', '-')}"


class SettingsForm:
    """`changed` gets the name of a field that the visitor has changed to a good value, and all settings; `shown` gets
    all settings after every change.
    """

    def __init__(
        self,
        parent: dom.Element,
        changed: Callable[[str, RunSettings], None],
        shown: Callable[[RunSettings], None],
    ) -> None:
        self._changed, self._shown = changed, shown
        self._inputs: dict[str, Any] = {}
        self._errors: dict[str, Any] = {}
        self._listeners: list[dom.Listener] = []
        self._good = RunSettings()
        self._changeable: frozenset[str] = frozenset(FIELDS)
        self._fixed: frozenset[str] = frozenset()
        essential = dom.create("div", parent, class_="train-fields")
        self._build(essential, ESSENTIAL)
        details = dom.create("details", parent, class_="train-more")
        dom.create("summary", details, text="More settings")
        self._build(dom.create("div", details, class_="train-fields"), MORE)
        self.show(self._good)

    def _build(self, parent: dom.Element, names: Iterable[str]) -> None:
        for name in names:
            field = FIELDS[name]
            box = dom.create("div", parent, class_="field")
            ids = {"id": f"setting-{name}", "hint": f"hint-{name}", "error": f"error-{name}"}
            dom.create("label", box, text=field.label, for_=ids["id"])
            made = self._input(box, name, field, ids)
            dom.create("p", box, text=field.hint, id=ids["hint"], class_="field-hint")
            self._errors[name] = dom.create("p", box, id=ids["error"], class_="field-error", role="alert")
            self._inputs[name] = made
            self._listeners.append(dom.Listener(made, "change", partial(self._edited, name)))

    @staticmethod
    def _input(
        box: dom.Element, name: str, field: NumberField | ChoiceField | SizesField, ids: dict[str, str]
    ) -> dom.Element:
        common = {"id": ids["id"], "data_testid": test_id(name), "aria_describedby": f"{ids['hint']} {ids['error']}"}
        if isinstance(field, ChoiceField):
            select = dom.create("select", box, **common)
            for value, title in field.options.items():
                dom.create("option", select, text=title, value=value)
            return select
        if isinstance(field, SizesField):
            return dom.create("input", box, type="text", autocomplete="off", spellcheck="false", **common)
        low = 0.0 if field.zero_is_off else field.low
        step = "1" if field.integer else "any"
        return dom.create("input", box, type="number", min=f"{low:g}", max=f"{field.high:.10g}", step=step, **common)

    def settings(self) -> RunSettings:
        """All values; SettingsError with one sentence, and the first wrong input marked and focused."""
        for name, made in self._inputs.items():
            try:
                RunSettings.make({name: str(made.value)})
            except SettingsError as error:
                self._mark(name, str(error))
                details = made.closest("details")
                if details:
                    details.open = True
                made.focus()
                raise
            self._mark(name, "")
        return RunSettings.make({name: str(made.value) for name, made in self._inputs.items()})

    def show(self, settings: RunSettings) -> None:
        """Put these values into the inputs."""
        self._good = settings
        for item in fields(RunSettings):
            value = getattr(settings, item.name)
            text = ", ".join(map(str, value)) if isinstance(value, tuple) else f"{value}"
            self._inputs[item.name].value = text.removesuffix(".0")
            self._mark(item.name, "")
        self._show_relevance()

    @property
    def good(self) -> RunSettings:
        """The latest good value of each setting."""
        return self._good

    def fix(self, names: frozenset[str]) -> None:
        """Disable the fields that the network to begin with decides."""
        self._fixed = names
        self._show_relevance()

    def render(self, state: RunState) -> None:
        """What can be changed follows from the status of the run."""
        self._changeable = _CHANGEABLE.get(state.status, frozenset(FIELDS))
        self._show_relevance()

    def set_option(self, name: str, value: str, title: str, *, enabled: bool) -> None:
        """Change an option's title and whether it can be chosen. If it cannot, the title says why."""
        for option in self._inputs[name].options:
            if option.value == value:
                option.disabled = not enabled
                option.textContent = title

    def _show_relevance(self) -> None:
        self._shown(self._good)
        idle = self._good.unused()
        for name, made in self._inputs.items():
            made.disabled = name in idle | self._fixed or name not in self._changeable
            made.parentElement.classList.toggle("idle", name in idle)

    def _mark(self, name: str, sentence: str) -> None:
        self._errors[name].textContent = sentence
        self._inputs[name].setAttribute("aria-invalid", "true" if sentence else "false")

    def _edited(self, name: str, _event: dom.Event) -> None:
        before = self._good
        try:
            self._good = RunSettings.make({name: str(self._inputs[name].value)}, before)
        except SettingsError as error:
            self._mark(name, str(error))
            return
        self._mark(name, "")
        if name == "optimizer" and before.lr == before.optimizer_row.usual_rate:
            # The visitor has not chosen a rate: use the usual one of the new optimizer.
            self._good = replace(self._good, lr=self._good.optimizer_row.usual_rate)
            self._inputs["lr"].value = f"{self._good.lr:g}"
        self._show_relevance()
        self._changed(name, self._good)
