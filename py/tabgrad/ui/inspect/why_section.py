"""Why this digit, and why not that one: gradients from the compiled program, and covering parts as a cross-check."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.explain import attribution
from tabgrad.explain.colour import diverging, grey
from tabgrad.interop import dom

from ..faults import FAULTS
from ..widgets.controls import Select
from ..widgets.format import signed
from ..widgets.picture import Picture, legend
from .scene import ViewState

Array = NDArray[np.float32]
WINNER, NOBODY = "winner", "none"
#: The check by covering begins when the pen has rested so long. Seconds.
REST_S = 0.6
#: Predictions slower than this get a coarser check. Milliseconds.
SLOW_MS = 3.0


class WhySection:
    """Asks about the answer, or any digit, alone or against another one. `refresh` has `update` called again."""

    name = "why"
    title = "Why this answer"
    lead = (
        "Which parts of your drawing speak for the answer, and which against it? Ask also why it is not another digit: "
        "the pictures then show what decides between the two."
    )
    needs_network = True

    def __init__(self, refresh: Callable[[], None]) -> None:
        self._refresh = refresh
        self._question_number = 0  # what is computed for an earlier question is not shown

    def build(self, body: dom.Element) -> None:
        """See `Section`."""
        controls = dom.create("div", body, class_="controls", role="group", aria_label="The question")
        digits = {str(d): str(d) for d in range(10)}
        self._digit = Select(controls, "Why", {WINNER: "the answer", **digits}, self._refresh, "why-digit")
        self._other = Select(controls, "and not", {NOBODY: "anything else", **digits}, self._refresh, "why-other")
        legend(controls, "against", "for")
        row = dom.create("div", body, class_="steps")
        self._ink = Picture(row, "Your ink, as the network reads it", "step")
        self._counted = Picture(row, "Which ink counts, for or against (gradient times ink)", "step")
        self._wanted = Picture(row, "Where more ink would help or hurt (the gradient)", "step")
        self._covered = Picture(row, "A check: what it costs to cover each spot", "step")
        self._note = dom.create("p", body, class_="note", data_testid="why-note")
        self._check = dom.create("p", body, class_="note", data_testid="why-check", aria_live="polite")
        self._timer: asyncio.TimerHandle | None = None

    def _question(self, scene: ViewState) -> tuple[int, int | None]:
        digit = scene.winner if self._digit.value == WINNER else int(self._digit.value)
        other = None if self._other.value == NOBODY else int(self._other.value)
        assert digit is not None
        return digit, None if other == digit else other

    async def update(self, scene: ViewState) -> None:
        """See `Section`."""
        self._question_number += 1
        if self._timer:
            self._timer.cancel()
        if scene.answer is None:
            self._empty(scene)
            return
        assert scene.probe is not None
        digit, other = self._question(scene)
        image = scene.answer.image
        logits, gradient = await scene.probe.saliency(image, attribution.seed(digit, other))
        ink = attribution.ink_picture(gradient, image)
        versus = f"{digit}" if other is None else f"{digit} rather than {other}"
        self._ink.show(grey(image), "Your drawing as the network reads it")
        self._counted.show(diverging(ink, None, scene.dark), f"Which ink speaks for {versus} and which against it")
        self._wanted.show(diverging(gradient, None, scene.dark), f"Where more ink would speak for {versus}")
        score = attribution.question(logits, digit, other)
        self._note.textContent = (
            f"The score of {digit} is {signed(score)}; the digit with the highest score is the answer."
            if other is None
            else f"{digit} leads {other} by {signed(score)} in score; the pictures show where that comes from."
        )
        self._note.dataset.value = f"{score:.6f}"
        self._note.dataset.ink = f"{float(ink.sum()):.6f}"
        self._timer = asyncio.get_running_loop().call_later(
            REST_S, lambda: self._begin_check(self._cover(scene, (digit, other), score, ink))
        )

    def _empty(self, scene: ViewState) -> None:
        blank = np.zeros((28, 28), np.float32)
        self._ink.show(grey(blank), "An empty pad")
        for picture in (self._counted, self._wanted, self._covered):
            picture.show(diverging(blank, 1, scene.dark), "Nothing to explain yet")
        self._note.textContent = "Draw a digit on the pad at the top to ask about it."
        self._check.textContent = ""

    def _begin_check(self, work: Coroutine[Any, Any, None]) -> None:
        self._checking = asyncio.ensure_future(work)  # kept, or the loop may lose it

    async def _cover(self, scene: ViewState, question: tuple[int, int | None], score: float, ink: Array) -> None:
        number = self._question_number
        assert scene.answer is not None
        assert scene.probe is not None
        occlusion = attribution.occlude(scene.answer.image, stride_px=4 if scene.answer.inference_ms > SLOW_MS else 2)
        try:
            logits = await scene.probe.logits(occlusion.images)
        except FAULTS as error:
            self._check.textContent = str(error)
            return
        if number != self._question_number:
            return
        answers = np.array([attribution.question(row, *question) for row in logits])
        picture = occlusion.picture(score, answers)
        alt = f"Where covering the drawing costs {question[0]} most"
        self._covered.show(diverging(picture, None, scene.dark), alt)
        match = attribution.agreement(occlusion.predicted_drops(ink), score - answers)
        self._check.textContent = (
            f"{len(answers)} patches covered one by one: the gradient foresaw the effect with a correlation of "
            f"{signed(match)} (1 would be perfect, 0 chance)."
        )
