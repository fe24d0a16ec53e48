"""The weights of a network by name: what the names mean, first values, and whether weights fit a program.

Weights are called as in the network ("layers.0.weight", "norms.1.running_mean"), optimizer state "opt.*", the state of
dropout's random numbers "rng.*". First values come from names and shapes alone, without tinygrad, so that the same seed
gives the same network on every engine and in every browser. Holds no network.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.incoming import quoted
from tabgrad.program import Buffer, Program

from .safetensors import WeightsError

#: Weights, or weights and state, by name.
Tensors = Mapping[str, NDArray[Any]]
#: Beginnings of names that are no weights: they are needed to go on with training, not to answer.
TRAINING_STATE = ("opt.", "rng.")
#: A bound on logits: far from float32's largest number, and no trained network is near it.
LARGEST_ANSWER = 1e33
#: The mean image (784,) that a centred network subtracts from its input.
INPUT_MEAN = "input_mean"
#: Names in the networks of this page. Of others only the numbers themselves are checked.
_OWN = re.compile(rf"(layers|convs|norms)\.\d\.(weight|bias|running_mean|running_var)|{INPUT_MEAN}")
#: What a batch norm adds to a variance.
NORM_EPS = 1e-5
TRANSPOSED = (
    "The file's dense layers have inputs and outputs the other way round than this network (PyTorch's layout is "
    "outputs, inputs): transpose each “….weight”."
)


def is_trained(name: str) -> bool:
    """Whether training changes this weight by gradient."""
    return not name.endswith(("running_mean", "running_var", "num_batches_tracked", INPUT_MEAN))


def layer_count(names: Iterable[str]) -> int:
    """Number of dense layers of a network with weights of these names."""
    found = (re.fullmatch(r"layers\.(\d+)\.weight", name) for name in names)
    return 1 + max((int(match[1]) for match in found if match), default=-1)


def parameter_count(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Number of trained parameters of a network with weights of these shapes."""
    return sum(math.prod(shape) for name, shape in shapes.items() if is_trained(name))


def shapes_of(tensors: Tensors) -> dict[str, tuple[int, ...]]:
    """The shapes of a state dict, by name."""
    return {name: tensor.shape for name, tensor in tensors.items()}


def draw_weights(shapes: Mapping[str, tuple[int, ...]], seed: int) -> dict[str, NDArray[Any]]:
    """Draw a state dict: float32 arrays by name, in the given shapes. The order of `shapes` matters to the draw.

    Weights before a rectifier are N(0, 2 / fan_in), which keeps the variance of activations and gradients the same
    from layer to layer however deep the network is (He et al. 2015, https://arxiv.org/abs/1502.01852, eq. 10); the
    last layer has no rectifier after it and gets N(0, 1 / fan_in). Without this a deep MLP starts with logits that
    vanish or explode. Biases start at 0, batch norms as the identity.
    """
    rng = np.random.default_rng(seed)
    last = f"layers.{layer_count(shapes) - 1}.weight"
    out: dict[str, NDArray[Any]] = {}
    for name, shape in shapes.items():
        if name.endswith(".weight") and len(shape) > 1:
            fan_in = shape[0] if len(shape) == 2 else int(np.prod(shape[1:]))
            gain = 1.0 if name == last else 2.0
            out[name] = (rng.standard_normal(shape) * np.sqrt(gain / fan_in)).astype(np.float32)
        else:
            ones = name.endswith("running_var") or (name.startswith("norms.") and name.endswith(".weight"))
            out[name] = (np.ones if ones else np.zeros)(shape, np.float32)
    return out


def initial_state(name: str, shape: tuple[int, ...], seed: int) -> NDArray[Any]:
    """A state buffer before the first step.

    Adam's `opt.decay1` and `opt.decay2` hold beta^t and start at 1, all other optimizer state at 0; dropout's
    generator starts with the seed in `rng.seed` and a `rng.counter` of 0.
    """
    if name == "rng.seed":
        return np.array([0, seed], np.uint32)
    if name == "rng.counter":
        return np.zeros(shape, np.uint32)
    return np.full(shape, name.startswith("opt.decay"), np.float32)


def fold_mean(weights: Tensors) -> dict[str, NDArray[Any]]:
    """A centred MLP's weights (`input_mean` and all) as those of a plain one: b' = b - mean @ W of the first layer.

    WeightsError if there is no such layer.
    """
    out = dict(weights)
    mean = out.pop(INPUT_MEAN, None)
    if mean is not None:
        weight, bias = (out.get(f"layers.0.{part}", np.zeros(0)) for part in ("weight", "bias"))
        if weight.ndim != 2 or mean.shape != weight.shape[:1] or bias.shape != weight.shape[1:]:
            raise WeightsError("The weights have a mean image, and no first layer that it fits.")
        out["layers.0.bias"] = (out["layers.0.bias"] - mean @ out["layers.0.weight"]).astype(np.float32)
    return out


