"""A network's specification, and the one grammar that turns it into stages with shapes and the names of their weights.

A specification is plain data that fits in a card, a message or a file. Only "kind" is required:

    {"kind": "mlp", "hidden": [128], "activation": "relu", "dropout": 0.0, "center": False}
    {"kind": "cnn", "stages": ["conv5x8", "pool", "dense64"], "activation": "relu", "dropout": 0.0, "frozen": 0}

The words of the grammar:

    conv5x8      a 5x5 convolution to 8 channels, batch norm, activation; conv3x24p1 is padded by 1
    pool         2x2 max pooling
    dense64      a dense layer of 64 units, activation

The logits are added at the end: ten, or as many as "classes" says. Training leaves the first "frozen" stages of a CNN
as they are. A stage is what lies between two outputs of the
`activations` program. A new kind of stage is a row in `STAGE_KINDS`; one without weights brings its form in tinygrad
along (`tensor`). Owns words, shapes and names; computes nothing but that form and holds no weights.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tabgrad.incoming import quoted

from .source import is_written
from .weights import INPUT_MEAN, layer_count

Spec = Mapping[str, Any]
Shape = tuple[int, ...]
#: One image: channels, height, width.
IMAGE_SHAPE: Shape = (1, 28, 28)
#: Logits of a network whose specification does not say how many.
CLASSES = 10
#: The stages of the CNN that the page trains.
CNN_STAGES = ("conv5x8", "pool", "conv5x24", "pool", "dense64")
#: The stages of the CNN that comes with the site. A network can start from its features, which the first
#: `FROZEN_STAGES` of them find: they stay as they are, and only what follows learns.
FEATURE_STAGES = ("conv5x16", "pool", "conv5x32", "pool", "dense64")
FROZEN_STAGES = 4


@dataclass(frozen=True, slots=True)
class StageKind:
    """A kind of stage.

    `pattern` matches its word; its groups go to `shape`, which gives the output's shape for an input's. `list_name`
    is where the state dict keeps its layers ("convs" holds convs.0, convs.1, …), empty without weights; `tensor`
    computes a kind without weights, on a tinygrad tensor (B, C, H, W). `on_maps`: it takes feature maps only.
    `noun` and `note` tell a learner what its units are called and what to see in them.
    """

    pattern: re.Pattern[str]
    shape: Callable[[Shape, Sequence[int]], Shape]
    noun: str
    note: str
    on_maps: bool = True
    list_name: str = ""
    tensor: Callable[[Any], Any] | None = None


def max_pool_2x2(x: Any) -> Any:
    """x (B, C, H, W) -> (B, C, H // 2, W // 2), the largest of each 2x2 block; an odd last row or column is dropped.

    As a reshape and a maximum, every pixel belongs to one block and its gradient is a comparison. tinygrad's
    `max_pool2d` allows overlapping windows, and its gradient looks for each pixel through all that might hold it:
    20 times slower on a CPU.
    """
    b, c, h, w = x.shape
    return x[:, :, : h // 2 * 2, : w // 2 * 2].reshape(b, c, h // 2, 2, w // 2, 2).max(axis=(3, 5))


def _convolved(shape: Shape, numbers: Sequence[int]) -> Shape:
    kernel, channels, padding = numbers
    return (channels, *(n + 2 * padding - kernel + 1 for n in shape[1:]))


STAGE_KINDS: dict[str, StageKind] = {
    "conv": StageKind(
        pattern=re.compile(r"conv(\d+)x(\d+)(?:p(\d+))?"),
        shape=_convolved,
        noun="feature maps",
        note="Each picture is a map of your drawing: it shows where one small pattern of strokes was found.",
        list_name="convs",
    ),
    "pool": StageKind(
        pattern=re.compile("pool"),
        shape=lambda shape, _: (shape[0], shape[1] // 2, shape[2] // 2),
        noun="smaller maps",
        note="The same maps, made smaller: of four neighbours only the strongest is kept.",
        tensor=max_pool_2x2,
    ),
    "dense": StageKind(
        pattern=re.compile(r"dense(\d+)"),
        shape=lambda _, numbers: (numbers[0],),
        noun="units",
        note="Each square is a unit that sees all of the layer before. The stronger its colour, the more active it is.",
        on_maps=False,
        list_name="layers",
    ),
}


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a network.

    `kind` is a key of `STAGE_KINDS`, `numbers` those in its word. `name` is its layer in the state dict ("layers.0"),
    empty without weights. `input_shape` and `shape` are of one image, (units,) or (maps, height, width). `tap` is the
    output of the `activations` program with its values, empty for the logits.

    In a network that somebody wrote, `kind` is that of the layer's output (`LayerRow.kind`), `path` is where the
    network keeps the layer and `call` what it is; `name` is empty unless its weights can be shown.
    """

    kind: str
    numbers: tuple[int, ...]
    name: str
    input_shape: Shape
    shape: Shape
    tap: str
    path: str = ""
    call: str = ""

    @property
    def units(self) -> int:
        """Hidden units, or feature maps."""
        return self.shape[0]

    @property
    def weight(self) -> str:
        """Name of its weight in the state dict; empty without weights."""
        return f"{self.name}.weight" if self.name else ""

    @property
    def bias(self) -> str:
        """Name of a dense stage's bias in the state dict."""
        return f"{self.name}.bias"


def classes_of(spec: Spec) -> int:
    """How many classes the network tells apart: the number of its logits."""
    return int(spec.get("classes", CLASSES))


def classes_part(count: int) -> dict[str, int]:
    """What a specification says of a number of classes: nothing if it is the usual one."""
    return {} if count == CLASSES else {"classes": count}


def parse_stages(words: Sequence[str], classes: int = CLASSES) -> tuple[Stage, ...]:
    """The stages of a network on an image, the logits last. ValueError for a word that cannot stand where it does."""
    found = list[Stage]()
    shape = IMAGE_SHAPE
    counts = dict.fromkeys((kind.list_name for kind in STAGE_KINDS.values()), 0)
    for word, tap in [*((word, f"act.{i}") for i, word in enumerate(words)), (f"dense{classes}", "")]:
        name, kind, numbers = _read(word, shape)
        after = kind.shape(shape, numbers)
        if min(after) < 1:
            raise ValueError(f"The image is smaller than the stage {quoted(word, 40)} needs.")
        layer = f"{kind.list_name}.{counts[kind.list_name]}" if kind.list_name else ""
        counts[kind.list_name] += 1
        found.append(Stage(name, numbers, layer, shape, after, tap))
        shape = after
    return tuple(found)


def _read(word: str, shape: Shape) -> tuple[str, StageKind, tuple[int, ...]]:
    for name, kind in STAGE_KINDS.items():
        match = kind.pattern.fullmatch(word)
        if match and (len(shape) == len(IMAGE_SHAPE) or not kind.on_maps):
            return name, kind, tuple(int(n or 0) for n in match.groups())
    raise ValueError(f"{quoted(word, 40)} is not a stage that can stand there: conv5x8, conv3x24p1, pool, dense64.")


def stages(spec: Spec) -> tuple[Stage, ...]:
    """The stages of the network that `spec` describes; an MLP's are dense ones."""
    if spec["kind"] == "cnn":
        return parse_stages(spec.get("stages", CNN_STAGES), classes_of(spec))
    return parse_stages([f"dense{size}" for size in spec["hidden"]], classes_of(spec))


def spec_shapes(spec: Spec) -> dict[str, Shape] | None:
    """The shapes of the weights of the network that `spec` describes, by name. Needs no tinygrad.

    None for a network that somebody wrote: only running its source tells.
    """
    if is_written(spec):
        return None
    shapes: dict[str, Shape] = {INPUT_MEAN: (math.prod(IMAGE_SHAPE),)} if spec.get("center") else {}
    for stage in stages(spec):
        shapes |= stage_shapes(stage)
    return shapes


def stage_shapes(stage: Stage) -> dict[str, Shape]:
    """The shapes of the weights of one stage, by name."""
    if stage.kind == "conv":
        kernel, channels, _ = stage.numbers
        norm = stage.name.replace(STAGE_KINDS["conv"].list_name, "norms")
        statistics = {f"{norm}.{part}": (channels,) for part in ("weight", "bias", "running_mean", "running_var")}
        return {stage.weight: (channels, stage.input_shape[0], kernel, kernel), **statistics}
    if stage.kind == "dense":
        return {stage.weight: (math.prod(stage.input_shape), stage.units), stage.bias: (stage.units,)}
    return {}


def frozen_names(spec: Spec) -> frozenset[str]:
    """The names of the weights that training leaves as they are: those of the first "frozen" stages."""
    count = int(spec.get("frozen", 0))
    return frozenset(name for stage in stages(spec)[:count] for name in stage_shapes(stage)) if count else frozenset()


def spec_of(card: Mapping[str, Any], shapes: Mapping[str, Shape]) -> dict[str, Any]:
    """The complete specification of a network: its card's, completed by what the shapes of its weights say, the number
    of classes above all.

    A CNN whose card names no stages has the default ones. Dropout is left out: it is for training only. Raises
    KeyError if `shapes` lack a layer of an MLP. That of a network that somebody wrote stays as it is.
    """
    known = card.get("spec")
    spec = dict(known) if isinstance(known, Mapping) else {"kind": "cnn" if "convs.0.weight" in shapes else "mlp"}
    spec.pop("dropout", None)
    if is_written(spec):
        return spec
    if spec["kind"] == "cnn":
        spec.setdefault("stages", list(CNN_STAGES))
    else:
        spec["hidden"] = [shapes[f"layers.{i}.weight"][1] for i in range(layer_count(shapes) - 1)]
    logits = shapes.get(f"layers.{layer_count(shapes) - 1}.weight", ())
    classes = logits[-1] if logits else classes_of(spec)
    spec.pop("classes", None)
    return spec | classes_part(classes)
