"""Shows an answer: the guess, ten bars, times, and what the network saw. Never computes one."""

from __future__ import annotations

import asyncio

import numpy as np

from tabgrad.backends.engines import ENGINE_TITLES, EngineChoice
from tabgrad.ink import SIZE_PX
from tabgrad.interop import dom

from .prediction import Answer, AnswerStatus
from .widgets.format import confidence, milliseconds

#: The answer is announced to screen readers when the pen has rested this long. Seconds.
ANNOUNCE_AFTER_S = 0.6
#: Stands where a figure will be.
NO_VALUE = "\N{EN DASH}"


class Bar:
    """One digit's confidence."""

    def __init__(self, element: dom.Element) -> None:
        self._element, self._fill, self._text = element, *dom.select(".bar-fill, .bar-value", element)
        self._shown = ""

    def show(self, value: float | None, best: bool) -> None:
        """`value` in 0..1; None leaves the bar empty."""
        text = "" if value is None else f"{value:.4f}"
        if text + str(best) != self._shown:  # most bars do not change while the pen moves
            self._shown = text + str(best)
            self._element.dataset.value = text or "0"
            self._fill.style.setProperty("--value", text or "0")
            self._text.textContent = "" if value is None else confidence(value)
            self._element.toggleAttribute("data-best", best)

    def show_example(self, value: float | None) -> None:
        """The confidence for an example: it is seen and not said, and for automation the bar stays empty."""
        self._fill.style.setProperty("--value", "0" if value is None else f"{value:.4f}")
        if value is None:
            self._text.removeAttribute("data-example")
        else:
            self._text.dataset.example = confidence(value)


class AnswerView:
    """The answer's section of the page; for automation also `dataset.predictions`, a counter, and `dataset.answer`."""

    def __init__(self) -> None:
        self._verdict = dom.by_id("verdict")
        self._guess = dom.by_id("best-guess")
        self._title, self._note = dom.by_id("verdict-title"), dom.by_id("verdict-note")
        self._bars = [Bar(element) for element in dom.select("#bars > .bar")]
        self._inference, self._latency = dom.by_id("inference-ms"), dom.by_id("latency-ms")
        self._badge = dom.by_id("engine-badge")
        self._seen = dom.by_id("seen")
        self._announcer = dom.by_id("announcer")
        self._timer: asyncio.TimerHandle | None = None
        self._predictions = 0
        self.set_status("none")

    def show(self, answer: Answer | None, has_ink: bool = False) -> None:
        """Show an answer; None empties everything. `has_ink`: whether something is drawn."""
        if answer is None:
            self._empty(has_ink)
            return
        best, second = answer.ranking[:2]
        shares = answer.probabilities.tolist()
        title, note = f"{confidence(shares[best])} sure", "Nothing else comes close"
        if not answer.sure:
            title, note = "Not sure", f"Perhaps {best}, perhaps {second}"
        elif shares[second] >= 0.001:
            note = f"Then {second} with {confidence(shares[second])}"
        self._say(str(best), "sure" if answer.sure else "unsure", title, note)
        for digit, bar in enumerate(self._bars):
            bar.show(shares[digit], digit == best)
        self._inference.textContent = milliseconds(answer.inference.ms, answer.inference.is_bound)
        self._latency.textContent = milliseconds(answer.latency.ms, answer.latency.is_bound)
        dom.put_grey(self._seen, answer.image)
        self._predictions += 1
        dom.root_dataset().predictions = str(self._predictions)
        self._announce(f"{best}, {title}. {note}.")

    def show_example(self, answer: Answer | None) -> None:
        """Show the answer to an example on the empty pad, so that one sees that it is one; None takes it away.

        It is no prediction of the visitor's ink: `best-guess` and the bars' values stay empty, and nothing is counted.
        """
        if answer is None:
            self._guess.removeAttribute("data-example")
            for bar in self._bars:
                bar.show_example(None)
            self._empty(has_ink=False)
            return
        best = answer.ranking[0]
        self._guess.dataset.example = str(best)
        title = f"{confidence(answer.probabilities[best])} sure"
        self._say("", "empty", title, "An example: draw your own.")
        for bar, share in zip(self._bars, answer.probabilities.tolist(), strict=True):
            bar.show_example(share)
        dom.put_grey(self._seen, answer.image)

    def set_status(self, status: AnswerStatus) -> None:
        """Tell automation whether the answer on screen is that of the present ink."""
        dom.root_dataset().answer = status

    def show_engine(self, choice: EngineChoice) -> None:
        """Name the engine; the tooltip says why it is this one."""
        device = choice.device
        title = ENGINE_TITLES.get(device.name, device.name)
        named = device.description.startswith(title)  # "WebAssembly SIMD" needs no title before it
        self._badge.textContent = device.description if named else f"{title} · {device.description}"
        self._badge.title = choice.reason

    def _empty(self, has_ink: bool) -> None:
        if has_ink:
            self._say("", "empty", "No answer", "The line at the top says why.")
        else:
            self._say("", "empty", "Nothing drawn yet", "The answer follows your pen.")
        for bar in self._bars:
            bar.show(None, False)
        self._inference.textContent = self._latency.textContent = NO_VALUE
        dom.put_rgba(self._seen, np.zeros((SIZE_PX, SIZE_PX, 4), np.uint8))
        self._announce("")

    def _say(self, guess: str, state: str, title: str, note: str) -> None:
        self._verdict.dataset.state = state
        self._guess.textContent = guess
        self._title.textContent, self._note.textContent = title, note

    def _announce(self, sentence: str) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_event_loop().call_later(
            ANNOUNCE_AFTER_S, lambda: setattr(self._announcer, "textContent", sentence)
        )
