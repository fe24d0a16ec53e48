"""idx, npy and npz: what stays pixel for pixel, what is turned, and what is refused."""

import gzip

import numpy as np
import pytest

from tests.unit.data.reading.files import (
    all_images,
    expected,
    guesses,
    gz,
    idx,
    images,
    labels,
    npy,
    npz,
    packed,
    pair,
    reading,
    sentence,
)


def test_an_idx_pair_is_read_pixel_for_pixel() -> None:
    found = reading(pair())
    assert found.labels == ("0", "1", "2")
    assert all_images(found) == expected(images(84), labels(84))
    assert {name: s.images.dtype for name, s in found.samples.items()} == dict.fromkeys(found.samples, np.uint8)
    assert found.id.startswith("set-")
    assert len(found.id) == 20


def test_gzip_zip_and_the_order_of_files_change_nothing() -> None:
    plain = reading({**pair(), **pair(30, "t10k", seed=1)})
    forms = [
        dict(reversed({**pair(), **pair(30, "t10k", seed=1)}.items())),
        gz({**pair(), **pair(30, "t10k", seed=1)}),
        gz(gz({**pair(), **pair(30, "t10k", seed=1)})),
        {"mnist.zip": packed({**gz(pair()), **pair(30, "t10k", seed=1), "__MACOSX/._x": b"??", ".DS_Store": b"\0\1"})},
    ]
    for form in forms:
        again = reading(form)
        assert again.id == plain.id
        assert all((again.samples[n].images == plain.samples[n].images).all() for n in plain.samples)


def test_the_test_files_are_the_test_unless_the_visitor_wants_otherwise() -> None:
    files = {**pair(240), **pair(30, "t10k", seed=1)}
    found = reading(files)
    assert guesses(found)["split"] == "files"
    assert {image.tobytes() for image in found.samples["test"].images} == set(expected(images(30, 1), labels(30)))
    assert 0 < len(found.samples["validation"].labels) < 60
    other = reading(files, split="content")
    assert other.id != found.id
    assert len(other.samples["test"].labels) != 30
    assert all_images(other) == all_images(found)


def test_emnist_is_turned_and_its_labels_are_letters() -> None:
    files = gz(pair(260, "emnist-letters-train", classes=26, first=1))
    found = reading(files)
    assert guesses(found)["transposed"] == "yes"
    assert guesses(found)["names"] == "letters"
    assert found.labels == tuple("abcdefghijklmnopqrstuvwxyz")
    assert found.name == "emnist-letters"
    assert set(all_images(found)) == set(expected(images(260).transpose(0, 2, 1), labels(260)))
    assert any("EMNIST" in note for note in found.notes)
    kept = reading(files, transposed="no", names="numbers")
    assert set(all_images(kept)) == set(expected(images(260), labels(260)))
    assert kept.labels[-1] == "26"
    assert reading(files, names="capitals").labels[0] == "A"


def test_emnist_is_known_by_the_name_in_the_gzip_header() -> None:
    files = {}
    for name, data in pair().items():
        header = gzip.compress(data, mtime=0)
        files[name + ".gz"] = header[:3] + b"\x08" + header[4:10] + b"emnist-digits\0" + header[10:]
    assert guesses(reading(files))["transposed"] == "yes"
    assert guesses(reading(pair()))["transposed"] == "no"


def test_capitals_are_known_by_the_name_of_the_file() -> None:
    found = reading({"A_Z Handwritten Data.npz": npz(x=images(104), y=labels(104, 26))})
    assert "".join(found.labels) == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def test_a_mapping_names_the_classes() -> None:
    found = reading({**pair(), "emnist-x-mapping.txt": b"0 65\n1 66 98\r\n2 67\n"})
    assert found.labels == ("A", "b", "C")


def test_of_several_sets_one_is_chosen() -> None:
    files = {**pair(60, "emnist-digits-train"), **pair(90, "emnist-letters-train", classes=5, first=1)}
    found = reading({"gzip.zip": packed(gz(files))})
    assert found.name == "emnist-letters"
    guess = next(g for g in found.guesses if g.name == "set")
    assert "letters" in guess.options[guess.value]
    assert len(all_images(found)) == 90
    assert len(all_images(reading(files, set="all"))) == 150
    assert len(all_images(reading(files, set="0"))) == 60


