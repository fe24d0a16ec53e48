"""The settings of one run as an object: made from checked values, as plain JSON, in an address, and as a network.

Knows no engine and no page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tabgrad.alphabet import DIGITS, Labels
from tabgrad.incoming import quoted
from tabgrad.network import CNN_STAGES, CODE, FEATURE_STAGES, FROZEN_STAGES, classes_of, classes_part

from .fields import FIELDS, LARGEST_RATE, LEAST_RATE, SettingsError, check_alphabet, check_code
from .optimizers import OPTIMIZER_FIELDS, OPTIMIZERS, OptimizerRow

#: The settings that decide the architecture.
ARCHITECTURE = frozenset({"model", "hidden", "start_from", "activation", "source", "labels"})
#: What is no field of the form.
_OTHER_CHECKS: Mapping[str, Callable[[Any], Any]] = {"source": check_code, "labels": check_alphabet}
#: In an address it also chooses the engine that answers drawings, so it may stand there alone.
NOT_OF_A_RUN = frozenset({"engine"})


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Everything that decides a run, JSON-able. Construct through `make` to have the limits checked.

    The defaults are the preset "fast". Two are no fields of the form, and never part of an address: `source` is the
    text of the network if `model` is "code"; `labels` are the classes of `data`, empty for the ten digits.
    """

    model: str = "mlp"
    hidden: tuple[int, ...] = (128,)
    start_from: str = "scratch"
    activation: str = "relu"
    center: str = "mean"
    dropout: float = 0.0
    optimizer: str = "momentum"
    lr: float = 0.4
    schedule: str = "one_cycle"
    warm_up: float = 0.1
    decay: float = 0.8
    momentum: float = 0.9
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    clip: float = 0.0
    batch: int = 128
    epochs: float = 3.0
    augment: str = "none"
    patience: int = 0
    data: str = "mnist"
    seed: int = 1
    engine: str = "auto"
    source: str = ""
    labels: Labels = ()

    @property
    def alphabet(self) -> Labels:
        """The labels of the classes that the network tells apart, in the order of its logits."""
        return self.labels or DIGITS

    @property
    def optimizer_row(self) -> OptimizerRow:
        """The optimizer's row in `OPTIMIZERS`."""
        return OPTIMIZERS[self.optimizer]

    @property
    def keeps_features(self) -> bool:
        """Whether the network has the features of the site's CNN, and learns with its last layers alone."""
        return self.model == "cnn" and self.start_from == "features"

    def unused(self) -> frozenset[str]:
        """The fields that have no effect with these settings."""
        names = set(OPTIMIZER_FIELDS - self.optimizer_row.fields)
        if self.model != "mlp":
            names |= {"hidden", "center"}
        if self.model != "cnn":
            names.add("start_from")
        if self.keeps_features:
            names.add("activation")
        if self.model == CODE:
            names |= {"activation", "dropout"}
        if self.schedule != "exponential":
            names.add("decay")
        if self.schedule != "one_cycle":
            names.add("warm_up")
        return frozenset(names)

    @classmethod
    def make(cls, values: Mapping[str, Any], base: RunSettings | None = None) -> RunSettings:
        """`base` (default: the defaults) changed by `values`; SettingsError names the first value that is wrong."""
        if not isinstance(values, Mapping):
            raise SettingsError("Settings must be names with values.")
        checks: dict[str, Callable[[Any], Any]] = {name: field.check for name, field in FIELDS.items()}
        checks |= _OTHER_CHECKS
        unknown = sorted(set(values) - set(checks))
        if unknown:
            raise SettingsError(f"There is no setting called {quoted(unknown[0])}.")
        checked: dict[str, Any] = {name: checks[name](value) for name, value in values.items()}
        return replace(base or cls(), **checked)

    @classmethod
    def stored(cls, values: Mapping[str, Any]) -> RunSettings:
        """Settings from a file: what it leaves out are the defaults of version 0.1. Raises SettingsError."""
        return cls.make(values, STORED_DEFAULTS)

    def to_json(self) -> dict[str, Any]:
        """Plain values: `make` of it gives an equal object.

        Without `source`, `labels` and `start_from` where they say nothing: earlier versions of the page have none.
        """
        values = {**asdict(self), "hidden": list(self.hidden), "labels": list(self.labels)}
        silent = {"source": "", "labels": [], "start_from": STORED_DEFAULTS.start_from}
        return {name: value for name, value in values.items() if silent.get(name) != value}


#: What files and addresses mean by a setting that they leave out: the defaults of version 0.1. They never change, and
#: neither does what old files and links stand for.
STORED_DEFAULTS = RunSettings(warm_up=0.25)


def total_steps(settings: RunSettings, samples: int) -> int:
    """Length of the run in steps, at least one."""
    return max(1, math.ceil(settings.epochs * samples / settings.batch - 1e-9))


