"""What is seen of a run: progress, curves, checkpoints, the first layer. Shows events; gives no commands.

Owns the newest weights of the run, which exports and the network that answers are made of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tabgrad.interop import dom
from tabgrad.network import load_safetensors
from tabgrad.program import ProgramError
from tabgrad.protocol import AnyEvent, Busy, Checkpoint, Compiled, Finished, Metrics, Notice, Progress, Ready, Weights

from ..models.live import LiveModel, plain_weights
from .curves import CurvesView
from .data import Moment
from .timeline import Timeline
from .view import FirstLayer, ProgressView

ENGINES = {"webgpu": "WebGPU", "wasm": "WebAssembly"}
_ENDINGS = {
    "completed": "Finished. The run is in the table below, and its network in the model picker.",
    "stopped": "Stopped. What it had learned is kept in the table below and in the model picker.",
    "early": "Stopped early: validation got no better. The best epoch's weights are kept.",
}


class RunScreen:
    """Builds itself in `parent`. `network` is the network in training, which gets every new set of weights.

    `weights` is a safetensors file, b"" before there are any; `engine` is the title of the engine in use.
    """

    def __init__(self, parent: dom.Element, network: LiveModel) -> None:
        self._network = network
        self.weights = b""
        self._busy = False  # the sentence says what the worker is at: it is over when steps are done again
        self.engine = ""
        self.progress = ProgressView(parent)
        self.curves = CurvesView(parent)
        self.timeline = Timeline(parent, self._moved)
        self._first_layer = FirstLayer(parent)
        self._bring_back: Callable[[], object] | None = None

    def seen(self, visible: bool) -> None:
        """Pictures are drawn only while they can be seen; numbers are kept all the same."""
        self.curves.seen(visible)
        self._first_layer.seen(visible)

    def recolour(self) -> None:
        """Take the colours of the present theme."""
        self.curves.recolour()
        self._first_layer.recolour()

    def clear(self) -> None:
        """Begin a new run. The weights of the one before can still be exported until there are others."""
        for view in (self.curves, self.timeline, self.progress):
            view.clear()
        self._bring_back = None
        self.say("")

    def recall(self, run: str, moments: Sequence[Moment], weights: bytes, bring_back: Callable[[], object]) -> None:
        """Show what is kept of a run that ended before a reload; `bring_back` is to have its network answer."""
        self.weights, self._bring_back = weights, bring_back
        self.timeline.restore(moments, run)
        self._first_layer.show(weights)

    def say(self, sentence: str, *, error: bool = False) -> None:
        """A sentence about the run; it replaces the one before."""
        self._busy = False
        self.progress.say(sentence, error=error)

    def show(self, event: AnyEvent) -> None:
        """Show what an event says, if it says something about the run."""
        if isinstance(event, Progress):
            if self._busy:
                self.say("")
            self.curves.steps_per_epoch = event.steps / event.epochs if event.epochs else 1.0
            self.progress.progress(event)
        elif isinstance(event, Metrics):
            self.curves.add(event)
            if event.validation_accuracy:
                self.progress.validation(event.validation_accuracy[-1])
        elif isinstance(event, Weights):
            self._take(event.weights)
        elif isinstance(event, Checkpoint):
            self._remember(event)
        elif isinstance(event, Ready):
            self.engine = ENGINES.get(event.engine, event.engine)
            self.progress.ready(event, self.engine)
        elif isinstance(event, Compiled):
            self._compiled(event)
        elif isinstance(event, Busy) and event.what:
            self.say(f"{event.what} …")
            self._busy = True
        elif isinstance(event, Notice):
            self.say(event.message)
        elif isinstance(event, Finished):
            self.progress.finished(event)
            self.say(_ENDINGS[event.reason])

    def _compiled(self, event: Compiled) -> None:
        if event.name == "infer":
            if not event.reply_to:
                self._network.set_program(event.program)
        elif event.source == "compiled":
            self.say(f"tinygrad compiled {event.kernels} kernels for {event.name} in {event.seconds:.1f} s.")

    def _take(self, weights: bytes) -> None:
        """Fresh weights, shown unless the slider is back in time."""
        self.weights = weights
        if self.timeline.follows:
            self._answer_with(weights)

    def _answer_with(self, weights: bytes) -> None:
        try:
            self._network.set_weights(weights)
            self._first_layer.show(weights)
        except ProgramError as error:
            self.say(str(error), error=True)

    def _remember(self, event: Checkpoint) -> None:
        if event.milestone:
            weights, _ = plain_weights(event.checkpoint)
            self.timeline.add(Moment(event.step, event.epoch, event.validation_accuracy, weights, event.confusion))

    def _moved(self) -> None:
        if self._bring_back is not None:
            bring_back, self._bring_back = self._bring_back, None
            self.say("Bringing the network of that run back …")
            bring_back()
        self.show_moment()

    def show_moment(self) -> None:
        """Answer with the network of the moment that the slider stands at."""
        moment = self.timeline.moment
        self._answer_with(self.weights if moment is None or self.timeline.follows else moment.weights)

    def parameter_count(self) -> int:
        """Trained parameters of the network."""
        tensors, _ = load_safetensors(self.weights)
        return sum(int(t.size) for name, t in tensors.items() if "running_" not in name)
