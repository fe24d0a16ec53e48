"""The run under way: its buttons, its progress with figures, and the offer to go on with one that was interrupted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from tabgrad.artifacts import read_record
from tabgrad.interop import dom
from tabgrad.network import WeightsError
from tabgrad.settings import network_name

from ...widgets.controls import Button
from ...widgets.format import duration, percent, with_interval
from ...widgets.help import add_help
from ..state import RunState

BUTTONS = {"start": "Train", "pause": "Pause", "step": "One step", "stop": "Stop", "reset": "Reset"}
#: What a figure is called, and what it means.
FIGURES: Mapping[str, tuple[str, str]] = {
    "val-accuracy": (
        "Right on validation images",
        "How many of the validation images it reads right. They are kept back from training, so it cannot know them.",
    ),
    "epoch": ("Epoch", "One epoch is one pass over all training images."),
    "eta": ("Time left", "How long the run still takes at its present speed."),
    "samples-per-s": ("Images a second", "How many training images it learns from in one second."),
    "seconds": ("Time taken", "How long the run has trained. Pauses do not count."),
    "rate": ("Rate now", "The learning rate of this step: how far each correction goes. It changes over the run."),
    "test-accuracy": (
        "Right on test images",
        "How many of the test images it reads right. They are used once, at the end of a run, so the figure is honest.",
    ),
    "used": ("Engine and data", "The part of this machine that does the sums, and the images that it learns from."),
}
#: The figures that are shown large.
MAIN = ("val-accuracy", "epoch", "eta", "samples-per-s")
#: Stands where there is no number yet.
NOTHING = "\N{EN DASH}"


class RunButtons:
    """`pressed` gets the name of a button: a key of `BUTTONS`."""

    def __init__(self, parent: dom.Element, pressed: Callable[[str], object]) -> None:
        self._group = group = dom.create(
            "div", parent, class_="train-buttons", role="group", aria_label="Training", tabindex="-1"
        )
        self._buttons = {
            name: Button(group, title, partial(pressed, name), f"train-{name}") for name, title in BUTTONS.items()
        }
        self._buttons["start"].element.className = "text-button"

    def render(self, state: RunState) -> None:
        """Offer what makes sense in the present status."""
        can_stop = state.status in ("training", "paused")
        enabled = {
            "start": not state.under_way,
            "pause": can_stop,
            "step": state.status not in ("loading", "training"),
            "stop": can_stop,
            "reset": state.status in ("training", "paused", "finished", "failed"),
        }
        focused = dom.focused()
        lost = focused == self._group or any(
            button.element == focused and not enabled[name] for name, button in self._buttons.items()
        )
        for name, button in self._buttons.items():
            button.enable(enabled[name])
            button.element.hidden = not enabled[name] and (name, state.status) != ("start", "loading")
        if lost:  # a disabled button would lose the focus to the page
            self._keep_focus(enabled)
        self._buttons["pause"].element.textContent = "Resume" if state.status == "paused" else BUTTONS["pause"]

    def _keep_focus(self, enabled: Mapping[str, bool]) -> None:
        """Give the focus to what the visitor most likely wants next; while a run is loading, to the group."""
        name = next((name for name in ("pause", "start") if enabled[name]), None)
        (self._buttons[name].element if name else self._group).focus()


class ProgressView:
    """The progress bar of a run, the sentence about it, and its figures."""

    def __init__(self, parent: dom.Element) -> None:
        self._bar = dom.create(
            "progress", parent, max="100", value="0", data_testid="train-progress", aria_label="Progress of the run"
        )
        self._message = dom.create("p", parent, class_="train-message", data_testid="train-message")
        self._figures: dict[str, dom.Element] = {}
        for names, look in ((MAIN, "train-figures"), (FIGURES.keys() - MAIN, "train-figures minor")):
            listing = dom.create("dl", parent, class_=f"{look} figures")
            for name in (name for name in FIGURES if name in names):
                self._figures[name] = self._figure(listing, name)

    @staticmethod
    def _figure(parent: dom.Element, name: str) -> dom.Element:
        title, meaning = FIGURES[name]
        box = dom.create("div", parent)
        term = dom.create("dt", box, text=title)
        add_help(term, title, meaning)
        return dom.create("dd", box, text=NOTHING, data_testid=f"train-{name}")

    def render_message(self, state: RunState) -> None:
        """Show the sentence about the run."""
        self._message.textContent = state.message.text
        self._message.dataset.kind = "error" if state.message.is_error else "message"

    def render(self, state: RunState) -> None:
        """Show the bar and the figures."""
        progress, result, ready = state.progress, state.result, state.ready
        self._bar.value = 100 * progress.step / progress.steps if progress else 0
        texts = figures(state)
        for name, text in texts.items():
            self._figures[name].textContent = text
        interval = f"95 % interval: {' to '.join(percent(end, 2) for end in result.interval)}" if result else ""
        self._figures["test-accuracy"].title = interval
        self._figures["used"].title = f"{texts['used']}. {ready.reason}" if ready else ""


def figures(state: RunState) -> dict[str, str]:
    """The text of each figure in `FIGURES`."""
    found = dict.fromkeys(FIGURES, NOTHING)
    progress, ready, back = state.progress, state.ready, state.back
    result = None if back else state.result  # an earlier version was not measured on the test images
    if progress is not None:
        found["epoch"] = f"{back.epoch if back else progress.epoch:.2f} of {progress.epochs:g}"
        if progress.state == "training" and state.result is None:
            found["eta"] = duration(progress.eta_s)
        if not back:  # it is not known any more how they were then
            found["rate"] = f"{progress.lr:.3g}"
            found["seconds"] = duration(progress.elapsed_s)
    if state.samples_per_s:
        found["samples-per-s"] = f"{state.samples_per_s:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    if state.validation_accuracy is not None:
        found["val-accuracy"] = percent(state.validation_accuracy, 2)
    if ready is not None:
        title = state.engine_title
        named = ready.description if title in ready.description else f"{title} ({ready.description})"
        found["used"] = f"{named}, {ready.data}"
    if result is not None:
        found["test-accuracy"] = with_interval(result.test_accuracy, result.interval, result.tested)
        found["seconds"] = duration(result.seconds)
    return found


class ResumeOffer:
    """`resume` gets the checkpoint that was offered; `discard` is called when the visitor does not want it."""

    def __init__(self, parent: dom.Element, resume: Callable[[bytes], object], discard: Callable[[], object]) -> None:
        self._resume, self._discard = resume, discard
        self._checkpoint = b""
        self._box = dom.create("div", parent, class_="train-resume", role="status", data_testid="train-resume")
        self._text = dom.create("p", self._box)
        self._yes = Button(self._box, "Resume", self._on_resume, "train-resume-yes")
        self._yes.element.className = "text-button"
        self._no = Button(self._box, "Discard", self._on_discard, "train-resume-no")
        self.hide()

    def show(self, checkpoint: bytes) -> None:
        """Offer to go on from this checkpoint. One that cannot be read is not offered."""
        try:
            self._text.textContent = description(checkpoint)
        except WeightsError:
            return
        self._checkpoint, self._box.hidden = checkpoint, False

    def hide(self) -> None:
        """Offer nothing any more."""
        self._box.hidden = True

    def _on_resume(self) -> None:
        self.hide()
        self._resume(self._checkpoint)

    def _on_discard(self) -> None:
        self.hide()
        self._discard()


def description(checkpoint: bytes) -> str:
    """What the offer says of a checkpoint. Raises WeightsError."""
    record = read_record(checkpoint)
    accuracy = record.curves.validation_accuracy
    best = f", right on {percent(accuracy[-1], 2)} of the validation images" if accuracy else ""
    where = f"epoch {record.epoch:.2f} of {record.settings.epochs:g}{best}"
    network = network_name(record.settings)
    return f"A run of {network} was interrupted at {where}. If you start another one, it cannot be resumed any more."
