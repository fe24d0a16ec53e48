"""What is said about a stage: its title, what its units are called, and what to see in them. Knows no document."""

from __future__ import annotations

from dataclasses import dataclass

from tabgrad.network import STAGE_KINDS, Stage

from ..widgets.format import NBSP

TIMES = f"{NBSP}\N{MULTIPLICATION SIGN}{NBSP}"
#: What the pictures of a layer's patterns show, for people who have never seen a layer.
WALL_NOTE = (
    "Each picture is the pattern of one unit. Ink on orange makes the unit more active, ink on blue less. The bar "
    "below a picture shows how active the unit is now."
)


@dataclass(frozen=True, slots=True)
class Words:
    """`one` and `noun` are what units are called, `note` says what to see in them."""

    one: str
    noun: str
    note: str


#: Of the layers of a network that somebody wrote, by the kind of their output.
_WRITTEN = {
    "units": Words(
        "unit", "units", "Each square is one number that the layer gives. The stronger its colour, the further from 0."
    ),
    "rows": Words("rows", "rows", "Each line of the picture is a row of numbers that the layer gives."),
    "maps": Words(
        "map", "feature maps", "Each picture is a map of your drawing: it shows where the layer has found something."
    ),
    "values": Words("number", "numbers", "Each square is one of the numbers that the layer gives, in their order."),
}


def words_of(stage: Stage) -> Words:
    """What the units of a stage are called."""
    if stage.call:
        return _WRITTEN[stage.kind]
    kind = STAGE_KINDS[stage.kind]
    return Words("unit" if len(stage.shape) == 1 else "map", kind.noun, kind.note)


def title_of(stage: Stage, index: int, *, patterns: bool) -> str:
    """The title over its pictures, which may be `patterns`."""
    if stage.call:
        return f"{stage.path}: {stage.call}"
    return f"Layer {index + 1}: {stage.units} {'patterns' if patterns else words_of(stage).noun}"


def note_of(stage: Stage, *, patterns: bool, shown: int) -> str:
    """A sentence or two about its pictures; `shown` of its units have one."""
    words = words_of(stage)
    note = WALL_NOTE if patterns else words.note
    if not stage.call:
        return note
    what = TIMES.join(map(str, stage.shape[1:]))
    size = {"rows": f"{what} numbers", "maps": f"{stage.units} {words.noun} of {what}"}
    said = size.get(stage.kind, f"{stage.units:,} {words.noun}")
    return f"{said}{'' if shown == stage.units else f', {shown:,} of them shown'}. {note}"


def place_of(stage: Stage, index: int, unit: int) -> str:
    """Where a unit is: "Layer 1, unit 5", or "conv1, map 5" in a network that somebody wrote."""
    layer = stage.path if stage.call else f"Layer {index + 1}"
    return f"{layer}, all rows" if stage.kind == "rows" else f"{layer}, {words_of(stage).one} {unit}"
