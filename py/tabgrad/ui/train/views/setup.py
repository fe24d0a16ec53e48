"""What a run is made of: presets, what it begins with, and its settings as native inputs. Owns no run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from tabgrad.alphabet import Labels
from tabgrad.data import SET_KEY
from tabgrad.interop import dom
from tabgrad.network import CODE
from tabgrad.settings import (
    FIELDS,
    OPTIMIZERS,
    PRESETS,
    TUNABLE,
    ChoiceField,
    NumberField,
    RunSettings,
    SettingsError,
    SizesField,
    caution,
)

from ...widgets.controls import Button
from ...widgets.help import add_help
from ..optimizer_words import NOT_OF_OWN, own_title
from ..state import RunState

HINT = "A new network knows nothing. It can also go on from the network that answers now, and then has the same layers."
NO_SOURCE = "There is no code to train yet: write a network in the tab Code, and press Compile."
PRESETS_HINT = (
    "Settings that go well together. The figures say how many validation images the network will read right: images "
    "that are kept back from training."
)
#: The fields that are always visible, and those under "More settings", in order.
ESSENTIAL = ("model", "hidden", "optimizer", "lr", "batch", "epochs", "data", "seed", "engine")
MORE = tuple(name for name in FIELDS if name not in ESSENTIAL)
#: Fields whose `data-testid` does not have their own name: "train-start" is the button Train.
_TEST_NAMES: Mapping[str, str] = {"start_from": "from"}
#: What can be changed in a run: nothing while it is set up, then whatever needs no new program.
_CHANGEABLE: Mapping[str, frozenset[str]] = {"loading": frozenset(), "training": TUNABLE, "paused": TUNABLE}


class PresetButtons:
    """One button for each preset; the one whose settings are in the form is marked. `chosen` gets a preset's name."""

    def __init__(self, parent: dom.Element, chosen: Callable[[str], object]) -> None:
        group = dom.create("div", parent, class_="train-presets", role="group", aria_label="Presets")
        self._buttons, self._promises = {}, []
        for name, preset in PRESETS.items():
            self._buttons[name] = button = Button(group, "", partial(chosen, name), f"train-preset-{name}")
            button.element.className = "preset"
            dom.create("strong", button.element, text=preset.title)
            self._promises.append(dom.create("span", button.element, text=preset.promise))
            button.element.title = preset.hint
        add_help(group, "the presets", PRESETS_HINT)

    def show(self, settings: RunSettings) -> None:
        """Mark the preset that these settings are. Seed, data with its labels, and engine belong to no preset.

        What presets promise is for digits.
        """
        for promise in self._promises:
            promise.hidden = bool(settings.labels)
        for name, button in self._buttons.items():
            preset = PRESETS[name].settings
            is_it = replace(settings, seed=preset.seed, data=preset.data, engine=preset.engine, labels=()) == preset
            button.element.setAttribute("aria-pressed", "true" if is_it else "false")


class BeginWith:
    """What a run begins with: weights drawn by the seed, or those of the network that answers now.

    Hidden while no network answers. `chosen` is called when the visitor changes it.
    """

    def __init__(self, parent: dom.Element, chosen: Callable[[], object]) -> None:
        self._box = dom.create("div", parent, class_="field chip train-begin")
        dom.create("label", self._box, text="Begin with", for_="train-begin")
        self._select = dom.create("select", self._box, id="train-begin", data_testid="train-begin")
        dom.create("option", self._select, text="Fresh weights", value="fresh")
        self._option = dom.create("option", self._select, value="network")
        self._hint = add_help(self._box, "Begin with", HINT)
        self._select.setAttribute("aria-describedby", str(self._hint.id))
        self._listener = dom.Listener(self._select, "change", lambda _event: chosen())
        self.offer("")

    @property
    def network(self) -> bool:
        """Whether the run begins with the network that answers."""
        return str(self._select.value) == "network"

    def offer(self, title: str, refusal: str = "") -> None:
        """The network that answers is called `title`; empty while no network answers.

        `refusal` is a sentence that says why a run cannot go on from it; empty if it can.
        """
        self._option.textContent, self._option.disabled = title, bool(refusal)
        self._hint.textContent = f"{HINT} {refusal}".rstrip()
        self._box.hidden = not title
        if refusal or not title:
            self.choose_fresh()

    def choose_fresh(self) -> None:
        """Back to weights drawn by the seed."""
        self._select.value = "fresh"

    def enable(self, enabled: bool) -> None:
        """Allow or refuse a choice: there is none during a run."""
        self._select.disabled = not enabled


