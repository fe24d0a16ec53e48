"""Settings keep within their limits and survive JSON and the URL."""

import re
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabgrad.network import CODE
from tabgrad.settings import (
    FIELDS,
    PRESETS,
    ChoiceField,
    NumberField,
    RunSettings,
    SettingsError,
    SizesField,
    answering_spec,
    caution,
    from_query,
    network_name,
    settings_for,
    to_query,
    training_spec,
)


def values_of(field: NumberField | ChoiceField | SizesField) -> st.SearchStrategy[Any]:
    if isinstance(field, ChoiceField):
        return st.sampled_from(sorted(field.options))
    if isinstance(field, SizesField):
        return st.lists(st.integers(1, field.high), max_size=field.most).map(tuple)
    if field.integer:
        return st.integers(int(field.low), int(field.high))
    return st.floats(field.low, field.high)


SETTINGS = st.fixed_dictionaries({name: values_of(field) for name, field in FIELDS.items()}).map(RunSettings.make)


def test_every_setting_has_a_field_that_allows_its_default() -> None:
    assert [item.name for item in fields(RunSettings)] == [
        *FIELDS,
        "source",
        "labels",
    ]  # from the editor, and from the data
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
        ("hidden", [float("inf")]),
        ("hidden", [1.5]),
        ("hidden", [True]),
        ("hidden", {"128": 1}),
        ("hidden", "9" * 5000),
        ("lr", 10**400),
        ("lr", "1" + "0" * 400),
        ("lr", True),
        ("lr", []),
        ("lr", {"a": "x" * 999}),
        ("seed", "9" * 5000),
        ("seed", "\n" * 99),
        ("engine", "x" * 999),
        ("x" * 999, 1),
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
    assert len(message) <= 160
    assert message.isprintable()
    assert (FIELDS[name].label if name in FIELDS else name[:40]) in message


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


def test_of_a_name_that_stands_twice_in_a_url_the_last_value_counts() -> None:
    assert from_query("lr=fast&lr=0.5&lr=" + "&lr=".join(["0.25"] * 999))[0].lr == 0.25
    assert len(from_query("lr=fast&" * 999)[1]) == 1


def test_what_is_no_list_of_names_is_refused() -> None:
    values: Any = []
    with pytest.raises(SettingsError, match="names with values"):
        RunSettings.make(values)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("lr", 99, "Learning rate must be between 0.000001 and 10, not 99."),
        ("lr", 2e-7, "Learning rate must be between 0.000001 and 10, not 0.0000002."),
        ("seed", 2**31, "Seed must be between 0 and 2147483647, not 2147483648."),
        ("dropout", 1e300, "Dropout must be between 0 and 0.9, not 1e+300."),
    ],
)
def test_limits_are_written_as_people_write_numbers(name: str, value: float, sentence: str) -> None:
    with pytest.raises(SettingsError, match=f"^{re.escape(sentence)}$"):
        RunSettings.make({name: value})


def test_the_defaults_are_the_preset_fast() -> None:
    assert RunSettings() == PRESETS["fast"].settings
    assert to_query(RunSettings()) == ""
    assert from_query("") == (RunSettings(), [])
    assert from_query("engine=wasm&tab=train") == (
        RunSettings(engine="wasm"),
        [],
    )  # who chooses an engine sets no run up


def test_an_old_link_means_what_it_meant() -> None:
    """Version 0.1's defaults, which its links leave out."""
    first = {"schedule": "one_cycle", "warm_up": 0.25, "optimizer": "momentum", "lr": 0.4, "epochs": 3.0, "batch": 128}
    for query in ("hidden=64-32", "seed=7", "hidden=32&epochs=4&engine=wasm"):
        settings, _ = from_query(query)
        named = dict(pair.split("=") for pair in query.split("&"))
        assert {name: getattr(settings, name) for name in first if name not in named} == {
            name: value for name, value in first.items() if name not in named
        }
    assert RunSettings.stored({"lr": 0.1}).warm_up == 0.25


def test_a_new_link_says_what_an_old_one_would_leave_out() -> None:
    assert to_query(RunSettings(hidden=(64, 32), engine="wasm")) == "hidden=64-32&warm_up=0.1&engine=wasm"
    assert to_query(RunSettings(engine="wasm")) == "engine=wasm"
    assert from_query(to_query(RunSettings(warm_up=0.25)))[0].warm_up == 0.25


def test_presets_say_on_which_images_they_keep_their_promise() -> None:
    for preset in PRESETS.values():
        assert len(preset.title) <= 14
        assert len(preset.promise) <= 16
        promised = re.findall(r"about [\d.]+ %", preset.promise)
        assert promised
        assert f"{promised[0]} right on validation images" in preset.hint


def test_no_two_networks_have_one_name() -> None:
    assert network_name(RunSettings(hidden=(64, 32))) == "784-64-32-10"
    assert network_name(PRESETS["cnn"].settings) == PRESETS["cnn"].title == "Small CNN"
    model = FIELDS["model"]
    assert isinstance(model, ChoiceField)
    assert model.options["cnn"] == "Small CNN"


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_has_one_plain_sentence(name: str) -> None:
    hint = FIELDS[name].hint
    assert hint.endswith(".")
    assert ". " not in hint, "one sentence"
    assert len(hint) <= 110


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_needs_no_caution(name: str) -> None:
    assert caution(PRESETS[name].settings) == ""


@pytest.mark.parametrize(
    ("values", "is_safe"),
    [
        ({"epochs": 100}, True),
        ({"epochs": 200}, False),
        ({"epochs": 200, "lr": 0.2}, True),
        ({"epochs": 200, "clip": 1.0}, True),
        ({"epochs": 200, "weight_decay": 1e-4}, True),
        ({"epochs": 200, "optimizer": "sgd", "lr": 0.5}, True),
        ({"epochs": 200, "optimizer": "adamw", "lr": 0.003}, True),
        ({"epochs": 50, "momentum": 0.99}, False),
    ],
)
def test_a_run_that_is_longer_than_was_found_to_be_safe_is_cautioned(values: dict[str, Any], is_safe: bool) -> None:
    settings = RunSettings.make(values)
    assert (caution(settings) == "") == is_safe
    if not is_safe:
        (rate,) = re.findall(r"a rate of ([\d.e-]+) or", caution(settings))
        assert caution(RunSettings.make({"lr": float(rate)}, settings)) == ""


WRITTEN = RunSettings(model=CODE, source="class Net: ...\n")


def test_a_source_is_kept_and_describes_its_network() -> None:
    assert RunSettings.stored(WRITTEN.to_json()) == RunSettings.make(WRITTEN.to_json()) == WRITTEN
    assert training_spec(WRITTEN) == answering_spec(WRITTEN) == {"kind": CODE, "source": WRITTEN.source}
    assert settings_for(training_spec(WRITTEN), RunSettings()) == WRITTEN
    assert "source" not in RunSettings().to_json()
    assert {"hidden", "activation", "center", "dropout"} <= WRITTEN.unused()


def test_a_source_is_never_in_an_address() -> None:
    assert "class" not in to_query(WRITTEN)
    assert "source" not in to_query(replace(WRITTEN, lr=0.1))
    assert from_query("source=raise&lr=0.1")[0].source == ""
    assert from_query("model=code")[0].model == CODE  # the source is in the fragment


@pytest.mark.parametrize("source", [None, 3, "x" * 100_001, "\0", "\ud800"])
def test_what_no_source_can_be_is_refused(source: object) -> None:
    with pytest.raises(SettingsError):
        RunSettings.make({"model": CODE, "source": source})
