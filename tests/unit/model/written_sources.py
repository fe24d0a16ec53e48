"""Sources that tests train and look into."""

from __future__ import annotations

from typing import Any

#: Convolutions with biases, batch norms, functions of Tensor and a lambda in one list. It is so small that tinygrad's
#: emulator in Python can train it.
CONVOLUTIONS = """
from tinygrad import Tensor, nn

class Net:
    def __init__(self):
        self.layers = [
            nn.Conv2d(1, 2, 5, stride=2), Tensor.relu,
            nn.Conv2d(2, 2, 3), Tensor.relu,
            nn.BatchNorm(2), Tensor.max_pool2d,
            nn.Conv2d(2, 4, 2), Tensor.relu,
            nn.BatchNorm(4), Tensor.max_pool2d,
            lambda x: x.flatten(1), nn.Linear(16, 10)]

    def __call__(self, x: Tensor) -> Tensor:
        return x.sequential(self.layers)
"""

#: Two dense layers in attributes, on means of pixels; small for the same reason.
POOLED = """
from tinygrad import Tensor, nn

class Net:
    def __init__(self):
        self.l1 = nn.Linear(49, 8)
        self.l2 = nn.Linear(8, 10)

    def __call__(self, x):
        return self.l2(self.l1(x.reshape(-1, 49, 16).mean(2)).relu())
"""

#: Two dense layers in attributes.
DENSE = """
from tinygrad import Tensor, nn

class Net:
    def __init__(self):
        self.l1 = nn.Linear(784, 16)
        self.l2 = nn.Linear(16, 10)

    def __call__(self, x):
        return self.l2(self.l1(x.flatten(1)).relu())
"""


def spec(source: str) -> dict[str, Any]:
    """The specification of a written network."""
    return {"kind": "code", "source": source}


def net(init: str, call: str = "return x.flatten(1) @ self.w") -> str:
    """A source whose Net has this one line in each of its methods: lines 4 and 6."""
    return f"""from tinygrad import Tensor, nn, dtypes
class Net:
    def __init__(self):
        {init}
    def __call__(self, x):
        {call}
"""
