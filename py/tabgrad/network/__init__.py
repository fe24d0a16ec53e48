"""What a network is, as data: initial values by name and shape, and the safetensors files that carry its weights.

NumPy only. It runs no network and knows no engine.
"""

from .initial import draw_weights, fold_mean, initial_state, unfold_mean
from .safetensors import load_safetensors, save_safetensors

__all__ = ["draw_weights", "fold_mean", "initial_state", "load_safetensors", "save_safetensors", "unfold_mean"]
