"""A checkpoint file: safetensors with weights under their own names, optimizer state, and the record as metadata.

The safetensors library reads it, and a program that knows only weights finds them. Nothing outside the record is
needed to go on: data order and augmentation follow from seed and step, dropout's generator is among the state.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from numpy.typing import NDArray

from tabgrad.network import WeightsError, load_safetensors, read_header, save_safetensors

from .record import Record

FORMAT = "tabgrad-checkpoint"
#: Prefix of the weights of the best epoch, kept while early stopping is on.
BEST = "best."
Tensors = Mapping[str, NDArray[Any]]


class CheckpointFile(NamedTuple):
    """`tensors` holds weights and training state; `best` only weights, empty without early stopping."""

    tensors: dict[str, NDArray[Any]]
    record: Record
    best: dict[str, NDArray[Any]]


def pack(tensors: Tensors, record: Record, best: Tensors | None = None) -> bytes:
    """The checkpoint as a file; arguments as in `CheckpointFile`."""
    everything = {**tensors, **{BEST + name: array for name, array in (best or {}).items()}}
    return save_safetensors(everything, {"format": FORMAT, "record": json.dumps(record.to_json())})


def unpack(data: bytes) -> CheckpointFile:
    """Read a checkpoint. WeightsError with one sentence if the file is none."""
    tensors, metadata = load_safetensors(data)
    record = _record(metadata)
    best = {name.removeprefix(BEST): tensors.pop(name) for name in list(tensors) if name.startswith(BEST)}
    return CheckpointFile(tensors, record, best)


def read_record(data: bytes) -> Record:
    """What a checkpoint says of its run, from its header alone. WeightsError if the file is no checkpoint."""
    return _record(read_header(data)[1])


def _record(metadata: Mapping[str, str]) -> Record:
    if metadata.get("format") != FORMAT:
        raise WeightsError("The file holds weights but no checkpoint: it can be imported, not resumed.")
    try:
        return Record.from_json(json.loads(metadata["record"]))
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError("The checkpoint's record is damaged: the run cannot go on from it.") from error