def unfold_mean(weights: Tensors, mean: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """A plain MLP's weights as those of a centred one that answers the same: the inverse of `fold_mean`."""
    bias = (weights["layers.0.bias"] + mean @ weights["layers.0.weight"]).astype(np.float32)
    return {**weights, "layers.0.bias": bias, INPUT_MEAN: mean}


def weights_for(program: Program, tensors: Tensors) -> dict[str, NDArray[Any]]:
    """The weights of `program` among `tensors`; WeightsError with one sentence if they do not fit.

    The one check of weights, whatever they come from: names, shapes and dtypes, finite values, and for the networks of
    this page answers that cannot overflow. A plain network's weights fit a centred one: its mean is zero then.
    """
    found = dict(tensors)
    needed = {b.name: b for b in program.by_role("weight")}
    if INPUT_MEAN in needed:
        found.setdefault(INPUT_MEAN, np.zeros(needed[INPUT_MEAN].shape, np.float32))
    _check_fit(needed, found)
    if all(map(_OWN.fullmatch, found)) and not largest_answer(found) < LARGEST_ANSWER:
        raise WeightsError("The weights are so large that the network's answers would not be numbers any more.")
    return found


def training_state_for(program: Program, tensors: Tensors) -> dict[str, NDArray[Any]]:
    """All that `program` keeps from step to step, weights and state, among `tensors`; WeightsError as `weights_for`."""
    needed = {b.name: b for b in program.by_role("weight", "state")}
    _check_fit(needed, tensors)
    weights_for(program, {b.name: tensors[b.name] for b in program.by_role("weight")})
    return dict(tensors)


def _check_fit(needed: Mapping[str, Buffer], found: Tensors) -> None:
    """Raises WeightsError unless `found` are tensors of exactly these names, shapes and dtypes, and finite."""
    check_shapes({name: buffer.shape for name, buffer in needed.items()}, shapes_of(found))
    for name, buffer in needed.items():
        if found[name].dtype != buffer.dtype:
            raise WeightsError(
                f"The tensor {quoted(name)} is of {found[name].dtype} in the file, this network needs {buffer.dtype}."
            )
        if not np.isfinite(found[name]).all():
            raise WeightsError(f"The tensor {quoted(name)} of the file holds values that are not finite numbers.")
        if name.endswith("running_var") and (found[name] < 0).any():
            raise WeightsError(f"The tensor {quoted(name)} of the file holds variances below 0.")


def check_shapes(needed: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]]) -> None:
    """Raises WeightsError unless tensors of exactly the names and shapes `needed` were `found`."""
    if missing := sorted(needed.keys() - found.keys()):
        raise WeightsError(f"The weights file has no tensor {quoted(missing[0])}: it belongs to another network.")
    if extra := sorted(found.keys() - needed.keys()):
        raise WeightsError(f"The weights file has a tensor {quoted(extra[0])} too many: it belongs to another network.")
    if is_transposed(needed, found):
        raise WeightsError(TRANSPOSED)
    for name, shape in needed.items():
        if found[name] != shape:
            raise WeightsError(f"The tensor {quoted(name)} is {found[name]} in the file, this network needs {shape}.")


def is_transposed(needed: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]]) -> bool:
    """Whether the dense layers `found` are those `needed`, with inputs and outputs the other way round."""
    dense = [name for name, shape in needed.items() if len(shape) == 2]
    layouts = [(needed[name], found.get(name, ())[::-1]) for name in dense]
    return all(one == other for one, other in layouts) and any(needed[name] != found.get(name) for name in dense)


def largest_answer(weights: Tensors) -> float:
    """A bound on the logits, whatever is drawn: the product of the most that each layer can enlarge its input.

    From the largest value of each tensor alone, so that it costs little: the page checks each update of a run.
    """
    largest = {name: float(np.abs(values).max(initial=0)) for name, values in weights.items()}
    bound = 1.0 + largest.get(INPUT_MEAN, 0.0)
    for name in (name for name in weights if name.endswith(".weight")):
        layer, shape, size = name.removesuffix(".weight"), weights[name].shape, largest[name]
        if len(shape) > 1:  # a dense layer's (inputs, outputs), a convolution's (outputs, inputs, k, k)
            size *= shape[0] if len(shape) == 2 else math.prod(shape[1:])
        elif f"{layer}.running_var" in weights:
            size /= math.sqrt(float(weights[f"{layer}.running_var"].min(initial=1)) + NORM_EPS)
        bound *= 1 + size * (1 + largest.get(f"{layer}.running_mean", 0.0)) + largest.get(f"{layer}.bias", 0.0)
    return bound
