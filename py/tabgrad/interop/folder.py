"""The folder that the page is in. All that the page stores is named after it.

Pages in other folders of a host, as all project pages of one GitHub account are, share the browser's storage with this
one. `web/boot.js` and `web/sw.js` use the same names.
"""

from __future__ import annotations

import js

#: Set in the worker, whose own address is a blob.
_base = ""


def set_base(url: str) -> None:
    """Tell a worker the address of the page's folder."""
    global _base  # noqa: PLW0603 - it is a fact about the whole interpreter
    _base = url


def folder() -> str:
    """The path of the folder, such as `/tabgrad/`."""
    return str(js.URL.new(".", _base or js.document.baseURI).pathname)


def named(key: str) -> str:
    """What the browser calls a thing that this page stores under `key`: `tabgrad:/tabgrad/:theme`."""
    return f"tabgrad:{folder()}:{key}"
