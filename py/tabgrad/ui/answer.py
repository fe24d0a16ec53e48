"""Shows an answer: the guess, the bars, times, and what the network saw. Never computes one."""

from __future__ import annotations

import asyncio

import numpy as np

from tabgrad.alphabet import DIGITS, Labels
from tabgrad.backends.engines import ENGINE_TITLES, EngineChoice
from tabgrad.ink import SIZE_PX
from tabgrad.interop import dom

from .bars import Bars
from .prediction import Answer, AnswerStatus
from .widgets.format import confidence, milliseconds
from .widgets.labels import is_short, isolated, pad_hint, size

#: The answer is announced to screen readers when the pen has rested this long. Seconds.
ANNOUNCE_AFTER_S = 0.6
#: Stands where a figure will be.
NO_VALUE = "\N{EN DASH}"
#: What stands over the pad: for the digits, for other classes, and while an alphabet is open.
DRAW, DRAW_OTHERS, DRAW_FOR = "Draw a digit", "Draw one of {}", "Draw for “{}”"
#: A longer note may be cut, and is its own tooltip. Characters.
LONG_NOTE = 36


class AnswerView:
    """The answer's section of the page; for automation also `dataset.predictions`, a counter, and `dataset.answer`."""

    def __init__(self) -> None:
        self._verdict = dom.by_id("verdict")
        self._guess = dom.by_id("best-guess")
        self._title, self._note = dom.by_id("verdict-title"), dom.by_id("verdict-note")
        self._bars = Bars()
        self._inference, self._latency = dom.by_id("inference-ms"), dom.by_id("latency-ms")
        self._badge = dom.by_id("engine-badge")
        self._seen = dom.by_id("seen")
        self._announcer = dom.by_id("announcer")
        self._timer: asyncio.TimerHandle | None = None
        self._predictions = 0
        self._alphabet = ""
        self.set_status("none")

    def show_alphabet(self, labels: Labels) -> None:
        """Speak of these classes from now on: those of the network that answers."""
        if labels == self._bars.labels:
            return
        self._bars.name(labels)
        self._name_pad()

    def show_purpose(self, alphabet: str) -> None:
        """The pad is for drawings of this alphabet; an empty name: of what the network reads."""
        if alphabet != self._alphabet:
            self._alphabet = alphabet
            self._name_pad()

    def _name_pad(self) -> None:
        labels, title = self._bars.labels, DRAW
        if self._alphabet:
            title = DRAW_FOR.format(isolated(self._alphabet))
        elif labels != DIGITS:
            title = DRAW_OTHERS.format(len(labels))
        dom.by_id("draw-title").textContent = title
        hint = dom.by_id("pad-hint")
        hint.textContent = "" if self._alphabet else pad_hint(labels)
        hint.toggleAttribute("data-words", not is_short(labels))

    def show(self, answer: Answer | None, has_ink: bool = False) -> None:
        """Show an answer; None empties everything. `has_ink`: whether something is drawn."""
        if answer is None:
            self._empty(has_ink)
            return
        best, second = answer.ranking[:2]
        shares = answer.probabilities.tolist()
        self.show_alphabet(answer.labels)
        guess, other = (isolated(answer.labels[i]) for i in (best, second))
        title, note = f"{confidence(shares[best])} sure", "Nothing else comes close"
        if not answer.sure:
            title, note = "Not sure", f"Perhaps {guess}, perhaps {other}"
        elif shares[second] >= 0.001:
            note = f"Then {other} with {confidence(shares[second])}"
        self._say(answer.labels[best], "sure" if answer.sure else "unsure", title, note)
        self._bars.show(shares, answer.ranking)
        self._inference.textContent = milliseconds(answer.inference.ms, answer.inference.is_bound)
        self._latency.textContent = milliseconds(answer.latency.ms, answer.latency.is_bound)
        dom.put_grey(self._seen, answer.image)
        self._predictions += 1
        dom.root_dataset().predictions = str(self._predictions)
        self._announce(f"{guess}, {title}. {note}.")

    def show_example(self, answer: Answer | None) -> None:
        """Show the answer to an example on the empty pad, so that one sees that it is one; None takes it away.

        It is no prediction of the visitor's ink: `best-guess` and the bars' values stay empty, and nothing is counted.
        """
        if answer is None:
            self._guess.removeAttribute("data-example")
            self._bars.show_example(None)
            self._empty(has_ink=False)
            return
        best = answer.ranking[0]
        self._guess.dataset.example = answer.labels[best]
        title = f"{confidence(answer.probabilities[best])} sure"
        self._say("", "empty", title, "An example: draw your own.")
        self._bars.show_example(answer.probabilities.tolist())
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
        self._bars.show(None, ())
        self._inference.textContent = self._latency.textContent = NO_VALUE
        dom.put_rgba(self._seen, np.zeros((SIZE_PX, SIZE_PX, 4), np.uint8))
        self._announce("")

    def _say(self, guess: str, state: str, title: str, note: str) -> None:
        self._verdict.dataset.state = state
        self._guess.textContent = guess
        self._guess.dataset.size = size(guess)
        self._note.title = note if len(note) > LONG_NOTE else ""
        self._title.textContent, self._note.textContent = title, note

    def _announce(self, sentence: str) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_event_loop().call_later(
            ANNOUNCE_AFTER_S, lambda: setattr(self._announcer, "textContent", sentence)
        )
