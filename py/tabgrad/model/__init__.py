"""The networks, in tinygrad, a screen each, and the programs each of them needs. Nothing else defines a network.

Importing it imports tinygrad: only the worker, the scripts and the tests do.
"""

from tabgrad.compiler import environment, kernel_cache, watching  # noqa: F401 - must run before tinygrad is imported
from tabgrad.network import Spec

from . import live
from .assist import complete, hover
from .cnn import CNN
from .describe import describe
from .mlp import MLP
from .optim import Training
from .programs import activations, evaluation, inference, initial, saliency, training
from .source import line_of_tensor
from .spec import Network, build, initial_weights, shapes, state, trained
from .written import WrittenNetwork, augmentation

__all__ = [
    "CNN",
    "MLP",
    "Network",
    "Spec",
    "Training",
    "WrittenNetwork",
    "activations",
    "augmentation",
    "build",
    "complete",
    "describe",
    "evaluation",
    "hover",
    "inference",
    "initial",
    "initial_weights",
    "kernel_cache",
    "line_of_tensor",
    "live",
    "saliency",
    "shapes",
    "state",
    "trained",
    "training",
    "watching",
]
