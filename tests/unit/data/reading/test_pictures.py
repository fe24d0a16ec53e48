"""Pictures in folders: any size, colour and polarity become images as ink does."""

import asyncio
import struct

import numpy as np
import pytest

from tabgrad.data import DataError
from tabgrad.data.reading import read
from tabgrad.data.reading.pictures import brightness, ink_image, picture_image
from tabgrad.data.reading.streams import MemoryFile
from tabgrad.ink import BOX_PX, CENTRE_PX, centre_of_mass
from tests.unit.data.reading.files import (
    all_images,
    decode,
    drawn,
    expected,
    guesses,
    images,
    labels,
    no_progress,
    packed,
    picture,
    png,
    reading,
    sentence,
)


def folders(count: int = 10, names: tuple[str, ...] = ("a", "b"), top: str = "letters/") -> dict[str, bytes]:
    return {f"{top}{name}/{i}.png": picture(i + 100 * k) for k, name in enumerate(names) for i in range(count)}


def bar(size: tuple[int, int], place: slice, across: slice) -> np.ndarray:
    ink = np.zeros(size, np.float32)
    ink[place, across] = 255
    return ink


@pytest.mark.parametrize(
    ("size", "place"), [((300, 200), slice(40, 160)), ((40, 40), slice(10, 30)), ((12, 9), slice(2, 8))]
)
def test_ink_fills_the_box_and_is_centred(size: tuple[int, int], place: slice) -> None:
    image = ink_image(bar(size, place, slice(1, 5)))
    assert image is not None
    rows = np.flatnonzero(image.max(1) > 127)
    assert abs(len(rows) - BOX_PX) <= 1
    x, y = centre_of_mass(image.astype(np.float32))
    assert abs(x - CENTRE_PX) < 0.1
    assert abs(y - CENTRE_PX) < 0.1
    assert image.max() == 255


def test_a_dot_stays_a_dot() -> None:
    image = ink_image(bar((280, 280), slice(10, 14), slice(30, 34)))
    assert image is not None
    assert 0 < (image > 60).sum() < 100


def test_polarity_and_transparency() -> None:
    ink = bar((60, 50), slice(10, 40), slice(20, 26)).astype(np.uint8)
    clear = np.dstack([np.full((60, 50, 3), 255, np.uint8), ink])
    black = np.dstack([np.zeros((60, 50, 3), np.uint8), ink])
    found = [picture_image(rgba, "each", "ink") for rgba in (drawn(255 - ink), drawn(ink), clear, black)]
    for image in found:
        assert image is not None
        assert (image == found[0]).all()
    inverted = picture_image(drawn(255 - ink), "light", "whole")
    assert inverted is not None
    assert inverted.mean() > 128


def test_a_blank_picture_shows_nothing() -> None:
    for value in (0, 128, 255):
        assert picture_image(drawn(np.full((30, 30), value)), "each", "ink") is None
    assert picture_image(drawn(np.zeros((1, 1))), "each", "ink") is None


def test_a_large_picture_is_averaged_first() -> None:
    rgba = drawn(255 - bar((4000, 4000), slice(1000, 3000), slice(1800, 2200)))
    assert max(brightness(rgba).shape) <= 512
    assert picture_image(rgba, "each", "ink") is not None


def test_each_folder_is_a_class() -> None:
    found = reading(folders())
    assert found.labels == ("a", "b")
    assert found.name == "letters"
    assert sum(len(s.labels) for s in found.samples.values()) == 20
    assert guesses(found) == {"polarity": "each", "fit": "ink"}
    zipped = reading({"letters.zip": packed({**folders(top=""), "__MACOSX/a/._1.png": b"x", "a/.DS_Store": b"x"})})
    assert zipped.id == found.id
    one_each = reading(
        {f"{n}.zip": packed(folders(names=(n,), top="")) for n in "a"} | folders(names=("x", "b"), top="")
    )
    assert set(one_each.labels) == {"a", "x", "b"}


def test_folders_called_train_and_test_are_the_splits() -> None:
    other = {f"letters/test/{n}/{i}.png": picture(50 + i + 100 * k) for k, n in enumerate("ab") for i in range(4)}
    found = reading({**folders(top="letters/train/"), **other})
    assert found.labels == ("a", "b")
    assert len(found.samples["test"].labels) == 8
    assert not any("called" in note for note in found.notes)


def test_names_with_numbers_are_classes_without_folders() -> None:
    files = {f"{n}_{i:03}.png": picture(i + 100 * k) for k, n in enumerate(("cat", "dog")) for i in range(6)}
    assert reading(files).labels == ("cat", "dog")
    assert reading({f"all/{name}": data for name, data in files.items()}).labels == ("cat", "dog")


