"""Settings keep within their limits and survive JSON and the URL."""

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabgrad.settings import (
    FIELDS,
    ChoiceField,
    NumberField,
    RunSettings,
    SettingsError,
    SizesField,
    from_query,
    to_query,
)


def values_of(knob: NumberField | ChoiceField | SizesField) -> st.SearchStrategy[Any]:
    if isinstance(knob, ChoiceField):
        return st.sampled_from(sorted(knob.options))
    if isinstance(knob, SizesField):
        return st.lists(st.integers(1, knob.high), max_size=knob.most).map(tuple)
    if knob.integer:
        return st.integers(int(knob.low), int(knob.high))
    return st.floats(knob.low, knob.high)


SETTINGS = st.fixed_dictionaries({name: values_of(knob) for name, knob in FIELDS.items()}).map(RunSettings.make)


def test_every_field_has_a_knob_and_its_default_is_allowed() -> None:
    assert [item.name for item in fields(RunSettings)] == list(FIELDS)
    assert RunSettings.make(RunSettings().to_json()) == RunSettings()


@given(SETTINGS)
def test_settings_survive_json_and_url(settings: RunSettings) -> None:
    assert RunSettings.make(settings.to_json()) == settings
    assert from_query(to_query(settings)) == (settings, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lr", "fast"),
        ("lr", float("nan")),
        ("lr", 0),
        ("lr", 11),
        ("batch", 0),
        ("batch", 1025),
        ("batch", 2.5),
        ("hidden", "128, x"),
        ("hidden", (0,)),
        ("hidden", (1, 2, 3, 4, 5)),
        ("hidden", 128),
        ("optimizer", "adagrad"),
        ("engine", ["wasm"]),
        ("seed", -1),
        ("clip", -1),
        ("colour", "red"),
    ],
)
def test_a_bad_value_is_refused_in_one_sentence(name: str, value: Any) -> None:
    with pytest.raises(SettingsError) as caught:
        RunSettings.make({name: value})
    message = str(caught.value)
    assert message.endswith(".")
    assert (FIELDS[name].label if name in FIELDS else name) in message


def test_zero_switches_off_what_has_a_lower_limit() -> None:
    assert RunSettings.make({"clip": 0, "patience": "0"}).patience == 0


def test_hidden_sizes_can_be_typed_in_several_ways() -> None:
    for text in ("128,64", "128, 64", "128 64", "128-64"):
        assert RunSettings.make({"hidden": text}).hidden == (128, 64)
    assert RunSettings.make({"hidden": ""}).hidden == ()


def test_a_url_keeps_what_is_good_and_reports_what_is_not() -> None:
    settings, refused = from_query("?lr=0.5&batch=many&theme=dark&epochs=2")
    assert (settings.lr, settings.epochs, settings.batch) == (0.5, 2, RunSettings().batch)
    assert len(refused) == 1
    assert "Batch size" in refused[0]
