"""Messages to and from what a channel carries: one JSON text, and a list of binaries and handles.

Whatever arrives is checked field by field; anything else than a well-formed message of this version raises a
ProtocolError that names what came. The channel itself is `interop.worker`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, cast, get_args, get_type_hints

from tabgrad.incoming import fits, quoted, read_json

from .messages import PROTOCOL_VERSION, AnyEvent, Command, Handle, Message
from .promises import broken_promise


class ProtocolError(ValueError):
    """A message cannot be understood. The text is one sentence that names the message."""


def message_name(kind: type[Message]) -> str:
    """The name on the wire: the class's in snake case ("SaveCheckpoint" is "save_checkpoint")."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


COMMANDS: dict[str, type[Message]] = {message_name(kind): kind for kind in get_args(Command)}
EVENTS: dict[str, type[Message]] = {message_name(kind): kind for kind in get_args(AnyEvent)}
#: Resolved annotations of each message's fields: looking them up anew for every message would cost more than parsing.
_HINTS = {name: get_type_hints(kind) for name, kind in (COMMANDS | EVENTS).items()}


def encode(message: Message) -> tuple[str, list[Any]]:
    """(JSON text, binaries and handles). Their fields are replaced by their positions in the list."""
    name = message_name(type(message))
    body: dict[str, Any] = {"protocol": PROTOCOL_VERSION, "type": name}
    blobs: list[Any] = []
    for item in fields(message):
        value = getattr(message, item.name)
        if isinstance(value, bytes):
            blobs.append(value)
            value = len(blobs) - 1
        elif _HINTS[name][item.name] == list[Handle]:
            blobs += value
            value = list(range(len(blobs) - len(value), len(blobs)))
        body[item.name] = value
    return json.dumps(body, separators=(",", ":")), blobs


def decode_command(text: str, blobs: Sequence[Any] = ()) -> Command:
    """The command in `text`; ProtocolError if it is none."""
    return cast(Command, _decode(text, blobs, COMMANDS, "command"))


def decode_event(text: str, blobs: Sequence[Any] = ()) -> AnyEvent:
    """The event in `text`; ProtocolError if it is none."""
    return cast(AnyEvent, _decode(text, blobs, EVENTS, "event"))


def _decode(text: str, blobs: Sequence[Any], kinds: Mapping[str, type[Message]], what: str) -> Message:
    try:
        body = read_json(text, finite=False)  # losses can be NaN
    except ValueError as error:
        raise ProtocolError(f"This {what} is not JSON.") from error
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        raise ProtocolError(f"This {what} has no type.")
    name, version = body.pop("type"), body.pop("protocol", None)
    if not fits(version, int) or version != PROTOCOL_VERSION:
        raise ProtocolError(
            f"The {what} {quoted(name)} speaks protocol {quoted(version, 20)}, this side {PROTOCOL_VERSION}: "
            "reload the page."
        )
    if name not in kinds:
        raise ProtocolError(f"There is no {what} called {quoted(name)} in protocol {PROTOCOL_VERSION}.")
    kind, hints = kinds[name], _HINTS[name]
    if unknown := sorted(set(body) - set(hints)):
        raise ProtocolError(f"The {what} {name!r} has no field {quoted(unknown[0])}.")
    values = {}
    for item in fields(kind):
        if item.name in body:
            values[item.name] = _field(f"{what} {name!r}", item.name, body[item.name], hints[item.name], blobs)
        elif item.default is MISSING and item.default_factory is MISSING:
            raise ProtocolError(f"The {what} {name!r} lacks its field {item.name!r}.")
    message = kind(**values)
    if wrong := broken_promise(message):
        raise ProtocolError(f"The field {wrong!r} of the {what} {name!r} holds what it never should.")
    return message


def _field(where: str, name: str, value: Any, hint: Any, blobs: Sequence[Any]) -> Any:
    if hint in (bytes, list[Handle]):
        places = value if hint is not bytes and isinstance(value, list) else [value]
        if not all(fits(place, int) and 0 <= place < len(blobs) for place in places):
            raise ProtocolError(f"The field {name!r} of the {where} names a binary that did not arrive.")
        found = [blobs[place] for place in places]
        if any(isinstance(blob, bytes) is not (hint is bytes) for blob in found):
            raise ProtocolError(f"The field {name!r} of the {where} holds a binary of another kind.")
        return found[0] if hint is bytes else found
    if not fits(value, hint):
        raise ProtocolError(f"The field {name!r} of the {where} has the wrong type: it is {quoted(value, 40)}.")
    return value
