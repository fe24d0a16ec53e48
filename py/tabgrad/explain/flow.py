"""How an answer runs through a network: the units worth showing of each layer, and what they pass on to each other.

A unit's value is its activation; that of a feature map is the largest value in it. What a unit passes on is a term of
the sum that gives the next unit its value (before the activation function), so the terms of a unit, with its bias, add
up to that sum. Owns the choice of units and these terms. Draws nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.network import IMAGE_SHAPE, Stage

Array = NDArray[np.floating[Any]]
#: Added to the variance in batch norm, as in tinygrad and in the oracle.
NORM_EPS = 1e-5
#: The place of the image among the columns, which is no stage.
IMAGE = -1


def strengths(values: Array) -> Array:
    """The value of each unit (n,): of activations (n,) themselves, of maps (n, height, width) the largest one."""
    return np.asarray(values if values.ndim == 1 else values.reshape(len(values), -1).max(axis=1))


def passed_on(
    stage: Stage, weights: Mapping[str, Array], before: Array, after: Array, units: Sequence[int]
) -> NDArray[np.float32]:
    """What each of n units or maps before a stage adds to each of m `units` of it: (n, m).

    `before` and `after` are the values before and after the stage, in their shapes. A map of a convolution is explained
    at the place of its largest value. A stage without weights hands each map on as it is.
    """
    if not stage.weight:
        own = np.diag(strengths(after))
        return np.asarray(own[:, list(units)], np.float32)
    weight = weights[stage.weight]
    if stage.kind == "dense":
        chosen = weight[:, list(units)].reshape(len(before), -1, len(units))
        return np.asarray(np.einsum("np,npm->nm", before.reshape(len(before), -1), chosen), np.float32)
    kernel, _, padding = stage.numbers
    padded = np.pad(before, ((0, 0), (padding, padding), (padding, padding)))
    terms = np.zeros((len(before), len(units)), np.float32)
    for place, unit in enumerate(units):
        y, x = np.unravel_index(int(after[unit].argmax()), after[unit].shape)
        patch = padded[:, y : y + kernel, x : x + kernel]
        terms[:, place] = _norm_scale(stage, weights, unit) * (patch * weight[unit]).sum(axis=(1, 2))
    return terms


def _norm_scale(stage: Stage, weights: Mapping[str, Array], unit: int) -> float:
    """What batch norm multiplies a map by."""
    norm = stage.name.replace("convs", "norms")
    variance = float(weights[f"{norm}.running_var"][unit])
    return float(weights[f"{norm}.weight"][unit]) / float(np.sqrt(variance + NORM_EPS))


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """The units shown of one stage, in order, and their values (n,). `count` is how many the stage has.

    `stage` is the stage's index, `IMAGE` for the image; the last stage's units are the classes.
    """

    stage: int
    units: tuple[int, ...]
    values: NDArray[np.float32]
    count: int


@dataclass(frozen=True, slots=True)
class Link:
    """What the unit at place `source` of a column passes on to the one at place `target` of the next column."""

    column: int
    source: int
    target: int
    size: float


class Flow:
    """`columns` from the image to the classes; `terms[k]` (n, m) are what column k passes on to column k + 1."""

    def __init__(self, columns: Sequence[Column], terms: Sequence[NDArray[np.float32]]) -> None:
        self.columns, self.terms = tuple(columns), tuple(terms)

    def strongest(self, count: int, answer: int | None) -> list[Link]:
        """The `count` largest links between each two columns: at the end those to `answer`, before it to active units.

        A unit with the value 0 passes nothing on, so what has kept it at 0 is not shown.
        """
        found = list[Link]()
        for k, terms in enumerate(self.terms):
            last, after = k == len(self.terms) - 1, self.columns[k + 1]
            targets = range(terms.shape[1])
            wanted = [t for t in targets if (after.units[t] == answer if last else after.values[t] != 0)]
            found += _largest((Link(k, s, t, float(terms[s, t])) for s in range(len(terms)) for t in wanted), count)
        return found

    def through(self, column: int, place: int, count: int) -> list[Link]:
        """The `count` largest links into the unit at `place` of a column, and as many out of it."""
        into, out = list[Link](), list[Link]()
        if column > 0:
            terms = self.terms[column - 1][:, place]
            into = [Link(column - 1, s, place, float(size)) for s, size in enumerate(terms)]
        if column < len(self.terms):
            out = [Link(column, place, t, float(size)) for t, size in enumerate(self.terms[column][place])]
        return _largest(into, count) + _largest(out, count)


def _largest(links: Iterator[Link] | Sequence[Link], count: int) -> list[Link]:
    order = sorted((link for link in links if link.size), key=lambda link: -abs(link.size))
    return order[:count]


def flow(
    structure: Sequence[Stage],
    weights: Mapping[str, Array],
    image: Array,
    values: Mapping[str, Array],
    most: tuple[int, int],
) -> Flow:
    """How the answer to `image` (28, 28) came about. `values`: activations by tap, and `logits`.

    `most`: how many units of a stage are shown if they have pictures, and if they have none. Units with pictures are
    shown with the most active first, the others in their order. Stages without weights have no column.
    """
    shown = [i for i, stage in enumerate(structure) if stage.weight]
    columns = [Column(IMAGE, (0,), np.array([image.max(initial=0)], np.float32), 1)]
    terms = []
    for i in shown:
        stage = structure[i]
        after = values[stage.tap or "logits"]
        before = values[structure[i - 1].tap] if i else image.reshape(IMAGE_SHAPE)
        units = _chosen(stage, strengths(after), most)
        known = passed_on(stage, weights, before, after, units)
        terms.append(known[list(columns[-1].units)])
        columns.append(Column(i, units, np.asarray(strengths(after)[list(units)], np.float32), stage.units))
    return Flow(columns, terms)


def has_pictures(stage: Stage) -> bool:
    """Whether a stage's units can be shown as pictures: as maps, or as weights for each pixel of the image."""
    return bool(stage.tap) and (len(stage.shape) == 3 or stage.input_shape == IMAGE_SHAPE)


def _chosen(stage: Stage, found: Array, most: tuple[int, int]) -> tuple[int, ...]:
    if not stage.tap:
        return tuple(range(stage.units))
    by_strength = np.argsort(-np.abs(found), kind="stable")
    if has_pictures(stage):
        return tuple(int(unit) for unit in by_strength[: most[0]])
    return tuple(sorted(int(unit) for unit in by_strength[: most[1]]))
