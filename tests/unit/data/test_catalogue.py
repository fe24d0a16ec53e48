"""The catalogue of data sets: names that are stored, titles, opening, and a package that is cheap to import."""

from __future__ import annotations

import asyncio
import doctest
import importlib
import json
import subprocess
import sys

import pytest

from tabgrad.data import DATA_SET_TITLES, DataError
from tabgrad.data.catalogue import DataSets, site_titles
from tabgrad.data.generated import GeneratedData
from tabgrad.data.packed import PackedData
from tests.unit.data.test_reader import small


def data_sets(urls: dict[str, object], **index: object) -> tuple[DataSets, list[str]]:
    """Data sets of a site, and the URLs that they fetch. `index` is what MNIST's index says besides."""
    files, log = small(), list[str]()
    files["index.json"] = json.dumps({**json.loads(files["index.json"]), **index}).encode()

    async def fetch(url: str) -> bytes:
        log.append(url)
        return files[url.rpartition("/")[2]]

    async def inflate(data: bytes) -> bytes:
        return data

    return DataSets(urls, fetch, inflate), log


def test_names_are_those_that_settings_and_addresses_have_stored() -> None:
    assert DATA_SET_TITLES == {"mnist": "MNIST", "strokes": "Generated digits", "mine": "Your own drawings"}
    assert list(DATA_SET_TITLES) == ["mnist", "strokes", "mine"]


def test_a_site_offers_what_it_has_itself() -> None:
    assert site_titles({"mnist": {"index": "index.json"}}) == {"mnist": "MNIST", "strokes": "Generated digits"}
    assert site_titles({"mnist": None}) == site_titles({}) == {"strokes": "Generated digits"}


def test_a_packed_data_set_is_opened_once_from_its_folder() -> None:
    sets, log = data_sets({"mnist": {"index": "data/v1/index.json"}}, shape=[28, 28])
    data = asyncio.run(sets.open("mnist"))
    assert asyncio.run(sets.open("mnist")) is data
    assert isinstance(data, PackedData)
    assert (data.description, data.count, data.size("test")) == ("MNIST", 18, 18)
    assert log == ["data/v1/index.json"]
    with pytest.raises(DataError, match=r"^There is no split called 'other': choose train or validation or test\.$"):
        data.size("other")


@pytest.mark.parametrize("shape", [[29, 28], [1, 1]])
def test_images_of_another_size_than_the_page_has_are_refused(shape: list[int]) -> None:
    sets, _ = data_sets({"mnist": {"index": "index.json"}}, shape=shape)
    with pytest.raises(DataError, match="describes other images"):
        asyncio.run(sets.open("mnist"))


def test_a_site_without_mnist_offers_generated_digits_instead_and_says_so() -> None:
    sets, log = data_sets({"mnist": None})
    instead, generated = (asyncio.run(sets.open(name)) for name in ("mnist", "strokes"))
    assert isinstance(instead, GeneratedData)
    assert instead.description == "Generated digits, because this site was built without MNIST"
    assert generated.description == "Generated digits"
    assert asyncio.run(sets.open("strokes")) is generated
    assert log == []


def test_without_drawings_the_error_says_how_many_are_missing() -> None:
    with pytest.raises(DataError, match=r"keep 8 more drawings under"):
        asyncio.run(data_sets({})[0].open("mine"))


def test_an_unknown_name_is_refused_in_one_sentence() -> None:
    with pytest.raises(DataError, match=r"^There is no data set called 'other': choose mnist, strokes, mine\.$"):
        asyncio.run(data_sets({})[0].open("other"))


def test_the_titles_are_cheap_to_import() -> None:
    """The page imports them to build the training form, before any data is needed."""
    code = "import json, sys, tabgrad.data.catalogue; print(json.dumps([*sys.modules]))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = {name for name in json.loads(printed) if name == "gzip" or name.startswith("tabgrad.data")}
    assert loaded == {f"tabgrad.data{part}" for part in ("", ".base", ".catalogue")}


@pytest.mark.parametrize("package", ["tabgrad.data", "tabgrad.data.strokes", "tabgrad.ink", "tabgrad.explain"])
def test_the_example_of_a_package_runs(package: str) -> None:
    result = doctest.testmod(importlib.import_module(package))
    assert result.attempted > 0
    assert result.failed == 0