def to_query(settings: RunSettings) -> str:
    """The settings as a URL query, such as "hidden=128-64&lr=0.1&warm_up=0.1"; empty for the defaults.

    Has what differs from the defaults, and then also what differs between these and version 0.1's.
    """
    changed = _differences(settings, RunSettings())
    if changed - NOT_OF_A_RUN:
        changed |= _differences(RunSettings(), STORED_DEFAULTS)
    pairs = []
    for name in (item.name for item in fields(RunSettings) if item.name in changed & FIELDS.keys()):
        value = getattr(settings, name)
        text = "-".join(map(str, value)) if isinstance(value, tuple) else f"{value}".removesuffix(".0")
        pairs.append((name, text))
    return urlencode(pairs)


def from_query(query: str) -> tuple[RunSettings, list[str]]:
    """Settings from a URL query, and a sentence for each value that was refused. Other keys are ignored, and of a
    name that stands twice the last value counts.

    An address that names any setting of a run leaves out version 0.1's defaults; one that names none has today's.
    """
    given = {name: text for name, text in parse_qsl(query.removeprefix("?"), keep_blank_values=True) if name in FIELDS}
    refused = []
    settings = STORED_DEFAULTS if given.keys() - NOT_OF_A_RUN else RunSettings()
    for name, text in given.items():
        try:
            settings = RunSettings.make({name: text}, settings)
        except SettingsError as error:
            refused.append(str(error))
    return settings, refused


def _differences(one: RunSettings, other: RunSettings) -> set[str]:
    return {item.name for item in fields(RunSettings) if getattr(one, item.name) != getattr(other, item.name)}


def training_spec(settings: RunSettings) -> dict[str, Any]:
    """The specification of the network in training."""
    classes = classes_part(len(settings.alphabet))
    if settings.model == CODE:
        return {"kind": CODE, "source": settings.source, **classes}
    common = {"activation": settings.activation, "dropout": settings.dropout, **classes}
    if settings.keeps_features:
        features = {"stages": list(FEATURE_STAGES), "activation": "relu", "frozen": FROZEN_STAGES}
        return {"kind": "cnn", **common, **features}
    if settings.model == "cnn":
        return {"kind": "cnn", **common}
    return {"kind": "mlp", "hidden": list(settings.hidden), "center": settings.center == "mean", **common}


def answering_spec(settings: RunSettings) -> dict[str, Any]:
    """The network that the page runs: a centred MLP's mean is folded into its bias, the rest is for training."""
    only_training = ("center", "dropout", "frozen")
    return {name: value for name, value in training_spec(settings).items() if name not in only_training}


def settings_for(spec: Mapping[str, Any], base: RunSettings) -> RunSettings | None:
    """`base` with the architecture of a complete `spec`; None if no settings give that network.

    So it is if the network tells apart another number of classes than the data of `base` has.
    """
    if classes_of(spec) != len(base.alphabet):
        return None
    if spec["kind"] == CODE:
        return RunSettings.make({"model": CODE, "source": spec["source"]}, base)
    stages = FEATURE_STAGES if base.start_from == "features" else CNN_STAGES
    if spec["kind"] == "cnn" and tuple(spec["stages"]) != stages:
        return None
    values = {"model": spec["kind"], "activation": spec.get("activation", "relu")}
    if spec["kind"] == "mlp":
        values["hidden"] = spec["hidden"]
    try:
        return RunSettings.make(values, base)
    except SettingsError:
        return None


def settings_for_code(
    base: RunSettings, source: str, rate: float | None, former_rate: float | None = None
) -> RunSettings:
    """`base` for the network of a source. `rate` is the learning rate of the source's own optimizer, None without one;
    `former_rate` is the same of the source that `base` has.

    A network that is new to the form begins with settings that suit most: Adam at its usual rate, or its own optimizer
    at its own rate, which stays as it is then. A source's rate and schedule go when it does. What the visitor has
    changed since stays.
    """
    settings = replace(base, model=CODE, source=source)
    is_new = base.model != CODE
    if is_new:
        settings = replace(settings, optimizer="adam", lr=OPTIMIZERS["adam"].usual_rate, weight_decay=0.0, momentum=0.9)
    if rate is not None and (is_new or (base.source != source and rate != former_rate)):
        return replace(settings, lr=_within_limits(rate), schedule="constant")
    is_of_former = former_rate is not None and (base.lr, base.schedule) == (_within_limits(former_rate), "constant")
    if rate is None and not is_new and is_of_former:
        return replace(settings, lr=base.optimizer_row.usual_rate, schedule=RunSettings().schedule)
    return settings


def _within_limits(rate: float) -> float:
    return min(max(rate, LEAST_RATE), LARGEST_RATE)


def network_name(settings: RunSettings) -> str:
    """What a run's network is called: "784-128-10", "Small CNN", or "CNN features" with those of the site's CNN."""
    if settings.model == CODE:
        return "Your code"
    if settings.keeps_features:
        return "CNN features"
    if settings.model == "cnn":
        return "Small CNN"
    return "-".join(map(str, (784, *settings.hidden, len(settings.alphabet))))
