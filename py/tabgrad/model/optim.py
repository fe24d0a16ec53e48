"""Update rules in tinygrad, with every hyperparameter that may change during a run as a 1-element tensor.

tinygrad.nn.optim takes Python numbers, which are compiled into the kernels; here changing the learning rate
recompiles nothing. The update rules are tinygrad's, and the tests compare them. Gradients must be realised first.
A new rule is a class here and a row in `RULES`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tinygrad import Tensor

Hyperparameters = Mapping[str, Tensor]
#: Schedules tensors now: `compiler.Capture.run`.
Schedule = Callable[..., None]

#: Moments below this are 0: no step can tell. Without it those of pixels that are seldom lit decay into subnormal
#: numbers, with which a processor is many times slower; WebAssembly cannot switch them off.
NEGLIGIBLE = 1e-30


@dataclass(frozen=True)
class Training:
    """What is compiled into a training program. Learning rate, momentum, weight decay and clip norm are inputs.

    `optimizer` is a key of `RULES`. With `teacher_share` above 0 the network also learns from another one's logits, at
    `temperature` (see `programs`).
    """

    batch: int = 128
    optimizer: str = "sgd"
    nesterov: bool = True
    beta2: float = 0.999
    label_smoothing: float = 0.0
    clip: bool = False
    teacher_share: float = 0.0
    temperature: float = 3.0


class Optimizer(Protocol):
    """An update rule on the parameters that it was made with.

    `hyperparameters` names its inputs, `state` holds its tensors by their names in the state dict. `params` are the
    parameters that it moves, in the order of the gradients.
    """

    @property
    def params(self) -> Mapping[str, Tensor]: ...
    @property
    def hyperparameters(self) -> Sequence[str]: ...
    @property
    def state(self) -> Mapping[str, Tensor]: ...

    def step(self, grads: Sequence[Tensor], hyper: Hyperparameters, run: Schedule) -> None:
        """Move the parameters against the gradients."""


def flushed(x: Tensor) -> Tensor:
    """`x` with what is negligible as 0."""
    return ((x < NEGLIGIBLE) & (x > -NEGLIGIBLE)).where(0.0, x)


class SGD:
    """v <- momentum v + (g + weight_decay w);  w <- w - lr v, or with Nesterov w <- w - lr (g + momentum v).

    Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning".
    """

    hyperparameters = ("lr", "momentum", "weight_decay")

    def __init__(self, params: Mapping[str, Tensor], nesterov: bool = True) -> None:
        self.params, self.nesterov = params, nesterov
        self.state = {f"opt.{name}.velocity": Tensor.empty(*p.shape) for name, p in params.items()}

    def step(self, grads: Sequence[Tensor], hyper: Hyperparameters, run: Schedule) -> None:
        for (name, p), gradient in zip(self.params.items(), grads, strict=True):
            velocity = self.state[f"opt.{name}.velocity"]
            g = gradient + hyper["weight_decay"] * p.detach()
            velocity.assign(flushed(hyper["momentum"] * velocity + g))
            p.assign(p.detach() - hyper["lr"] * (g + hyper["momentum"] * velocity if self.nesterov else velocity))
        run(*self.state.values(), *self.params.values(), in_place=True)


class AdamW:
    """Adam with decoupled weight decay; with `weight_decay` at 0 it is Adam.

    Kingma & Ba 2015, https://arxiv.org/abs/1412.6980; Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101.
    `opt.decay` holds (beta1^t, beta2^t) for the bias correction and starts at (1, 1).
    """

    hyperparameters = ("lr", "weight_decay")
    BETA1 = 0.9
    EPS = 1e-8

    def __init__(self, params: Mapping[str, Tensor], beta2: float = 0.999) -> None:
        self.params, self.beta2 = params, beta2
        self.state = {"opt.decay1": Tensor.empty(1), "opt.decay2": Tensor.empty(1)}
        for name, p in params.items():
            self.state |= {f"opt.{name}.m": Tensor.empty(*p.shape), f"opt.{name}.v": Tensor.empty(*p.shape)}

    def step(self, grads: Sequence[Tensor], hyper: Hyperparameters, run: Schedule) -> None:
        decay1, decay2 = self.state["opt.decay1"], self.state["opt.decay2"]
        decay1.assign(decay1 * self.BETA1)
        decay2.assign(decay2 * self.beta2)
        for (name, p), g in zip(self.params.items(), grads, strict=True):
            m, v = self.state[f"opt.{name}.m"], self.state[f"opt.{name}.v"]
            m.assign(flushed(self.BETA1 * m + (1 - self.BETA1) * g))
            v.assign(flushed(self.beta2 * v + (1 - self.beta2) * g * g))
            up = (m / (1 - decay1)) / ((v / (1 - decay2)).sqrt() + self.EPS)
            p.assign(p.detach() - hyper["lr"] * (up + hyper["weight_decay"] * p.detach()))
        run(*self.state.values(), *self.params.values(), in_place=True)


class Muon:
    """Momentum whose update is orthogonalised by Newton-Schulz iterations, for matrices; vectors get plain momentum.

    Jordan 2024, https://kellerjordan.github.io/posts/muon/. Convolution kernels are taken as (Cout, Cin kh kw).
    """

    hyperparameters = ("lr", "momentum", "weight_decay")
    STEPS = 5
    COEFFICIENTS = (3.4445, -4.775, 2.0315)

    def __init__(self, params: Mapping[str, Tensor]) -> None:
        self.params = params
        self.state = {f"opt.{name}.velocity": Tensor.empty(*p.shape) for name, p in params.items()}

    def step(self, grads: Sequence[Tensor], hyper: Hyperparameters, run: Schedule) -> None:
        velocities = list(self.state.values())
        for velocity, g in zip(velocities, grads, strict=True):
            velocity.assign(flushed(hyper["momentum"] * velocity + g))
        run(*velocities, in_place=True)
        updates = [g + hyper["momentum"] * velocity for velocity, g in zip(velocities, grads, strict=True)]
        run(*(updates := [self._orthogonal(u) for u in updates]))
        for p, up in zip(self.params.values(), updates, strict=True):
            p.assign(p.detach() - hyper["lr"] * (up + hyper["weight_decay"] * p.detach()))
        run(*self.params.values(), in_place=True)

    def _orthogonal(self, update: Tensor) -> Tensor:
        if update.ndim < 2:
            return update.contiguous()
        matrix = update.contiguous().reshape(update.shape[0], -1)
        return matrix.newton_schulz(self.STEPS, self.COEFFICIENTS).reshape(update.shape).contiguous()


#: By the name of the rule in `settings.OPTIMIZERS`; "adam" is what scripts call AdamW without weight decay.
RULES: Mapping[str, Callable[[Mapping[str, Tensor], Training], Optimizer]] = {
    "sgd": lambda params, options: SGD(params, options.nesterov),
    "adam": lambda params, options: AdamW(params, options.beta2),
    "adamw": lambda params, options: AdamW(params, options.beta2),
    "muon": lambda params, _options: Muon(params),
}
