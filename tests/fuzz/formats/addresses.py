"""Damaged addresses, settings and messages between page and worker."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any, get_args
from urllib.parse import quote

from tabgrad import protocol
from tabgrad.settings import RunSettings, SettingsError, from_query, to_query
from tabgrad.ui.address import Address
from tabgrad.ui.code import link
from tests.fuzz.formats.base import SETTINGS, Format, check_sentence
from tests.fuzz.mutate import NUMBERS, TEXTS, Damage


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


def use_address(given: tuple[str, str], read: tuple[RunSettings, list[str]]) -> None:
    settings, refused = read
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


def damaged_link(damage: Damage) -> str:
    packed = link.pack(damage.rng.choice(["class Net: ...\n" * 9, *TEXTS]).encode("utf-8", "replace").decode())
    return damage.bytes(packed.encode()).decode("latin-1") if damage.rng.random() < 0.9 else packed


def use_link(_packed: str, source: str) -> None:
    assert link.unpack(link.pack(source)) == source


def damaged_settings(damage: Damage) -> Any:
    return damage.json(SETTINGS.to_json())


def use_settings(_values: Any, settings: RunSettings) -> None:
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
    "list[str]": ["item", "items"],
    "list[dict[str, Any]]": [{"label": "relu", "kind": "method", "detail": "() -> Tensor", "info": ""}],
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
    "code": "x.shape",
    "image": b"",
}


def damaged_message(damage: Damage, kinds: Any) -> tuple[bytes, list[bytes]]:
    kind = damage.rng.choice(get_args(kinds))
    message = kind(
        **{item.name: EXAMPLES[item.name if item.name in EXAMPLES else str(item.type)] for item in fields(kind)}
    )
    text, blobs = protocol.encode(message)
    return damage.text(json.loads(text)), blobs[: damage.rng.randint(0, 3)]


def message_format(kinds: Any, decode: Callable[[str, list[bytes]], Any]) -> Format:
    def use(_given: object, message: Any) -> None:
        text, blobs = protocol.encode(message)
        assert protocol.encode(decode(text, blobs)) == (text, blobs)

    return Format(
        lambda damage: damaged_message(damage, kinds),
        lambda given: decode(given[0].decode("utf-8", "replace"), given[1]),
        use,
        (protocol.ProtocolError,),
    )


ADDRESSES: dict[str, Format] = {
    "address": Format(damaged_address, lambda given: from_query(given[0]), use_address),
    "code link": Format(damaged_link, link.unpack, use_link, (link.LinkError,)),
    "settings": Format(damaged_settings, RunSettings.make, use_settings, (SettingsError,)),
    "command": message_format(protocol.Command, protocol.decode_command),
    "event": message_format(protocol.AnyEvent, protocol.decode_event),
}
