"""What events promise besides the types of their fields: ranges, lists of one length, words of a known set.

The page counts on it: an event that is well formed and wrong would fail far from where it came in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tabgrad.incoming import fits, is_finite
from tabgrad.metrics import is_confusion

from .messages import (
    Assisted,
    Busy,
    Checkpoint,
    Compiled,
    Compiling,
    Complete,
    Completions,
    DataProgress,
    DataRead,
    Evaluate,
    Evaluated,
    Finished,
    Message,
    Metrics,
    Progress,
    ReadData,
    Written,
)

#: What `Progress.state` and `Finished.reason` can be.
STATES, REASONS = frozenset({"training", "paused", "evaluating"}), frozenset({"completed", "stopped", "early"})
#: Bytes of an image float32 (28, 28).
IMAGE_BYTES = 28 * 28 * 4
#: Bytes of an example of a data set, uint8 (28, 28).
SAMPLE_BYTES = 28 * 28
#: What an item of `Evaluated` has, by its kind.
ITEM_PARTS = {
    "text": {"kind", "text"},
    "error": {"kind", "text"},
    "image": {"kind", "text", "height", "width"},
}


def broken_promise(message: Message) -> str:
    """The name of a field that does not hold what it promises; empty if all do."""
    match message:
        case Busy() | Compiled() | Written():
            kept = {"seconds": _is_amount(message.seconds)}
        case Compiling():
            kept = {"kernel": 0 <= message.kernel <= message.kernels}
        case Assisted():
            kept = {"options": all(_is_option(option) for option in message.options)}
        case Progress():
            kept = _of_progress(message)
        case Metrics():
            kept = _of_metrics(message)
        case Checkpoint():
            kept = _of_checkpoint(message)
        case Finished():
            kept = _of_finished(message)
        case Evaluate():
            kept = {"image": len(message.image) in (0, IMAGE_BYTES)}
        case Evaluated():
            kept = _of_evaluated(message)
        case Complete():
            kept = {"cursor": 0 <= message.cursor <= len(message.code)}
        case Completions():
            kept = {"start": message.start >= 0}
        case _:
            kept = _of_data(message)
    return next((name for name, is_kept in kept.items() if not is_kept), "")


def _of_progress(event: Progress) -> dict[str, bool]:
    numbers = ("step", "steps", "epoch", "epochs", "samples_per_s", "eta_s", "elapsed_s", "lr")
    return {"state": event.state in STATES} | {name: _is_amount(getattr(event, name)) for name in numbers}


def _of_metrics(event: Metrics) -> dict[str, bool]:
    """Losses may be anything, also no numbers: a run can diverge."""
    return {
        "step": _are_steps(event.step),
        "loss": len(event.loss) == len(event.step),
        "accuracy": len(event.accuracy) == len(event.step) and _are_shares(*event.accuracy),
        "validation_step": _are_steps(event.validation_step),
        "validation_loss": len(event.validation_loss) == len(event.validation_step),
        "validation_accuracy": len(event.validation_accuracy) == len(event.validation_step)
        and _are_shares(*event.validation_accuracy),
    }


def _of_checkpoint(event: Checkpoint) -> dict[str, bool]:
    return {
        "step": event.step >= 0,
        "epoch": _is_amount(event.epoch),
        "validation_accuracy": _are_shares(event.validation_accuracy),
        "weights": bool(event.weights) == event.end_of_epoch,
        "confusion": is_confusion(event.confusion) if event.end_of_epoch else not event.confusion,
    }


def _of_finished(event: Finished) -> dict[str, bool]:
    return {
        "reason": event.reason in REASONS,
        "step": event.step >= 0,
        "epoch": _is_amount(event.epoch),
        "validation_accuracy": _are_shares(event.validation_accuracy),
        "test_accuracy": _are_shares(event.test_accuracy),
        "interval": len(event.interval) == 2
        and _are_shares(*event.interval)
        and event.interval[0] <= event.interval[1],
        "tested": event.tested >= 0,
        "seconds": _is_amount(event.seconds),
    }


def _of_evaluated(event: Evaluated) -> dict[str, bool]:
    are_items = all(map(_is_item, event.items))
    sizes = [item["height"] * item["width"] for item in event.items if item.get("kind") == "image"] if are_items else []
    return {"items": are_items, "pixels": sum(sizes) == len(event.pixels)}


def _of_data(message: Message) -> dict[str, bool]:
    """What the messages about files of the visitor's promise."""
    match message:
        case ReadData():
            return {"names": len(message.names) == len(message.files)}
        case DataProgress():
            return {"done": message.done >= 0, "total": message.total == 0 or message.done <= message.total}
        case DataRead():
            classes = len(message.labels)
            return {
                "counts": all(len(row) == classes and min(row, default=0) >= 0 for row in message.counts.values()),
                "guesses": all(map(_is_guess, message.guesses)),
                "shown": len(message.shown) == classes and min(message.shown, default=0) >= 0,
                "images": len(message.images) == sum(message.shown) * SAMPLE_BYTES,
            }
        case _:
            return {}


def _is_guess(guess: dict[str, Any]) -> bool:
    hints = {"name": str, "title": str, "value": str, "options": dict[str, str]}
    return guess.keys() == hints.keys() and all(fits(guess[name], hint) for name, hint in hints.items())


def _is_item(item: dict[str, Any]) -> bool:
    kind = item.get("kind")
    if not isinstance(kind, str) or item.keys() != ITEM_PARTS.get(kind) or not isinstance(item["text"], str):
        return False
    return all(fits(item[side], int) and item[side] > 0 for side in ("height", "width") if side in item)


def _is_option(option: dict[str, object]) -> bool:
    return option.keys() == {"label", "kind", "detail", "info"} and all(isinstance(v, str) for v in option.values())


def _is_amount(value: float) -> bool:
    return is_finite(value) and value >= 0


def _are_shares(*values: float) -> bool:
    return all(0 <= value <= 1 for value in values)


def _are_steps(values: Sequence[int]) -> bool:
    return list(values) == sorted(values) and min(values, default=0) >= 0
