"""The steps of the guided tour: what each says, and which part of the page it is about. Knows no document."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TourStep:
    """One step. It is about a `section`, which it opens, or about what the CSS selector `target` finds.

    `panel` is shown first, if it is named. `needs_ink`: there is something to see only with a drawing on the pad.
    `of_others` is the text for a network that knows other classes than the digits, if it differs.
    """

    title: str
    text: str
    panel: str = ""
    section: str = ""
    target: str = ""
    needs_ink: bool = False
    of_others: str = ""


STEPS = (
    TourStep(
        "Draw",
        "Draw a digit on the pad, from 0 to 9. The ten bars show how sure the network is of each digit. They move "
        "while you draw.",
        target="#bench, #draw",
        needs_ink=True,
        of_others="Draw one of the classes that the network knows. Each has a bar, which shows how sure the network is "
        "of it. The bars move while you draw.",
    ),
    TourStep(
        "What it sees",
        "Your drawing becomes a picture of 28 by 28 grey dots. The network sees nothing else. Switch a step off, draw "
        "something small in a corner, and watch the answer go wrong.",
        "inside",
        "ink",
        needs_ink=True,
    ),
    TourStep(
        "Layers",
        "Each unit looks for its own pattern in those dots. If it finds the pattern, it votes for the answers that "
        "have it. The one with the most votes wins. Point at a unit to see its votes.",
        "inside",
        "layers",
        needs_ink=True,
    ),
    TourStep(
        "Train",
        "Where do the patterns come from? Press Train. A network that knows nothing looks at thousands of digits. "
        "After every few it changes its numbers a little, so that it makes fewer mistakes. Draw meanwhile: it answers "
        "already.",
        "train",
        target=".train-bar",
        needs_ink=True,
    ),
    TourStep(
        "Mistakes",
        "No network is always right. Press Measure: it reads thousands of images that it has never seen. Then look at "
        "those that it got wrong. Would you have read them?",
        "data",
        "mistakes",
    ),
    TourStep(
        "Your code",
        "A network is a few lines of Python. Change one: choose MLP, write silu in the place of relu, and press "
        "Compile. tinygrad turns the lines into small programs for your machine, called kernels. Then press Train, and "
        "compare the two runs in their table. Which one makes fewer mistakes?",
        "code",
        target="#panel-code",
    ),
)
