"""What the console has in the place of Python's own `help`, `exit` and `quit`, which need modules and a prompt that
are not here.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Mapping
from typing import Any

from .completion import MAX_NAMES, attributes
from .objects import Missing

#: The page's objects, each with a line that says what it is.
OBJECTS: Mapping[str, str] = {
    "x": "the drawing on the pad, an array (28, 28)",
    "net": "the network that was compiled or trained last: net(Tensor(x.reshape(1, 1, 28, 28)))",
    "weights": "its weights, by name; they can be set: weights[name] = weights[name] * 2",
    "metrics": "the newest figures of the run",
    "history": "the curves of the run, as arrays",
    "data": "the training images: data.sample(3), data.block(0)",
    "np": "NumPy",
    "Tensor": "tinygrad's Tensor",
    "nn": "tinygrad's layers and optimizers",
}
NAMES = "These names are here:\n{}\nhelp(name) tells more, and Tab completes what is typed."
NO_TOPICS = "help needs the object itself, without quotation marks, as in help(Tensor.relu)."
NO_DOC = "Nothing is written about it."
STAYS = "There is nothing to leave here: the console is there as long as the page. Stop ends a command that runs."
#: Lines of a documentation that are for a program that makes web pages of it.
_FENCE, _GAP = re.compile(r"^\s*```.*\n?", re.MULTILINE), re.compile(r"\n{3,}")
#: A type in a signature, which is text where its module says so.
_TYPE = re.compile(r"(: |-> )'([^']*)'")


class Help:
    """Python's `help`, for one object."""

    def __repr__(self) -> str:
        return NAMES.format("\n".join(f"  {name}: {what}" for name, what in OBJECTS.items()))

    def __call__(self, *objects: Any) -> None:
        """Tell what the names are, or what an object is."""
        print("\n\n".join(map(help_on, objects)) if objects else repr(self))


class Leave:
    """Python's `exit` and `quit`: says that there is nothing to leave."""

    def __repr__(self) -> str:
        return STAYS

    def __call__(self, _status: object = None) -> None:
        print(STAYS)


#: For the console's namespace.
BUILTINS: Mapping[str, Any] = {"help": Help(), "exit": Leave(), "quit": Leave()}


def help_on(value: Any) -> str:
    """What an object is: its signature, what is written about it, and the names that it has."""
    if isinstance(value, Missing):
        return repr(value)
    if isinstance(value, str):
        return NO_TOPICS
    described = callable(value) and hasattr(value, "__name__")
    owner = value if described or isinstance(value, types.ModuleType) else type(value)
    name = str(getattr(owner, "__name__", ""))
    doc = _GAP.sub("\n\n", _FENCE.sub("\n", inspect.getdoc(owner) or NO_DOC)).strip()
    lines = (f"    {line}".rstrip() for line in doc.splitlines())
    parts = [name + (_signature(owner) if owner is value else ""), *lines]
    if isinstance(owner, (type, types.ModuleType)):
        names = [name for name in attributes(value) if not name.startswith("_")]
        more = " …" if len(names) > MAX_NAMES else ""
        parts += ["", f"It has: {', '.join(names[:MAX_NAMES])}{more}"] if names else []
    return "\n".join(parts)


def _signature(value: Any) -> str:
    try:
        return _TYPE.sub(r"\1\2", str(inspect.signature(value)))
    except (TypeError, ValueError):  # of something that is not called, or is written in C
        return ""
