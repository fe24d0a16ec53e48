"""What a link says, and that the address follows the page: tab, tour, model, settings, the parts that it shows."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tabgrad.settings import FIELDS, RunSettings
from tabgrad.ui.address import AREAS, CONTROLS, MODEL, SHOW, TABS, Address, Place

STYLES = Path(__file__).parents[3] / "web" / "styles" / "lesson.css"
MODELS = ("mlp", "cnn")


class Bar:
    """An address bar. `writes` counts its changes."""

    def __init__(self, url: str = "") -> None:
        parts = urlsplit(url)
        self._query, self._fragment = parts.query, parts.fragment
        self.writes = 0

    def query(self) -> str:
        return self._query

    def fragment(self) -> str:
        return self._fragment

    def replace_query(self, text: str) -> None:
        self._query, self.writes = text, self.writes + 1

    def replace_fragment(self, text: str) -> None:
        self._fragment, self.writes = text, self.writes + 1

    def href(self) -> str:
        query, fragment = f"?{self._query}" if self._query else "", f"#{self._fragment}" if self._fragment else ""
        return f"https://example.org/{query}{fragment}"


@pytest.mark.parametrize(
    ("fragment", "place"),
    [
        ("", Place()),
        *((name, Place(tab=name)) for name in TABS),
        ("kernels", Place(tab="code")),
        ("tour-3", Place(step=3)),
        ("tour-99", Place(step=99)),  # the tour begins then
        *(
            (text, Place())
            for text in ("pad", "tour-", "tour-x", "tour--1", "tour-\u00b2", "tour-\u0663", "%", "data ")
        ),
        ("lesson-shapes", Place(tab="data", lesson="shapes")),
        ("lesson-", Place()),
        ("tour-" + "9" * 5_000, Place(step=9999)),
    ],
)
def test_a_fragment_leads_to_a_tab_or_a_step_of_the_tour_or_nowhere(fragment: str, place: Place) -> None:
    bar = Bar()
    bar.replace_fragment(fragment)
    assert Address(bar).place == place


def test_tab_and_tour_are_written_once() -> None:
    bar = Bar("?lr=0.1")
    address = Address(bar)
    address.set_tab("data")
    address.set_tab("data")
    assert address.link() == "https://example.org/?lr=0.1#data"
    assert bar.writes == 1
    address.set_step(3)
    assert address.place == Place(step=3)
    address.set_lesson("arrows")
    assert address.place == Place(tab="data", lesson="arrows")


def test_the_model_that_answers_is_in_the_address_unless_it_answers_anyway() -> None:
    bar = Bar("?lr=0.1")
    address = Address(bar)
    assert address.model(MODELS) == "mlp"
    address.set_model("cnn")
    assert bar.query() == "lr=0.1&answer=cnn"
    assert Address(bar).model(MODELS) == "cnn"
    address.set_model("run-1753")  # a network of this browser alone
    assert bar.query() == "lr=0.1"
    address.set_model("mlp")
    assert bar.query() == "lr=0.1"
    assert address.refused == []


def test_a_model_that_is_not_there_is_said_in_a_sentence() -> None:
    address = Address(Bar("?answer=resnet"))
    assert address.model(MODELS) == "mlp"
    assert address.refused == ["There is no model called 'resnet' here: choose mlp or cnn."]


def test_the_setting_model_and_the_model_that_answers_are_two_things() -> None:
    """`?model=cnn` has always been the network of the next run: old links mean that."""
    bar = Bar("?model=cnn&answer=cnn&engine=wasm")
    address = Address(bar)
    assert (address.settings()[0].model, address.model(MODELS)) == ("cnn", "cnn")
    address.set_settings(RunSettings(lr=0.1))
    assert bar.query() == "answer=cnn&lr=0.1&warm_up=0.1"


def test_settings_replace_settings_and_nothing_else() -> None:
    bar = Bar("?lr=0.5&show=pad,train&batch=64&other=1")
    address = Address(bar)
    settings, refused = address.settings()
    assert (settings.lr, settings.batch, refused) == (0.5, 64, [])
    address.set_settings(RunSettings(epochs=2))
    assert bar.query() == "show=pad,train&other=1&warm_up=0.1&epochs=2"
    address.set_settings(RunSettings())
    assert bar.query() == "show=pad,train&other=1"


def test_a_setting_that_is_wrong_is_said_in_a_sentence() -> None:
    settings, refused = Address(Bar("?lr=banana&batch=64")).settings()
    assert settings.batch == 64
    assert len(refused) == 1


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {*AREAS, *CONTROLS}),
        ("show=", {*AREAS, *CONTROLS}),
        ("show=pad,train", {"pad", "train"}),
        ("show= Pad , TRAIN ", {"pad", "train"}),
        ("show=pad,answer,kernels", {"pad", "answer", "code"}),
        ("show=pad,settings", {"pad", "train", "settings"}),  # where the settings are
        ("show=tour", {*AREAS, "tour"}),  # a link never hides everything
        ("show=nothing,nowhere", {*AREAS, *CONTROLS}),
        ("show=pad,nowhere", {"pad"}),
    ],
)
def test_a_link_shows_a_part_of_the_page_and_never_nothing(query: str, shown: set[str]) -> None:
    address = Address(Bar(f"?{query}"))
    assert {part for part in (*AREAS, *CONTROLS) if address.shows(part)} == shown
    assert set(address.hidden) == {*AREAS, *CONTROLS} - shown
    assert len(address.refused) == ("nowhere" in query)


def test_an_unknown_part_is_named_with_those_that_there_are() -> None:
    (sentence,) = Address(Bar("?show=pad,pants")).refused
    assert "'pants'" in sentence
    assert all(part in sentence for part in (*AREAS, *CONTROLS))


@pytest.mark.parametrize("name", ["x" * 999, "%00" * 999, "%0A%E2%80%AE" * 99])
def test_what_an_address_names_is_quoted_in_short(name: str) -> None:
    address = Address(Bar(f"?answer={name}&show={name}"))
    assert address.model(MODELS) == "mlp"
    for sentence in address.refused:
        assert len(sentence) <= 200
        assert sentence.isprintable()


def test_the_styles_hide_what_a_link_can_hide() -> None:
    styled = set(re.findall(r'data-hides~="(\w+)"', STYLES.read_text()))
    assert styled == {*AREAS, *CONTROLS}


def test_names_in_the_query_mean_one_thing() -> None:
    assert not {MODEL, SHOW} & FIELDS.keys()
