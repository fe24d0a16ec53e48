"""Text from outside: what is no plain JSON is refused before Python's parser sees it, and quotations are short."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabgrad.incoming import MAX_DEPTH, fits, is_finite, quoted, read_json, unexpected
from tabgrad.incoming.reading import MAX_VALUES

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e30, 1e30) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_what_python_writes_is_read(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert read_json(text) == value
    assert read_json(text.encode()) == value


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_text_is_read_as_python_reads_it_or_refused(text: str | bytes) -> None:
    try:
        value = read_json(text)
    except ValueError:
        return
    assert value == json.loads(text)


REFUSED: dict[str, str | bytes] = {
    "brackets that close and never opened": "]" * 5000,
    "brackets that close before they open": "]" * 5000 + "[" * 5000,
    "nested lists": "[" * 5000,
    "nested lists that are closed": "[" * 5000 + "]" * 5000,
    "nested objects": '{"a":' * 5000,
    "one level too many": "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
    "nesting after a string": '["]]]]\\"[", ' + "[" * 5000,
    "nesting after a backslash outside of a string": '[\\"' + "[" * 5000,
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a byte order mark as text": "\ufeff{}",
    "UTF-16": "{}".encode("utf-16"),
    "UTF-32": "{}".encode("utf-32"),
    "bytes that are no text": b'"\xff"',
    "NaN": "[NaN]",
    "Infinity": '{"a": -Infinity}',
    "a whole number of 400 digits": "1" + "0" * 400,
    "a number of 5,000 digits": "9" * 5000,
    "a fraction that overflows": "1e400",
    "a long fraction that overflows": "9" * 300 + "e30",
    "a name twice": '{"a": 1, "a": 2}',
    "a name twice, inside": '[{"b": {"a": 1, "\\u0061": 2}}]',
    "half of a character": '"\\ud800"',
    "the other half": '"\\uDC00\\uD800"',
    "half of a character as text": '"\ud800"',
    "cut off": '{"a": [1',
    "nothing": "",
    "more after it": "{} {}",
    "many values": b"[" + b"0," * MAX_VALUES + b"0]",
    "many strings": b'["' + b'","' * (MAX_VALUES // 2) + b'"]',
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_plain_json_is_a_value_error(what: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 # the text is for nobody
        read_json(REFUSED[what])


def test_what_only_looks_like_it_is_read() -> None:
    assert read_json("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    deep = "[" * 5000 + '"\\'
    assert read_json(json.dumps({"a": deep, deep: "9" * 5000})) == {"a": deep, deep: "9" * 5000}
    assert read_json('["\\ud83d\\ude00", "\\\\ud800", "😀", 1e30, 1E-300]') == ["😀", "\\ud800", "😀", 1e30, 1e-300]
    assert read_json("[NaN, Infinity]", finite=False)[1] == float("inf")
    with pytest.raises(ValueError, match="too long"):
        read_json("[1, 2]", max_bytes=5)


@pytest.mark.parametrize(
    ("value", "hint", "fit"),
    [
        (3, int, True),
        (True, int, False),
        (3.0, int, False),
        ("3", int, False),
        (2**53 + 1, int, False),
        (3, float, True),
        (False, float, False),
        ([1, 2.5], list[float], True),
        ([1, "2"], list[float], False),
        ([[1], []], list[list[int]], True),
        ({"a": "b"}, dict[str, str], True),
        ({"a": 1}, dict[str, str], False),
        (None, str, False),
        (None, Any, True),
    ],
)
def test_types_are_taken_strictly(value: object, hint: Any, fit: bool) -> None:
    assert fits(value, hint) is fit


def test_only_real_numbers_are_finite() -> None:
    assert [is_finite(v) for v in (1, 0.5, float("nan"), float("inf"), "1", None, True)] == [True, True] + [False] * 5


@given(st.text() | VALUES)
def test_a_quotation_is_short_and_on_one_line(value: object) -> None:
    found = quoted(value)
    assert len(found) <= 62
    assert found.isprintable()


def test_short_texts_are_quoted_as_they_are() -> None:
    assert [quoted(v) for v in ("layers.0", 7, 0.5, None, True, [1], {}, 10**400)] == [
        *("'layers.0'", "7", "0.5", "null", "true", "a list", "an object", "a very large number"),
    ]
    assert quoted("x" * 99, 10) == "'xxxxxxxxx…'"
    assert quoted("a\n\u202eb") == "'a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b'"


def test_an_unexpected_error_is_cut_to_one_short_line() -> None:
    assert unexpected(ValueError("a\n  b")) == "ValueError: a b"
    assert unexpected(KeyError()) == "KeyError"
    assert len(unexpected(ValueError("x" * 10_000))) < 80
