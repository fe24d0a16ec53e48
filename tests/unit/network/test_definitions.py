"""What a source defines, read from its text."""

from __future__ import annotations

import pytest

from tabgrad.network import own_optimizer


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("", None),
        ("# no optimizer here", None),
        ("class Net:\n    def optimizer(self, parameters): return Lion(parameters)", None),
        ("def net():\n    optimizer = Lion", None),
        ("def optimizer(parameters): return (", None),
        ("def optimizer(parameters):\n    return nn.optim.LAMB(parameters, lr=0.001)", "LAMB"),
        ("def optimizer(parameters): return Lion(parameters)", "Lion"),
        ("def optimizer(parameters):\n    made = Lion(parameters)\n    return made", ""),
        ("def optimizer(parameters): pass", ""),
        ("if True:\n    optimizer = lambda parameters: Lion(parameters)", "Lion"),
        ("optimizer = Lion", "Lion"),
        ("optimizer = partial(Lion, lr=0.1)", ""),
        ("from tinygrad.nn.optim import Adam as optimizer", ""),
    ],
)
def test_the_optimizer_of_a_source(source: str, name: str | None) -> None:
    assert own_optimizer(source) == name
