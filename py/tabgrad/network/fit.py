"""Whether weights fit a program: one check for every way by which weights come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.program import Program

from .safetensors import WeightsError
from .state import INPUT_MEAN


def weights_for(program: Program, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The weights of `program` among `tensors`; WeightsError with one sentence if they do not fit.

    A plain network's weights fit a centred one: its mean is zero then.
    """
    shapes = {b.name: (b.shape, b.dtype) for b in program.by_role("weight")}
    found = dict(tensors)
    if INPUT_MEAN in shapes:
        found.setdefault(INPUT_MEAN, np.zeros(shapes[INPUT_MEAN][0], np.float32))
    if missing := sorted(shapes.keys() - found.keys()):
        raise WeightsError(f"The weights file has no tensor {missing[0]!r}: it belongs to another network.")
    if extra := sorted(found.keys() - shapes.keys()):
        raise WeightsError(f"The weights file has a tensor {extra[0][:60]!r} too many: it belongs to another network.")
    for name, (shape, dtype) in shapes.items():
        if found[name].shape != shape or found[name].dtype != dtype:
            raise WeightsError(f"The tensor {name!r} is {found[name].shape} in the file, this network needs {shape}.")
        if not np.isfinite(found[name]).all():
            raise WeightsError(f"The tensor {name!r} of the file holds values that are not finite numbers.")
    return found
