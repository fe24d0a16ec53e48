"""From ink to an answer, again and again: the latest ink always wins, and at most one inference is in flight.

Owns this order, and the measured times. Knows neither the document nor the engine, so that races are tested without a
browser.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import Labels
from tabgrad.ink import DOT_SHARE, Normaliser, Snapshot
from tabgrad.interop.clock import MeanTime, Reading, measured, now_s
from tabgrad.metrics import softmax

from .models import Model

#: Side of the pad in the units its strokes are kept in, and the size below which ink is a dot that is not enlarged.
PAD_UNITS = 280.0
DOT_UNITS = DOT_SHARE * PAD_UNITS
#: The status of the answer on screen: there is no ink, the answer is still to come, or it is that of the present ink.
AnswerStatus = Literal["none", "due", "shown"]
#: The drawing on the pad grows stroke by stroke.
_normalise = Normaliser()


def standard_input(ink: Snapshot) -> NDArray[np.float32]:
    """The network's input (28, 28) for what is on the pad, prepared as MNIST's digits were."""
    return _normalise(ink.ink(PAD_UNITS), DOT_UNITS)


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A finished prediction: `image` (28, 28) is what the network saw, `probabilities` (classes,) sum to 1.

    `labels` are those of the classes: the alphabet of the network that answered.
    `inference` is the network alone, input to probabilities, as a mean where the browser's clock is too coarse for one
    of them; `latency` runs from the ink to this answer.
    """

    image: NDArray[np.float32]
    logits: NDArray[np.float32]
    probabilities: NDArray[np.float64]
    sure: bool
    labels: Labels
    inference: Reading
    latency: Reading

    @property
    def ranking(self) -> list[int]:
        """The classes from the most to the least probable."""
        return [int(i) for i in np.argsort(-self.probabilities, kind="stable")]


class Predictor:
    """Keeps the answer on screen in step with the ink.

    `show` gets each answer, or None as soon as there is nothing to answer for. `fail` gets what an inference
    raised; the predictor then waits for `use` or `update`. `set_status` gets each new status, after the answer that
    changed it. `prepare` makes the network's input from the ink.

    While the pad is empty it can also read an example, which is no ink of the visitor's: it changes no status.
    """

    def __init__(
        self,
        show: Callable[[Answer | None], None],
        fail: Callable[[Exception], None],
        set_status: Callable[[AnswerStatus], None],
    ) -> None:
        self._show_answer, self._fail, self._set_status = show, fail, set_status
        self._status: AnswerStatus = "none"
        self.prepare: Callable[[Snapshot], NDArray[np.float32]] = standard_input
        self._model: Model | None = None
        self._ink = Snapshot()
        self._inference_time = MeanTime()
        self._drawn_at = 0.0
        self._stale = False  # the ink has changed since the last inference began
        self._generation = 0  # answers of an earlier generation are never shown
        self._example: Snapshot | None = None
        self._show_example: Callable[[Answer], object] = lambda _answer: None
        self._example_is_stale = False
        self._task: asyncio.Task[None] | None = None

    def use(self, model: Model | None) -> None:
        """Answer with another network from now on, or with none. Without one, nobody waits for an answer any more.

        An answer in other labels than the network's is taken away at once.
        """
        other = model is None or (self._model is not None and model.alphabet != self._model.alphabet)
        self._model = model
        if model is None and self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
            self._task = None
        self._inference_time.clear()
        self._drawn_at = now_s()  # what is drawn has waited for this network, not it for the drawing
        self._generation += 1
        if other:
            self._show(None)
        self._request()

    def update(self, ink: Snapshot) -> None:
        """The ink is now this."""
        self._ink = ink
        self._drawn_at = now_s()
        if ink.is_empty:
            self._generation += 1
            self._stale = False
            self._show(None)
        else:
            self._example = None
            self._request()

    def read_example(self, ink: Snapshot | None, show: Callable[[Answer], object]) -> None:
        """Read `ink`, which is not on the pad, and tell `show` the answer; None ends that at once.

        The visitor's ink comes first and ends it for good. What fails is not reported: it fails again with their ink.
        """
        self._example, self._show_example = ink, show
        self._request()

    def refresh(self) -> None:
        """Answer once more for the same ink: the weights have changed."""
        self._drawn_at = now_s()
        self._request()

    def _show(self, answer: Answer | None) -> None:
        self._show_answer(answer)
        self._become("none" if answer is None else "due" if self._stale else "shown")

    def _become(self, status: AnswerStatus) -> None:
        if status != self._status:
            self._status = status
            self._set_status(status)

    def _request(self) -> None:
        self._stale = self._model is not None and not self._ink.is_empty
        self._example_is_stale = self._model is not None and self._example is not None
        if self._stale:
            self._become("due")
        if (self._stale or self._example_is_stale) and self._task is None:
            self._task = asyncio.ensure_future(self._work())

    async def _work(self) -> None:
        try:
            while (model := self._model) is not None:
                if self._stale:
                    self._stale = False
                    await self._predict(model)
                elif self._example_is_stale and self._example is not None:
                    self._example_is_stale = False
                    await self._read_example(model, self._example)
                else:
                    return
        finally:
            if self._task is asyncio.current_task():  # else it was given up, and there may be another one
                self._task = None

    async def _predict(self, model: Model) -> None:
        generation = self._generation
        try:
            answer = await self._answer(model, self._ink)
        except Exception as error:
            if generation == self._generation:
                self._stale = False
                self._show(None)
                self._fail(error)
            return
        if generation == self._generation:
            self._show(answer)

    async def _read_example(self, model: Model, ink: Snapshot) -> None:
        try:
            answer = await self._answer(model, ink)
        except Exception:
            self._example = None
            return
        if self._example is not None and model is self._model:
            self._show_example(answer)

    async def _answer(self, model: Model, ink: Snapshot) -> Answer:
        drawn_at = self._drawn_at
        image = self.prepare(ink)
        begin = now_s()
        logits = await model.logits(image)
        probabilities = softmax(logits, model.temperature)
        end = now_s()
        sure = bool(probabilities.max() >= model.not_sure_below)
        inference = self._inference_time.add(end - begin)
        return Answer(image, logits, probabilities, sure, model.alphabet, inference, measured(end - drawn_at))
