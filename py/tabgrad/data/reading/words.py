"""What the names of files and folders say: train or test, images or labels, and of which class."""

from __future__ import annotations

import re

from tabgrad.data.index import SplitName

_ROLES: dict[str, SplitName] = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("test", "testing", "t10k", "tst"), "test"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
}
_LABELS = {"y", "label", "labels", "target", "targets", "class", "classes"}
_IMAGES = {"x", "image", "images", "img", "imgs", "data", "pixels", "features"}
#: Words of MNIST's file names that say nothing here.
_FORMAT = {"idx", "idx1", "idx3", "ubyte", "npy", "npz", "csv", "gz", "gzip", "txt", "zip", "mapping", "arr"}
#: "xtrain" and "testX" are two words.
_GLUED = re.compile(r"^([xy])(train|test|val)$|^(train|test|val)([xy])$")
_EXTENSION = re.compile(r"\.(gz|zip|npz|npy|csv|tsv|txt|idx|png|jpe?g|jfif|gif|bmp|webp|avif|ico|svg)$", re.IGNORECASE)
#: What Quick, Draw! puts before the class.
_QUICK_DRAW = re.compile(r"^(full[_ ]?)?(numpy[_ ]?)?(bitmap[_ ]+)", re.IGNORECASE)
#: "a_001", "a-1", "cat (3)": a class, and a number.
_NUMBERED = re.compile(r"(.*\S?)[ _-]+\(?\d+\)?")


def parts(path: str) -> list[str]:
    """The folders of a path and the name at its end."""
    return [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")] or [path]


def stem(name: str) -> str:
    """The name at the end of a path without the extensions that say a format."""
    found = parts(name)[-1]
    while (shorter := _EXTENSION.sub("", found)) and shorter != found:
        found = shorter
    return found


def _words(name: str) -> list[str]:
    found: list[str] = []
    for word in re.split(r"[\W_]+", stem(name).lower()):
        glued = _GLUED.match(word)
        found += [part for part in glued.groups() if part] if glued else [word]
    return [word for word in found if word]


def array_role(path: str) -> SplitName | None:
    """The split that a file's name, or else its folder's, speaks of."""
    for part in reversed(parts(path)):
        for word in _words(part):
            if word in _ROLES:
                return _ROLES[word]
    return None


def has_label_name(path: str) -> bool:
    """Whether a name says that the file holds labels."""
    return bool(_LABELS & set(_words(path)))


def set_name(path: str) -> str:
    """What is left of a name without numbers, split, content and format: "emnist-letters", or nothing."""
    said = _ROLES.keys() | _LABELS | _IMAGES | _FORMAT
    return "-".join(word for word in _words(path) if word not in said and not word.isdecimal())


def quick_draw_class(path: str) -> str:
    """The class of a file that holds images of one class: "full_numpy_bitmap_cat.npy" is "cat"."""
    name = stem(path)
    return (_QUICK_DRAW.sub("", name) or name).replace("_", " ").strip()


def folder_role(path: str) -> SplitName | None:
    """The split that a picture's folders speak of: those above its class, or the only one that it is in."""
    for part in reversed(parts(path)[:-1]):
        if part.lower() in _ROLES:
            return _ROLES[part.lower()]
    return None


def folder_class(path: str) -> str:
    """The folder that a picture is in, unless that is called "train" or "test"; nothing if there is none."""
    folders = parts(path)[:-1]
    return "" if not folders or folders[-1].lower() in _ROLES else folders[-1]


def numbered_class(path: str) -> str:
    """The class in a name with a number at its end: "a_001.png" is "a"; nothing if there is no number."""
    match = _NUMBERED.fullmatch(stem(path))
    return match[1].strip(" _-") if match else ""
