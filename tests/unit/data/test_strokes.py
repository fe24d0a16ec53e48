"""The stroke generator: all styles can be drawn, are repeatable, and are normalised as drawings on the pad are."""

import asyncio

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.contact_sheet import FILE, contact_sheet
from scripts.train.measured_drawings import LETTERS, out_of_distribution
from tabgrad.data.seeding import generator
from tabgrad.data.strokes import (
    CHUNK,
    DIGITS,
    StrokeSource,
    Template,
    Variation,
    draw_chunk,
    normalise_many,
    render_chunk,
    write,
)
from tabgrad.data.strokes.templates import ASPECT
from tabgrad.ink import Stroke, normalise, strokes_from_lists

NO_VARIATION = Variation(
    jitter=0, bend=0, slant=0, slant_spread=0, rotation_deg=0, aspect=0, lopsided=0, rounding=0, tremor=0, gap=0, trim=0
)


@pytest.mark.parametrize("template", [*DIGITS, *LETTERS], ids=lambda t: f"{t.label} {t.name}")
def test_without_variation_the_template_itself_is_drawn(template: Template) -> None:
    drawn = write(template, 2, NO_VARIATION, generator(0))
    given_strokes = template.strokes()
    assert len(drawn) == len(given_strokes)
    width = ASPECT[template.label % 10][0]
    for (points, _), curve in zip(given_strokes, drawn, strict=True):
        expected = (points - 0.5) * [width, 1]
        gaps = np.linalg.norm(expected[:, None] - curve[0][None], axis=2).min(1)
        assert gaps.max() < 1e-9
        assert (curve[0] == curve[1]).all()


def test_every_digit_has_its_common_styles() -> None:
    names = {digit: {t.name for t in DIGITS if t.label == digit} for digit in range(10)}
    assert all(len(styles) >= 4 for styles in names.values())
    assert {"crossed", "plain"} <= names[7]
    assert {"serif", "plain"} <= names[1]
    assert {"open", "closed"} <= names[4]
    assert "slashed" in names[0]
    assert {"loop", "plain"} <= names[2]


def test_drawings_are_normalised_as_on_the_pad() -> None:
    drawings, _ = draw_chunk(3, 0)
    some = drawings[:40]
    expected = np.stack([normalise(strokes) * 255 for strokes in some])
    assert np.abs(normalise_many(some) - expected).max() <= 1.0


def test_dots_and_long_lines_do_not_spill_into_their_neighbours() -> None:
    dot, line = strokes_from_lists([[[5, 5]]]), strokes_from_lists([[[0, 0], [1000, 3]]])
    wide = [Stroke(np.array([[0, 0], [9, 9]], np.float32), 3.0)]
    images = normalise_many([dot, line, wide, dot, line])
    for strokes, image in zip([dot, line, wide, dot, line], images, strict=True):
        assert np.abs(normalise(strokes) * 255 - image).max() <= 1.0


def test_digits_look_like_mnist() -> None:
    images, labels = StrokeSource(1).take_now(2000)
    assert images.shape == (2000, 28, 28)
    assert (np.bincount(labels, minlength=10) > 120).all()
    ink = images.reshape(2000, -1).mean(1)
    assert 20 < ink.mean() < 45  # MNIST: 33
    ys, xs = np.mgrid[:28, :28]
    total = images.sum((1, 2))
    assert np.abs((images * xs).sum((1, 2)) / total - 14).max() < 0.2
    assert np.abs((images * ys).sum((1, 2)) / total - 14).max() < 0.2


@settings(max_examples=8)
@given(st.integers(0, 2**31), st.lists(st.integers(1, 300), min_size=1, max_size=3), st.integers(0, 10_000))
def test_the_stream_depends_on_seed_and_position_alone(seed: int, sizes: list[int], start: int) -> None:
    source, again = StrokeSource(seed), StrokeSource(seed)
    source.position = again.position = start
    parts = [asyncio.run(source.take(n)) for n in sizes]
    whole = again.take_now(sum(sizes))
    assert (np.concatenate([p.images for p in parts]) == whole.images).all()
    assert (np.concatenate([p.labels for p in parts]) == whole.labels).all()


def test_seeds_and_chunks_differ() -> None:
    images = [render_chunk(seed, chunk).images.tobytes() for seed, chunk in ((1, 0), (1, 1), (2, 0), (2, 1))]
    assert len(set(images)) == 4


@pytest.mark.parametrize("kind", ["scribbles", "letters", "pairs"])
def test_out_of_distribution_drawings_have_ink_and_are_repeatable(kind: str) -> None:
    images = out_of_distribution(1, kind)
    assert images.shape == (CHUNK, 28, 28)
    assert (images.reshape(CHUNK, -1).max(1) > 100).all()
    assert (images == out_of_distribution(1, kind)).all()


def test_the_contact_sheet_is_up_to_date() -> None:
    assert FILE.read_text() == contact_sheet()
