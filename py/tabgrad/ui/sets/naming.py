"""What the visitor calls the classes of the files that were read: a CSV or idx file knows only numbers.

Owns what stands in the fields, what is wrong with it, and how a list that is pasted becomes names. Knows no document.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tabgrad.alphabet import AlphabetError, Labels, check_label
from tabgrad.incoming import quoted

#: Between the names of a list on one line: the first of these that it has.
_MARKS = ("\t", ";", ",", "\N{IDEOGRAPHIC COMMA}", "\N{ARABIC COMMA}")
#: A line of a table of classes: "0<tab>T-shirt", "1. Trouser".
_NUMBERED = re.compile(r"\d+ *[\t,;:.)] *(.+)")
_QUOTES = ("“”", '""', "''")


class Names:
    """What is written for a class stays for as long as the same files are read, also while other classes are shown.

    `refused`: why a list that was pasted cannot be, by the class that it was pasted at.
    """

    def __init__(self) -> None:
        self._texts = dict[str, str]()  # by the label that the files give; the latest change comes last
        self.refused = dict[str, str]()

    def text(self, label: str) -> str:
        """What stands in the field of the class that the files call `label`."""
        return self._texts.get(label, label)

    def write(self, label: str, text: str) -> None:
        """The visitor calls a class so."""
        self.refused.clear()
        self._texts.pop(label, None)
        if text != label:
            self._texts[label] = text

    def paste(self, labels: Sequence[str], place: int, text: str) -> bool:
        """Name the classes from `place` on as in a list; False if `text` is none."""
        names = split_list(text)
        if len(names) < 2:
            return False
        room = len(labels) - place
        if len(names) > room:
            fits = f"there {'is' if room == 1 else 'are'} only {room} from here on"
            self.refused = {labels[place]: f"This list has {len(names)} names, but {fits}: nothing was changed."}
            return True
        for label, name in zip(labels[place:], names, strict=False):
            self.write(label, name)
        return True

    def faults(self, labels: Sequence[str]) -> dict[str, str]:
        """Why what stands in the field of a class cannot be its name, in one sentence.

        Of two equal names the one that was written later is at fault.
        """
        found, taken = dict[str, str](), set[str]()
        written = [label for label in self._texts if label in labels]
        for label in [*(label for label in labels if label not in self._texts), *written]:
            try:
                name = check_label(self.text(label))
            except AlphabetError as error:
                found[label] = str(error)
                continue
            if name in taken:
                found[label] = f"Another class is called {quoted(name)}, too: give each its own name."
            taken.add(name)
        return found

    def all(self, labels: Sequence[str]) -> Labels:
        """The names of all classes, where there is no fault."""
        return tuple(check_label(self.text(label)) for label in labels)


def split_list(text: str) -> list[str]:
    """The names in a list that somebody has copied: one a line, or with commas or tabs between them.

    A list of Python's, and a table with the numbers of the classes before their names, are read, too.
    """
    lines = [line.strip() for line in text.strip().strip("[](){}").splitlines() if line.strip()]
    if len(lines) > 1:
        numbered = [_NUMBERED.fullmatch(line) for line in lines]
        if all(numbered[1:]):  # the first can be the heading of a table
            lines = [found[1] for found in numbered if found]
        names = [line.rstrip(",;") for line in lines]
    else:
        line = lines[0] if lines else ""
        names = line.strip(" ,;").split(next((mark for mark in _MARKS if mark in line), "\n"))
    return [_unquoted(name.strip()) for name in names]


def _unquoted(name: str) -> str:
    marks = f"{name[:1]}{name[-1:]}"
    return name[1:-1].strip() if len(name) > 2 and marks in _QUOTES else name