class SettingsForm:
    """The settings, made from the table of fields. A refused value is marked where it was typed, with the reason.

    The essential fields are chips, the others are in a drawer. `before` makes what stands before the chips.
    `labels_of` gives the labels of a data set by its name: empty for the digits, None for a set that nobody knows.
    `changed` gets the name of a field that the visitor has changed to a good value, and all settings; `shown` gets
    all settings after every change.
    """

    def __init__(
        self,
        parent: dom.Element,
        before: Callable[[dom.Element], object],
        changed: Callable[[str, RunSettings], None],
        shown: Callable[[RunSettings], None],
        labels_of: Callable[[str], Labels | None],
    ) -> None:
        self._changed, self._shown, self._labels_of = changed, shown, labels_of
        self._inputs: dict[str, Any] = {}
        self._errors: dict[str, Any] = {}
        self._listeners: list[dom.Listener] = []
        self.good = RunSettings()  # the latest good value of each setting
        self.source = ""  # of the network "code", which is no input of the form
        self._changeable: frozenset[str] = frozenset(FIELDS)
        self._fixed: frozenset[str] = frozenset()
        chips = dom.create("div", parent, class_="train-chips", role="group", aria_label="Settings of the run")
        before(chips)
        for name in ESSENTIAL:
            self._build(dom.create("div", chips, class_="field chip"), name)
        self._toggle = Button(chips, "More settings", self._toggle_drawer, "train-more", "chip more-button")
        self._caution = dom.create("p", parent, class_="field-error", role="status", data_testid="train-caution")
        self._drawer = dom.create("div", parent, class_="train-fields card", id="train-drawer")
        self._toggle.element.setAttribute("aria-controls", "train-drawer")
        for name in MORE:
            box = dom.create("div", self._drawer, class_="field")
            self._build(box, name)
        self._open_drawer(False)
        self.show(self.good)

    def _toggle_drawer(self) -> None:
        self._open_drawer(bool(self._drawer.hidden))

    def _open_drawer(self, is_open: bool) -> None:
        self._drawer.hidden = not is_open
        self._toggle.element.setAttribute("aria-expanded", "true" if is_open else "false")

    def _build(self, box: dom.Element, name: str) -> None:
        """The label, the input, the "?" and the place for an error of one field."""
        field = FIELDS[name]
        ids = {"id": f"setting-{name}", "error": f"error-{name}"}
        dom.create("label", box, text=field.label, for_=ids["id"])
        made = self._input(box, name, field, ids)
        hint = add_help(box, field.label, field.hint)
        made.setAttribute("aria-describedby", f"{hint.id} {ids['error']}")
        self._errors[name] = dom.create("p", box, id=ids["error"], class_="field-error", role="alert")
        self._inputs[name] = made
        self._listeners.append(dom.Listener(made, "change", partial(self._edited, name)))

    @staticmethod
    def _input(
        box: dom.Element, name: str, field: NumberField | ChoiceField | SizesField, ids: dict[str, str]
    ) -> dom.Element:
        common = {
            "id": ids["id"],
            "data_testid": f"train-{_TEST_NAMES.get(name, name).replace('_', '-')}",
        }
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
                if name in MORE:
                    self._open_drawer(True)
                made.focus()
                raise
            self._mark(name, "")
        settings = RunSettings.make({name: str(made.value) for name, made in self._inputs.items()})
        settings = self._labelled(replace(settings, labels=self.good.labels))
        if settings.model != CODE:
            return settings
        if not self.source:
            self._mark("model", NO_SOURCE)
            self._inputs["model"].focus()
            raise SettingsError(NO_SOURCE)
        return replace(settings, source=self.source)

    def _labelled(self, settings: RunSettings) -> RunSettings:
        """The settings with the labels of their data; they keep those that they have where nobody knows the data."""
        found = self._labels_of(settings.data)
        return settings if found is None else replace(settings, labels=found)

    @property
    def with_source(self) -> RunSettings:
        """The latest good values, with the source that the network "code" has."""
        return replace(self._labelled(self.good), source=self.source)

    def show(self, settings: RunSettings) -> None:
        """Put these values into the inputs."""
        self.good = self._labelled(replace(settings, source=""))
        self.source = settings.source or self.source
        for name in FIELDS:
            value = getattr(settings, name)
            text = ", ".join(map(str, value)) if isinstance(value, tuple) else f"{value}"
            # The rate of a source's own optimizer was a float32.
            self._inputs[name].value = f"{value:.7g}" if isinstance(value, float) else text
            self._mark(name, "")
        self._show_relevance()

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

    def offer_sets(self, titles: Mapping[str, str]) -> None:
        """Offer these data sets of the visitor's, after those of the site. One that is chosen stays chosen."""
        select, chosen = self._inputs["data"], self.good.data
        for option in [option for option in select.options if SET_KEY.fullmatch(option.value)]:
            option.remove()
        for value, title in titles.items():
            dom.create("option", select, text=title, value=value)
        if chosen in titles or not SET_KEY.fullmatch(chosen):
            select.value = chosen

    def _show_relevance(self) -> None:
        self._shown(self.good)
        self._caution.textContent = caution(self.good)
        own = own_title(self.with_source)
        for name, row in OPTIMIZERS.items():
            self.set_option("optimizer", name, own or row.title, enabled=True)
        idle = self.good.unused() | (NOT_OF_OWN if own else frozenset())
        for name, made in self._inputs.items():
            made.disabled = name in idle | self._fixed or name not in self._changeable
            made.parentElement.classList.toggle("idle", name in idle)

    def _mark(self, name: str, sentence: str) -> None:
        self._errors[name].textContent = sentence
        self._inputs[name].setAttribute("aria-invalid", "true" if sentence else "false")

    def _edited(self, name: str, _event: dom.Event) -> None:
        before = self.good
        try:
            self.good = self._labelled(RunSettings.make({name: str(self._inputs[name].value)}, before))
        except SettingsError as error:
            self._mark(name, str(error))
            return
        self._mark(name, "")
        if name == "optimizer" and before.lr == before.optimizer_row.usual_rate:
            # The visitor has not chosen a rate: use the usual one of the new optimizer.
            self.good = replace(self.good, lr=self.good.optimizer_row.usual_rate)
            self._inputs["lr"].value = f"{self.good.lr:g}"
        self._show_relevance()
        self._changed(name, self.good)
