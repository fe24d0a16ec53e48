"""What a source changes in tinygrad, NumPy and Python holds while it is in use, and reaches no other."""

from __future__ import annotations

import builtins
import random
import sys
from contextlib import suppress

import numpy as np
import pytest
from tinygrad import Tensor, dtypes, nn
from tinygrad.helpers import NOOPT

from tabgrad import model
from tabgrad.network import SourceError
from tabgrad.program import dumps
from tests.unit.model.written_sources import DENSE, net, spec

HEAD = "import builtins, random, sys\nimport numpy as np\nfrom tinygrad import Tensor, dtypes, helpers, nn\n"
#: What a source does to what is not its own.
HARM = [
    "Tensor.relu = lambda self: self * 0",
    "Tensor.__add__ = None",
    "Tensor.__bool__ = lambda self: True",
    "Tensor.__getattr__ = lambda self, name: 3",
    "del Tensor.matmul",
    "nn.Linear.__call__ = lambda self, x: x",
    "nn.Linear = None",
    "dtypes.default_float = dtypes.half",
    "helpers.NOOPT.value = 1",
    "np.random.rand = None",
    "np.random.seed = np.random.get_state = None",
    "np.zeros = np.ones",
    "random.seed = random.getstate = None",
    "builtins.len = None",
    "builtins.isinstance = builtins.next = builtins.BaseException = None",
    "for name in list(vars(builtins)): setattr(builtins, name, None)",
    "sys.modules.clear()",
    "sys.modules['tinygrad'] = None",
    "sys.setrecursionlimit(60)",
]


def harming(harm: str, where: str) -> str:
    """A source that does harm at its top, or in one of its functions."""
    does, source = f"exec({harm!r}, globals())", HEAD + DENSE
    if where == "__init__":
        return source.replace("self.l1 =", f"{does}\n        self.l1 =")
    if where == "__call__":
        return source.replace("return self.l2", f"{does}\n        return self.l2")
    return (
        source
        + {
            "module": harm,
            "loss": f"def loss(logits, y):\n    {does}\n    return logits.sum()",
            "optimizer": f"def optimizer(parameters):\n    {does}\n    return nn.optim.SGD(parameters)",
            "augment": f"def augment(images, rng):\n    {does}\n    return images",
        }[where]
    )


def everything() -> list[object]:
    """What the sources above change, as it is."""
    modules = [module for name, module in list(sys.modules.items()) if name != "net"]
    classes = [value for kind in (Tensor, nn.Linear) for name, value in vars(kind).items() if "_device_" not in name]
    values = [NOOPT.value, dtypes.default_float, nn.Linear, np.zeros, np.random.rand, np.random.seed, random.getstate]
    return [*vars(builtins).values(), *values, *classes, *modules]


@pytest.mark.parametrize("where", ["module", "__init__", "__call__", "loss", "optimizer", "augment"])
def test_no_source_reaches_another(where: str) -> None:
    model.describe(DENSE)
    before = everything()
    for harm in HARM:
        with suppress(SourceError):
            model.describe(harming(harm, where))
        now = everything()
        assert len(now) >= len(before)
        assert all(any(value is one for one in now) for value in before), harm
    model.describe(DENSE)


def test_what_a_source_changes_holds_while_it_is_in_use() -> None:
    plain = DENSE.replace(".relu()", ".silu()")
    changed = DENSE + "\nTensor.relu = Tensor.silu\n"
    for make in (model.inference, model.activations, model.saliency):
        kernels = [set(make(spec(source), "wasm").kernels) for source in (plain, changed, DENSE)]
        assert kernels[0] == kernels[1] != kernels[2]


def test_a_network_of_this_page_is_not_what_a_source_made_of_it() -> None:
    page = {"kind": "mlp", "hidden": [8], "activation": "relu"}
    before = dumps(model.inference(page, "wasm"))
    model.describe(DENSE)
    Tensor.relu = lambda self: self * 0  # as a console may
    assert dumps(model.inference(page, "wasm")) == before


def test_a_change_that_ends_the_compiler_is_named() -> None:
    source = (
        HEAD + "from tinygrad.uop.ops import UOp\n" + net("self.w = Tensor.zeros(784, 10)") + "UOp.toposort = None\n"
    )
    with pytest.raises(SourceError) as caught:
        model.inference(spec(source), "wasm")
    assert "toposort" in str(caught.value) or "NoneType" in str(caught.value)
    model.inference(spec(DENSE), "wasm")
