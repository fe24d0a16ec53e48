"""The page's objects, as the console's names for them: `data`, `weights`, `metrics`, `history`, and what is missing."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import Labels
from tabgrad.artifacts import Record
from tabgrad.data import RunData, Samples
from tabgrad.incoming import quoted
from tabgrad.network import Tensors

#: Images in a block of the console's `data`, and blocks that it keeps.
BLOCK, MAX_BLOCKS = 500, 100


class Missing:
    """Stands for an object that is not there: it is shown as a sentence that says why, and using it raises that."""

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence

    def __repr__(self) -> str:
        return self._sentence

    def __bool__(self) -> bool:
        return False

    def __call__(self, *_arguments: Any, **_named: Any) -> NoReturn:
        raise RuntimeError(self._sentence)

    def __getitem__(self, _key: Any) -> NoReturn:
        raise RuntimeError(self._sentence)

    def __setitem__(self, _key: Any, _value: Any) -> NoReturn:
        raise RuntimeError(self._sentence)

    def __iter__(self) -> NoReturn:
        raise RuntimeError(self._sentence)

    def __getattr__(self, _name: str) -> NoReturn:
        raise AttributeError(self._sentence)


class Sample(NamedTuple):
    """An image uint8 (28, 28) and its label, the number of its class."""

    image: NDArray[np.uint8]
    label: int


class Data:
    """The training images, as the console has them: a block of 500 at a time, and never more than were asked for."""

    def __init__(self, data: RunData) -> None:
        self._data = data
        self._blocks: dict[int, Samples] = {}
        self._wanted = 0

    @property
    def labels(self) -> Labels:
        """The names of the classes: data.labels[2] is that of label 2."""
        return self._data.alphabet

    def sample(self, i: int) -> Sample:
        """The training image with the number `i`, from 0 on, and its label."""
        if not 0 <= i < len(self):
            raise IndexError(f"There is no sample {i}: there are {len(self):,}, from 0 on.")
        images, labels = self.block(i // BLOCK)
        return Sample(images[i % BLOCK], int(labels[i % BLOCK]))

    def block(self, k: int) -> Samples:
        """500 training images uint8 (500, 28, 28) and their labels uint8 (500,): those from 500 * k on."""
        blocks = -(-len(self) // BLOCK)
        if not 0 <= k < blocks:
            raise IndexError(f"There is no block {k}: there are {blocks:,}, from 0 on.")
        if k not in self._blocks:
            self._wanted = k
            raise LookupError(f"Block {k} of the images was not here yet, but it is now: run this again.")
        return self._blocks[k]

    def __len__(self) -> int:
        return self._data.count

    def __repr__(self) -> str:
        return (
            f"{self._data.description}: {len(self):,} training images. data.sample(3) is one of them with its label, "
            f"data.block(0) are {BLOCK} of them, and data.labels are the names of the {len(self.labels)} classes."
        )

    async def fetch_for(self, code: ast.AST) -> None:
        """Have the blocks here that a command names, and the first one. Raises DataError or OSError."""
        await self._fetch(0)
        for node in ast.walk(code):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                number = getattr(node.args[0], "value", None)
                size = {"sample": BLOCK, "block": 1}.get(node.func.attr)
                if size and type(number) is int and 0 <= number // size * BLOCK < len(self):
                    await self._fetch(number // size)

    async def fetch_wanted(self) -> None:
        """Have the block here that a command lacked. Raises DataError or OSError."""
        wanted, self._wanted = self._wanted, 0
        await self._fetch(wanted)

    async def _fetch(self, k: int) -> None:
        if k not in self._blocks:
            if len(self._blocks) >= MAX_BLOCKS:
                self._blocks.pop(next(block for block in self._blocks if block))
            first, last = k * BLOCK, min((k + 1) * BLOCK, len(self))
            images, labels = await self._data.samples("train", range(first, last))
            images.flags.writeable = labels.flags.writeable = False
            self._blocks[k] = Samples(images, labels)


class Weights(MutableMapping[str, NDArray[Any]]):
    """The network's weights, as they are when a command begins. What is set goes to the network when it has ended.

    Arrays cannot be changed in place: set a changed one, as in weights[name] = weights[name] * 2.
    """

    def __init__(self) -> None:
        self._values = dict[str, NDArray[Any]]()
        #: What was set and is not in the network yet.
        self.changes = dict[str, NDArray[Any]]()

    def read(self, values: Tensors) -> None:
        """These are the weights now."""
        self._values, self.changes = dict(values), {}
        for value in self._values.values():
            value.flags.writeable = False

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._values:
            there = f"they are {', '.join(self._values)}" if self._values else "there is no network"
            raise KeyError(f"There are no weights called {quoted(name)}: {there}.")
        return self._values[name]

    def __setitem__(self, name: str, value: NDArray[Any] | np.generic) -> None:
        old = self[name]
        if isinstance(value, np.generic):  # what NumPy makes of an array without axes
            value = np.asarray(value)
        if not isinstance(value, np.ndarray):
            raise TypeError(f"Weights are NumPy arrays, and this is {quoted(type(value).__name__)}.")
        if value.shape != old.shape:
            raise ValueError(f"{quoted(name)} has the shape {old.shape}, and this array {value.shape}.")
        if value.dtype != old.dtype:
            raise ValueError(
                f"{quoted(name)} is of {old.dtype}, and this array of {value.dtype}: use .astype(np.{old.dtype})."
            )
        value = value.copy()
        value.flags.writeable = False
        self._values[name] = self.changes[name] = value

    def __delitem__(self, name: str) -> None:
        raise TypeError("Weights can be set, but not taken away.")

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {value.dtype} {value.shape}" for name, value in self._values.items())


class Figures(dict[str, Any]):
    """Numbers by name, shown one in a line."""

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {_short(value)}" for name, value in self.items())


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{len(value)} numbers" + (f", the last {value[-1]:.4g}" if len(value) else "")
    return "none yet" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def metrics_of(record: Record) -> Figures:
    """The newest figures of a run; accuracies in 0..1. None where nothing was measured yet."""
    curves = record.curves
    names = ("loss", "accuracy", "validation_loss", "validation_accuracy")
    newest = {name: values[-1] if (values := getattr(curves, name)) else None for name in names}
    return Figures(step=record.step, steps=record.steps, epoch=record.epoch, **newest)


def history_of(record: Record) -> Figures:
    """The curves of a run, as arrays by name."""
    curves: Mapping[str, list[float]] = vars(record.curves)
    return Figures({name: np.array(values) for name, values in curves.items()})
