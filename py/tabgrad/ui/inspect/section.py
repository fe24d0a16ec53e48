"""What a section of a panel gets, and what it must do.

Owns what all sections share: the probe into the network that answers, and the choice of the network's input. Knows no
section by name.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import DIGITS, Labels
from tabgrad.explain.trace import trace
from tabgrad.ink import Snapshot
from tabgrad.interop import dom

from ..context import PageContext
from ..models import Model, load_model
from ..prediction import PAD_UNITS, Answer, standard_input
from ..theme import is_dark
from ..widgets.labels import isolated
from .pacing import waiting
from .probe import Probe, as_input

Array = NDArray[np.float32]
#: While a network is in training, its weights are read at most this often. Seconds.
MIN_READ_INTERVAL_S = 0.5
#: While the worker makes a program for a network that the visitor wrote.
COMPILES = "tinygrad compiles a program that looks into your network \N{HORIZONTAL ELLIPSIS}"
#: In lists of classes to choose from: the value that stands for the network's answer.
WINNER = "winner"


class CurrentProbe:
    """The probe into the network that answers now. Creates it, keeps it up to date and frees it."""

    def __init__(self, page: PageContext) -> None:
        self._page = page
        self._probe: Probe | None = None
        self._weights_version, self._read_at_ms = -1, 0.0  # of the weights in the probe
        self._loading: asyncio.Future[None] | None = None  # while the probe's programs are on their way

    @property
    def is_stale(self) -> bool:
        """Whether the weights have changed since they were read. `get` reads them after `MIN_READ_INTERVAL_S`."""
        return self._probe is not None and self._weights_version != self._page.weights_version

    @property
    def is_training(self) -> bool:
        """Whether the network that answers is in training, so that its weights change all the time."""
        model = self._page.model
        return model is not None and model.name == "training" and dom.data(dom.root(), "worker") == "training"

    async def freeze(self) -> Model | None:
        """A copy of the network that keeps its current weights, so that it can be measured during a run.

        None if no network answers. Destroy its executable when done. Raises EngineError.
        """
        device, model = self._page.device, self._page.model
        if device is None or model is None:
            return None
        return await load_model(device, model.name, model.card, model.executable.program, await model.weights())

    async def get(self) -> Probe | None:
        """The probe, with weights that are at most `MIN_READ_INTERVAL_S` old; None if no network answers.

        Ask again for each update: when another network answers, it is another probe. Raises EngineError.
        """
        while self._loading is not None:  # another section has asked, and waits for programs
            await waiting(asyncio.shield(self._loading))
        page, probe = self._page, self._probe
        if page.model is None or page.models is None or page.device is None:
            return None
        if probe is None or probe.model is not page.model:
            if probe is not None:
                probe.destroy()
            self._probe = probe = Probe(page.models, page.device, page.model, page.describer)
        due = dom.now_ms() - self._read_at_ms > MIN_READ_INTERVAL_S * 1e3
        if probe.version == 0 or (self.is_stale and due):
            self._weights_version, self._read_at_ms = page.weights_version, dom.now_ms()
            self._loading = asyncio.get_running_loop().create_future()
            try:
                await probe.load()
            finally:
                self._loading.set_result(None)
                self._loading = None
        return probe


class Inputs:
    """Makes the network's input: the ink on the pad, prepared by a recipe, or an image from the data as it is.

    An image on the pad is read pixel by pixel until its ink is changed.
    """

    def __init__(self, page: PageContext) -> None:
        self._page = page
        self._recipe: Callable[[Snapshot], Array] | None = None
        self._sample: tuple[Snapshot, Array] | None = None  # the image on the pad: its traced ink, and its pixels

    def use_recipe(self, recipe: Callable[[Snapshot], Array] | None) -> None:
        """From now on, turn ink into the input (28, 28) with this function; None for the standard one."""
        self._recipe = recipe
        self._page.prepare_with(self._prepare)

    def to_pad(self, image: NDArray[np.uint8]) -> None:
        """Put an image, uint8 (28, 28), on the pad. The pad shows it traced as ink; the network reads its pixels."""
        pixels = as_input(image)
        ink = Snapshot(trace(pixels, PAD_UNITS))
        self._sample = (ink, pixels)
        self._page.prepare_with(self._prepare)
        self._page.pad.put(ink)

    def sample(self, ink: Snapshot) -> Array | None:
        """The pixels (28, 28) that the network reads, if this ink stands for an image; else None."""
        if self._recipe is None and self._sample is not None and ink is self._sample[0]:
            return self._sample[1]
        return None

    def _prepare(self, ink: Snapshot) -> Array:
        sample = self.sample(ink)
        return (self._recipe or standard_input)(ink) if sample is None else sample


@dataclass(frozen=True, slots=True)
class InspectContext:
    """What a section may use: the page, the probe into the network that answers, and the network's input.

    `refresh` asks for another `update` of the panel's sections, from the next frame on.
    """

    page: PageContext
    probe: CurrentProbe
    inputs: Inputs
    refresh: Callable[[], None]


class ViewState:
    """The `ink` on the pad, the `answer` to it, the `probe` into the network, and whether the page is `dark`.

    `answer` and `probe` are None while there is none.
    """

    def __init__(self, ink: Snapshot, answer: Answer | None, probe: Probe | None, dark: bool) -> None:
        self.ink, self.answer, self.probe, self.dark = ink, answer, probe, dark
        self._activations: dict[str, Array] | None = None  # computed on demand, and once

    @property
    def labels(self) -> Labels:
        """The labels of the classes that the network tells apart; the digits without a network."""
        return self.probe.model.alphabet if self.probe is not None else DIGITS

    @property
    def winner(self) -> int | None:
        """The class that the network answers; None while there is no answer."""
        return self.answer.ranking[0] if self.answer else None

    def chosen(self, choice: str) -> int | None:
        """The class that was chosen: one of `class_choices`, or `WINNER` for the network's answer."""
        return self.winner if choice == WINNER else int(choice)

    async def activations(self) -> dict[str, Array]:
        """`logits` (classes,), and each stage's activations by its tap; all zero without an answer.

        Raises EngineError or ProgramError.
        """
        assert self.probe is not None
        if self._activations is None:
            if self.answer is None:
                await self.probe.describe()
                shapes = {s.tap or "logits": s.shape for s in self.probe.structure}
                self._activations = {tap: np.zeros(shape, np.float32) for tap, shape in shapes.items()}
            else:
                self._activations = await self.probe.activations(self.answer.image)
        return self._activations


