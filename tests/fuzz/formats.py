"""What is read from outside: for each format how damaged input is made, how it is read, and what must hold then."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote

import numpy as np
import safetensors.numpy

from tabgrad import protocol
from tabgrad.artifacts import (
    Record,
    TimelineEntry,
    dump_index,
    dump_rows,
    load_rows,
    load_weights,
    pack,
    read_record,
    save_weights,
    to_csv,
    unpack,
)
from tabgrad.artifacts import load_index as load_timeline
from tabgrad.backends.oracle import OracleNetwork
from tabgrad.data import DataError
from tabgrad.data import drawings as drawing_files
from tabgrad.data.index import BlockInfo, DataIndex, SplitInfo, load_index
from tabgrad.data.mnist import parse_idx, unzip
from tabgrad.explain.wasm_reader import read_kernel
from tabgrad.incoming import read_json
from tabgrad.ink import Sheet, Snapshot, Stroke
from tabgrad.network import (
    WeightsError,
    draw_weights,
    load_safetensors,
    read_header,
    save_safetensors,
    training_state_for,
    weights_for,
)
from tabgrad.program import Buffer, Program, ProgramError, dumps, kernel_key, loads, program_hash, validate
from tabgrad.program.schema import Kernel
from tabgrad.program.wasm_binary import is_kernel_module
from tabgrad.settings import RunSettings, SettingsError, answering_spec, from_query, to_query
from tabgrad.ui.address import Address
from tabgrad.ui.models.model import parse_card
from tabgrad.ui.pad.gestures import begin
from tabgrad.ui.pad.ink_log import from_log, to_log
from tests.fuzz.mutate import NUMBERS, TEXTS, Damage

MODELS = Path(__file__).parents[2] / "models"
SIZE = 280.0
SETTINGS = RunSettings(hidden=(4,), optimizer="momentum")
SHAPES = {"layers.0.weight": (784, 4), "layers.0.bias": (4,), "layers.1.weight": (4, 10), "layers.1.bias": (10,)}
WEIGHTS = draw_weights(SHAPES, 1)
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
#: Words of Python that no sentence for a visitor has.
PYTHON = re.compile(r"\b(NoneType|dict|tuple|int|str|[A-Z]\w+Error|Traceback|object at)\b")


@dataclass(frozen=True)
class Format:
    """`make` makes damaged input, `read` reads it and checks what it accepts; `errors` is all that it may raise.

    `shown`: a visitor sees the error's sentence.
    """

    make: Callable[[Damage], Any]
    read: Callable[[Any], object]
    errors: tuple[type[Exception], ...] = ()
    shown: bool = True


def check_sentence(text: str) -> None:
    """What a visitor may be shown."""
    assert len(text) <= 170, f"{len(text)} characters: {text}"  # 30 are for "The file was not imported: "
    assert text.endswith((".", "?")), text
    assert text.isprintable(), text
    assert not PYTHON.search(text), text


# ---- safetensors: files, weights, checkpoints


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


def read_safetensors(data: bytes) -> None:
    tensors, metadata = load_safetensors(data)
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
    tensors: dict[str, Any] = dict(WEIGHTS)
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


def read_weights(data: bytes) -> None:
    file = load_weights(data)
    settings, spec = file.settings, file.spec
    if file.remark:
        check_sentence(file.remark)
    assert len(file.step) < 16
    fitting = weights_for(Program("net", "wgsl", {}, PROGRAM.buffers[: len(SHAPES)], ()), file.tensors)
    assert spec in ({}, answering_spec(settings))
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


def use_record(record: Record) -> None:
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
    tensors: dict[str, Any] = {**WEIGHTS, **STATE}
    if damage.rng.random() < 0.2:
        del tensors[damage.rng.choice(list(tensors))]
    data = save_safetensors(tensors, {"format": "tabgrad-checkpoint", "record": text})
    return damaged_file(damage, data) if damage.rng.random() < 0.2 else data


def read_checkpoint(data: bytes) -> None:
    record = read_record(data)
    checkpoint = unpack(data)
    assert checkpoint.record == record
    training_state_for(PROGRAM, checkpoint.tensors)
    assert unpack(pack(checkpoint.tensors, record)).record == record
    use_record(record)


def read_record_text(text: bytes) -> None:
    use_record(Record.from_json(read_json(text)))


# ---- Programs


@cache
def program_texts() -> list[str]:
    names = ("mlp/programs/infer.wasm.simd.json", "mlp/programs/infer.wgsl.default.json")
    return [(MODELS / name).read_text() for name in names]


def damaged_program(damage: Damage) -> bytes:
    """A part of them has a hash that fits."""
    text = damage.rng.choice(program_texts())
    if damage.rng.random() < 0.3:
        return damage.bytes(text.encode())
    body, part = json.loads(text), damage.rng.choice(["kernels", "buffers", "dispatch", ""])
    if part:
        body[part] = damage.json(body[part])
        if part == "kernels" and damage.rng.random() < 0.5:
            sign_kernels(body)
    else:
        body = damage.json(body)
    if damage.rng.random() < 0.7 and isinstance(body, dict):
        body.pop("hash", None)
        try:
            signed = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
        except (TypeError, ValueError):
            signed = b""
        body["hash"] = hashlib.sha256(signed).hexdigest()
    return json.dumps(body).encode()


def sign_kernels(body: dict[str, Any]) -> None:
    """Give each kernel the key that fits its code."""
    if not isinstance(body["kernels"], dict):
        return
    new = {}
    for key, kernel in body["kernels"].items():
        try:
            code = kernel.get("source", "").encode() or base64.b64decode(kernel["module"])
            new[key] = hashlib.sha256(code).hexdigest()[:16]
        except (AttributeError, KeyError, TypeError, ValueError):
            new[key] = key
    body["kernels"] = {new[key]: kernel for key, kernel in body["kernels"].items()}
    for launch in body["dispatch"]:
        launch["kernel"] = new.get(launch["kernel"], launch["kernel"])


def read_program(text: bytes) -> None:
    program = loads(text)
    validate(program)
    assert loads(dumps(program)) == program
    assert sum(buffer.size_bytes for buffer in program.buffers) < 2 << 30
    assert read_json(text)["hash"] == program_hash(program)


def damaged_module(damage: Damage) -> tuple[bytes, str, int]:
    program = loads(program_texts()[0])
    launch = damage.rng.choice(program.dispatch)
    kernel = program.kernels[launch.kernel]
    return damage.bytes(kernel.module), kernel.entry, len(launch.buffers)


def read_module(given: tuple[bytes, str, int]) -> None:
    binary, entry, count = given
    usable = is_kernel_module(binary, entry, count)
    key = kernel_key(Kernel(entry, module=binary))
    assert re.fullmatch("[0-9a-f]{16}", key)
    parameters, _ = read_kernel(binary)
    assert not usable or parameters == count


# ---- Data


def damaged_drawings(damage: Damage) -> bytes:
    strokes = tuple(Stroke(np.array(p, np.float32), 1.2) for p in ([[50, 60], [90, 200], [60, 60]], [[1, 2]]))
    drawings = [drawing_files.Drawing(label, strokes, SIZE) for label in (7, 3)]
    return damage.text(json.loads(drawing_files.dumps(drawings, SIZE)), "drawings")


def read_drawings(text: bytes) -> None:
    drawings = drawing_files.loads(text)
    for drawing in drawings[:2]:
        image = drawing.image()
        assert np.isfinite(image).all()
        assert 0 <= image.min() <= image.max() <= 1
    assert [d.label for d in drawing_files.loads(drawing_files.dumps(drawings, SIZE))] == [d.label for d in drawings]


def damaged_idx(damage: Damage) -> bytes:
    raw = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (3, 4, 5)) + bytes(range(60))
    match damage.rng.randrange(3):
        case 0:
            return damage.bytes(raw)
        case 1:
            return gzip.compress(damage.bytes(raw), mtime=0)
        case _:
            return damage.bytes(gzip.compress(raw, mtime=0))


def read_idx(data: bytes) -> None:
    values = parse_idx(unzip(data, "t10k-images"), "t10k-images")
    assert values.dtype == np.uint8
    assert values.ndim <= 4


def damaged_index(damage: Damage) -> bytes:
    blocks = tuple(BlockInfo(f"mnist-{i}.bin", 20, f"{i}" * 64, 99) for i in range(2))
    split = SplitInfo(40, (4,) * 10, blocks)
    index = DataIndex(
        "mnist", (28, 28), 10, "in order", {"a": "b"}, {"train": split, "validation": split, "test": split}
    )
    return damage.text(json.loads(index.dumps()), "splits", "shape", "classes")


def read_index(text: bytes) -> None:
    index = load_index(text)
    assert load_index(index.dumps()) == index
    assert sum(split.count for split in index.splits.values()) * math.prod(index.shape) <= 1 << 29


# ---- What the browser keeps


def damaged_log(damage: Damage) -> str:
    ink = Snapshot((Stroke(np.array([[1, 2], [30, 40]], np.float32), 1.5),), frozenset({(3, 4)}))
    log = [
        *json.loads(to_log(ink, SIZE, 22)),
        {"tool": "eraser", "width": 1, "points": [1, 2, 3, 4]},
        {"tool": "clear"},
    ]
    return damage.text({"log": log, "pointer": damage.rng.choice([-1, 3])}).decode("utf-8", "replace")


def read_log(text: str) -> None:
    actions, _ = from_log(text)
    sheet = Sheet(SIZE)
    for action in actions[:20]:
        if action.tool == "clear":
            sheet.clear()
        else:
            begin(action.tool, sheet, action.width, 16).move(action.points[:50])
    assert all(np.isfinite(stroke.points).all() for stroke in sheet.now.strokes)


def damaged_rows(damage: Damage) -> bytes:
    row = {
        "id": "19aa5f3d704",
        "number": 2,
        "reason": "completed",
        "engine": "WebAssembly",
        "origin": "Run 1",
        "parameters": 3190,
        "epochs_done": 3.0329,
        "steps": 49,
        "validation_accuracy": 0.5,
        "test_accuracy": 0.6,
        "test_interval": [0.2, 0.9],
        "seconds": 0.533,
        "settings": SETTINGS.to_json(),
    }
    return damage.text([row, {**row, "id": "b", "number": 1}])


def read_rows(content: bytes) -> None:
    rows = load_rows(content)
    assert load_rows(dump_rows(rows)) == rows
    assert len({row["id"] for row in rows}) == len(rows)
    to_csv(rows)
    for row in rows:
        RunSettings.stored(row["settings"])
        f"{row['test_accuracy'] * 100:.2f} {row['seconds']:.1f} {row['epochs_done']:.2f} {1 + row['number']}"


def damaged_timeline(damage: Damage) -> bytes:
    entries = [TimelineEntry(step, step / 10, 0.5, b"", np.eye(10, dtype=int).tolist()) for step in (0, 3, 9)]
    return damage.text(json.loads(dump_index("19aa", entries)), "moments")


def read_timeline(content: bytes) -> None:
    run_id, entries = load_timeline(content)
    assert load_timeline(dump_index(run_id, entries)) == (run_id, entries)
    for entry in entries:
        assert np.array(entry.confusion, np.int64).shape in ((0,), (10, 10))


def damaged_card(damage: Damage) -> bytes:
    return damage.text(json.loads((MODELS / "mlp" / "card.json").read_text()))


def read_card(content: bytes) -> None:
    card = parse_card(content)
    assert 0 < float(card.get("temperature", 1)) < math.inf
    float(card.get("not_sure_below", 0.5))


# ---- Addresses and messages


class FakeLocation:
    def __init__(self, query: str, fragment: str) -> None:
        self._query, self._fragment = query, fragment

    def query(self) -> str:
        return self._query

    def replace_query(self, text: str) -> None:
        self._query = text

    def fragment(self) -> str:
        return self._fragment

    def replace_fragment(self, text: str) -> None:
        self._fragment = text

    def href(self) -> str:
        return f"/?{self._query}#{self._fragment}"


def damaged_address(damage: Damage) -> tuple[str, str]:
    rng = damage.rng
    names = [*RunSettings().to_json(), "answer", "show", "x"]
    values = [*map(str, NUMBERS[:-12]), *TEXTS, "128-64", "mlp", "pad,train", "wasm", "1e400", "10" * 400]
    pairs = [f"{rng.choice(names)}={quote(rng.choice(values), errors='replace')}" for _ in range(rng.randint(0, 8))]
    query = "&".join(pairs)
    fragment = rng.choice(["tour-", "train", "data", "tour-3", ""]) + rng.choice(
        ["", "9" * 5000, "\u0661", "-1", "x", "½"]
    )
    if rng.random() < 0.4:
        query = damage.bytes(query.encode()).decode("latin-1")
    return query, fragment


def read_address(given: tuple[str, str]) -> None:
    settings, refused = from_query(given[0])
    assert from_query(to_query(settings)) == (settings, [])
    assert len(refused) <= len(fields(RunSettings))
    address = Address(FakeLocation(*given))
    assert address.model(["mlp", "cnn"]) in ("mlp", "cnn")
    assert (address.place.tab == "") or (address.place.step == 0)
    assert address.settings()[0] == settings
    address.set_settings(settings)
    for sentence in refused:
        check_sentence(sentence)
    for sentence in address.refused:  # two sentences, one of which lists the parts of the page
        assert len(sentence) <= 200


def damaged_settings(damage: Damage) -> Any:
    return damage.json(SETTINGS.to_json())


def read_settings(values: Any) -> None:
    settings = RunSettings.make(values)
    assert RunSettings.make(settings.to_json()) == settings


EXAMPLES: dict[str, Any] = {
    "str": "validation",
    "int": 7,
    "float": 0.5,
    "bool": True,
    "bytes": b"\x00\xff",
    "dict[str, Any]": {"lr": 0.1, "hidden": [3]},
    "list[int]": [1, 2],
    "list[float]": [0.5, 2],
    "list[list[int]]": [[1, 0], [0, 1]],
}


def damaged_message(damage: Damage, kinds: Any) -> tuple[bytes, list[bytes]]:
    kind = damage.rng.choice(get_args(kinds))
    message = kind(**{item.name: EXAMPLES[str(item.type)] for item in fields(kind)})
    text, blobs = protocol.encode(message)
    return damage.text(json.loads(text)), blobs[: damage.rng.randint(0, 3)]


def read_message(given: tuple[bytes, list[bytes]], decode: Callable[..., Any]) -> None:
    message = decode(given[0].decode("utf-8", "replace"), given[1])
    text, blobs = protocol.encode(message)
    assert protocol.encode(decode(text, blobs)) == (text, blobs)


FORMATS: dict[str, Format] = {
    "safetensors": Format(
        lambda d: damaged_file(d, save_safetensors(SMALL, {"note": "é"})), read_safetensors, (WeightsError,)
    ),
    "weights": Format(damaged_weights, read_weights, (WeightsError,)),
    "checkpoint": Format(damaged_checkpoint, read_checkpoint, (WeightsError,)),
    "record": Format(
        lambda d: d.text(json.loads(json.dumps(RECORD.to_json())), "curves", "settings", "tunings", "steps", "step"),
        read_record_text,
        (ValueError,),
        shown=False,
    ),
    "program": Format(damaged_program, read_program, (ProgramError,)),
    "module": Format(damaged_module, read_module, (ProgramError,)),
    "drawings": Format(damaged_drawings, read_drawings, (drawing_files.DrawingsError,)),
    "idx": Format(damaged_idx, read_idx, (DataError,)),
    "index": Format(damaged_index, read_index, (DataError,)),
    "ink log": Format(damaged_log, read_log),
    "runs": Format(damaged_rows, read_rows),
    "timeline": Format(damaged_timeline, read_timeline, (ValueError,), shown=False),
    "card": Format(damaged_card, read_card, (ProgramError,)),
    "address": Format(damaged_address, read_address),
    "settings": Format(damaged_settings, read_settings, (SettingsError,)),
    "command": Format(
        lambda d: damaged_message(d, protocol.Command),
        lambda given: read_message(given, protocol.decode_command),
        (protocol.ProtocolError,),
    ),
    "event": Format(
        lambda d: damaged_message(d, protocol.AnyEvent),
        lambda given: read_message(given, protocol.decode_event),
        (protocol.ProtocolError,),
    ),
}
