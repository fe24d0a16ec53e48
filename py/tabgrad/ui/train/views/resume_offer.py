"""The offer to go on with a run that a reload or a crash has interrupted."""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.artifacts import read_record
from tabgrad.interop import dom
from tabgrad.network import WeightsError
from tabgrad.settings import network_name

from ...widgets.format import percent

OTHERS = "Another run would take its place."


class ResumeOffer:
    """`resume` gets the checkpoint that was offered; `discard` is called when the visitor does not want it."""

    def __init__(self, parent: dom.Element, resume: Callable[[bytes], object], discard: Callable[[], object]) -> None:
        self._checkpoint: bytes | None = None
        self._box = dom.create("div", parent, class_="train-resume", role="status", data_testid="train-resume")
        self._text = dom.create("p", self._box)
        yes = dom.create(
            "button", self._box, text="Resume", type="button", class_="text-button", data_testid="train-resume-yes"
        )
        no = dom.create("button", self._box, text="Discard", type="button", class_="quiet-button")
        self._listeners = [
            dom.Listener(yes, "click", lambda _event: self._answer(resume)),
            dom.Listener(no, "click", lambda _event: self._answer(lambda _checkpoint: discard())),
        ]
        self.show(None)

    def show(self, checkpoint: bytes | None) -> None:
        """Offer this checkpoint, or hide the box. A checkpoint that cannot be read is not offered."""
        self._checkpoint = None
        if checkpoint:
            try:
                self._text.textContent = description(checkpoint)
                self._checkpoint = checkpoint
            except WeightsError:
                self._checkpoint = None
        self._box.hidden = self._checkpoint is None

    def _answer(self, act: Callable[[bytes], object]) -> None:
        checkpoint = self._checkpoint
        self.show(None)
        if checkpoint is not None:
            act(checkpoint)


def description(checkpoint: bytes) -> str:
    """What the offer says of a checkpoint. Raises WeightsError."""
    record = read_record(checkpoint)
    accuracy = record.curves.validation_accuracy
    best = f", {percent(accuracy[-1], 2)} on validation" if accuracy else ""
    where = f"epoch {record.epoch:.2f} of {record.settings.epochs:g}{best}"
    return f"A run of {network_name(record.settings)} was interrupted at {where}. {OTHERS}"
