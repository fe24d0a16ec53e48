"""The keys that the page stores things under. Never change one: what earlier versions stored must stay readable.

In the browser each of them belongs to the folder of the page: `interop.folder`. web/boot.js, which runs before Python,
reads the theme and keeps ink over a reload.
"""

import hashlib
import json
from collections.abc import Iterable

# IndexedDB (`interop.storage`).
#: The visitor's own test set of digits: a file of `data.drawings`.
DRAWINGS = "mine/drawings"
#: Those of other classes begin with it, too: `drawings_of`.
#: The visitor's edited copies of example networks, as Python: `ui.code.copies`.
CODE = "mine/code"
#: The checkpoint from which an interrupted run can go on.
RESUME = "train/resume"
#: The timeline of a run: its index, and below it the weights of each entry by step.
TIMELINE = "train/timeline"
#: The table of runs, as JSON.
RUNS = "train/runs"
#: All that training stores begins with this.
TRAINING_PREFIX = "train/"
#: The data sets that the visitor has made or brought begin with this: the head of each, and below it its contents.
SETS_PREFIX = "sets/"
#: The programs that were compiled in this browser begin with this.
PROGRAMS_PREFIX = "program/"
_UNREAD = "-unread"
# localStorage.
#: Whether anything was drawn here: then the pad shows no example of its own.
SEEN = "tabgrad.seen"
#: Whether a network was trained here: then the panel begins with its runs, not with the introduction.
TRAINED = "tabgrad.trained"
#: Light or dark, if the visitor has chosen.
THEME = "theme"
#: The alphabet that is open: the id of its data set.
ALPHABET = "tabgrad.alphabet"
#: Which engine was chosen, and whether a section is open.
ENGINE_CHOICE_PREFIX = "tabgrad."
SECTION_PREFIX = "inside."
# sessionStorage.
#: The ink of a page that was reloaded: a log of actions (`ui.pad.ink_log`).
INK = "tabgrad.ink"
#: What is in this tab's code editor, with its undo history: `ui.code.controller`.
CODE_TAB = "tabgrad.code"
#: What was typed in this tab's console: `ui.code.console_history`.
CONSOLE = "tabgrad.console"
# Web Locks.
#: The run lock: held by the tab whose run can be resumed.
RUN_LOCK = "tabgrad-run"
#: Held by the tab that stores a data set, or looks for halves of one.
SETS_LOCK = "tabgrad-sets"


def is_shared_text(key: str) -> bool:
    """Whether earlier versions kept a short text under this name, for all folders of a host."""
    return key == THEME or key.startswith((ENGINE_CHOICE_PREFIX, SECTION_PREFIX))


def put_aside(key: str, number: int) -> str:
    """Where what stood under `key` and cannot be read is put aside: "…-unread", then "…-unread-2" and so on."""
    return f"{key}{_UNREAD}" if number == 1 else f"{key}{_UNREAD}-{number}"


def is_put_aside(key: str) -> bool:
    """Whether `put_aside` gave this key."""
    return _UNREAD in key


def run_weights(run_id: str) -> str:
    """Where the weights of a finished run are kept."""
    return f"train/weights/{run_id}"


def timeline_weights(step: int) -> str:
    """Where the weights of an entry of the timeline are kept."""
    return f"{TIMELINE}/{step}"


def drawings_of(labels: Iterable[str]) -> str:
    """Where the visitor's own test set of these classes is kept, in whatever order they are."""
    text = json.dumps(sorted(labels))
    return f"{DRAWINGS}-of/{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def set_head(set_id: str) -> str:
    """Where the head of a data set is kept: `data.sets`. It is written last, so what has no head is half of a set."""
    return f"{SETS_PREFIX}{set_id}"


def set_block(set_id: str, split: str, number: int) -> str:
    """Where a block of a data set's images is kept."""
    return f"{SETS_PREFIX}{set_id}/{split}-{number}"


def set_drawings(set_id: str) -> str:
    """Where the drawings of a data set are kept: a file of `data.drawings`."""
    return f"{SETS_PREFIX}{set_id}/drawings"


def set_of(key: str) -> str:
    """The id of the data set that keeps something under this key; empty if none does."""
    return key.removeprefix(SETS_PREFIX).partition("/")[0] if key.startswith(SETS_PREFIX) else ""


def compiled_program(version: str, stem: str) -> str:
    """Where a program that was compiled in this browser is kept. `version` is the site's."""
    return f"{PROGRAMS_PREFIX}{version}/{stem}"
