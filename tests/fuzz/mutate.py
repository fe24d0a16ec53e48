"""Seeded damage: to bytes, and to the values in JSON. Everything follows from one random generator."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

#: Numbers at which readers fail: signs, fractions, the limits of integers and floats, and what is no number.
NUMBERS: list[Any] = [0, -1, 1, 2, 10, 0.5, -0.0, 10.9, 255, 256, 65_536, 2**31 - 1, 2**31, 2**32, 2**53, 2**53 + 1]
NUMBERS += [2**63, 2**64, -(2**63), 10**30, 10**90, 10**400, 1e38, 3.5e38, 1e99, 1e308, -1e308, 5e-324, 1e-9]
NUMBERS += [float("nan"), float("inf"), float("-inf")]
TEXTS = [
    "",
    "0",
    "10",
    "NaN",
    "null",
    "é",
    "\0",
    "\n",
    "'",
    '"',
    "\u202e",
    "\ud800",
    "../x",
    "x" * 500,
    "9" * 5000,
    "__metadata__",
]
VALUES: list[Any] = [*NUMBERS, *TEXTS, None, True, False, [], {}, [[]], [{}], {"a": {}}, [0, 0], ["1"], [None], {"": 0}]
#: What the bytes of a text are replaced by: what ends Python, what is another encoding, what is a lot.
PIECES = [
    b"[" * 5000,
    b'{"a":' * 3000,
    b"]" * 99,
    b"9" * 5000,
    b"1e999",
    b"-",
    b"NaN",
    b"Infinity",
    b"\xef\xbb\xbf",
    b"\0",
]
PIECES += [b"\xff", b'"', b"\\", b"\\ud800", b"null", b"true", b",", b":", b"{}", b"[]", b"  ", b"\xc3", b"1e400", b"'"]


class Damage:
    """`rng` decides everything."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def bytes(self, data: bytes) -> bytes:
        """One to three changes: cut off, flip, splice, repeat, replace, insert."""
        changes: list[Callable[[bytes], bytes]] = [self._cut, self._flip, self._splice, self._repeat, self._insert]
        for _ in range(self.rng.choice([1, 1, 2, 3])):
            data = self.rng.choice(changes)(data)
        return data[: 1 << 20]

    def _place(self, data: bytes) -> int:
        # Half of them at the beginning, where headers are.
        return self.rng.randint(0, min(len(data), 300) if self.rng.random() < 0.5 else len(data))

    def _cut(self, data: bytes) -> bytes:
        return data[: self._place(data)] if self.rng.random() < 0.7 else data[self._place(data) :]

    def _flip(self, data: bytes) -> bytes:
        changed = bytearray(data)
        for _ in range(self.rng.randint(1, 4)):
            if changed:
                changed[min(self._place(data), len(changed) - 1)] ^= 1 << self.rng.randrange(8)
        return bytes(changed)

    def _splice(self, data: bytes) -> bytes:
        a, b = sorted((self._place(data), self._place(data)))
        return data[:a] + data[b:]

    def _repeat(self, data: bytes) -> bytes:
        a, b = sorted((self._place(data), self._place(data)))
        return data[:b] + data[a : a + 4000] + data[b:]

    def _insert(self, data: bytes) -> bytes:
        at = self._place(data)
        return data[:at] + self.rng.choice(PIECES) + data[at + self.rng.randint(0, 3) :]

    def json(self, value: Any) -> Any:
        """A copy of a JSON value with one to three changes, anywhere in it."""
        value = copy.deepcopy(value)
        for _ in range(self.rng.choice([1, 1, 2, 3])):
            value = self._change(value)
        return value

    def _change(self, value: Any) -> Any:
        if isinstance(value, dict) and value and self.rng.random() < 0.9:
            key = self.rng.choice(list(value))
            match self.rng.random():
                case low if low < 0.08:
                    del value[key]
                case low if low < 0.14:
                    value[self.rng.choice(TEXTS)] = copy.deepcopy(value[key])
                case low if low < 0.2:
                    value[self.rng.choice(list(value))] = copy.deepcopy(value[key])
                case _:
                    value[key] = self._change(value[key])
            return value
        if isinstance(value, list) and value and self.rng.random() < 0.9:
            place = self.rng.randrange(len(value))
            match self.rng.random():
                case low if low < 0.1:
                    del value[place]
                case low if low < 0.2:
                    value.insert(place, copy.deepcopy(self.rng.choice(value)))
                case low if low < 0.25:
                    value *= self.rng.randint(2, 12)
                case _:
                    value[place] = self._change(value[place])
            return value
        return self._instead(value)

    def _instead(self, value: Any) -> Any:
        if isinstance(value, int | float) and abs(value) < 1e300 and self.rng.random() < 0.7:
            return self.rng.choice(
                [*NUMBERS, str(value), value + 1, value - 1, value * 2, -value, [value], bool(value)]
            )
        if isinstance(value, str) and self.rng.random() < 0.4:
            return self.rng.choice([value[:-1], value + "0", value * 3, value.upper(), value + "\0", [value]])
        if self.rng.random() < 0.05:
            for _ in range(self.rng.choice([5, 40, 200])):  # deeper than that is one of PIECES
                value = [value]
            return value
        return copy.deepcopy(self.rng.choice(VALUES))

    def text(self, value: Any, *parts: str) -> bytes:
        """A JSON value as text, changed as a value or as bytes, or both. Often only in one of its `parts`."""
        how = self.rng.random()
        if parts and how < 0.6:
            part = self.rng.choice(parts)
            changed = {**value, part: self.json(value[part])}
        else:
            changed = self.json(value) if how < 0.85 else value
        text = json.dumps(changed, ensure_ascii=self.rng.random() < 0.5).encode("utf-8", "surrogatepass")
        if self.rng.random() < 0.03:
            text = text.decode("utf-8", "replace").encode(self.rng.choice(["utf-16", "utf-8-sig", "utf-32"]))
        return self.bytes(text) if how > 0.8 else text
