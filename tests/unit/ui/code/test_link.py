"""Code in a link: what was packed comes back, and nothing else is taken for code."""

from __future__ import annotations

import base64
import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabgrad.ui.address import Address, Place, place_of
from tabgrad.ui.code import link
from tests.unit.ui.test_address import Bar

SOURCES = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=300)


@given(SOURCES)
def test_what_is_packed_comes_back(source: str) -> None:
    packed = link.pack(source)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", packed)
    assert link.unpack(packed) == source
    assert place_of(f"code={packed}") == Place(tab="code", code=packed)


def test_a_packed_source_is_raw_deflate_in_base64url() -> None:
    data = base64.urlsafe_b64decode(link.pack("class Net: ...") + "==")
    assert zlib.decompress(data, wbits=-15) == b"class Net: ..."


def test_line_ends_are_those_of_the_editor() -> None:
    assert link.unpack(link.pack("a\r\nb\rc\n")) == "a\nb\nc\n"


OTHER = st.text(max_size=200) | st.binary(max_size=200).map(lambda data: base64.urlsafe_b64encode(data).decode())


@given(OTHER)
def test_any_other_text_is_refused_in_one_sentence(text: str) -> None:
    said = ""
    try:
        source = link.unpack(text)
        assert link.unpack(link.pack(source)) == source
    except link.LinkError as error:
        said = str(error)
    assert not said or re.match(r"The code in this link is .*[?.]$", said)


def raw(data: bytes) -> str:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.urlsafe_b64encode(deflate.compress(data) + deflate.flush()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("packed", "words"),
    [
        (link.pack("x" * (link.MAX_SOURCE + 1)), "too long"),
        (raw(b"0" * 50_000_000), "too long"),  # 50 MB in 65 kB
        (raw("\U0001f600".encode() * (link.MAX_SOURCE + 1)), "too long"),
        ("A" * 10_000_000, "too long"),
        (raw(b"\xff\xfe"), "damaged"),
        (raw(b"ok")[:-2], "damaged"),
        (raw(b"ok") + "AAAA", "damaged"),
        ("", "damaged"),
        ("a b", "damaged"),
    ],
)
def test_too_much_and_too_little(packed: str, words: str) -> None:
    with pytest.raises(link.LinkError, match=words):
        link.unpack(packed)


def test_the_longest_source_fits() -> None:
    source = "\U0001f600" * link.MAX_SOURCE
    assert link.unpack(link.pack(source)) == source


def test_a_link_has_the_settings_and_the_code_in_the_place_of_the_tab() -> None:
    address = Address(Bar("https://example.org/?lr=0.1&hidden=64#data"))
    assert address.link_with_code("abc") == "https://example.org/?lr=0.1&hidden=64#code=abc"
