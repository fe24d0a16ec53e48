"""Messages survive the wire, and what is no message is refused by name."""

import ast
import json
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabgrad.protocol import (
    PROTOCOL_VERSION,
    AnyEvent,
    Assisted,
    Busy,
    Checkpoint,
    Command,
    Complete,
    Completions,
    DataProgress,
    DataRead,
    Evaluate,
    Evaluated,
    Failed,
    Finished,
    Handle,
    Import,
    Message,
    Metrics,
    Progress,
    ProtocolError,
    ReadData,
    Start,
    Step,
    decode_command,
    decode_event,
    encode,
    message_name,
)

EXAMPLES: dict[str, Any] = {
    "str": "validation",
    "int": 7,
    "float": 0.5,
    "bool": True,
    "bytes": b"\x00\xff",
    "dict[str, Any]": {"lr": 0.1},
    "list[int]": [1, 2],
    "list[float]": [0.5, 1],
    "list[list[int]]": [[1] * 10] * 10,
    "list[str]": ["item", "items"],
    "image": bytes(28 * 28 * 4),
    "list[Handle]": ["a file", "another"],
    "names": ["a.png", "folder/b.png"],
    "dict[str, str]": {"header": "yes"},
    "dict[str, list[int]]": {"train": [3, 1], "test": [1, 0]},
    "guesses": [{"name": "header", "title": "First line", "value": "yes", "options": {"yes": "names", "no": "a row"}}],
    "done": 1,
    "total": 2,
    "shown": [1, 2],
    "images": bytes(3 * 28 * 28),
    "items": [{"kind": "text", "text": "1"}, {"kind": "image", "text": "an image", "height": 1, "width": 2}],
    "pixels": b"\0\1",
    "code": "x.shape",
    "list[dict[str, Any]]": [{"label": "relu", "kind": "method", "detail": "() -> Tensor", "info": ""}],
    "state": "paused",
    "reason": "early",
}


def example(kind: type[Message], **changes: Any) -> Message:
    """A message with an example in each field, found by its name or its type."""
    values = {item.name: EXAMPLES[item.name if item.name in EXAMPLES else str(item.type)] for item in fields(kind)}
    return kind(**values | changes)


@pytest.mark.parametrize("kind", get_args(Command), ids=message_name)
def test_every_command_survives_the_wire(kind: type[Message]) -> None:
    assert decode_command(*encode(example(kind))) == example(kind)


@pytest.mark.parametrize("kind", get_args(AnyEvent), ids=message_name)
def test_every_event_survives_the_wire(kind: type[Message]) -> None:
    assert decode_event(*encode(example(kind))) == example(kind)


@pytest.mark.parametrize("kind", get_args(Command) + get_args(AnyEvent), ids=message_name)
def test_a_missing_or_mistyped_field_is_named(kind: type[Message]) -> None:
    decode = decode_command if kind in get_args(Command) else decode_event
    text, blobs = encode(example(kind))
    for item in fields(kind):
        body = json.loads(text)
        body[item.name] = None
        with pytest.raises(ProtocolError, match=item.name):
            decode(json.dumps(body), blobs)
        if item.default is MISSING and item.default_factory is MISSING:
            del body[item.name]
            with pytest.raises(ProtocolError, match=item.name):
                decode(json.dumps(body), blobs)


def test_unknown_messages_name_themselves() -> None:
    with pytest.raises(ProtocolError, match="'teleport'"):
        decode_command(json.dumps({"protocol": PROTOCOL_VERSION, "type": "teleport"}))
    with pytest.raises(ProtocolError, match="event called 'step'"):
        decode_event(*encode(Step()))
    with pytest.raises(ProtocolError, match="'warp'"):
        decode_command(json.dumps({"protocol": PROTOCOL_VERSION, "type": "step", "warp": 9}))


def test_another_version_asks_for_a_reload() -> None:
    with pytest.raises(ProtocolError, match="reload"):
        decode_command(json.dumps({"protocol": PROTOCOL_VERSION + 1, "type": "step"}))


def test_a_binary_that_did_not_arrive_is_an_error() -> None:
    text, _ = encode(Import(weights=b"abc"))
    with pytest.raises(ProtocolError, match="weights"):
        decode_command(text, [])


def test_a_handle_is_no_binary_and_a_binary_no_handle() -> None:
    text, blobs = encode(ReadData(files=[Handle("a file")], names=["a.csv"]))
    assert blobs == ["a file"]
    with pytest.raises(ProtocolError, match="files"):
        decode_command(text, [b"a,b"])
    text, _ = encode(Import(weights=b"abc"))
    with pytest.raises(ProtocolError, match="weights"):
        decode_command(text, ["a file"])


