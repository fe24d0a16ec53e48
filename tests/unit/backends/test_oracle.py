"""The oracle against finite differences and against tinygrad's own optimizers: what judges the engines is judged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tabgrad.backends.oracle.layers import MaxPool
from tabgrad.backends.oracle.network import OracleNetwork, cross_entropy
from tabgrad.backends.oracle.optim import OPTIMIZERS, clip, newton_schulz

NETWORKS: dict[str, tuple[dict[str, Any], dict[str, tuple[int, ...]]]] = {
    **{
        f"mlp-{activation}": (
            {"kind": "mlp", "hidden": [6, 5], "activation": activation},
            {
                "layers.0.weight": (784, 6),
                "layers.0.bias": (6,),
                "layers.1.weight": (6, 5),
                "layers.1.bias": (5,),
                "layers.2.weight": (5, 10),
                "layers.2.bias": (10,),
            },
        )
        for activation in ("relu", "leaky_relu", "silu", "tanh")
    },
    "cnn": (
        {"kind": "cnn", "stages": ["conv3x2p1", "pool", "conv5x3", "pool", "dense4"], "activation": "silu"},
        {
            "convs.0.weight": (2, 1, 3, 3),
            "norms.0.weight": (2,),
            "norms.0.bias": (2,),
            "convs.1.weight": (3, 2, 5, 5),
            "norms.1.weight": (3,),
            "norms.1.bias": (3,),
            "layers.0.weight": (75, 4),
            "layers.0.bias": (4,),
            "layers.1.weight": (4, 10),
            "layers.1.bias": (10,),
        },
    ),
}


def network(name: str) -> tuple[OracleNetwork, list[str]]:
    spec, shapes = NETWORKS[name]
    rng = np.random.default_rng(0)
    weights = {key: rng.normal(0, 0.3, shape) for key, shape in shapes.items()}
    statistics = {key[:-6]: shape for key, shape in shapes.items() if key.startswith("norms") and "bias" not in key}
    weights |= {f"{key}running_mean": rng.normal(0, 0.3, shape) for key, shape in statistics.items()}
    weights |= {f"{key}running_var": rng.uniform(0.5, 2, shape) for key, shape in statistics.items()}
    return OracleNetwork(spec, weights), list(shapes)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_backward_is_the_slope_of_forward(name: str, training: bool) -> None:
    net, trained = network(name)
    rng = np.random.default_rng(1)
    x, labels = rng.uniform(0, 1, (3, 784)), rng.integers(0, 10, 3)

    def loss() -> float:
        return cross_entropy(net.forward(x, training), labels, 0.1)[0]

    _, d_logits = cross_entropy(net.forward(x, training), labels, 0.1)
    net.gradients["x"] = net.backward(d_logits)
    gradients = dict(net.gradients)
    assert gradients.keys() == {*trained, "x"}
    for key, values in [*((key, net.weights[key]) for key in trained), ("x", x)]:
        for _ in range(4):
            at = tuple(rng.integers(0, n) for n in values.shape)
            kept, step = values[at], 1e-6
            values[at] = kept + step
            up = loss()
            values[at] = kept - step
            slope = (up - loss()) / (2 * step)
            values[at] = kept
            assert gradients[key][at] == pytest.approx(slope, rel=2e-4, abs=1e-8)


def test_a_pool_shares_the_gradient_of_a_tie() -> None:
    pool = MaxPool()
    image = np.array([[1.0, 1, 5], [1, 0, 5], [9, 9, 9]])[None, None]
    assert pool.forward(image, False).tolist() == [[[[1.0]]]]
    third = 3 / 3
    assert pool.backward(np.full((1, 1, 1, 1), 3.0))[0, 0].tolist() == [[third, third, 0], [third, 0, 0], [0, 0, 0]]


def test_cross_entropy_survives_huge_logits() -> None:
    loss, gradient = cross_entropy(np.array([[1e4, 0.0, -1e4]]), np.array([1]))
    assert loss == pytest.approx(1e4)
    assert np.isfinite(gradient).all()


def test_clip_limits_the_joint_norm_and_leaves_small_gradients_alone() -> None:
    gradients = {"a": np.full(9, 4.0), "b": np.full(16, 4.0)}
    clip(gradients, 1.0)
    assert np.sqrt(sum((g**2).sum() for g in gradients.values())) == pytest.approx(1, rel=1e-5)
    small = {"a": np.array([1e-3])}
    clip(small, 1.0)
    assert small["a"] == pytest.approx(1e-3)


def test_newton_schulz_makes_the_singular_values_alike() -> None:
    matrix = np.random.default_rng(0).normal(size=(12, 7))
    values = np.linalg.svd(newton_schulz(matrix), compute_uv=False)
    assert values.min() > 0.6
    assert values.max() < 1.3


@pytest.mark.parametrize("rule", ["sgd", "momentum", "nesterov", "adam", "adamw", "muon"])
def test_optimizers_follow_tinygrad(rule: str) -> None:
    """Five steps of tinygrad.nn.optim on its pure-Python device, with the same gradients."""
    from tabgrad.compiler import environment  # noqa: F401 - must run before tinygrad is imported

    from tinygrad import Tensor  # isort: skip
    from tinygrad.helpers import Context  # isort: skip
    from tinygrad.nn import optim  # isort: skip

    rng = np.random.default_rng(3)
    weights = {"w": rng.normal(size=(4, 3)), "b": rng.normal(size=3)}
    gradients = [{"w": rng.normal(size=(4, 3)), "b": rng.normal(size=3)} for _ in range(5)]
    hyper = {"lr": 0.1, "momentum": 0.0 if rule == "sgd" else 0.9, "weight_decay": 0.0 if rule == "adam" else 0.02}
    ours: dict[str, Any] = {name: value.copy() for name, value in weights.items()}
    state: dict[str, Any] = {}
    with Context(DEV="PYTHON", TRAINING=1):
        theirs = {n: Tensor(v.astype(np.float32)).is_param_(True).realize() for n, v in weights.items()}
        settings = {"lr": hyper["lr"], "weight_decay": hyper["weight_decay"]}
        params = list(theirs.values())
        optimizer = {
            "sgd": lambda: optim.SGD(params, **settings),
            "momentum": lambda: optim.SGD(params, momentum=0.9, **settings),
            "nesterov": lambda: optim.SGD(params, momentum=0.9, nesterov=True, **settings),
            "adam": lambda: optim.Adam(params, lr=settings["lr"]),
            "adamw": lambda: optim.AdamW(params, **settings),
            "muon": lambda: optim.Muon([theirs["w"]], momentum=0.9, **settings),
        }[rule]()
        for gradient in gradients:
            for name, tensor in theirs.items():
                tensor.grad = Tensor(gradient[name].astype(np.float32))
            optimizer.step()
            if rule in ("sgd", "momentum", "nesterov"):
                OPTIMIZERS["sgd"](ours, gradient, state, hyper, nesterov=rule == "nesterov")  # type: ignore[call-arg]
            else:
                OPTIMIZERS[rule](ours, gradient, state, hyper)
        for name in ("w",) if rule == "muon" else ("w", "b"):
            np.testing.assert_allclose(ours[name], theirs[name].numpy(), rtol=1e-4, atol=1e-5)
