"""Answers the commands of the console: gives them the live objects, and takes what they set to the network.

Owns the namespace, which outlives runs. When no steps are in flight is up to `host`.
"""

from __future__ import annotations

import ast
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any

import numpy as np

from tabgrad.artifacts import Record, load_weights, unpack
from tabgrad.data import DataError, RunData
from tabgrad.data.catalogue import DataSets
from tabgrad.network import IMAGE_SHAPE, TRAINING_STATE, SourceError, Tensors, WeightsError
from tabgrad.protocol import Complete, Completions, Evaluate, Evaluated, Remember
from tabgrad.settings import RunSettings, training_spec

from ..trainer import Trainer
from .completion import complete
from .helping import BUILTINS
from .interpreter import Interpreter
from .objects import Data, Missing, Weights, history_of, metrics_of
from .output import Output

NO_RUN = "No network has been trained in this tab yet: press Train."
BEGINS = "The run is still being set up: try again in a moment."
NO_NETWORK = "No network has been compiled or trained in this tab yet: press Compile or Train."
#: Names that need tinygrad, and those that need the network.
_TINYGRAD, _NETWORK = frozenset({"Tensor", "nn", "net", "tinygrad"}), frozenset({"net", "weights"})


class Console:
    """`load_compiler` makes tinygrad importable; it is called when a command needs it."""

    def __init__(self, data_sets: DataSets, load_compiler: Callable[[], Awaitable[None]]) -> None:
        self._data_sets, self._load_compiler = data_sets, load_compiler
        self._interpreter = Interpreter()
        self._interpreter.bind({"np": np, **BUILTINS})
        self._used = set[str]()  # names that commands have had so far: their functions may still use them
        self._data: tuple[RunData, Data] | None = None
        self._weights = Weights()
        self._model: Any = None  # tabgrad.model, once tinygrad is here
        self._live: tuple[str, Any] | None = None  # the specification as text, and its network
        self._own: tuple[RunSettings, Tensors] | None = None  # the network while there is no run
        self._record: Record | None = None  # of the run that an earlier worker did

    def compiled(self, settings: RunSettings, weights: bytes) -> None:
        """The network of a source was compiled; these are its first weights, as a weights file.

        It is the console's network while none is in training or has just been trained.
        """
        self._own, self._record = (settings, load_weights(weights).tensors), None

    def remember(self, command: Remember) -> None:
        """Have the network of an earlier worker. Raises WeightsError."""
        if command.checkpoint:
            tensors, record, _ = unpack(command.checkpoint)
            weights = {name: value for name, value in tensors.items() if not name.startswith(TRAINING_STATE)}
            self._own, self._record = (record.settings, weights), record
        else:
            file = load_weights(command.weights)
            self._own, self._record = (file.settings, file.tensors), None

    async def evaluate(self, command: Evaluate, trainer: Trainer | None, *, begins: bool = False) -> Evaluated:
        """Run a command. `trainer` has the network, None if there is none; no steps may be in flight.

        `begins`: there is none yet, because a run is being set up. Raises EngineError if the device is lost.
        """
        output = Output()
        self._used |= _names(tree := _parsed(command.code))
        image = np.frombuffer(command.image, "<f4").reshape(IMAGE_SHAPE[1:]).copy() if command.image else _paper()
        self._interpreter.bind({"x": image})
        try:
            await self._prepare(tree, trainer, begins)
            with self._model.computing() if self._model else nullcontext():
                self._interpreter.run(command.code, output)
            await self._follow_up(trainer)
        except (DataError, SourceError, WeightsError, OSError) as error:
            output.error(str(error))
        return evaluated(output, command.id)

    async def complete(self, command: Complete, trainer: Trainer | None) -> Completions:
        """What could stand at the cursor."""
        self._bind_figures(trainer)
        names = _names(_parsed(command.code[: command.cursor].rstrip(".")))
        if self._model is None and _TINYGRAD & names:
            await self._load()
        known = {**dict.fromkeys([*_TINYGRAD, *_NETWORK, "data"]), **self._interpreter.namespace}
        start, found = complete(command.code, command.cursor, known)
        return Completions(reply_to=command.id, start=start, names=found)

    async def _prepare(self, tree: ast.AST, trainer: Trainer | None, begins: bool) -> None:
        """Bind the objects that the commands so far have named. Raises what they need may raise."""
        self._bind_figures(trainer, begins)
        if "data" in self._used:
            own = self._own[0] if self._own else RunSettings()
            settings = trainer.record.settings if trainer else own
            await (await self._open_data(settings.data)).fetch_for(tree)
        has_network = trainer is not None or (self._own is not None and not begins)
        if self._model is None and (_TINYGRAD if has_network else _TINYGRAD - _NETWORK) & self._used:
            await self._load()
        if not has_network:
            self._weights.read({})
            self._interpreter.bind(dict.fromkeys(_NETWORK, Missing(BEGINS if begins else NO_NETWORK)))
        elif _NETWORK & self._used:
            await self._bind_network(trainer)

    def _bind_figures(self, trainer: Trainer | None, begins: bool = False) -> None:
        record = trainer.record if trainer else None if begins else self._record
        if record is None:
            figures = dict.fromkeys(("metrics", "history"), Missing(BEGINS if begins else NO_RUN))
            self._interpreter.bind(figures)
        else:
            self._interpreter.bind({"metrics": metrics_of(record), "history": history_of(record)})

    async def _open_data(self, name: str) -> Data:
        data = await self._data_sets.open(name)  # the same object as before, unless its contents have changed
        if self._data is None or self._data[0] is not data:
            self._data = data, Data(data)
            self._interpreter.bind({"data": self._data[1]})
        return self._data[1]

    async def _load(self) -> None:
        """Have tinygrad here."""
        await self._load_compiler()
        from tabgrad import model

        self._model = model.live
        self._interpreter.bind(model.live.NAMES)

    async def _bind_network(self, trainer: Trainer | None) -> None:
        values: Tensors
        if trainer is not None:
            settings, values = trainer.record.settings, await trainer.network.weights()
        else:
            assert self._own is not None
            settings, values = self._own
        self._weights.read(values)
        self._interpreter.bind({"weights": self._weights})
        if "net" in self._used:
            spec = training_spec(settings)
            if self._live is None or self._live[0] != repr(spec):
                self._live = repr(spec), self._model.LiveNetwork(spec)
            self._live[1].set(values)
            self._interpreter.bind({"net": self._live[1].callable})

    async def _follow_up(self, trainer: Trainer | None) -> None:
        """Fetch what the command lacked, and give the network what it has set."""
        if self._data is not None:
            await self._data[1].fetch_wanted()
        changes = self._weights.changes
        if trainer is not None and changes:
            await trainer.use(changes)
        elif self._own is not None and changes:
            self._own = self._own[0], {**self._own[1], **changes}


def evaluated(output: Output, reply_to: int) -> Evaluated:
    """The answer with these items; the pixels of all pictures follow one another."""
    items = output.finish()
    told: list[dict[str, Any]] = []
    for item in items:
        height, width = item.pixels.shape
        size = {"height": height, "width": width} if item.kind == "image" else {}
        told.append({"kind": item.kind, "text": item.text, **size})
    return Evaluated(reply_to=reply_to, items=told, pixels=b"".join(item.pixels.tobytes() for item in items))


def _paper() -> Any:
    return np.zeros(IMAGE_SHAPE[1:], np.float32)


def _parsed(code: str) -> ast.AST:
    """The syntax tree; an empty one if the code cannot be read: running it says why."""
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _names(tree: ast.AST) -> set[str]:
    """The names that a command uses, and the modules that it imports."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {module.partition(".")[0] for module in modules}
