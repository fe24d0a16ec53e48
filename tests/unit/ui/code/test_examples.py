"""The example networks are what DESIGN asks of a source: tinygrad builds them, and all of their weights learn."""

from __future__ import annotations

import re
from typing import Any

import pytest

from scripts.build import SOURCES
from tabgrad import model  # noqa: F401 - prepares the interpreter for tinygrad
from tabgrad.ui.code.examples import EXAMPLES
from tabgrad.ui.code.link import pack

from tinygrad import Tensor, dtypes, nn  # isort: skip
from tinygrad.helpers import Context  # isort: skip

BATCH = 3


def built(name: str) -> dict[str, Any]:
    module: dict[str, Any] = {"__name__": name}
    exec(compile((SOURCES / f"{name}.py").read_text(), f"{name}.py", "exec"), module)
    return module


def logits_of(name: str) -> tuple[Any, Tensor]:
    """The network, and its logits for three empty images. Nothing is computed."""
    with Context(DEV="PYTHON"):
        net = built(name)["Net"]()
        return net, net(Tensor.zeros(BATCH, 1, 28, 28))


def test_every_source_is_in_the_menu() -> None:
    assert {path.stem for path in SOURCES.glob("*.py")} == EXAMPLES.keys()


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "mistake"])
def test_an_example_gives_ten_logits_and_every_weight_has_a_gradient(name: str) -> None:
    with Context(TRAINING=1, DEV="PYTHON"):
        net, logits = logits_of(name)
        assert logits.shape == (BATCH, 10)
        assert logits.dtype == dtypes.float32
        parameters = [p for p in nn.state.get_parameters(net) if p.dtype == dtypes.float32]
        names = nn.state.get_state_dict(net)
        weights = [p for p in parameters if not any(p is names[n] for n in names if "running_" in n)]
        loss = logits.sparse_categorical_crossentropy(Tensor.zeros(BATCH, dtype=dtypes.int32))
        assert all(gradient is not None for gradient in loss.gradient(*weights))
    assert 1_000 < sum(p.numel() for p in weights) < 200_000


def test_the_mistake_is_at_the_line_and_in_the_sizes_that_its_comment_speaks_of() -> None:
    with pytest.raises(RuntimeError, match=r"cannot dot \(3, 256\) and \(784, 64\)") as failed:
        logits_of("mistake")
    lines = (SOURCES / "mistake.py").read_text().splitlines()
    (line,) = {entry.lineno for entry in failed.traceback if str(entry.path).endswith("mistake.py") and entry.lineno}
    assert "self.hidden(x.flatten(1))" in lines[line]
    assert "one mistake" in lines[0]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_short_and_ordinary_tinygrad(name: str) -> None:
    source = (SOURCES / f"{name}.py").read_text()
    assert len(source.splitlines()) <= 60
    assert max(map(len, source.splitlines())) <= 88, "it fits the editor without a wrapped line"
    assert source.startswith('"""')
    assert set(re.findall(r"^(?:from|import) (\w+)", source, re.MULTILINE)) == {"tinygrad"}
    assert "\t" not in source
    assert len(pack(source)) < 2_000, "a link to it stays short"
