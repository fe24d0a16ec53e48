"""The layout of a unit's inputs: every number has one place, and between the tiles there is none."""

from __future__ import annotations

import numpy as np
import pytest

from tabgrad.explain.sheet import Sheet
from tabgrad.network import stages


@pytest.mark.parametrize(
    "spec",
    [
        {"kind": "mlp", "hidden": [5]},
        {"kind": "mlp", "hidden": [37, 5]},
        {"kind": "cnn", "stages": ["conv5x7", "pool", "dense5"]},
    ],
)
def test_each_number_is_where_the_picture_shows_it(spec: dict[str, object]) -> None:
    stage = stages(spec)[-2]
    sheet = Sheet(stage)
    assert sheet.count == int(np.prod(stage.input_shape))
    picture = sheet.picture(np.arange(float(sheet.count)))
    found = []
    for y in range(-1, picture.shape[0] + 2):
        for x in range(-1, picture.shape[1] + 2):
            place = sheet.place(x, y)
            inside = 0 <= y < picture.shape[0] and 0 <= x < picture.shape[1]
            expected = picture[y, x] if inside else np.nan
            assert place == (None if np.isnan(expected) else expected)
            found += [] if place is None else [place]
    assert sorted(found) == list(range(sheet.count))
