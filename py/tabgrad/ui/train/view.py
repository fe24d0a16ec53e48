"""The visible part of a run: buttons, progress, figures, the first layer's weights. Shows; decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from tabgrad.explain.colour import columns_for, diverging, mosaic
from tabgrad.interop import dom
from tabgrad.network import load_safetensors
from tabgrad.protocol import Finished, Progress, Ready
from tabgrad.settings import PRESETS, RunSettings

from ..theme import is_dark
from .data import duration, percent, with_interval

#: What a run can be in; also `documentElement.dataset.worker`.
STATES = ("none", "loading", "ready", "training", "paused", "finished", "failed")
BUTTONS = {
    "start": "Train",
    "pause": "Pause",
    "step": "One step",
    "stop": "Stop",
    "reset": "Reset",
}
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
#: Pictures of the first layer at most: more could not be told apart.
MAX_UNITS = 64


class Presets:
    """One button for each preset; the one whose settings are in the form is marked."""

    def __init__(self, parent: dom.Element, chosen: Callable[[str], object]) -> None:
        group = dom.create("div", parent, class_="train-presets", role="group", aria_label="Presets")
        self._listeners = []
        self._buttons = {}
        for name, preset in PRESETS.items():
            button = dom.create("button", group, type="button", class_="preset", data_testid=f"train-preset-{name}")
            self._buttons[name] = button
            dom.create("strong", button, text=preset.title)
            dom.create("span", button, text=preset.promise)
            self._listeners.append(dom.Listener(button, "click", partial(_call, chosen, name)))

    def show(self, settings: RunSettings) -> None:
        """Mark the preset that these are; seed, data and engine are nobody's preset."""
        for name, button in self._buttons.items():
            preset = PRESETS[name].settings
            is_it = replace(settings, seed=preset.seed, data=preset.data, engine=preset.engine) == preset
            button.setAttribute("aria-pressed", "true" if is_it else "false")


class Buttons:
    """Start, pause, step, stop, reset; which of them can be pressed follows from the state."""

    def __init__(self, parent: dom.Element, pressed: Callable[[str], object]) -> None:
        group = dom.create("div", parent, class_="train-buttons", role="group", aria_label="Training")
        self._buttons = {}
        self._listeners = []
        for name, title in BUTTONS.items():
            style = "text-button" if name == "start" else "quiet-button"
            button = dom.create("button", group, text=title, type="button", class_=style, data_testid=f"train-{name}")
            self._buttons[name] = button
            self._listeners.append(dom.Listener(button, "click", partial(_call, pressed, name)))

    def show(self, state: str) -> None:
        """Enable what makes sense in a state of `STATES`."""
        active = state in ("training", "paused")
        enabled = {
            "start": not active and state != "loading",
            "pause": active,
            "step": state not in ("loading", "training"),
            "stop": active,
            "reset": state in ("training", "paused", "finished", "failed"),
        }
        for name, button in self._buttons.items():
            button.disabled = not enabled[name]
        self._buttons["pause"].textContent = "Resume" if state == "paused" else BUTTONS["pause"]


class ProgressView:
    """The bar and the figures of a run."""

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
            self._figures[name] = dom.create("dd", box, text=NOTHING, data_testid=_figure_id(name))

    def say(self, sentence: str, *, error: bool = False) -> None:
        """A sentence about the run; it replaces the one before."""
        self._message.textContent = sentence
        self._message.dataset.kind = "error" if error else "message"

    def clear(self) -> None:
        """Begin a new run."""
        self._bar.value = 0
        for figure in self._figures.values():
            figure.textContent = NOTHING

    def progress(self, event: Progress) -> None:
        """Show where the run is."""
        self._bar.value = 100 * event.step / event.steps
        self._set("epoch", f"{event.epoch:.2f} of {event.epochs:g}")
        self._set("eta", duration(event.eta_s) if event.state == "training" else NOTHING)
        if event.samples_per_s:
            self._set("samples-per-s", f"{event.samples_per_s:,.0f}".replace(",", "\u202f"))
        self._set("rate", f"{event.lr:.3g}")
        self._set("seconds", duration(event.elapsed_s))

    def validation(self, accuracy: float) -> None:
        """Show the last measurement on the validation split, 0..1."""
        self._set("val-accuracy", percent(accuracy))

    def ready(self, event: Ready, engine: str) -> None:
        """Show what the run uses."""
        named = event.description if engine in event.description else f"{engine} ({event.description})"
        self._set("used", f"{named}, {event.data}")
        self._figures["used"].title = event.reason

    def finished(self, event: Finished) -> None:
        """Show the result."""
        self.validation(event.validation_accuracy)
        low, high = event.interval
        self._set("test-accuracy", with_interval(event.test_accuracy, event.interval))
        self._figures["test-accuracy"].title = f"95 % interval: {percent(low)} to {percent(high)}"
        self._set("seconds", duration(event.seconds))
        self._set("eta", NOTHING)

    def _set(self, name: str, text: str) -> None:
        self._figures[name].textContent = text


def _call(function: Callable[[str], object], name: str, _event: dom.Event) -> None:
    function(name)


def _figure_id(name: str) -> str:
    return f"train-{name}"


class FirstLayer:
    """The weights that each unit of the first layer gives the pixels, as one picture. Drawn only while it is seen."""

    def __init__(self, parent: dom.Element) -> None:
        self._details = dom.create("details", parent, class_="train-more")
        dom.create("summary", self._details, text="The first layer, as it learns")
        note = "One picture for each unit: ink on orange speaks for it, ink on blue against it."
        dom.create("p", self._details, text=note, class_="field-hint")
        self._canvas = dom.create(
            "canvas", self._details, class_="first-layer", role="img", aria_label=note, data_testid="train-first-layer"
        )
        self._weights = b""
        self._visible = True
        self._listener = dom.Listener(self._details, "toggle", lambda _event: self._draw())

    def seen(self, visible: bool) -> None:
        """Draw again, or not any more."""
        self._visible = visible
        self._draw()

    def recolour(self) -> None:
        """Take the colours of the present theme."""
        self._draw()

    def show(self, weights: bytes) -> None:
        """Take newer weights, a safetensors file with an MLP's first layer or a convolution's."""
        self._weights = weights
        self._draw()

    def _draw(self) -> None:
        if not self._weights or not self._visible or not self._details.open:
            return
        tensors, _ = load_safetensors(self._weights)
        if "convs.0.weight" in tensors:
            images = tensors["convs.0.weight"][:MAX_UNITS, 0]
        else:
            images = tensors["layers.0.weight"].T[:MAX_UNITS].reshape(-1, 28, 28)
        columns = columns_for(len(images), images.shape[1], images.shape[2], 2.0)
        rgba = diverging(mosaic(images, columns), dark=is_dark())
        self._canvas.height, self._canvas.width = rgba.shape[:2]
        dom.put_rgba(self._canvas, rgba)
