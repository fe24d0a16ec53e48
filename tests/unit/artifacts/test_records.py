"""What stands in a checkpoint's record, in the table of runs and in the index of a timeline is checked where it is
read.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tabgrad.artifacts import Record, load_rows, pack, read_record, unpack
from tabgrad.artifacts import load_index as load_timeline
from tabgrad.network import WeightsError, save_safetensors
from tabgrad.settings import RunSettings
from tests.unit.ui.train.train_stores import run_row


def good() -> dict[str, Any]:
    record = Record(RunSettings(batch=10, epochs=20), 2000, 1000)
    record.add(np.ones(95, np.float32), np.ones(95, np.int32))
    record.add_validation(0.5, 0.9)
    body: dict[str, Any] = json.loads(json.dumps(record.to_json()))
    return body


def with_curve(name: str, values: list[Any]) -> dict[str, Any]:
    return {"curves": {**good()["curves"], name: values}}


BAD: dict[str, dict[str, Any]] = {
    "a text for a step": {"step": "95"},
    "a fraction of a step": {"step": 9.5},
    "a negative step": {"step": -1},
    "more steps than there are": {"step": 2001},
    "no steps": {"steps": 0},
    "steps without end": {"steps": 10**15},
    "other steps than its settings give": {"steps": 10**10},
    "fewer steps than its settings give": {"steps": 1999},
    "no samples": {"samples": 0},
    "a truth": {"samples": True},
    "negative seconds": {"seconds": -1.0},
    "an accuracy above 1": {"best_accuracy": 1.5},
    "a text for an accuracy": {"best_accuracy": "high"},
    "an epoch below 0": {"best_epoch": -2},
    "a negative window": {"window_steps": -5},
    "more hits than images": {"window_correct": 10**6},
    "a list as fingerprint": {"fingerprint": []},
    "an endless name": {"origin": "x" * 5000},
    "settings that are a list": {"settings": []},
    "a learning rate of 400 digits": {"settings": {"lr": 10**400}},
    "curves that are a list": {"curves": []},
    "curves that lack one": {"curves": {"step": []}},
    "curves of unequal length": with_curve("loss", [1.0]),
    "texts in a curve": with_curve("loss", ["1"] * 9),
    "steps in disorder": with_curve("step", [9, 8, 7, 6, 5, 4, 3, 2, 1]),
    "steps after the last": with_curve("step", [10, 20, 30, 40, 50, 60, 70, 80, 96]),
    "an accuracy of 2 in a curve": with_curve("accuracy", [2] * 9),
    "tunings that are an object": {"tunings": {}},
    "tunings of numbers": {"tunings": [3]},
    "a tuning of an unknown setting": {"tunings": [{"step": 3, "mood": 1}]},
    "a tuning of a fixed setting": {"tunings": [{"step": 3, "batch": 1}]},
    "a tuning without a step": {"tunings": [{"lr": 0.1}]},
    "a tuning to a bad value": {"tunings": [{"step": 3, "lr": "fast"}]},
    "an unknown part": {"mood": 1},
}


@pytest.mark.parametrize("what", BAD)
def test_a_record_that_would_fail_later_is_refused_where_it_is_read(what: str) -> None:
    body = {**good(), **BAD[what]}
    with pytest.raises(ValueError):  # noqa: PT011 # the sentence is the checkpoint's
        Record.from_json(body)
    for read in (read_record, unpack):
        with pytest.raises(WeightsError, match="record is damaged"):
            read(save_safetensors({}, {"format": "tabgrad-checkpoint", "record": json.dumps(body)}))


@pytest.mark.parametrize("text", ["[" * 5000, '{"settings":' * 5000, '{"step": NaN}', '{"a": 1, "a": 1}', ""])
def test_a_record_that_is_no_json_is_one_sentence(text: str) -> None:
    with pytest.raises(WeightsError, match="record is damaged"):
        unpack(save_safetensors({}, {"format": "tabgrad-checkpoint", "record": text}))


def test_a_good_record_survives() -> None:
    record = Record.from_json(good())
    assert record.to_json() == good()
    assert unpack(pack({}, record)).record == record


def test_fewer_epochs_during_a_run_lose_no_step_of_the_curves() -> None:
    record = Record(RunSettings(batch=10, epochs=40), 4000, 1000)  # a point for each 20 steps
    record.add(np.ones(19, np.float32), np.ones(19, np.int32))
    record.settings, record.steps = RunSettings(batch=10, epochs=10), 1000  # a point for each 5
    record.add(np.full(11, 3, np.float32), np.ones(11, np.int32))
    assert (record.step, record.curves.step, record.window_steps) == (30, [20, 25, 30], 0)
    np.testing.assert_allclose(record.curves.loss, [(19 + 3) / 20, 3, 3])
    assert Record.from_json(json.loads(json.dumps(record.to_json()))) == record


ROWS: list[dict[str, Any]] = [
    {"number": "1"},
    {"number": True},
    {"number": 10**90},
    {"test_accuracy": "0.9"},
    {"test_accuracy": 3},
    {"validation_accuracy": None},
    {"seconds": -1},
    {"epochs_done": []},
    {"engine": 7},
    {"origin": ["Run 1"]},
    {"test_interval": 3},
    {"test_interval": [0.1, 0.2, 0.3]},
    {"parameters": -5},
    {"steps": -1},
    {"id": ""},
    {"id": "../x"},
    {"id": {}},
    {"id": "x" * 999},
    {"settings": []},
    {"settings": {"hidden": [4000]}},
]


@pytest.mark.parametrize("change", ROWS)
def test_a_row_that_cannot_be_shown_is_left_out(change: dict[str, Any]) -> None:
    row = {**run_row("a"), "number": 1}
    assert load_rows(json.dumps([row, {**row, "id": "b", **change}, 7, None, row]).encode()) == [row]


@pytest.mark.parametrize("content", [b"[" * 5000, b"[NaN]", b"\xff", b"", b"{}"])
def test_a_table_that_is_none_is_empty(content: bytes) -> None:
    assert load_rows(content) == []


@pytest.mark.parametrize(
    "change",
    [
        {"step": "3"},
        {"step": 3.5},
        {"step": -1},
        {"epoch": None},
        {"accuracy": 1.5},
        {"accuracy": True},
        {"confusion": 3},
        {"confusion": [[1, 2]]},
        {"confusion": [[1] * 10] * 9},
        {"confusion": [[1]]},
        {"confusion": [[1] * 37] * 37},
        {"confusion": [[-1] * 10] * 10},
        {"confusion": [["1"] * 10] * 10},
        {"confusion": [[10**30] * 10] * 10},
    ],
)
def test_a_damaged_index_of_a_timeline_is_refused(change: dict[str, Any]) -> None:
    row = {"step": 3, "epoch": 0.5, "accuracy": 0.9, "confusion": []}
    assert load_timeline(json.dumps({"run": "a", "moments": [row]}).encode())[0] == "a"
    for classes in (2, 10, 36):
        counted = json.dumps({"run": "a", "moments": [{**row, "confusion": [[1] * classes] * classes}]})
        assert len(load_timeline(counted.encode())[1][0].confusion) == classes
    for body in ({"run": "a", "moments": [{**row, **change}]}, {"run": 3, "moments": [row]}, {"run": "a"}, [row]):
        with pytest.raises(ValueError):  # noqa: PT011 # it is shown to nobody
            load_timeline(json.dumps(body).encode())
    with pytest.raises(ValueError, match="nested"):
        load_timeline(b"[" * 5000)
