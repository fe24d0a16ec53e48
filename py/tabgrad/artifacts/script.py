"""A run as one Python file that does the same training outside the page: for CPython with tinygrad and NumPy.

Owns what goes into the file for which settings; its text is in `script_text` and `script_images`. Nothing is run here.
On MNIST, and on images that the page has exported, the file has the same images in the same order, the same first
weights and the same steps as the page, so its losses differ by rounding only. What it leaves out it says, in its text
and when it is run.
"""

from __future__ import annotations

import ast
import itertools
import re

from tabgrad.data import SET_KEY
from tabgrad.network import BYTE_ORDER_MARK, CODE, mentions, stages
from tabgrad.settings import RunSettings, SettingsError, network_name, training_spec

from . import script_text as text
from .script_images import OF_A_FILE, OF_MNIST, Images

#: Names of ours that a source may have, too; then ours are called otherwise.
_OURS = re.compile(
    r"\b(SEED|LABELS|EPOCHS|BATCH|RATE|WARM_UP|DECAY|CLIP|NOTES|MIRROR|read_file|split_images|held_out|epoch_order|batch_rows"
    r"|ease|rate_at|first_values|cross_entropy|make_rule|parts_of|clip_gradients|pixels|accuracy_of|main)\b"
)


def script_name(settings: RunSettings) -> str:
    """What the file is called."""
    return f"train_{re.sub(r'[^a-z0-9]+', '_', network_name(settings).lower())}.py"


def as_script(settings: RunSettings) -> str:
    """The text of the file. A network that somebody wrote stands at its top as it was written.

    Raises SettingsError if that is no Python.
    """
    is_written = settings.model == CODE
    images = _images(settings)
    parts = [
        f"{images.head.format(name=script_name(settings))}\n{_constants(settings)}",
        images.data,
        text.ORDER,
        text.RATES[settings.schedule],
        "" if is_written else text.FIRST_VALUES,
        text.LOSS.format(options=_options(label_smoothing=settings.label_smoothing)),
        text.RULES[settings.optimizer_row.rule].format(options=_rule_options(settings)),
        text.CLIP if settings.clip else "",
        text.MEASURE,
        _main(settings),
    ]
    ours = "\n\n".join(part.strip("\n") + "\n" for part in parts if part)
    source = _parsed(settings.source.removeprefix(BYTE_ORDER_MARK)) if is_written else _network(settings)
    if mentions(source, "__name__"):  # what stands under `if __name__ == "__main__"` is not for this file
        source = source if mentions(source, "__future__") else f'__name__ = "net"\n{source}'
        ours = f'__name__ = "__main__"\n{ours}'
    taken = {name for name in _OURS.findall(ours) if mentions(source, name)}
    ours = _OURS.sub(lambda found: f"{found[0]}_" if found[0] in taken else found[0], ours)
    return f"{source.rstrip()}\n\n\n{ours}"


def _parsed(source: str) -> str:
    """`source`, if Python can read it. Raises SettingsError."""
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        where = f"line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else "the code"
        raise SettingsError(f"Python cannot read {where}, so there is no script: compile the code first.") from error
    return source


def _images(settings: RunSettings) -> Images:
    """Where the images come from: from a file if the visitor has made or brought them."""
    return OF_A_FILE if settings.labels or SET_KEY.fullmatch(settings.data) else OF_MNIST


def left_out(settings: RunSettings) -> list[str]:
    """What the file does otherwise than the page: a sentence for each."""
    own_augmentation = settings.model == CODE and mentions(settings.source, "augment")
    on_a_file = _images(settings) is OF_A_FILE
    sentences = {
        "This file trains on the images that you give it. The page varies drawings anew in each epoch.": on_a_file,
        "The page trained on other images. This file trains on MNIST.": not on_a_file and settings.data != "mnist",
        "The page distorted the images, so that no two were the same. This file does not.": settings.augment != "none"
        and not own_augmentation,
        "The page stopped when the network got no better. This file trains to the end.": settings.patience > 0,
        "The page began with CNN's features and kept them. This file begins without them, and trains all layers.": (
            settings.keeps_features
        ),
        "Dropout draws other random numbers here than in the page.": settings.model != CODE and settings.dropout > 0,
    }
    return [sentence for sentence, applies in sentences.items() if applies]


def _constants(settings: RunSettings) -> str:
    lines = [
        f"SEED = {settings.seed}",
        f"EPOCHS = {settings.epochs!r}  # how often it goes through all training images",
        f"BATCH = {settings.batch}  # images in a step",
        f"RATE = {settings.lr!r}  # the learning rate at its highest",
    ]
    if _images(settings) is OF_A_FILE:
        lines.insert(0, f"# The classes: label 0 is the first of them.\nLABELS = {list(settings.alphabet)!r}")
    lines += [f"WARM_UP = {settings.warm_up!r}  # this share of the run"] * (settings.schedule == "one_cycle")
    lines += [f"DECAY = {settings.decay!r}  # per epoch"] * (settings.schedule == "exponential")
    lines += [f"CLIP = {settings.clip!r}  # the largest gradient"] * (settings.clip > 0)
    notes = "".join(f"    {note!r},\n" for note in left_out(settings))
    lines += [f"# What is not as in the page.\nNOTES = (\n{notes})"] if notes else ["NOTES = ()"]
    return "\n".join(lines)


def _network(settings: RunSettings) -> str:
    """The network of the form, as one would write it."""
    activation = f".{training_spec(settings)['activation']}()"
    dropout = f".dropout({settings.dropout!r})" if settings.dropout else ""
    if settings.model == "cnn":
        first, second = (stage.units for stage in stages(training_spec(settings)) if stage.kind == "conv")
        shape = {"first": first, "second": second, "classes": len(settings.alphabet)}
        return text.CNN.format(activation=activation, dropout=dropout, **shape)
    sizes = (784, *settings.hidden, len(settings.alphabet))
    pairs = itertools.pairwise(sizes)
    return text.MLP.format(
        name=network_name(settings),
        classes=sizes[-1],
        layers=", ".join(f"nn.Linear({i}, {o})" for i, o in pairs),
        mean=text.MLP_MEAN if settings.center == "mean" else "",
        centred=" - self.mean" if settings.center == "mean" else "",
        activation=activation,
        dropout=dropout,
    )


def _main(settings: RunSettings) -> str:
    is_written = settings.model == CODE

    def own(name: str) -> bool:
        return is_written and mentions(settings.source, name)

    return text.MAIN.format(
        option=_images(settings).option,
        seeded=text.SEEDED if own("random") else "",
        first="" if is_written else text.USE_FIRST_VALUES,
        mean=text.USE_MEAN if settings.model == "mlp" and settings.center == "mean" else "",
        frozen=text.FROZEN if own("requires_grad") else "",
        rule='(globals().get("optimizer") or make_rule)' if own("optimizer") else "make_rule",
        loss='(globals().get("loss") or cross_entropy)' if own("loss") else "cross_entropy",
        clip="            clip_gradients(rule.params)\n" if settings.clip else "",
        augment=text.USE_AUGMENT if own("augment") else "",
    )


def _rule_options(settings: RunSettings) -> str:
    used = settings.optimizer_row.fields
    momentum = settings.momentum if "momentum" in used else 0.0
    weight_decay = settings.weight_decay if "weight_decay" in used else 0.0
    if settings.optimizer_row.rule == "adamw":
        return f", weight_decay={weight_decay!r}"
    return f", momentum={momentum!r}, weight_decay={weight_decay!r}"


def _options(**values: float) -> str:
    return "".join(f", {name}={value!r}" for name, value in values.items() if value)
