"""The networks that the editor can begin with. Their sources are in models/sources, and the page fetches them."""

from __future__ import annotations

from collections.abc import Mapping

#: By the names of their files, in the order of the menu: from the shortest to the one with a mistake.
EXAMPLES: Mapping[str, str] = {
    "mlp": "MLP",
    "cnn": "CNN",
    "batchnorm": "CNN with batch norm",
    "residual": "Residual network",
    "attention": "Attention over patches",
    "rnn": "RNN over rows",
    "encoder": "Encoder of an autoencoder",
    "mistake": "One with a mistake to find",
}
