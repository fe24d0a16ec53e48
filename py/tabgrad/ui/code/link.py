"""A source in the fragment of an address: `#code=…`, compressed (DEFLATE, RFC 1951) and in base64url (RFC 4648).

pack("class Net: ...")       # "eJxL…", without padding
unpack("eJxL…")              # "class Net: ..."

A fragment stays in the browser: no server sees it. JavaScript reads the same with `DecompressionStream("deflate-raw")`.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib

#: The longest source that the page takes from a link or compiles. Characters; the longest example has under 3,000.
MAX_SOURCE = 100_000
#: No character has more than four bytes.
MAX_BYTES = 4 * MAX_SOURCE
#: A link with more is refused before it is unpacked. Characters.
MAX_PACKED = 300_000
#: Some programs cut links that are longer. Characters.
LONG_LINK = 8_000
_STAYS = "The editor shows what it had before."
_PACKED = re.compile(r"[A-Za-z0-9_-]+")
_DAMAGED = f"The code in this link is damaged: was the link cut off? {_STAYS}"
_TOO_LONG = f"The code in this link is too long: this page takes up to {MAX_SOURCE:,} characters. {_STAYS}"


class LinkError(ValueError):
    """The code in a link cannot be read. One sentence that the page can show."""


def pack(source: str) -> str:
    """A source as text for a fragment."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = deflate.compress(source.encode()) + deflate.flush()
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def unpack(packed: str) -> str:
    """The source in the text of a fragment, with `\\n` at the ends of lines. Raises LinkError."""
    if len(packed) > MAX_PACKED:
        raise LinkError(_TOO_LONG)
    if not _PACKED.fullmatch(packed):
        raise LinkError(_DAMAGED)
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        content = inflate.decompress(data, MAX_BYTES + 1)
    except (binascii.Error, zlib.error) as error:
        raise LinkError(_DAMAGED) from error
    if len(content) > MAX_BYTES:
        raise LinkError(_TOO_LONG)
    if not inflate.eof or inflate.unused_data:
        raise LinkError(_DAMAGED)
    try:
        source = content.decode()
    except UnicodeDecodeError as error:
        raise LinkError(_DAMAGED) from error
    if len(source) > MAX_SOURCE:
        raise LinkError(_TOO_LONG)
    return source.replace("\r\n", "\n").replace("\r", "\n")