def test_of_several_mappings_the_one_of_the_set_counts() -> None:
    files = {**pair(60, "emnist-digits-train"), **pair(90, "emnist-letters-train", classes=5, first=1)}
    maps = {"emnist-digits-mapping.txt": b"0 48\n1 49\n2 50\n", "emnist-letters-mapping.txt": b"1 65 97\n2 66 98\n"}
    maps["emnist-letters-mapping.txt"] += b"3 67 99\n4 68 100\n5 69 101\n"
    assert reading({"gzip.zip": packed({**gz(files), **maps})}).labels == tuple("abcde")
    assert reading({"gzip.zip": packed({**gz(files), **maps})}, set="0").labels == tuple("012")


def test_arrays_without_names_belong_together_by_their_numbers() -> None:
    arrays = npz(arr_0=images(84), arr_1=labels(84), arr_2=images(30, 1), arr_3=labels(30))
    assert all_images(reading({"a.npz": arrays})) == {
        **expected(images(84), labels(84)),
        **expected(images(30, 1), labels(30)),
    }


def test_sets_with_names_in_other_scripts_are_told_apart() -> None:
    both = {"猫.npz": npz(x=images(84), y=labels(84)), "犬.npz": npz(x=images(30, 1), y=labels(30))}
    assert len(all_images(reading(both, set="all"))) == 114


def test_npz_of_keras_and_of_others() -> None:
    x, y, tx, ty = images(84), labels(84), images(30, 1), labels(30)
    both = {**expected(x, y), **expected(tx, ty)}
    forms = [
        npz(x_train=x, y_train=y, x_test=tx, y_test=ty),
        npz(train_images=x, train_labels=y[:, None], test_images=tx, test_labels=ty[:, None]),
        npz(xtrain=x.reshape(84, 784), ytrain=y.astype(np.int64), xtest=tx[..., None], ytest=ty.astype(np.float32)),
        npz(x_train=x, y_train=np.eye(3)[y], x_test=tx, y_test=np.eye(3)[ty]),
        npz(X_train=np.asfortranarray(x), Y_train=y, X_test=tx, Y_test=ty),
    ]
    for form in forms:
        found = reading({"mnist.npz": form})
        assert all_images(found) == both
        assert len(found.samples["test"].labels) == 30
    assert all_images(reading({"a.npz": npz(x=x, y=y)})) == expected(x, y)
    assert all_images(reading({"images.npy": npy(x), "labels.npy": npy(y)})) == expected(x, y)


def test_labels_can_be_words() -> None:
    names = np.array(["cat", "dog", "über"])
    for of in (names[labels(84)], np.char.encode(names, "utf-8")[labels(84)]):
        assert reading({"a.npz": npz(x=images(84), y=of)}).labels == ("cat", "dog", "über")


def test_values_of_other_ranges_are_scaled() -> None:
    x = images(84)
    for values in (x / 255, (x / 255).astype(np.float32), x.astype(np.uint16) * 257, x.astype(np.int64)):
        found = reading({"a.npz": npz(x=values, y=labels(84))})
        assert all_images(found) == expected(x, labels(84))
        assert ("scaled" in " ".join(found.notes)) == (values.max() != 255)
    binary = (x > 100).astype(bool)
    found = reading({"a.npz": npz(x=binary, y=labels(84))})
    assert all_images(found) == expected(binary * np.uint8(255), labels(84))


def test_other_sizes_become_28x28_and_a_note_says_so() -> None:
    digits = images(84, size=8) // 16
    found = reading({"digits.npz": npz(data=digits.reshape(84, 64), images=digits, target=labels(84))})
    assert any("8x8" in note for note in found.notes)
    assert any("0 to 15" in note or "0 to 16" in note for note in found.notes)
    assert len(all_images(found)) == 84
    assert max(s.images.max() for s in found.samples.values()) > 200
    colours = np.repeat(images(84, size=32)[..., None], 3, 3)
    for values in (colours, np.moveaxis(colours, 3, 1), np.moveaxis(colours, 3, 1).reshape(84, -1)):
        again = reading({"cifar.npz": npz(x=values, y=labels(84))})
        assert any("32x32" in note for note in again.notes)
        assert any("colours" in note for note in again.notes)


