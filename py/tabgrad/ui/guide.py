"""The guide beside the work on wide screens: what this view shows, its words, and one thing to try. Plain text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tabgrad.interop import dom


@dataclass(frozen=True, slots=True)
class Page:
    """What the guide says of one panel. `words` maps terms to their meaning."""

    text: str
    words: Mapping[str, str]
    to_try: str


PAGES: Mapping[str, Page] = {
    "train": Page(
        "A network starts with random numbers and knows nothing. It looks at thousands of images, a few at a time. "
        "After each look it changes its numbers a little, so that it would have been less wrong.",
        {
            "Epoch": "one pass over all training images.",
            "Batch": "the images it looks at before it changes its numbers.",
            "Learning rate": "how far it changes them.",
            "Loss": "how much the right answers surprise it. Lower is better.",
            "Validation images": "kept back from training, to see whether it can read new ones.",
        },
        "Set the learning rate to 5 and train. Why does it not learn any more?",
    ),
    "inside": Page(
        "Your drawing becomes 784 numbers. Each unit of the first layer compares them with its own pattern. The next "
        "layers combine what the first one found. The answer with the most votes wins.",
        {
            "Layer": "units that all look at the same thing.",
            "Unit": "one pattern, and how well it fits now.",
            "Weight": "how much one input counts. Orange counts for, blue against.",
            "Bias": "what a unit says before it has seen anything.",
            "Activation": "what a unit passes on: often nothing, if its pattern does not fit.",
        },
        "Draw a 4 and close it at the top, bit by bit. Which units change their minds first?",
    ),
    "data": Page(
        "A network is only as good as its images. Here you see them, and those that it reads wrong.",
        {
            "Training images": "it learns from these.",
            "Test images": "it has never seen these. They show how good it really is.",
            "Confusion matrix": "rows are what is true, columns are the answers.",
            "95 % interval": "with other images of the same kind, the result would most likely lie in here.",
        },
        "Keep ten drawings of your own. Does the network read them as well as the test images?",
    ),
    "code": Page(
        "A few lines of Python describe the network. tinygrad turns them into small programs for this machine.",
        {
            "Kernel": "one small program. It computes a whole layer at once.",
            "Launch": "one call of a kernel.",
            "WebGPU, WebAssembly": "two ways to run kernels in a browser: on the graphics chip, or on the processor.",
        },
        "Measure the times. Which kernel takes longest, and which layer is it from?",
    ),
}


class Guide:
    """`#guide`. Hidden on narrower screens by web/styles/layout.css."""

    def __init__(self) -> None:
        self._root = dom.by_id("guide")

    def show(self, panel: str) -> None:
        """Show what there is to say of a panel."""
        page = PAGES[panel]
        self._root.replaceChildren()
        dom.create("h2", self._root, text="What am I looking at?", class_="panel-title")
        dom.create("p", self._card(""), text=page.text)
        listing = dom.create("dl", self._card("Words"))
        for term, meaning in page.words.items():
            line = dom.create("div", listing)
            dom.create("dt", line, text=term)
            dom.create("dd", line, text=meaning)
        dom.create("p", self._card("Try"), text=page.to_try)

    def _card(self, title: str) -> dom.Element:
        card = dom.create("section", self._root, class_="card")
        if title:
            dom.create("h3", card, text=title)
        return card
