"""What the panels use of the page: the pad, the answer, and the network that answers. Decides nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import DIGITS, Labels
from tabgrad.backends import Device
from tabgrad.ink import Snapshot
from tabgrad.interop import storage
from tabgrad.program import Program
from tabgrad.settings import RunSettings
from tabgrad.storage import KeptStore

from .address import Address
from .answering import Answering
from .bench import Bench
from .compiler import Compiler, Describer
from .lines import LineLink
from .models import MakeModel, Model
from .models.shipped import ShippedModels
from .pad.pad import Pad
from .prediction import Answer, Predictor, standard_input
from .sets.known import KnownSets
from .worker_link import WorkerLink

#: What every button that calls `try_example` says.
TRY_AN_EXAMPLE = "Try an example"


class PageContext:
    """`latest` is the answer on screen, None while there is none; `example` that to an example on the empty pad.

    `watchers` are called when model, weights, answer or ink have changed; `painters` when light and dark have, because
    canvases do not follow by themselves; `erasers` when all that was in `kept` is erased.
    """

    #: Set once, when it takes over the ink that was drawn before.
    pad: Pad
    #: Pad and answer, beside the work.
    bench: Bench
    #: The name of the alphabet that is open beside the pad; empty if none is.
    drawn_for = ""
    #: Called when that changes; set once, by the page's main program.
    purpose_changed: Callable[[], object]
    #: The ready alphabet that a link names; its section opens it, and takes the name away.
    lesson = ""
    #: Shows a panel of the work area by its name.
    open_panel: Callable[[str], object]
    #: Compiles what is in the editor, set by the training panel; None where there is no such panel.
    compiler: Compiler | None = None
    #: Tells of networks that were written in the editor, set by the training panel, too.
    describer: Describer | None = None
    #: The "train" or "evaluate" program of the network in training, set by the training panel. Raises ProgramError.
    training_program: Callable[[str], Awaitable[Program]]
    #: What the form of the training panel says now, set by that panel.
    run_settings: Callable[[], RunSettings]
    #: Shows the settings of the next run in that form, and the panel; set by it.
    train_on: Callable[[RunSettings], object]

    def __init__(self, manifest: dict[str, Any], predictor: Predictor, answering: Answering, address: Address) -> None:
        self.manifest, self._predictor, self.answering, self.address = manifest, predictor, answering, address
        #: Whether there is a run that has not ended, set by the training panel.
        self.run_under_way: Callable[[], bool] = lambda: False
        #: The worker, set by the training panel; None on a page without one.
        self.worker: WorkerLink | None = None
        #: To be awaited before the worker's console is asked anything, so that it has the network that the page has.
        #: Raises RuntimeError. Set by the training panel.
        self.before_console: Callable[[], Awaitable[object]] = _nothing
        #: The labels of the data sets that the visitor has made or brought, by the sets' names.
        self.set_labels: dict[str, Labels] = {}
        self._examples = 0  # how many were on the pad so far
        #: What ties the code in the editor to the kernels below it.
        self.lines = LineLink()
        self.latest: Answer | None = None
        self.example: Answer | None = None
        self.watchers: list[Callable[[], object]] = []
        self.painters: list[Callable[[], object]] = []
        self.erasers: list[Callable[[], object]] = []
        #: What the visitor makes, from visit to visit.
        self.kept = KeptStore(storage.open_storage)
        #: The data sets among it; it fills `set_labels`.
        self.sets = KnownSets(self.kept, self.set_labels)
        self.erasers.append(self.sets.changed_elsewhere)

    @property
    def device(self) -> Device | None:
        """The engine that answers."""
        return self.answering.device

    @property
    def models(self) -> ShippedModels | None:
        """The shipped models on that engine."""
        return self.answering.registry.shipped

    @property
    def model(self) -> Model | None:
        """The network that answers."""
        return self.answering.model

    @property
    def weights_version(self) -> int:
        """Goes up when the network that answers gets other weights."""
        return self.answering.weights_version

    @property
    def ink(self) -> Snapshot:
        """What is on the pad."""
        return self.pad.sheet.now

    @property
    def alphabet(self) -> Labels:
        """The labels of the classes that the network that answers tells apart; the digits while none answers."""
        return self.model.alphabet if self.model is not None else DIGITS

    def labels_of(self, data: str) -> Labels | None:
        """The labels of a data set, as a run's settings have them: empty for the digits. None if nobody knows it."""
        return self.set_labels.get(data) if data.startswith("set-") else ()

    @property
    def has_examples(self) -> bool:
        """Whether `try_example` has something that the network that answers can read, and that is wanted now."""
        return self.alphabet == DIGITS and not self.drawn_for

    def draw_for(self, alphabet: str) -> None:
        """The pad is for drawings of the open alphabet of this name; an empty one: of what the network reads."""
        if alphabet != self.drawn_for:
            self.drawn_for = alphabet
            self.purpose_changed()

    def try_example(self) -> None:
        """Put an example digit on the pad, each time another one. Undo takes it back."""
        from .examples import example  # which needs the stroke generator: not a part of the page's start

        _, ink = example(self._examples)
        self._examples += 1
        self.pad.put(ink)

    def prepare_with(self, prepare: Callable[[Snapshot], NDArray[np.float32]] | None) -> None:
        """Make the network's input (28, 28) from ink with this function, None for the usual one; answer again."""
        self._predictor.prepare = prepare or standard_input
        self._predictor.refresh()

    def offer(self, name: str, title: str, make: MakeModel) -> None:
        """Put a network made on this page into the model picker, in the place of an earlier one of that name."""
        self.answering.registry.offer(name, title, make)


async def _nothing() -> None:
    """There is nothing to wait for."""