def test_numbers_that_are_not_finite_survive() -> None:
    event = decode_event(*encode(Metrics(step=[1], loss=[float("inf")], accuracy=[0.1])))
    assert isinstance(event, Metrics)
    assert event.loss == [float("inf")]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 5000,
        '{"type":' * 5000,
        json.dumps({"protocol": "9" * 4000, "type": "step"}),
        json.dumps({"protocol": float(PROTOCOL_VERSION), "type": "step"}),
        json.dumps({"protocol": PROTOCOL_VERSION, "type": "x" * 4000}),
        json.dumps({"protocol": PROTOCOL_VERSION, "type": "step", "\n" * 4000: 1}),
        json.dumps({"protocol": PROTOCOL_VERSION, "type": "step", "id": "y" * 4000}),
        json.dumps({"protocol": PROTOCOL_VERSION, "type": "step", "id": 2**60}),
        '{"type": "step", "type": "stop"}',
        '"\ud800"',
    ],
)
def test_what_is_no_message_is_one_short_sentence(text: str) -> None:
    for decode in (decode_command, decode_event):
        with pytest.raises(ProtocolError) as caught:
            decode(text)
        sentence = str(caught.value)
        assert sentence.endswith(".")
        assert sentence.isprintable()
        assert len(sentence) <= 160


@pytest.mark.parametrize("command", [Evaluate(code="x", image=b"\0"), Complete(code="x", cursor=2)])
def test_a_command_of_the_console_that_is_wrong_is_refused(command: Message) -> None:
    with pytest.raises(ProtocolError, match="holds what it never should"):
        decode_command(*encode(command))


def test_each_file_has_its_name() -> None:
    with pytest.raises(ProtocolError, match="'names'"):
        decode_command(*encode(ReadData(files=[Handle("a file")], names=[])))


def test_binaries_stay_out_of_the_text() -> None:
    text, blobs = encode(Start(checkpoint=bytes(100_000), weights=bytes(50_000)))
    assert len(text) < 500
    assert [len(blob) for blob in blobs] == [100_000, 50_000]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(JSON | st.fixed_dictionaries({"protocol": st.just(PROTOCOL_VERSION), "type": st.just("tune"), "values": JSON}))
def test_nothing_but_a_protocol_error_comes_out_of_bad_input(body: Any) -> None:
    try:
        message = decode_command(json.dumps(body))
    except ProtocolError:
        return
    assert message == decode_command(*encode(message))


def test_the_one_event_that_the_worker_script_writes_by_hand_is_understood() -> None:
    script = Path(__file__).parents[3] / "web" / "worker.py"
    (made,) = [
        node.value
        for node in ast.walk(ast.parse(script.read_text()))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
    ]
    fields = {
        ast.literal_eval(name): value.value if isinstance(value, ast.Constant) else "It could not start."
        for name, value in zip(made.keys, made.values, strict=True)
        if name is not None
    }
    event = decode_event(json.dumps(fields))
    assert isinstance(event, Failed)
    assert event.kind == "start"


NAN = float("nan")
WRONG: list[tuple[type[Message], dict[str, Any]]] = [
    (Finished, {"reason": "zzz"}),
    (Finished, {"test_accuracy": 1.5}),
    (Finished, {"interval": [0.5]}),
    (Finished, {"interval": [0.9, 0.1]}),
    (Finished, {"tested": -1}),
    (Finished, {"seconds": NAN}),
    (Progress, {"state": "zzz"}),
    (Progress, {"eta_s": NAN}),
    (Progress, {"epoch": -1.0}),
    (Metrics, {"loss": [1.0]}),
    (Metrics, {"accuracy": [0.5, NAN]}),
    (Metrics, {"step": [2, 1]}),
    (Metrics, {"validation_loss": []}),
    (Checkpoint, {"confusion": [[1]]}),
    (Checkpoint, {"confusion": [[-1] * 10] * 10}),
    (Checkpoint, {"confusion": [[1] * 37] * 37}),
    (Checkpoint, {"confusion": [[1] * 3] * 2}),
    (Checkpoint, {"weights": b""}),
    (Checkpoint, {"validation_accuracy": NAN}),
    (Busy, {"seconds": float("inf")}),
    (Evaluated, {"items": [{"kind": "text"}]}),
    (Evaluated, {"items": [{"kind": "sound", "text": ""}]}),
    (Evaluated, {"items": [{"kind": "text", "text": 3}]}),
    (Evaluated, {"items": [{"kind": "image", "text": "", "height": -1, "width": -2}]}),
    (Evaluated, {"pixels": b"\0\1\2"}),
    (Completions, {"start": -1}),
    (DataProgress, {"done": -1}),
    (DataProgress, {"total": 0.5}),
    (DataRead, {"counts": {"train": [1]}}),
    (DataRead, {"counts": {"train": [1, -1]}}),
    (DataRead, {"guesses": [{"name": "header"}]}),
    (DataRead, {"shown": [3]}),
    (DataRead, {"images": b"0"}),
    (Assisted, {"options": [{"label": "relu"}]}),
    (Assisted, {"options": [{"label": "relu", "kind": "method", "detail": 1, "info": ""}]}),
]


@pytest.mark.parametrize(("kind", "changes"), WRONG)
def test_an_event_that_is_well_formed_and_wrong_is_refused(kind: type[Message], changes: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError, match=f"The field '{next(iter(changes))}'"):
        decode_event(*encode(example(kind, **changes)))
