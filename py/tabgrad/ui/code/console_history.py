"""What was typed in the console: to go back to with the arrow keys, also after a reload of the tab."""

from __future__ import annotations

import json

from tabgrad.incoming import fits, read_json

#: Commands that are kept, and characters of all of them.
MAX_COMMANDS, MAX_CHARACTERS = 200, 100_000


def dumps(commands: list[str]) -> str:
    """As text for `loads`: the newest commands that fit."""
    kept, room = list[str](), MAX_CHARACTERS
    for command in reversed(commands[-MAX_COMMANDS:]):
        room -= len(command)
        if room < 0:
            break
        kept.insert(0, command)
    return json.dumps(kept) if kept else ""


def loads(text: str) -> list[str]:
    """What `dumps` has kept; nothing for any other text."""
    try:
        commands = read_json(text) if text else []
    except ValueError:
        return []
    return commands[-MAX_COMMANDS:] if fits(commands, list[str]) else []


class History:
    """Commands, oldest first, and a place among them. Behind the last one stands what is being typed."""

    def __init__(self, kept: str) -> None:
        self._commands = loads(kept)
        self._begin()

    def _begin(self) -> None:
        self._at, self._draft = len(self._commands), ""

    def add(self, command: str) -> str:
        """Append a command, unless it is the last one again; what is typed next is new. Returns it all, to keep."""
        if self._commands[-1:] != [command]:
            self._commands = [*self._commands, command][-MAX_COMMANDS:]
        self._begin()
        return dumps(self._commands)

    def older(self, text: str) -> str | None:
        """The command before, in the place of `text`; None if there is none."""
        if self._at == 0:
            return None
        if self._at == len(self._commands):
            self._draft = text
        self._at -= 1
        return self._commands[self._at]

    def newer(self) -> str | None:
        """The command after, or what was being typed; None if that is there already."""
        if self._at == len(self._commands):
            return None
        self._at += 1
        return self._draft if self._at == len(self._commands) else self._commands[self._at]

    def forget(self) -> None:
        """Nothing was typed."""
        self._commands = []
        self._begin()
