"""Splits: fixed by content, complete, and fair when there are too many images."""

import numpy as np
import pytest

from tabgrad.data.reading import collect
from tests.unit.data.reading.files import all_images, idx, images, labels, npy, pair, reading


def test_shares_are_one_seventh_and_one_twelfth() -> None:
    found = reading(pair(4200))
    assert abs(len(found.samples["test"].labels) / 4200 - 1 / 7) < 0.03
    assert abs(len(found.samples["validation"].labels) / 4200 - 1 / 12) < 0.02


def test_an_image_stays_in_its_split_when_others_come_or_go() -> None:
    few, more = reading(pair(840)), reading({**pair(840), **pair(420, "more", seed=9)}, set="all")
    for name, samples in few.samples.items():
        assert {image.tobytes() for image in samples.images} <= {i.tobytes() for i in more.samples[name].images}
    assert few.id != more.id


def test_equal_images_are_never_on_both_sides() -> None:
    twice = np.repeat(images(200), 3, 0)
    found = reading({"train-images": idx(twice), "train-labels": idx(labels(600, 2))})
    sides = [{image.tobytes() for image in samples.images} for samples in found.samples.values()]
    assert sum(map(len, sides)) == 200


def test_each_class_is_in_each_split_however_few_there_are() -> None:
    for count in (3, 4, 5):
        found = reading({f"{k}.npy": npy(images(count, k)) for k in range(12)})
        for samples in found.samples.values():
            assert set(samples.labels.tolist()) == set(range(12))
        assert reading({f"{k}.npy": npy(images(count, k)) for k in reversed(range(12))}).id == found.id


def test_a_class_that_the_test_files_lack_gives_it_an_image() -> None:
    found = reading({**pair(90), **pair(30, "t10k", seed=5, classes=2)})
    assert np.bincount(found.samples["test"].labels).tolist() == [15, 15, 1]
    assert any("changed sides" in note for note in found.notes)


def test_only_test_files_are_split_like_any() -> None:
    found = reading(pair(420, "t10k"))
    assert all(len(samples.labels) > 10 for samples in found.samples.values())
    assert "split" not in {guess.name for guess in found.guesses}


def test_of_too_many_images_a_fair_part_is_kept_whatever_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "MAX_IMAGES", 900)
    monkeypatch.setattr(collect, "_SLACK", 100)
    files = {f"{k}.npy": npy(images(1500, k)) for k in (3, 4, 5)}
    found, again = reading(files), reading(dict(reversed(files.items())))
    assert sum(len(s.labels) for s in found.samples.values()) == 900 == len(all_images(found))
    assert found.id == again.id
    counts = sum(np.bincount(s.labels, minlength=3) for s in found.samples.values())
    assert abs(counts - 300).max() < 60
    assert "There are 4,500 images; 900 of them are kept, chosen evenly." in found.notes


def test_equal_images_do_not_go_above_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "MAX_IMAGES", 900)
    monkeypatch.setattr(collect, "_SLACK", 100)
    same = np.repeat(images(2), 750, 0)
    found = reading({"train-images": idx(same), "train-labels": idx(labels(1500, 2))})
    assert sum(len(s.labels) for s in found.samples.values()) == 900
