"""What all readers of one call share: the visitor's choices, the guesses made, the notes, and what was collected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .collect import Collector
from .contract import IMAGE_SIDE, Decode, Guess
from .sampling import Levels
from .streams import Entry, Pace, called

#: Names of files in a sentence.
_SHOWN = 3


class Work:
    """One call of `read`."""

    def __init__(self, choices: Mapping[str, str], decode: Decode, pace: Pace) -> None:
        self.choices, self.decode, self.pace = choices, decode, pace
        self.guesses: dict[str, Guess] = {}
        self.notes: dict[str, None] = {}
        self.collector = Collector()
        #: Where the name of a class stood: two folders of one name become one class.
        self.sources: dict[str, set[str]] = {}
        #: Of classes that lack pictures: a file that is not used, and why.
        self.unused: dict[str, str] = {}
        #: The data set that was chosen, if there were several.
        self.set_name = ""
        #: Files that images came from, by their kind.
        self.joined: dict[Literal["arrays", "table"], list[Entry]] = {"arrays": [], "table": []}
        #: What the numbers of classes stand for, where an array says it.
        self.names: dict[int, str] = {}
        #: The file is one of ours (`data.npz`): its images are as they shall be.
        self.is_ours = False
        #: The numbers of rows of all idx files.
        self.rows: set[int] = set()
        self._left_out: list[str] = []
        self._levels: dict[str, Levels] = {}

    def guess(self, name: str, title: str, value: str, options: Mapping[str, str]) -> str:
        """Offer a switch, and give the option in use: the visitor's choice, or else `value`.

        Two files may ask for the same guess and differ in `value`; the first of them is shown.
        """
        chosen = self.choices.get(name, value)
        used = chosen if chosen in options else value
        self.guesses.setdefault(name, Guess(name, title, used, dict(options)))
        return used

    def class_code(self, text: str, source: str) -> NDArray[np.int32]:
        """The code of a class that a file or folder `source` names, int32 (1,)."""
        self.sources.setdefault(text, set()).add(source)
        return self.collector.codes([text])

    def note_size(self, shape: tuple[int, ...]) -> None:
        """Say what becomes of images of another size, or with colours."""
        if len(shape) == 3 and 1 not in (shape[0], shape[-1]):
            self.note("The images have colours; only their brightness is used.")
        height, width = shape[1:] if len(shape) == 3 and shape[-1] not in (1, 3, 4) else shape[:2]
        if (height, width) != (IMAGE_SIDE, IMAGE_SIDE):
            self.note(f"The images have {width}x{height} pixels; they were scaled to {IMAGE_SIDE}x{IMAGE_SIDE}.")

    def levels(self, kind: str) -> Levels:
        """One range of values for all files of a kind: training and test are scaled alike."""
        return self._levels.setdefault(kind, Levels())

    def note(self, sentence: str) -> None:
        """Tell the visitor something, once."""
        if sentence:
            self.notes[sentence] = None

    def leave_out(self, *names: str) -> None:
        """These files are not used."""
        self._left_out += names

    def finish_notes(self) -> None:
        """Say how values were scaled, and which files were not used."""
        for levels in self._levels.values():
            self.note(levels.note)
        self._note_joined()
        if self._left_out:
            first, more = called(self._left_out[0]), len(self._left_out) - 1
            rest = f" and {more:,} more {'file' if more == 1 else 'files'}" if more else ""
            self.note(f"Left out, because they are no data that fits: {first}{rest}.")

    def _note_joined(self) -> None:
        """Say that files of different kinds became one set: they may have been chosen together by mistake."""
        if not all(self.joined.values()):
            return
        whole = {entry.archive for entries in self.joined.values() for entry in entries}
        entries = [*self.joined["table"], *self.joined["arrays"]]
        names = list(dict.fromkeys(entry.name if len(whole) == 1 else entry.archive for entry in entries))
        shown = [called(name) for name in names]
        if len(shown) > _SHOWN:
            shown = [*shown[: _SHOWN - 1], f"{len(shown) - _SHOWN + 1} more files"]
        self.note(f"Joined {', '.join(shown[:-1])} and {shown[-1]}: their classes of the same name are one.")
