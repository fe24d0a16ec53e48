"""The oracle: our networks and optimizers in plain NumPy, to check the engines against.

    network = OracleNetwork({"kind": "mlp", "hidden": [128]}, weights)
    logits = network.forward(x)                                # x (B, 784) -> (B, classes)
    loss, d_logits = cross_entropy(logits, labels)
    network.backward(d_logits)                                 # network.gradients["layers.0.weight"], ...

Written from the formulas and not from tinygrad. The page uses it only to look into networks that have no compiled
programs for it.
"""

from .network import OracleNetwork, cross_entropy

__all__ = ["OracleNetwork", "cross_entropy"]