def test_pictures_without_folders_are_told_where_to_go() -> None:
    flat = {f"{i}.png": picture(i) for i in range(20)}
    for files in (
        flat,
        {"pics.zip": packed(flat)},
        {"pics.zip": packed({f"pics/{name}": data for name, data in flat.items()})},
        {f"pics/{name}": data for name, data in flat.items()},
        {f"letters/{name}": data for name, data in {**flat, **folders(names=("train",), top="")}.items()},
    ):
        said = sentence(files)
        assert said == "Put the pictures of each class into a folder with its name, such as cats/1.png."


WHITE = png(drawn(np.full((9, 9), 255)))
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (png(drawn(np.zeros((1, 1)))), "shows nothing"),
        (b"\x89PNG\r\n\x1a\n????IHDR" + struct.pack(">II", 50_000, 50_000) + bytes(40), "cannot be read"),
        (b"\x89PNG??", "cannot be read"),
        (b"", "is empty"),
        (SVG, "is an SVG picture: save it as PNG"),
    ],
)
def test_a_class_without_any_usable_picture_is_named(bad: bytes, why: str) -> None:
    gone = {f"x/dog/{i}.png": bad for i in range(6)}
    said = sentence({**folders(names=("cat",), top="x/"), **gone})
    assert said == f"Only 'cat' has pictures that can be used; of 'dog', '0.png' {why}."
    found = reading({**folders(names=("cat", "cow"), top="x/"), **gone})
    assert found.labels == ("cat", "cow")
    assert f"The class 'dog' is left out: '0.png' {why}." in found.notes
    said = sentence({**folders(names=("cat",), top="x/"), **gone, "x/dog/7.png": picture(7)})
    assert said == f"The class 'dog' has 1 image; each needs 3 or more: '0.png' {why}."


def test_the_decoders_own_reason_is_given_and_fits() -> None:
    async def refuse(data: bytes) -> np.ndarray:
        if len(data) > 99:
            return await decode(data)
        raise DataError(f"It has {data.decode()} pixels; at most 4,096 on a side can be read.")

    for size, why in (("9,000 x 9,000",) * 2, ("4,294,967,295 x 4,294,967,295", "cannot be read")):
        files = folders(names=("c" * 90,), top="x/") | {f"x/{'d' * 90}/{'e' * 90}.png": size.encode()}
        inputs = [MemoryFile(name, data) for name, data in files.items()]
        with pytest.raises(DataError, match=why) as caught:
            asyncio.run(read(inputs, {}, refuse, no_progress))
        assert len(str(caught.value)) <= 170


def test_svg_pictures_are_named() -> None:
    found = reading({**folders(), "letters/a/x.svg": SVG, "letters/b/y.SVG": SVG, "letters/b/z.png": SVG})
    assert "SVG pictures are not read: save them as PNG ('x.svg' and 2 more)." in found.notes
    assert not any("cannot be read" in note for note in found.notes)
    said = sentence({f"{name}/{i}.svg": SVG for name in "ab" for i in range(5)})
    assert said == "SVG pictures are not read: save them as PNG."
    assert sentence({"1.svg": SVG}) == said


def test_blank_pictures_are_not_learnt_from() -> None:
    assert sentence({f"{n}/{i}.png": WHITE for n in "ab" for i in range(5)}).startswith("All images are blank")
    assert sentence({f"{n}/{i}.png": picture() for n in "ab" for i in range(5)}).startswith("All images are the same")


def test_pictures_of_28x28_stay_pixel_for_pixel() -> None:
    x, y = images(20), labels(20, 2)
    files = {f"{y[i]}/{i}.png": png(drawn(x[i])) for i in range(20)}
    found = reading(files)
    assert all_images(found) == expected(x, y)
    assert guesses(found)["fit"] == "whole"
    assert all_images(reading(files, fit="ink")) != expected(x, y)


def test_broken_and_blank_pictures_are_counted() -> None:
    files = folders() | {"letters/a/bad.png": b"\x89PNG??", "letters/b/gif.gif": b"GIF89a", "letters/b/empty.png": b""}
    found = reading(files | {"letters/b/white.png": png(drawn(np.full((9, 9), 255))), "loose.png": picture(7)})
    assert any(note == "'bad.png' cannot be read and is left out, as with 2 more." for note in found.notes)
    assert any(note == "'white.png' shows nothing and is left out." for note in found.notes)
    assert any("in no folder" in note for note in found.notes)
    assert reading(folders()).id == found.id
    assert "No picture could be used" in sentence({f"{n}/{i}.png": b"x" for n in "ab" for i in range(5)})


def test_odd_names_become_labels() -> None:
    files = folders(names=("<img src=x>", "\u202eevil", "b ", "b", "\u0661"))
    found = reading(files)
    assert set(found.labels) == {"<img src=x>", "evil", "b", "\u0661"}
    assert any("2 classes are called 'b'" in note for note in found.notes)
    assert "one can see" in sentence(folders(names=("a", "\u200b")))


def test_too_few_classes_and_images() -> None:
    assert "at least 2 classes" in sentence(folders(names=("a",)))
    assert "here there are 37" in sentence(folders(3, tuple(f"c{i}" for i in range(37))))
    assert "has 2 images; each needs 3 or more" in sentence(folders(2))
