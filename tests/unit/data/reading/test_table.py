"""CSV: where the label is, whether there is a header, and what is no table of images."""

import gzip

import numpy as np
import pytest

from tabgrad.alphabet import MAX_LABEL
from tabgrad.data.reading.table import whole_numbers
from tests.unit.data.reading.files import (
    all_images,
    drawn,
    expected,
    guesses,
    images,
    labels,
    npy,
    npz,
    packed,
    pair,
    png,
    reading,
    sentence,
    table,
)

X, Y = images(84), labels(84)


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_label_in_the_first_or_last_column(header: bool, last: bool, mark: str) -> None:
    found = reading({"train.csv": table(X, Y, header=header, last=last, mark=mark)})
    assert all_images(found) == expected(X, Y)
    assert guesses(found)["header"] == ("yes" if header else "no")
    assert guesses(found)["label_column"] == ("last" if last else "first")


def test_what_programs_write_differently() -> None:
    plain = table(X, Y)
    fractions = plain.replace(b",", b".0,").replace(b"l.0,", b"l,").replace(b"\n", b".0\n").replace(b"783.0", b"783")
    counted = b",".join([b"label", *(b"%d" % i for i in range(784))]) + b"\n" + plain.split(b"\n", 1)[1]
    quoted = b'"' + plain[:-1].replace(b",", b'","').replace(b"\n", b'"\n"') + b'"\n'
    forms = [plain.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + plain, plain[:-1], plain + b"\n\n", quoted, counted]
    forms += [plain.replace(b",", b", "), gzip.compress(plain), packed({"a/train.csv": plain})]
    for form in [*forms, fractions.replace(b"label.0", b"label")]:
        assert all_images(reading({"train.csv": form})) == expected(X, Y)


def test_labels_can_be_words_and_html_is_only_text() -> None:
    words = np.array(["<b>x</b>", "\u202eabc", "é"])
    found = reading({"a.csv": table(X, words[Y])})
    assert found.labels == ("<b>x</b>", "abc", "é")
    last = reading({"a.csv": table(X, words[Y], last=True, header=False)})
    assert last.labels == found.labels
    assert guesses(last)["label_column"] == "last"


def test_train_and_test_and_a_test_without_labels() -> None:
    more = images(30, 1)
    files = {"train.csv": table(X, Y), "test.csv": table(more, labels(30))}
    found = reading(files)
    assert len(found.samples["test"].labels) == 30
    unlabelled = "\n".join(line.split(",", 1)[1] for line in table(more, labels(30)).decode().splitlines())
    alone = reading({"train.csv": table(X, Y), "test.csv": unlabelled.encode()})
    assert all_images(alone) == expected(X, Y)
    assert any("'test.csv' has no labels" in note for note in alone.notes)
    assert "no labels" in sentence({"test.csv": unlabelled.encode()})


def test_small_values_and_fractions_are_scaled() -> None:
    low = (X // 16).clip(0, 16)
    found = reading({"a.csv": table(low, Y)})
    assert any("scaled" in note for note in found.notes)
    ones = reading({"a.csv": table((X > 99).astype(np.uint8), Y)})
    assert all_images(ones) == expected((X > 99) * np.uint8(255), Y)
    small = reading({"digits.csv": table(images(84, size=8), Y)})
    assert any("8x8" in note for note in small.notes)


def test_rows_sorted_by_their_labels() -> None:
    order = np.argsort(Y, kind="stable")
    for last in (True, False):
        found = reading({"a.csv": table(np.repeat(X[order], 8, 0), np.repeat(Y[order], 8), header=False, last=last)})
        assert found.labels == ("0", "1", "2")


def test_a_switch_overrides_a_guess() -> None:
    rows = table(X, Y, header=False)
    assert len(all_images(reading({"a.csv": rows}, header="yes"))) == 83
    assert "at least 2 classes" in sentence({"a.csv": rows}, label_column="last")  # the margin is black
    assert guesses(reading({"a.csv": rows}, header="perhaps", nonsense="x"))["header"] == "no"


def test_numbers_are_read_all_at_once() -> None:
    text = b"0,7,10,99,100,255,007"
    values = whole_numbers(text, b",")
    assert values is not None
    assert values.tolist() == [0, 7, 10, 99, 100, 255, 7]
    for other in (b"1,,2", b"1,-2", b"1.5", b"1 ,2", b"1,2000", b"", b",", b"a"):
        assert whole_numbers(other, b",") is None


LINES = table(X, Y).split(b"\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"\n".join([*LINES[:9], LINES[9].rpartition(b",")[0], *LINES[10:]]), "Line 10 of 'a.csv' has 784 columns"),
        (b"\n".join([*LINES[:9], LINES[9] + b",1", *LINES[10:]]), "Line 10 of 'a.csv' has 786 columns"),
        (b"\n".join([*LINES[:9], LINES[9].replace(b",", b",x", 1), *LINES[10:]]), "Line 10 of 'a.csv' has 'x0' where"),
        (b"\n".join([*LINES[:9], LINES[9].replace(b",", b",,", 1).rpartition(b",")[0], *LINES[10:]]), "has '' where"),
        (b"\n".join([*LINES[:9], LINES[9][1:], *LINES[10:]]), "rows without a label"),
        (b"\n".join([*LINES[:9], LINES[9].replace(b",0,", b",nan,", 1), *LINES[10:]]), "no numbers"),
        (b"a,b\n1,2\n", "2 columns"),
        (b"label," + b"1" * (3 << 20), "2 columns"),
        (b"\n\n,\n\n", ""),
        (b"", "is empty"),
        (b" \n", ""),
        (b"<!DOCTYPE html><html><body>Sign in, please</body>", "is a web page, not data"),
        (b'{"a": [1, 2]}', "a JSON file"),
        (b"\0" * 99, "only zeros"),
        (b"no data at all", "no data that can be read here"),
    ],
)  # fmt: skip
def test_tables_that_are_refused(text: bytes, said: str) -> None:
    assert said in sentence({"a.csv": text})


