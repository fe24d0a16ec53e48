"""The programs a network needs, captured from its one definition: inference, a look inside, evaluation, training.

Buffer names are the contract with engines, session and page: `x` in, `logits` out, weights under their state-dict
names, optimizer state under `opt.*`, dropout's generator under `rng.*`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import wraps
from typing import ParamSpec, TypeGuard

import numpy as np
from tinygrad import Tensor, dtypes
from tinygrad.helpers import Context

from tabgrad.compiler import Capture
from tabgrad.network import SourceError, Spec, classes_of, is_written
from tabgrad.program import BufferLimitError, Program, ProgramError, Target, UnusedInputError

from .mistakes import FILE_NAME, explained
from .optim import RULES, Optimizer, Training
from .restoring import restored
from .source import line_of
from .spec import Network, build, draws_random_numbers, state, trained
from .written import MAX_PARAMETER_BYTES, NO_X, WrittenNetwork
from .written_optim import SourceOptimizer

#: Data within a program of a written network: constants of NumPy, and in the init program its first weights. Bytes.
MAX_CONSTANT_BYTES = MAX_PARAMETER_BYTES

P = ParamSpec("P")
#: How many buffers tinygrad is to give a kernel at most, in one attempt after the other; 0 is its own limit.
BUFFER_LIMITS = (0, 6, 5, 4)


def _within_limits(capture: Callable[P, Program]) -> Callable[P, Program]:
    """`capture`, repeated with a lower limit while a kernel binds too many buffers.

    tinygrad 0.14.0 overlooks some, where values are put together by padding and adding (schedule/rangeify.py,
    `_limit_bufs`). Its cache of schedules does not know of the limit.
    """

    @wraps(capture)
    def program(*arguments: P.args, **named: P.kwargs) -> Program:
        for limit in BUFFER_LIMITS:
            try:
                with restored(), Context(MAX_KERNEL_BUFFERS=limit, SCACHE=int(not limit)):
                    return capture(*arguments, **named)
            except (ProgramError, SourceError) as error:
                if not isinstance(error, BufferLimitError) and not isinstance(error.__cause__, BufferLimitError):
                    raise
                failure = error
        raise failure

    return program


@contextmanager
def _capture(name: str, spec: Spec, target: Target, variant: str, *, training: bool = False) -> Iterator[Capture]:
    """A capture for a program of `spec`. Whatever fails for a written network is a SourceError."""
    what = explained("Compiling the network") if is_written(spec) else nullcontext()
    try:
        with what, Capture(name, target, variant, training, FILE_NAME if is_written(spec) else "") as c:
            yield c
    except SourceError as error:
        if isinstance(error.__cause__, UnusedInputError):  # such as x * 0: only tinygrad's simplifications tell
            raise SourceError(NO_X, line_of(str(spec["source"]), "Net.__call__", "Net")) from error
        raise
    if is_written(spec) and (size := sum(len(b.data) for b in c.program.buffers)) > MAX_CONSTANT_BYTES:
        raise SourceError(f"The network holds {size >> 20} MB of constants, more than a program may have: use fewer.")


def _network(c: Capture, spec: Spec) -> Network:
    network = build(spec)
    for name, tensor in state(network).items():
        c.declare(name, "weight", tensor)
    return network


@_within_limits
def initial(spec: Spec, target: Target, variant: str = "") -> Program:
    """What a written network, and the optimizer of its source, start from: an output or a const under the name of each
    tensor that is not 0 throughout.

    It equals what tinygrad gives for `Tensor.manual_seed(seed); Net()`, if the inputs `rand.<offset>`, uint32 (count,),
    hold `threefry.random_words(threefry.key_of(seed), offset, count)`. The const `rng.counter`, uint32 (2,), is where
    the generator stands then.
    """
    with _capture("init", spec, target, variant) as c:
        drawn = c.random_inputs()
        network = build(spec)
        rule = SourceOptimizer(network) if _has_optimizer(network) else None
        for name, tensor in [*state(network).items(), *(rule.state.items() if rule else ())]:
            c.first_value(name, tensor)
        c.constant("rng.counter", np.array([drawn.count & 0xFFFFFFFF, drawn.count >> 32], np.uint32))
    return c.program


@_within_limits
def inference(spec: Spec, target: Target, variant: str = "") -> Program:
    """Input `x` float32 (1, 784) in 0..1; output `logits` (1, classes)."""
    with _capture("infer", spec, target, variant) as c:
        network = _network(c, spec)
        c.output("logits", network(c.buffer("x", "input", (1, 784))))
    return c.program


@_within_limits
def activations(spec: Spec, target: Target, variant: str = "") -> Program:
    """As `inference`, with one more output for each stage of the network: `act.0`, `act.1`, ... (1, ...)."""
    with _capture("activations", spec, target, variant) as c:
        network, taps = _network(c, spec), list[Tensor]()
        c.output("logits", network(c.buffer("x", "input", (1, 784)), taps))
        for i, tap in enumerate(taps):
            c.output(f"act.{i}", tap)
    return c.program


@_within_limits
def saliency(spec: Spec, target: Target, variant: str = "") -> Program:
    """Inputs `x` (1, 784) and `seed` (1, classes); outputs `logits` and `saliency` (1, 784), the gradient of
    sum(seed * logits) with respect to `x`.

    Raises SourceError for a written network in which small changes of pixels change nothing, as when they are rounded.
    A one-hot seed asks why this class; +1 and -1 ask why this class and not that one. Simonyan et al. 2014,
    https://arxiv.org/abs/1312.6034.
    """
    with _capture("saliency", spec, target, variant) as c:
        network = _network(c, spec)
        x, seed = c.buffer("x", "input", (1, 784)), c.buffer("seed", "input", (1, classes_of(spec)))
        logits = network(x)
        (gradient,) = (logits * seed).sum().gradient(x)
        if gradient.uop.is_virtual:
            raise SourceError("A small change of a pixel never changes the answer here: the network has no saliency.")
        c.output("logits", logits)
        c.output("saliency", gradient)
    return c.program


def _pixels(c: Capture, batch: int) -> tuple[Tensor, Tensor]:
    """Inputs `x` uint8 (B, 784) and `y` int32 (B,). The cast is a kernel of its own, done once: fused into the
    matmuls it would be repeated for every output, and WGSL reads packed bytes through atomics.
    """
    x = c.buffer("x", "input", (batch, 784), "uint8")
    return (x.cast(dtypes.float32) / 255.0).contiguous(), c.buffer("y", "input", (batch,), "int32")


def _correct(logits: Tensor, y: Tensor) -> Tensor:
    return (logits.argmax(axis=1) == y).sum().cast(dtypes.int32).reshape(1)


@_within_limits
def evaluation(spec: Spec, batch: int, target: Target, variant: str = "") -> Program:
    """Inputs `x` uint8 (B, 784), `y` int32 (B,); outputs `logits` (B, classes), mean `loss` (1,), int32 `correct` (1,).

    The loss and the count of right answers are those of the whole batch.
    """
    with _capture("evaluate", spec, target, variant) as c:
        network = _network(c, spec)
        x, y = _pixels(c, batch)
        logits = c.output("logits", network(x))
        c.output("loss", logits.sparse_categorical_crossentropy(y).reshape(1))
        c.output("correct", _correct(logits, y))
    return c.program


@_within_limits
def training(spec: Spec, recipe: Training, target: Target, variant: str = "") -> Program:
    """One step of gradient descent on a batch, in place.

    Inputs `x` uint8 (B, 784), `y` int32 (B,) and the optimizer's hyperparameters, float32 (1,) each: `lr`,
    `weight_decay`, with SGD and Muon `momentum`, with `clip` also `clip_norm`; with a teacher also its logits,
    `teacher` (B, classes).
    Outputs `loss` (1,) before the step and `correct` int32 (1,). A written network's source can bring its own loss, and
    its own optimizer, of which only `lr` is an input then.
    The loss is log-softmax and negative log-likelihood in one: the maximum is subtracted before exp, so that no logit
    can overflow (tinygrad's `log_softmax`).
    """
    with _capture("train", spec, target, variant, training=True) as c:
        network = _network(c, spec)
        optimizer = _optimizer(network, recipe)
        params = optimizer.params
        for name, tensor in optimizer.state.items():
            c.declare(name, "state", tensor)
        hyper = {name: c.buffer(name, "input", (1,)) for name in optimizer.hyperparameters}
        if draws_random_numbers(network):
            c.random_state()
        x, y = _pixels(c, recipe.batch)
        logits = network(x)
        loss = network.loss(logits, y) if isinstance(network, WrittenNetwork) else None
        if loss is None:
            loss = logits.sparse_categorical_crossentropy(y, label_smoothing=recipe.label_smoothing)
        if recipe.teacher_share:
            teacher = c.buffer("teacher", "input", (recipe.batch, classes_of(spec)))
            loss = _distilled(loss, logits, teacher, recipe)
        grads = [g.contiguous() for g in loss.gradient(*params.values())]
        c.output("loss", loss.reshape(1))
        c.output("correct", _correct(logits.detach(), y))
        statistics = [t for name, t in state(network).items() if name not in params]
        c.run(*grads, *statistics)
        if recipe.clip:
            grads = _clip(grads, c.buffer("clip_norm", "input", (1,)))
        optimizer.step(grads, hyper, c.run)
    return c.program


def _has_optimizer(network: Network) -> TypeGuard[WrittenNetwork]:
    return isinstance(network, WrittenNetwork) and network.module.function("optimizer") is not None


def _optimizer(network: Network, recipe: Training) -> Optimizer:
    """The source's own optimizer, or the rule of the recipe."""
    if _has_optimizer(network):
        return SourceOptimizer(network)
    return RULES[recipe.optimizer](trained(network), recipe)


def _distilled(loss: Tensor, logits: Tensor, teacher: Tensor, recipe: Training) -> Tensor:
    """(1 - s) loss + s T^2 H(softmax(teacher / T), softmax(logits / T)): soft labels say what an image nearly is.

    Hinton, Vinyals, Dean 2015, https://arxiv.org/abs/1503.02531; T^2 keeps both gradients of one size.
    """
    t, share = recipe.temperature, recipe.teacher_share
    soft = -((teacher / t).softmax() * (logits / t).log_softmax()).sum(axis=1).mean()
    return (1 - share) * loss + share * t * t * soft


def _clip(grads: list[Tensor], clip_norm: Tensor) -> list[Tensor]:
    """Scale all gradients so that their joint norm is at most `clip_norm`: one bad batch cannot throw the weights far.

    Pascanu et al. 2013, https://arxiv.org/abs/1211.5063, algorithm 1.
    """
    squares = [g.square().sum().reshape(1) for g in grads]
    norm = Tensor.cat(*squares).sum().sqrt().reshape(1)
    scale = (clip_norm / (norm + 1e-6)).minimum(1.0).contiguous()
    return [(g * scale).contiguous() for g in grads]
