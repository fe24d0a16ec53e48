"""The colour scales: zero is neutral, colour-blind people can tell the signs apart, lightness shows strength."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tabgrad.explain.colour import columns_for, diverging, grey, mosaic, span

#: Machado et al. 2009, https://doi.org/10.1109/TVCG.2009.113, severity 1: how colour-blind people see linear RGB.
DEFICIENCIES = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def linear(rgba: NDArray[np.uint8]) -> NDArray[np.float64]:
    c = rgba[..., :3] / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def oklab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Björn Ottosson's OKLab (https://bottosson.github.io/posts/oklab/) of linear RGB."""
    lms = rgb @ np.array(
        [[0.4122214708, 0.2119034982, 0.0883024619], [0.5363325363, 0.6806995451, 0.2817188376],
         [0.0514459929, 0.1073969566, 0.6299787005]]
    )  # fmt: skip
    return np.cbrt(lms.clip(0)) @ np.array(
        [[0.2104542553, 1.9779984951, 0.0259040371], [0.7936177850, -2.4285922050, 0.7827717662],
         [-0.0040720468, 0.4505937099, -0.8086757660]]
    )  # fmt: skip


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("eye", DEFICIENCIES)
def test_signs_and_strengths_are_told_apart(eye: str, dark: bool) -> None:
    values = np.linspace(-1, 1, 41)
    seen = oklab((linear(diverging(values, 1, dark)) @ DEFICIENCIES[eye].T).clip(0, 1))
    away = seen[:, 0] if dark else -seen[:, 0]  # lightness that moves away from the neutral middle
    assert (np.diff(away[20:]) > 0).all(), "more positive is not farther from the middle"
    assert (np.diff(away[:21]) < 0).all(), "more negative is not farther from the middle"
    # 0.02 is a just noticeable difference; a quarter of the scale must differ from its negative by five times that.
    for strength in (5, 10, 20):
        assert np.linalg.norm(seen[20 + strength] - seen[20 - strength]) > 0.1


@pytest.mark.parametrize("dark", [False, True])
def test_zero_is_neutral_and_limits_clip(dark: bool) -> None:
    red, green, blue, alpha = diverging(np.array([0.0]), 1, dark)[0].astype(int)
    assert max(red, green, blue) - min(red, green, blue) < 10
    assert alpha == 255
    ends = diverging(np.array([-9.0, -1, 1, 9]), 1, dark)
    assert (ends[0] == ends[1]).all()
    assert (ends[2] == ends[3]).all()
    assert ends[0, 2] > ends[0, 0], "negative is blue"
    assert ends[3, 0] > ends[3, 2], "positive is orange"


def test_the_scale_is_symmetric_and_includes_all_values() -> None:
    assert span(np.array([[-3.0, 2.0], [np.nan, 0.5]])) == 3
    assert span(np.zeros(3)) == span(np.array([np.nan])) == span(np.array([])) == 1
    picture = diverging(np.array([[-3.0, 3.0], [np.nan, 0.0]]))
    assert (picture[1, 0] == 0).all()
    assert (picture[0] == diverging(np.array([-1.0, 1.0]))).all()


def test_grey_is_ink_on_black() -> None:
    assert grey(np.array([0.0, 0.5, 1.0, 7.0, np.nan])).tolist() == [
        [0, 0, 0, 255],
        [128, 128, 128, 255],
        [255, 255, 255, 255],
        [255, 255, 255, 255],
        [0, 0, 0, 0],
    ]


@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 9), st.integers(1, 12), st.integers(0, 3))
def test_mosaic_keeps_every_picture_in_order(count: int, height: int, width: int, columns: int, gap: int) -> None:
    images = np.arange(count * height * width, dtype=np.float32).reshape(count, height, width)
    sheet = mosaic(images, columns, gap)
    known = np.isfinite(sheet)
    assert known.sum() == images.size
    for k in range(count):
        row, column = divmod(k, columns)
        y, x = row * (height + gap), column * (width + gap)
        assert (sheet[y : y + height, x : x + width] == images[k]).all()


def test_mosaics_are_about_as_wide_as_wanted() -> None:
    assert columns_for(128, 28, 28, aspect=2) == 16
    assert columns_for(24, 12, 12, aspect=1.5) == 6
    assert columns_for(3, 28, 28, aspect=10) == 3
