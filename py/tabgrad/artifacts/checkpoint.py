"""A checkpoint file: safetensors with weights under their own names, optimizer state, and the record as metadata.

The safetensors library reads it, and a program that knows only weights finds them. Nothing outside the record is
needed to go on: data order and augmentation follow from seed and step, dropout's generator is among the state.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.network import fold_mean, load_safetensors, save_safetensors
from tabgrad.program import Program, ProgramError
from tabgrad.session.plan import answering_spec
from tabgrad.settings import RunSettings

from .record import Record

#: Prefix of the weights of the best epoch, kept while early stopping is on.
BEST = "best."
_STATE = ("opt.", "rng.")
Tensors = Mapping[str, NDArray[Any]]


def pack(tensors: Tensors, record: Record, best: Tensors | None = None) -> bytes:
    """The checkpoint as a file. `tensors` holds weights and state; `best` only weights."""
    everything = {**tensors, **{BEST + name: array for name, array in (best or {}).items()}}
    return save_safetensors(everything, {"format": "tabgrad-checkpoint", "record": json.dumps(record.to_json())})


def unpack(data: bytes) -> tuple[dict[str, NDArray[Any]], Record, dict[str, NDArray[Any]]]:
    """(weights and state, record, best weights). ProgramError with one sentence if the file is not a checkpoint."""
    tensors, metadata = load_safetensors(data)
    if metadata.get("format") != "tabgrad-checkpoint":
        raise ProgramError("The file holds weights but no checkpoint: it can be imported, not resumed.")
    try:
        record = Record.from_json(json.loads(metadata["record"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ProgramError("The checkpoint's record is damaged: the run cannot go on from it.") from error
    best = {name.removeprefix(BEST): tensors.pop(name) for name in list(tensors) if name.startswith(BEST)}
    return tensors, record, best


def export_weights(weights: Tensors, record: Record) -> bytes:
    """Weights alone, as a plain network's (the mean image folded in), with what made them as metadata."""
    metadata = {
        "format": "tabgrad-weights",
        "spec": json.dumps(answering_spec(record.settings)),
        "settings": json.dumps(record.settings.to_json()),
        "step": str(record.step),
    }
    return save_safetensors(fold_mean(weights), metadata)


def settings_in(data: bytes) -> RunSettings:
    """The settings that a weights or checkpoint file was made with; ProgramError if it does not say."""
    metadata = load_safetensors(data)[1]
    try:
        if "record" in metadata:
            return Record.from_json(json.loads(metadata["record"])).settings
        return RunSettings.make(json.loads(metadata["settings"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ProgramError("The weights file does not say which network it belongs to.") from error


def weights_for(program: Program, data: bytes) -> dict[str, NDArray[Any]]:
    """The weights of `program` from a safetensors file; ProgramError with one sentence if they do not fit.

    A plain network's file fits a centred one: its mean is zero then.
    """
    tensors, _ = load_safetensors(data)
    shapes = {b.name: (b.shape, b.dtype) for b in program.by_role("weight")}
    if "input_mean" in shapes:
        tensors.setdefault("input_mean", np.zeros(shapes["input_mean"][0], np.float32))
    found = {name: t for name, t in tensors.items() if not name.startswith((*_STATE, BEST))}
    if missing := sorted(shapes.keys() - found.keys()):
        raise ProgramError(f"The weights file has no tensor {missing[0]!r}: it belongs to another network.")
    if extra := sorted(found.keys() - shapes.keys()):
        raise ProgramError(f"The weights file has a tensor {extra[0][:60]!r} too many: it belongs to another network.")
    for name, (shape, dtype) in shapes.items():
        if found[name].shape != shape or found[name].dtype != dtype:
            raise ProgramError(f"The tensor {name!r} is {found[name].shape} in the file, this network needs {shape}.")
        if not np.isfinite(found[name]).all():
            raise ProgramError(f"The tensor {name!r} of the file holds values that are not finite numbers.")
    return found
