"""Damaged safetensors: plain ones, weights files, checkpoints and their records."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from tabgrad.artifacts import CheckpointFile, Record, WeightsFile, load_weights, pack, read_record, save_weights, unpack
from tabgrad.backends.oracle import OracleNetwork
from tabgrad.incoming import read_json
from tabgrad.network import (
    WeightsError,
    draw_weights,
    load_safetensors,
    read_header,
    save_safetensors,
    training_state_for,
    weights_for,
)
from tabgrad.program import Buffer, Program
from tabgrad.settings import RunSettings, answering_spec
from tests.fuzz.formats.base import SETTINGS, Format, check_sentence
from tests.fuzz.mutate import NUMBERS, Damage

SHAPES = {"layers.0.weight": (784, 4), "layers.0.bias": (4,), "layers.1.weight": (4, 10), "layers.1.bias": (10,)}
DRAWN = draw_weights(SHAPES, 1)
STATE = {f"opt.{name}.velocity": np.zeros(shape, np.float32) for name, shape in SHAPES.items()}
#: A program that is never run: what weights must fit.
PROGRAM = Program(
    "net",
    "wgsl",
    {},
    (
        *(Buffer(name, "float32", shape, "weight") for name, shape in SHAPES.items()),
        *(Buffer(name, "float32", value.shape, "state") for name, value in STATE.items()),
    ),
    (),
)
ANSWERING = Program("net", "wgsl", {}, PROGRAM.buffers[: len(SHAPES)], ())


def with_header(text: bytes, body: bytes) -> bytes:
    return len(text).to_bytes(8, "little") + text + body


def parts(data: bytes) -> tuple[Any, bytes]:
    """The header and the body of a good file."""
    size = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + size]), data[8 + size :]


SMALL = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(4, np.int64), "c": np.array([True, False])}


def damaged_file(damage: Damage, data: bytes) -> bytes:
    header, body = parts(data)
    how = damage.rng.random()
    if how < 0.3:
        return damage.bytes(data)
    return with_header(damage.text(header), damage.bytes(body) if how > 0.9 else body)


def use_safetensors(data: bytes, read: tuple[dict[str, NDArray[Any]], dict[str, str]]) -> None:
    tensors, metadata = read
    assert read_header(data) == ({name: t.shape for name, t in tensors.items()}, metadata)
    again, notes = load_safetensors(save_safetensors(tensors, metadata))
    assert notes == metadata
    theirs = safetensors.numpy.load(data)  # what we accept, the library does
    assert again.keys() == tensors.keys() == theirs.keys()
    for name, tensor in tensors.items():
        assert tensor.tobytes() == again[name].tobytes() == theirs[name].tobytes()


def damaged_weights(damage: Damage) -> bytes:
    """Of the tensors, of what the file says of them, and of both."""
    rng = damage.rng
    tensors: dict[str, Any] = dict(DRAWN)
    name = rng.choice(list(tensors))
    match rng.randrange(9):
        case 0:
            tensors[name] = tensors[name].copy()
            value = rng.choice([n for n in NUMBERS if abs(n) <= 1e308])
            with np.errstate(over="ignore"):
                tensors[name].reshape(-1)[rng.randrange(tensors[name].size)] = np.float32(value)
        case 1:
            tensors[name] = tensors[name] * np.float32(rng.choice([1e9, 1e20, 1e30, 0, -1]))
        case 2:
            tensors[name] = tensors[name].T if rng.random() < 0.5 else tensors[name][..., None]
        case 3:
            tensors = {name: t.T for name, t in tensors.items()}
        case 4:
            tensors[name] = tensors[name].astype(rng.choice(["float16", "int32", "int8"]))
        case 5:
            tensors[rng.choice(["layers.9.weight", "input_mean", "x" * 99, ""])] = np.zeros(
                rng.choice([1, 784]), np.float32
            )
        case 6:
            del tensors[name]
    metadata = {
        "spec": json.dumps(answering_spec(SETTINGS)),
        "settings": json.dumps(SETTINGS.to_json()),
        "step": "12",
        "format": "tabgrad-weights",
    }
    for key in [key for key in metadata if rng.random() < 0.2]:
        del metadata[key]
    for key in [key for key in metadata if rng.random() < 0.3]:
        value = SETTINGS.to_json() if key == "settings" else answering_spec(SETTINGS)
        metadata[key] = damage.text(value).decode("utf-8", "replace")
    data = save_safetensors(tensors, metadata)
    return damaged_file(damage, data) if rng.random() < 0.2 else data


def read_weights(data: bytes) -> tuple[WeightsFile, RunSettings, dict[str, NDArray[Any]]]:
    file = load_weights(data)
    if file.remark:
        check_sentence(file.remark)
    return file, file.settings, weights_for(ANSWERING, file.tensors)


def use_weights(_data: bytes, read: tuple[WeightsFile, RunSettings, dict[str, NDArray[Any]]]) -> None:
    file, settings, fitting = read
    assert len(file.step) < 16
    assert file.spec in ({}, answering_spec(settings))
    image = np.ones((1, 784), np.float32)
    assert np.isfinite(OracleNetwork({"kind": "mlp", "hidden": [4]}, fitting).forward(image)).all()
    assert load_weights(save_weights(fitting, settings)).settings == settings


def a_record() -> Record:
    record = Record(SETTINGS, 430 * 3, 55_000, origin="MLP")
    rng = np.random.default_rng(0)
    record.add_validation(2.3, 0.1)
    record.add(rng.random(500).astype(np.float32), rng.integers(0, 128, 500).astype(np.int32))
    record.add_validation(0.5, 0.9)
    record.tunings.append({"step": 100, "lr": 0.1, "epochs": 3})
    record.best_accuracy, record.best_epoch, record.seconds = 0.9, 1, 2.5
    for name, values in vars(record.curves).items():  # a few points are as good as many
        setattr(record.curves, name, values[:4])
    return record


RECORD = a_record()


def use_record(_text: bytes, record: Record) -> None:
    """What page and worker do with it."""
    assert Record.from_json(json.loads(json.dumps(record.to_json()))) == record
    assert math.isfinite(record.epoch)
    for name in ("loss", "accuracy"):
        assert len({len(column) for column in record.curves.columns(name, record.steps / record.settings.epochs)}) == 1
    before = record.step
    record.add(np.ones(9, np.float32), np.ones(9, np.int32))
    assert record.step == before + 9


def damaged_checkpoint(damage: Damage) -> bytes:
    body = json.loads(json.dumps(RECORD.to_json()))
    text = (
        damage.text(body, "curves", "settings", "tunings", "step").decode("utf-8", "replace")
        if damage.rng.random() < 0.8
        else json.dumps(body)
    )
    tensors: dict[str, Any] = {**DRAWN, **STATE}
    if damage.rng.random() < 0.2:
        del tensors[damage.rng.choice(list(tensors))]
    data = save_safetensors(tensors, {"format": "tabgrad-checkpoint", "record": text})
    return damaged_file(damage, data) if damage.rng.random() < 0.2 else data


def read_checkpoint(data: bytes) -> CheckpointFile:
    checkpoint = unpack(data)
    training_state_for(PROGRAM, checkpoint.tensors)
    return checkpoint


def use_checkpoint(data: bytes, checkpoint: CheckpointFile) -> None:
    assert checkpoint.record == read_record(data)
    assert unpack(pack(checkpoint.tensors, checkpoint.record)).record == checkpoint.record
    use_record(data, checkpoint.record)


def damaged_record(damage: Damage) -> bytes:
    return damage.text(json.loads(json.dumps(RECORD.to_json())), "curves", "settings", "tunings", "steps", "step")


WEIGHTS: dict[str, Format] = {
    "safetensors": Format(
        lambda damage: damaged_file(damage, save_safetensors(SMALL, {"note": "é"})),
        load_safetensors,
        use_safetensors,
        (WeightsError,),
    ),
    "weights": Format(damaged_weights, read_weights, use_weights, (WeightsError,)),
    "checkpoint": Format(damaged_checkpoint, read_checkpoint, use_checkpoint, (WeightsError,)),
    "record": Format(
        damaged_record, lambda text: Record.from_json(read_json(text)), use_record, (ValueError,), shown=False
    ),
}