def class_choices(first: Mapping[str, str], labels: Labels) -> dict[str, str]:
    """Options to choose a class from: the `first` ones, and then all `labels` by their index."""
    return {**first, **{str(index): isolated(label) for index, label in enumerate(labels)}}


def view_state(page: PageContext, probe: Probe | None) -> ViewState:
    """The present state. An answer in other labels than those of the probe's network belongs to another one: none."""
    answer = page.latest or page.example
    if answer is not None and probe is not None and answer.labels != probe.model.alphabet:
        answer = None
    return ViewState(page.ink, answer, probe, is_dark())


class Section(Protocol):
    """One explanation. `lead` says in a sentence or two what it shows, for people who have never seen a network."""

    name: str
    title: str
    lead: str
    needs_network: bool  #: False if it also has something to show while no network answers

    def build(self, body: dom.Element) -> None:
        """Make the elements. Called once, when the section is first open and visible."""

    async def update(self, state: ViewState) -> None:
        """Show this state of the page. Called only while the section is open, and never twice at a time.

        It has a turn meanwhile: what waits for the network goes through `pacing.waiting`, so that other sections do
        not wait, too. What it raises of `faults.FAULTS` is shown as one sentence in the section.
        """


class BesideThePad(ABC):
    """What stands beside the pad while its panel is open: a section without a heading, for what goes with drawing."""

    #: Whether the panel is in view.
    visible = False

    def show(self, visible: bool) -> None:
        """The panel comes into view or leaves it. Called before `build`, too."""
        self.visible = visible

    @abstractmethod
    def build(self, body: dom.Element) -> None:
        """See `Section`."""

    @abstractmethod
    async def update(self, state: ViewState) -> None:
        """See `Section`. It raises none of `faults.FAULTS`."""