def test_one_class_and_too_many() -> None:
    assert "at least 2 classes" in sentence({"a.csv": table(X, Y * 0)})
    assert "here there are 42" in sentence({"a.csv": table(X, labels(84, 42))})
    assert "more than 1,000" in sentence({"a.csv": table(images(1100), np.arange(1100))})


def test_long_names_of_classes_are_shortened_and_stay_apart() -> None:
    long = "a rather long name of a class, "
    cut = "a rather long name of a"
    names = [long + "one", long + "two", "cat"]
    want = {f"{cut}\u2026", f"{cut[:-2]}\u20262", "cat"}
    files = {
        "csv": {"a.csv": table(X, np.array([f"{name.replace(',', '')}" for name in names])[Y])},
        "npz": {"a.npz": npz(x=X, y=np.array(names)[Y])},
        "npy": {f"{name}.npy": npy(X[k == Y]) for k, name in enumerate(names)},
        "folders": {f"x/{names[k]}/{i}.png": png(drawn(X[i])) for i, k in enumerate(Y)},
    }
    for kind, data in files.items():
        found = reading(data)
        assert set(found.labels) == want, kind
        assert max(map(len, found.labels)) <= MAX_LABEL
        assert [sum(len(s.labels) for s in found.samples.values()), len(found.labels)] == [84, 3]
        assert any(note.startswith("Names of more than 24 characters are shortened") for note in found.notes)
    assert not any(
        "shortened" in note for note in reading({"a.csv": table(X, np.array(["a\u2026", "b"])[Y % 2])}).notes
    )


def test_files_of_different_kinds_that_are_joined_are_named() -> None:
    floats = npz(x=images(30, 4) / 255, y=labels(30))
    found = reading({"train.csv": table(X, Y), "floats.npz": floats})
    note = "Joined 'train.csv' and 'floats.npz': their classes of the same name are one."
    assert note in found.notes
    assert len(all_images(found)) == 114
    zipped = reading({"a.zip": packed({"train.csv": table(X, Y), "y.csv": table(images(9), labels(9)), **pair(30)})})
    assert any(n.startswith("Joined 'train.csv', 'y.csv' and 'train-images-idx3-ubyte'") for n in zipped.notes)
    many = {f"{i}.csv": table(images(9, i), labels(9)) for i in range(5)}
    assert any("and 4 more files: " in n for n in reading({**many, "floats.npz": floats}).notes)
    for alone in ({"train.csv": table(X, Y), "test.csv": table(images(9, 1), labels(9))}, {"floats.npz": floats}):
        assert not any(n.startswith("Joined") for n in reading(alone).notes)


def test_images_that_are_all_blank_or_all_the_same() -> None:
    grey = (np.arange(84, dtype=np.uint8)[:, None, None] + np.zeros((28, 28), np.uint8)).astype(np.uint8)
    for blank in (X * 0, grey):
        assert sentence({"a.csv": table(blank, Y)}).startswith("All images are blank")
    assert sentence({"a.csv": table(np.repeat(X[:1], 84, 0), Y)}).startswith("All images are the same")
    some = np.concatenate([X[:42], X[:42] * 0])
    assert sum(len(s.labels) for s in reading({"a.csv": table(some, Y)}).samples.values()) == 84


def test_other_files_beside_data_are_left_out() -> None:
    zipped = packed(
        {"train.csv": table(X, Y), "README.md": b"# About, this", "x.png": png(np.zeros((2, 2, 4), np.uint8))}
    )
    found = reading({"a.zip": zipped})
    assert all_images(found) == expected(X, Y)
    assert any("'README.md'" in note for note in found.notes)
    assert any("'x.png'" in note for note in found.notes)
    both = reading({"train.csv": table(X, Y), **pair(30, seed=4)})
    assert len(all_images(both)) == 114