def test_dark_ink_on_light_paper_is_turned_to_light_on_dark() -> None:
    found = reading({"a.npz": npz(x=255 - images(84), y=labels(84))})
    assert guesses(found)["polarity"] == "dark"
    assert all_images(found) == expected(images(84), labels(84))
    kept = reading({"a.npz": npz(x=255 - images(84), y=labels(84))}, polarity="light")
    assert all_images(kept) == expected(255 - images(84), labels(84))
    assert guesses(reading(pair()))["polarity"] == "light"


def test_quick_draw_has_one_class_a_file() -> None:
    cat, dog = images(40, 1).reshape(40, 784), images(50, 2).reshape(50, 784)
    files = {"full_numpy_bitmap_cat.npy": npy(cat), "dog.npy": npy(dog), "The Eiffel Tower.npy": npy(dog // 2)}
    found = reading(files)
    assert found.labels == ("cat", "dog", "The Eiffel Tower")
    assert all_images(found)[cat[0].tobytes()] == "cat"
    assert found.name == "cat, dog and The Eiffel Tower"
    merged = reading({**files, "full_numpy_bitmap_dog.npy": npy(cat // 2)})
    assert merged.labels == found.labels
    assert any("'dog'" in note for note in merged.notes)
    assert "no labels" in sentence({"cat.npy": npy(cat)})


def test_fashion_can_have_its_names() -> None:
    found = reading({"fashion-mnist.npz": npz(x=images(200), y=labels(200, 10))})
    assert found.labels[0] == "T-shirt"
    assert reading({"a.npz": npz(x=images(200), y=labels(200, 10))}).labels == tuple("0123456789")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"x.npz": npz(x=images(84), y=labels(83))}, "84 images, but 'y.npy' has 83 labels"),
        (dict(list(pair().items())[:1]), "no labels for"),
        (dict(list(pair().items())[1:]), "no images"),
        ({name: data[:-9] for name, data in pair().items()}, "fewer values"),
        ({name: data + b"12" for name, data in pair().items()}, "more values"),
        ({name: data[:-20] for name, data in gz(pair()).items()}, "breaks off"),
        (gz({name: data[:-9] for name, data in pair().items()}), "breaks off"),
        (gz({name: data + b"1" for name, data in pair().items()}), "more values"),
        (gz(gz(gz(pair()))), "packed several times"),
        (pair(classes=1), "at least 2 classes"),
        ({"x.npz": npz(x=images(94), y=labels(94, 47))}, "at most 36 classes; here there are 47"),
        ({"x.npz": npz(x=images(1200), y=np.arange(1200))}, "more than 1,000"),
        ({"x.npz": npz(x=images(84), y=labels(84) + 0.5)}, "no whole numbers"),
        ({"x.npz": npz(x=np.full((84, 28, 28), np.nan), y=labels(84))}, "no numbers"),
        ({"x.npz": npz(x=images(84), y=np.ones((84, 3)))}, "exactly one column"),
        ({"x.npy": npy(np.array([{}, {}]), allow_pickle=True)}, "could run code"),
        ({"x.npy": npy(np.zeros(3, [("a", "u1"), ("b", "f4")]))}, "no numbers"),
        ({"x.npy": npy(np.zeros((3, 28, 28), complex))}, "no numbers"),
        ({"x.npy": npy(np.zeros((0, 28, 28), np.uint8))}, "without images"),
        ({"x.npy": b"\x93NUMPY\x01\0\xff\xff{'descr'"}, "header"),
        ({"x.npz": npz(x=images(6), y=labels(6, 4))}, "The class '2' has 1 image"),
        ({"a-images": idx(np.zeros((1 << 11, 28, 28), np.uint8))[:5]}, "header"),
    ],
)  # fmt: skip
def test_arrays_that_are_refused(files: dict[str, bytes], said: str) -> None:
    assert said in sentence(files)
