"""Why this class, and why not that one: gradients, and covering parts of the drawing as a check of them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.explain import attribution
from tabgrad.explain.colour import diverging, grey
from tabgrad.interop import dom

from ...context import TRY_AN_EXAMPLE
from ...faults import FAULTS
from ...widgets.controls import Button, Select
from ...widgets.format import rounded_to_sum, signed
from ...widgets.labels import isolated
from ...widgets.picture import Picture, legend
from ..section import COMPILES, WINNER, InspectContext, ViewState, class_choices

Array = NDArray[np.float32]
NOBODY = "none"
#: The first choice in each list of classes.
ANSWER, ANYTHING = {WINNER: "the answer"}, {NOBODY: "anything else"}
EMPTY = "Nothing is drawn yet. Draw something, and ask about it."
#: The check by covering starts when the pen has rested for this time. Seconds.
REST_S = 0.6
#: Where a prediction takes longer than this, the check is coarser. Milliseconds.
SLOW_MS = 3.0


class WhySection:
    """Explains the answer, or any class, alone or against another one."""

    name = "why"
    title = "Why this answer"
    lead = (
        "Which parts of your drawing speak for the answer, and which against it? You can also ask why it is not "
        "something else. Then the pictures show what makes the difference between the two."
    )
    needs_network = True

    def __init__(self, context: InspectContext) -> None:
        self._refresh, self._page = context.refresh, context.page
        self._question_number = 0  # a check that was made for an earlier question is not shown

    def build(self, body: dom.Element) -> None:
        controls = dom.create("div", body, class_="controls", role="group", aria_label="The question")
        self._class = Select(controls, "Why", ANSWER, self._refresh, "why-digit")
        self._other = Select(controls, "and not", ANYTHING, self._refresh, "why-other")
        legend(controls, "against", "for")
        row = dom.create("div", body, class_="steps")
        self._ink = Picture(row, "Your ink, as the network reads it", "step")
        self._counted = Picture(row, "Which ink speaks for it or against it (gradient times ink)", "step")
        self._wanted = Picture(row, "Where more ink would help or hurt (the gradient)", "step")
        self._covered = Picture(row, "A check: how much covering each spot lowers the score", "step")
        self._note = dom.create("p", body, class_="note", data_testid="why-note")
        self._example = Button(body, TRY_AN_EXAMPLE, self._page.try_example, "why-example")
        self._check = dom.create("p", body, class_="note", data_testid="why-check", aria_live="polite")
        self._timer: asyncio.TimerHandle | None = None

    async def update(self, state: ViewState) -> None:
        self._question_number += 1
        self._check.removeAttribute("data-value")  # what it says is of the question before
        if self._timer:
            self._timer.cancel()
        self._example.element.hidden = state.answer is not None or not self._page.has_examples
        labels = [isolated(label) for label in state.labels]
        self._class.offer(class_choices(ANSWER, state.labels))
        self._other.offer(class_choices(ANYTHING, state.labels))
        answer, chosen = state.chosen(self._class.value), self._other.value
        if state.answer is None or answer is None:
            self._empty(state)
            return
        assert state.probe is not None
        other = None if chosen in (NOBODY, str(answer)) else int(chosen)
        image = state.answer.image
        seed = attribution.seed(answer, other, len(labels))
        if state.probe.is_written and not state.probe.is_ready("saliency"):
            self._note.textContent = COMPILES
        try:
            logits, gradient = await state.probe.saliency(image, seed)
        except FAULTS:
            self._empty(state, "")
            raise
        ink = attribution.ink_picture(gradient, image)
        versus = labels[answer] if other is None else f"{labels[answer]} rather than {labels[other]}"
        self._ink.show(grey(image), "Your drawing as the network reads it")
        self._counted.show(diverging(ink, None, state.dark), f"Which ink speaks for {versus} and which against it")
        self._wanted.show(diverging(gradient, None, state.dark), f"Where more ink would speak for {versus}")
        score = float(logits @ seed[0])
        self._note.textContent = _scores(logits, score, labels, answer, other)
        self._note.dataset.value = f"{score:.6f}"
        self._note.dataset.ink = f"{float(ink.sum()):.6f}"
        alt = f"How much covering each spot lowers the score of {labels[answer]}"
        self._timer = asyncio.get_running_loop().call_later(
            REST_S, lambda: self._begin_check(self._cover(state, seed[0], score, ink, alt))
        )

    def _empty(self, state: ViewState, sentence: str = EMPTY) -> None:
        blank = np.zeros((28, 28), np.float32)
        if state.answer is None:
            self._ink.show(grey(blank), "An empty pad")
        else:
            self._ink.show(grey(state.answer.image), "Your drawing as the network reads it")
        for picture in (self._counted, self._wanted, self._covered):
            picture.show(diverging(blank, 1, state.dark), "Nothing to explain yet")
        self._note.textContent = sentence
        self._check.textContent = ""

    def _begin_check(self, work: Coroutine[Any, Any, None]) -> None:
        self._checking = asyncio.ensure_future(work)  # kept, or the loop may lose it

    async def _cover(self, state: ViewState, question: Array, score: float, ink: Array, alt: str) -> None:
        number = self._question_number
        assert state.answer is not None
        assert state.probe is not None
        occlusion = attribution.occlude(state.answer.image, stride_px=4 if state.answer.inference.ms > SLOW_MS else 2)
        try:
            logits = await state.probe.logits(occlusion.images)
        except FAULTS as error:
            self._check.textContent = str(error)
            return
        if number != self._question_number:
            return
        answers = logits @ question
        self._covered.show(diverging(occlusion.picture(score, answers), None, state.dark), alt)
        match = attribution.agreement(occlusion.predicted_drops(ink), score - answers)
        self._check.textContent = (
            f"{len(answers)} patches covered one by one. What happened matches what the gradient foretold, with a "
            f"correlation of {signed(match)} (1 is perfect, 0 is chance)."
        )
        self._check.dataset.value = f"{match:.6f}"


def _scores(logits: Array, score: float, labels: Sequence[str], answer: int, other: int | None) -> str:
    """What the network says of the classes that were asked about. `score` is the lead, or the one class's own score."""
    if other is None:
        return f"The score of {labels[answer]} is {signed(score)}. The highest score is the answer."
    mine, less = rounded_to_sum([float(logits[answer]), -float(logits[other])], score)
    ahead = "leads" if score >= 0 else "is behind"
    return (
        f"{labels[answer]} {ahead} {labels[other]}: a score of {signed(mine)} against {signed(-less)}, which is "
        f"{signed(score)}. The pictures show where that comes from."
    )
