"""A network that a visitor wrote: its source is run, and what it makes is checked before anything is compiled.

It is called like the networks of this page, so that the same programs are captured from it. Each check that fails is a
`SourceError`: one sentence, and the line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tinygrad import Tensor
from tinygrad.dtype import dtypes, strong_dtype
from tinygrad.nn.state import get_state_dict
from tinygrad.uop.ops import Ops

from tabgrad.compiler import compiling_for, current_target
from tabgrad.network import CLASSES, IMAGE_SHAPE, SourceError
from tabgrad.program import DTYPES

from .mistakes import explained, kind_of, no_coroutine, sentence
from .quicker import quicker_gradients
from .restoring import restored, unharmed
from .source import Module, line_of_tensor, running
from .taps import Call, Recorder
from .taps import taps as named_taps

#: Distorts images uint8 (B, 28, 28), with random numbers of the generator.
Augment = Callable[[NDArray[np.uint8], np.random.Generator], NDArray[np.uint8]]
#: Training keeps parameters, gradients, and up to two moments of each: four times as much. Bytes.
MAX_PARAMETER_BYTES = 64 << 20
#: Tensors of a network. A checkpoint has up to four times as many, and a file of safetensors at most 1,000.
MAX_TENSORS = 240
MAX_NAME = 150
#: What the buffers of programs and the tensors of checkpoints are called that are not the network's.
NO_X = "The answer does not depend on the image x."
_TAKEN = re.compile(
    r"x|y|lr|seed|teacher|logits|loss|correct|saliency|momentum|weight_decay|clip_norm|input_mean"
    r"|(opt|rng|best|act|rand)\..*"
)


class WrittenNetwork:
    """`Net()` of a source, for data of so many classes. `tensors` are its state dict by name, `parameters` those that
    training changes.

    Tensors that are a formula (`Tensor.arange`, `Tensor.eye`) have no buffer in tinygrad and are no part of it.
    The constructor raises SourceError. It needs no capture, but a network for a program is made within one.
    """

    def __init__(self, source: str, classes: int = CLASSES) -> None:
        self.classes = classes
        compiling = nullcontext() if current_target() else compiling_for("wasm", "simd")
        with compiling, quicker_gradients():
            self.module = module = Module(source)
            line = module.line("Net.__init__", "Net")
            if "Net" not in module.names:
                raise SourceError("The code defines no “Net”: write class Net, the network.")
            if not isinstance(module.names["Net"], type):
                raise SourceError("“Net” must be a class: it is called without arguments and gives the network.", line)
            with explained("Net()", line), running():
                self.net = module.names["Net"]()
            with explained("Listing the tensors of Net", line):
                found = get_state_dict(self.net)
            self.tensors = self._checked(found)
        for tensor in self.tensors.values():
            if getattr(tensor, "requires_grad", None) is False:  # as older tinygrad calls it
                tensor.is_param_(False)
        self.parameters = {name: t for name, t in self.tensors.items() if t.is_param and t.is_floating_point()}
        if not self.parameters:
            raise SourceError("The network has no parameters, so there is nothing to train.", module.line("Net"))
        if not callable(self.net):
            raise SourceError("The network cannot be called: give Net a method __call__(self, x).", module.line("Net"))

    def _checked(self, found: dict[str, Tensor]) -> dict[str, Tensor]:
        """The tensors that have a buffer, each under its first name, in formats that both engines have."""
        tensors = dict[int, tuple[str, Tensor]]()
        for name, tensor in found.items():
            if not tensor.uop.is_virtual and id(tensor) not in tensors:
                tensors[id(tensor)] = name, tensor
                if problem := self._problem(name, tensor):
                    raise SourceError(problem, line_of_tensor(self.module.source, name))
        line = self.module.line("Net.__init__", "Net")
        if len(tensors) > MAX_TENSORS:
            raise SourceError(f"The network has {len(tensors)} tensors, more than the {MAX_TENSORS} it may have.", line)
        size = sum(tensor.numel() * tensor.dtype.itemsize for _, tensor in tensors.values())
        if size > MAX_PARAMETER_BYTES:
            raise SourceError(
                f"The network's tensors take {size / 2**20:,.0f} MB, more than the {MAX_PARAMETER_BYTES >> 20} MB that "
                "a network may take here: make it smaller.",
                line,
            )
        return dict(tensors.values())

    def _problem(self, name: str, tensor: Tensor) -> str:
        """What is wrong with a tensor, in one sentence, or nothing. Changes formats that the engines lack."""
        if not name or len(name) > MAX_NAME or not name.isprintable():
            return "A tensor of the network has no usable name: keep tensors in attributes."
        if _TAKEN.fullmatch(name):
            return f"The tensor “{name}” has a name that this page uses itself: call it otherwise."
        if any(not isinstance(n, int) for n in tensor.shape) or 0 in tensor.shape:
            return f"The tensor “{name}” has the shape {tensor.shape}, without any numbers in it."
        if tensor.dtype in dtypes.weaks:
            tensor.uop = tensor.cast(strong_dtype(tensor.dtype)).uop
        if tensor.dtype in (dtypes.int64, dtypes.uint64):  # WGSL has none; BatchNorm counts batches in one
            tensor.uop = tensor.cast(dtypes.int32).uop
        is_known = tensor.dtype.fmt is not None and np.dtype(tensor.dtype.fmt).name in DTYPES
        if not is_known or (tensor.dtype == dtypes.half and tensor.is_param):  # tinygrad's gradients are float32
            return f"The tensor “{name}” is of {_format(tensor)}, which the engines lack: make it float32."
        return ""

    def __call__(self, x: Tensor, taps: list[Tensor] | None = None) -> Tensor:
        """x (B, 784) in 0..1 -> logits (B, classes), float32. Raises SourceError.

        Appends the outputs of the layers to `taps`: those that `taps.taps` names `act.0`, `act.1`, ...
        """
        with quicker_gradients():
            logits, calls = self.trace(x) if taps is not None else (self._logits(x), [])
        if taps is not None:
            named = {name: call.output for call, name in named_taps(calls, logits) if name.startswith("act.")}
            taps += named.values()
        return logits

    def trace(self, x: Tensor) -> tuple[Tensor, list[Call]]:
        """The logits, and the calls of the layers that they come from."""
        recorder = Recorder(self.net)
        try:
            with recorder.recording():
                logits = self._logits(x)
        except SourceError as error:
            if recorder.failed is None or recorder.failed.error is not error.__cause__:
                raise
            raise SourceError(sentence(recorder.failed.layer, recorder.failed.error), error.line) from error.__cause__
        return logits, recorder.calls

    def _logits(self, x: Tensor) -> Tensor:
        line = self.module.line("Net.__call__", "Net")
        with explained("Calling the network", line), running():
            logits = self.net(x.reshape(-1, *IMAGE_SHAPE))
        no_coroutine(logits, "__call__", line)
        meant = (x.shape[0], self.classes)
        if not isinstance(logits, Tensor):
            raise SourceError(f"The network must return a Tensor {meant}, not {kind_of(logits)}.", line)
        if logits.shape != meant:
            raise self._wrong_shape(logits.shape, meant)
        if not logits.is_floating_point():
            raise SourceError(f"The logits are of {_format(logits)}; they must be floating-point numbers.", line)
        if x.uop not in logits.uop.toposort():
            raise SourceError(NO_X, line)
        return logits.cast(dtypes.float32)

    def _wrong_shape(self, found: tuple[Any, ...], meant: tuple[int, ...]) -> SourceError:
        """Logits of another shape than is meant; for another number of classes it is said what to change, and where."""
        if len(found) == len(meant) and found[:1] == meant[:1] and isinstance(found[1], int):
            line, text, better = self.module.giving(found[1], self.classes)
            if line:
                return SourceError(
                    f"The data has {self.classes} classes, and the network returns {found[1]} numbers for an image: "
                    f"write {better} here instead of {text}.",
                    line,
                )
        return SourceError(
            f"The network returns logits of the shape {found} for {meant[0]} image{'s' * (meant[0] > 1)}; {meant} is "
            f"meant, one number for each of the {self.classes} classes: change its last layer.",
            self.module.line("Net.__call__", "Net"),
        )

    def loss(self, logits: Tensor, y: Tensor) -> Tensor | None:
        """The source's own loss of logits (B, classes) for labels y int32 (B,), float32 (); None if it has none."""
        function, line = self.module.function("loss"), self.module.line("loss")
        if function is None:
            return None
        with explained("loss(logits, y)", line), running():
            loss = function(logits, y)
        no_coroutine(loss, "loss", line)
        if not isinstance(loss, Tensor):
            raise SourceError(f"“loss” must return a Tensor, not {kind_of(loss)}.", line)
        if math.prod(loss.shape) != 1:
            raise SourceError(
                f"“loss” must return one number, not a tensor of the shape {loss.shape}: take its mean().", line
            )
        if not loss.is_floating_point():
            raise SourceError(f"The loss is of {_format(loss)}; it must be a floating-point number.", line)
        # what is detached has no gradient
        if logits.uop not in loss.uop.toposort(lambda uop: uop.op is not Ops.DETACH):
            raise SourceError("The loss must depend on the logits: as it is, training would change nothing.", line)
        return loss.reshape(()).cast(dtypes.float32)


def augmentation(source: str) -> Augment | None:
    """The source's own augmentation, checked whenever it is called; None if it has none. Raises SourceError."""
    with restored(), compiling_for("wasm", "simd"):
        module = Module(source)
    function, line = module.function("augment"), module.line("augment")
    if function is None:
        return None

    def augment(images: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        with explained("augment(images, rng)", line), unharmed():
            changed = function(images.copy(), rng)
        no_coroutine(changed, "augment", line)
        if not isinstance(changed, np.ndarray):
            raise SourceError(f"“augment” must return a NumPy array, not {kind_of(changed)}.", line)
        if changed.dtype != np.uint8 or changed.shape != images.shape:
            raise SourceError(
                f"“augment” must return images of uint8 {images.shape}, as it gets them, not {changed.dtype} "
                f"{changed.shape}.",
                line,
            )
        return changed

    return augment


def _format(tensor: Tensor) -> str:
    """The name of a tensor's dtype, as tinygrad calls it."""
    return str(tensor.dtype).removeprefix("dtypes.")
