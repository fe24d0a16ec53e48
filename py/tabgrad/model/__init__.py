"""The networks, in tinygrad, a screen each, and the programs each of them needs. Nothing else defines a network.

Importing it imports tinygrad: only the worker, the scripts and the tests do.
"""

from tabgrad.compiler import environment  # noqa: F401 - must run before tinygrad is imported
from tabgrad.network import Spec, fold_mean

from .cnn import CNN
from .init import initial_weights
from .mlp import MLP
from .programs import Training, activations, evaluation, inference, saliency, training
from .spec import Network, build, parameter_count, state, trained

__all__ = [
    "CNN",
    "MLP",
    "Network",
    "Spec",
    "Training",
    "activations",
    "build",
    "evaluation",
    "fold_mean",
    "inference",
    "initial_weights",
    "parameter_count",
    "saliency",
    "state",
    "trained",
    "training",
]
