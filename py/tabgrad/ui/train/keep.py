"""Weights out of the page and into it as safetensors files, and the offer to resume an interrupted run.

Owns the buttons and the files' names. What a file means is checked where it is used.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from tabgrad.interop import dom, page
from tabgrad.network import load_safetensors
from tabgrad.program import ProgramError
from tabgrad.protocol import Accepted, Import
from tabgrad.settings import RunSettings

from .data import network_name, percent
from .store import KEPT_WEIGHTS

if TYPE_CHECKING:
    from .panel import TrainPanel


class Keep:
    """Export and import of weights."""

    def __init__(self, parent: dom.Element, panel: TrainPanel) -> None:
        self._panel = panel
        box = dom.create("div", parent, class_="train-buttons train-keep")
        export = dom.create(
            "button", box, text="Export weights", type="button", class_="quiet-button", data_testid="weights-export"
        )
        label = dom.create("label", box, text="Import weights", class_="quiet-button", for_="weights-import")
        self._file = dom.create(
            "input",
            box,
            id="weights-import",
            type="file",
            accept=".safetensors",
            class_="sr-only",
            data_testid="weights-import",
        )
        label.tabIndex = -1
        self._listeners = [
            dom.Listener(export, "click", lambda _event: self._export()),
            dom.Listener(self._file, "change", lambda _event: self._begin_import()),
        ]

    def _export(self) -> None:
        weights = self._panel.screen.weights
        if not weights:
            self._panel.screen.say("There is nothing to export yet: press Train.", error=True)
            return
        self._save(weights)

    async def export_run(self, run_id: str) -> None:
        """The weights of a finished run."""
        weights = await self._panel.store.weights(run_id)
        if weights is None:
            self._panel.screen.say(
                f"The weights of this run are no longer kept: only {KEPT_WEIGHTS} runs' are.", error=True
            )
            return
        self._save(weights)

    def _save(self, weights: bytes) -> None:
        metadata = load_safetensors(weights)[1]
        name = network_name(RunSettings.make(json.loads(metadata["settings"]))).lower()
        page.download(f"tabgrad-{name}-step{metadata['step']}.safetensors", weights)
        self._panel.screen.say("Exported the weights as safetensors.")

    def _begin_import(self) -> None:
        self._importing = asyncio.ensure_future(self._import())  # kept, or the loop may lose it

    async def _import(self) -> None:
        """Into the run under way where there is one, else as a model of its own in the picker."""
        content = await page.chosen_file(self._file)
        if content is None:
            return
        panel = self._panel
        try:
            if panel.client.running:
                answer = await panel.client.ask(Import(weights=content))
                if not isinstance(answer, Accepted):
                    raise ProgramError(getattr(answer, "message", "The worker did not take the file."))
                panel.screen.say("The run goes on with the imported weights.")
            else:
                await panel.shelf.offer_file(content)
                panel.screen.say("The imported network answers now.")
        except (ProgramError, RuntimeError) as error:  # of the file; of the engine or the worker
            panel.screen.say(f"The file was not imported: {error}", error=True)


OTHERS = "Another run would take its place."


class ResumeOffer:
    """A box that offers to go on with a run that a reload or a crash has interrupted."""

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
        """Offer this checkpoint, or hide the box. One that cannot be read is not offered."""
        self._checkpoint = None
        if checkpoint:
            try:
                record = json.loads(load_safetensors(checkpoint)[1]["record"])
                settings = RunSettings.make(record["settings"])
                accuracy = record["curves"]["validation_accuracy"]
                epoch = record["step"] * settings.batch / record["samples"]
                best = f", {percent(accuracy[-1])} on validation" if accuracy else ""
                name, where = network_name(settings), f"epoch {epoch:.2f} of {settings.epochs:g}{best}"
                self._text.textContent = f"A run of {name} was interrupted at {where}. {OTHERS}"
                self._checkpoint = checkpoint
            except (ProgramError, KeyError, TypeError, ValueError):
                self._checkpoint = None
        self._box.hidden = self._checkpoint is None

    def _answer(self, act: Callable[[bytes], object]) -> None:
        checkpoint = self._checkpoint
        self.show(None)
        if checkpoint is not None:
            act(checkpoint)
