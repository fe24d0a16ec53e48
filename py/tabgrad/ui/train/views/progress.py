"""The progress bar of a run, the sentence about it, and its figures."""

from __future__ import annotations

from tabgrad.interop import dom

from ...widgets.format import duration, percent, with_interval
from ..state import RunState

FIGURES = {
    "epoch": "Epoch",
    "eta": "Time left",
    "samples-per-s": "Images per second",
    "rate": "Learning rate now",
    "val-accuracy": "Validation accuracy",
    "test-accuracy": "Test accuracy",
    "seconds": "Time taken",
    "used": "Engine and data",
}
#: Stands where there is no number yet.
NOTHING = "\N{EN DASH}"


class ProgressView:
    """Builds itself in `parent`."""

    def __init__(self, parent: dom.Element) -> None:
        self._bar = dom.create(
            "progress", parent, max="100", value="0", data_testid="train-progress", aria_label="Progress of the run"
        )
        self._message = dom.create("p", parent, class_="train-message", data_testid="train-message", role="status")
        listing = dom.create("dl", parent, class_="train-figures figures")
        self._figures = {}
        for name, title in FIGURES.items():
            box = dom.create("div", listing)
            dom.create("dt", box, text=title)
            self._figures[name] = dom.create("dd", box, text=NOTHING, data_testid=f"train-{name}")

    def render_message(self, state: RunState) -> None:
        """The sentence about the run."""
        self._message.textContent = state.message.text
        self._message.dataset.kind = "error" if state.message.is_error else "message"

    def render(self, state: RunState) -> None:
        """The bar and the figures."""
        progress = state.progress
        self._bar.value = 100 * progress.step / progress.steps if progress else 0
        for name, text in figures(state).items():
            self._figures[name].textContent = text
        result, ready = state.result, state.ready
        low, high = result.interval if result else (0.0, 0.0)
        self._figures["test-accuracy"].title = (
            f"95 % interval: {percent(low, 2)} to {percent(high, 2)}" if result else ""
        )
        self._figures["used"].title = ready.reason if ready else ""


def figures(state: RunState) -> dict[str, str]:
    """The text of each figure in `FIGURES`."""
    found = dict.fromkeys(FIGURES, NOTHING)
    progress, result, ready = state.progress, state.result, state.ready
    if progress is not None:
        found["epoch"] = f"{progress.epoch:.2f} of {progress.epochs:g}"
        if progress.state == "training" and result is None:
            found["eta"] = duration(progress.eta_s)
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
        found["test-accuracy"] = with_interval(result.test_accuracy, result.interval)
        found["seconds"] = duration(result.seconds)
    return found
