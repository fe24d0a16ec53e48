"""Text that comes from outside: files, storage, addresses, messages. One strict way to read it, and one to quote it.

Each module that owns a format reads it with `read_json`, checks it with `fits`, and turns a ValueError into its own
error. What the sentence says of the file's contents goes through `quoted`, so that no sentence is endless.

    body = read_json(b'{"step": 3}')            # ValueError for anything that is not plain JSON
    fits(body["step"], int)                     # True
    f"There is no {quoted('x' * 999)}."         # cut to 60 characters
"""

from .fitting import fits, is_finite
from .quoting import quoted, unexpected
from .reading import MAX_DEPTH, read_json

__all__ = ["MAX_DEPTH", "fits", "is_finite", "quoted", "read_json", "unexpected"]
