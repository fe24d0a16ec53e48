"""From the texts of labels to the names of classes, in a fixed order: numbers by size, other texts by the alphabet."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence

from tabgrad.alphabet import MAX_LABEL, AlphabetError, Labels, shortened
from tabgrad.data.base import DataError
from tabgrad.incoming import quoted

from .collect import check_class_count
from .work import Work

_NUMBER = re.compile(r"-?\d{1,9}", re.ASCII)
_FASHION = ("T-shirt", "Trousers", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Trainer", "Bag", "Ankle boot")
_NUMBERS, _SMALL, _CAPITAL = "numbers", "letters", "capitals"
_LETTERS = 26
#: Kaggle's "A_Z Handwritten Data.csv" has capitals.
_A_TO_Z = re.compile(r"(?<![a-z0-9])a[_ -]z(?![a-z0-9])")


def name_classes(
    codes: Mapping[str, int], mapping: Mapping[int, str], work: Work, hints: str
) -> tuple[Labels, list[int]]:
    """The labels in order, and for each code in `codes` (label text -> code) the number of its class.

    `mapping`: names of numbers that a file of mappings gives. `hints`: all names of files. Raises DataError.
    """
    if all(_NUMBER.fullmatch(text) for text in codes):
        numbers = sorted({int(text) for text in codes})
        check_class_count(len(numbers))
        names = dict(zip(numbers, _number_names(numbers, mapping, work, hints), strict=True))
        named = {text: names[int(text)] for text in codes}
        labels = tuple(dict.fromkeys(names.values()))
    else:
        check_class_count(len(codes))
        named = _labels(sorted(codes), work)
        labels = tuple(sorted(set(named.values()), key=lambda label: (label.casefold(), label)))
    _note_merged(named, work)
    check_class_count(len(labels))
    places = {label: i for i, label in enumerate(labels)}
    return labels, [places[named[text]] for text in codes]


def _labels(texts: Sequence[str], work: Work) -> dict[str, str]:
    """The label of each text, cut if it is long: a name of a file or folder can be of any length."""
    try:
        labels = shortened(texts)
    except AlphabetError as error:
        raise DataError(str(error)) from error
    mark = "\N{HORIZONTAL ELLIPSIS}"
    if cut := sorted({label for text, label in labels.items() if label.count(mark) > text.count(mark)}):
        others = f" and {len(cut) - 1} more" if len(cut) > 1 else ""
        work.note(f"Names of more than {MAX_LABEL} characters are shortened: {quoted(cut[0], MAX_LABEL)}{others}.")
    return labels


def _note_merged(named: Mapping[str, str], work: Work) -> None:
    for label in sorted(set(named.values())):
        texts = [text for text in named if named[text] == label]
        sources = {source for text in texts for source in work.sources.get(text, {text})}
        if len(sources) > 1:
            work.note(f"{len(sources)} classes are called {quoted(label, 24)}; they were made one.")


def _number_names(numbers: Sequence[int], mapping: Mapping[int, str], work: Work, hints: str) -> list[str]:
    """Names for the numbers of classes, with a switch if they could stand for something."""
    if all(n in mapping for n in numbers):
        labels = _labels([mapping[n] for n in numbers], work)
        return [labels[mapping[n]] for n in numbers]
    options = {_NUMBERS: f"the numbers {numbers[0]} to {numbers[-1]}"}
    low = 1 if numbers[-1] == _LETTERS else 0
    letters = low <= numbers[0] and numbers[-1] < low + _LETTERS
    if letters:
        first, last = (string.ascii_lowercase[n - low] for n in (numbers[0], numbers[-1]))
        options |= {
            _SMALL: f"letters, {first} to {last}",
            _CAPITAL: f"letters, {first.upper()} to {last.upper()}",
        }
    if list(numbers) == list(range(len(_FASHION))):
        options["fashion"] = "clothes, as in Fashion-MNIST"
    if len(options) == 1:
        return [str(n) for n in numbers]
    # Numbers that go nearly up to 25 or 26 are letters: J and Z are missing where they would need a movement.
    value = _SMALL if letters and numbers[-1] - low >= _LETTERS - 2 else _NUMBERS
    value = "fashion" if "fashion" in options and "fashion" in hints else value
    value = _CAPITAL if value == _SMALL and _A_TO_Z.search(hints) else value
    match work.guess("names", "What the numbers of the classes stand for", value, options):
        case "letters":
            return [string.ascii_lowercase[n - low] for n in numbers]
        case "capitals":
            return [string.ascii_uppercase[n - low] for n in numbers]
        case "fashion":
            return list(_FASHION)
        case _:
            return [str(n) for n in numbers]


def parse_mapping(data: bytes) -> dict[int, str]:
    """EMNIST's mapping, lines of a label and character codes: the last code counts ("1 65 97" is a)."""
    found: dict[int, str] = {}
    for line in data.decode("ascii", "replace").splitlines()[:1000]:
        numbers = [int(word) for word in line.split() if re.fullmatch(r"\d{1,6}", word, re.ASCII)]
        if len(numbers) > 1 and 32 < numbers[-1] < 0x3000:
            found[numbers[0]] = chr(numbers[-1])
    return found
