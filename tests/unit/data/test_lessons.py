"""The lesson alphabets: every sign is drawn, the same at each visit, and a small network tells all of them apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tabgrad.alphabet import check_labels
from tabgrad.backends.oracle.network import OracleNetwork
from tabgrad.backends.oracle.optim import train_step
from tabgrad.data.drawings import Drawing, drawing_text, dump_set, read_set
from tabgrad.data.drawn import open_drawn
from tabgrad.data.lessons import DRAWINGS_OF_A_SIGN, LESSONS, PAD_SIZE
from tabgrad.data.strokes import normalise_many
from tabgrad.network import draw_weights, spec_shapes

NAMES = list(LESSONS)


def pictures(drawings: Sequence[Drawing]) -> NDArray[np.uint8]:
    return normalise_many([d.strokes for d in drawings]).reshape(-1, 784)


def labels_of(drawings: Sequence[Drawing]) -> NDArray[np.int64]:
    return np.array([d.label for d in drawings])


@pytest.mark.parametrize("name", NAMES)
def test_every_sign_has_several_styles_and_its_drawings(name: str) -> None:
    lesson = LESSONS[name]
    assert lesson.title
    assert lesson.note.endswith((".", "?"))
    assert check_labels(lesson.labels) == lesson.labels
    assert all(len(set(styles)) >= 2 for styles in lesson.styles.values())
    drawn = lesson.draw()
    counts = np.bincount([d.label for d in drawn])
    assert counts.tolist() == [DRAWINGS_OF_A_SIGN] * len(lesson.labels)


@pytest.mark.parametrize("name", NAMES)
def test_drawings_lie_on_the_pad(name: str) -> None:
    for drawing in LESSONS[name].draw():
        assert drawing.size == PAD_SIZE
        points = np.concatenate([s.points for s in drawing.strokes])
        assert points.min() > 0
        assert points.max() < PAD_SIZE
        assert np.ptp(points, axis=0).max() > PAD_SIZE / 4


@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_is_an_alphabet_that_can_be_stored_and_learned(name: str) -> None:
    made = LESSONS[name].make(560.0)
    assert max(s.points.max() for d in made.drawings for s in d.strokes) > PAD_SIZE
    text = dump_set(made.name, made.labels, (drawing_text(d, 280.0) for d in made.drawings), 280.0)
    read = read_set(text)
    assert (read.name, read.labels) == (LESSONS[name].title, LESSONS[name].labels)
    data = open_drawn(text.encode())
    assert data.alphabet == made.labels
    assert data.size("train") + data.size("validation") + data.size("test") == len(made.drawings)


def test_a_lesson_has_the_same_drawings_at_each_visit_and_more_of_them_change_none() -> None:
    some, more = LESSONS["script"].draw(3), LESSONS["script"].draw(5)
    for label in range(len(LESSONS["script"].labels)):
        for k in range(3):
            ours, theirs = some[3 * label + k], more[5 * label + k]
            assert ours.label == theirs.label == label
            for one, other in zip(ours.strokes, theirs.strokes, strict=True):
                np.testing.assert_array_equal(one.points, other.points)


def test_no_two_drawings_of_a_sign_are_the_same() -> None:
    for lesson in LESSONS.values():
        images = pictures(lesson.draw())
        assert len(np.unique(images, axis=0)) == len(images)


@pytest.mark.parametrize("name", NAMES)
def test_a_small_network_tells_the_signs_apart(name: str) -> None:
    lesson = LESSONS[name]
    classes = len(lesson.labels)
    learn, unseen = lesson.draw(60), lesson.draw(40, seed=1)
    images, labels = pictures(learn), labels_of(learn)
    spec = {"kind": "mlp", "hidden": [32], "classes": classes}
    network = OracleNetwork(spec, draw_weights(spec_shapes(spec) or {}, 1), np.float32)
    rng, state = np.random.default_rng(1), dict[str, Any]()
    for _ in range(12):
        for rows in np.array_split(rng.permutation(len(learn)), len(learn) // 30):
            train_step(network, "adamw", state, (images[rows], labels[rows]), {"lr": 0.004, "weight_decay": 0.0})
    guesses = network.forward(pictures(unseen) / 255).argmax(1)
    assert (guesses == labels_of(unseen)).mean() > 0.95
