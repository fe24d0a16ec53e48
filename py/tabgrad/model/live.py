"""tinygrad for the console: tensors have values here, which are computed at once, on the device for WebAssembly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tinygrad import Tensor, nn
from tinygrad.helpers import Context
from tinygrad.nn.state import get_state_dict

from tabgrad.network import SourceError, Spec, Tensors, is_written

from .mistakes import explained
from .restoring import restored
from .source import Module, running
from .spec import Network, build, state

#: What the console knows from tinygrad.
NAMES: Mapping[str, Any] = {"Tensor": Tensor, "nn": nn}


@contextmanager
def computing() -> Iterator[None]:
    """Within this context tensors are made on the device that computes."""
    import tinygrad_device  # noqa: F401 - it makes the device known; networks that are only compiled need none

    with Context(DEV="WASM"):
        yield


class LiveNetwork:
    """The network of a specification, to call. `callable` takes images (B, 1, 28, 28) with values in 0..1.

    For a written network that is its own `Net()`. The constructor raises SourceError or ValueError.
    """

    def __init__(self, spec: Spec) -> None:
        with restored(), computing():
            if not is_written(spec):
                network = build(spec)
                self.callable: Any = _Flattened(network)
                self._tensors = state(network)
                return
            module = Module(str(spec["source"]))
            if not callable(make := module.names.get("Net")):
                raise SourceError("The code defines no “Net”: write class Net, the network.")
            with explained("Net()", module.line("Net.__init__", "Net")), running():
                self.callable = make()
                self._tensors = get_state_dict(self.callable)

    def set(self, weights: Tensors) -> None:
        """Give its tensors these values. Names that it lacks do not count."""
        with computing():
            for name, tensor in self._tensors.items():
                if name in weights:
                    tensor.replace(Tensor(weights[name]))


class _Flattened:
    """A network of this page, which takes images as rows, for images of any shape. Its layers are its own."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def __call__(self, x: Tensor) -> Tensor:
        return self._network(x.reshape(-1, 784))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def __repr__(self) -> str:
        return f"{type(self._network).__name__} of this page: net(Tensor(x)) gives a logit for each class"
