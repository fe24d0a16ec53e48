"""Two tinygrad devices that compile and never run: their buffers hold nothing, their programs refuse to execute.

tinygrad finds a device by importing `tinygrad.runtime.ops_<name>`; this module registers such modules. It owns the
choice of renderer and optimization heuristic for each (target, variant). It knows no network and no Program.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NoReturn

from tabgrad.program import VARIANTS, Target

from . import environment  # noqa: F401 - must run before tinygrad is imported

import tinygrad.runtime  # isort: skip
from tinygrad.codegen.opt import heuristic  # isort: skip
from tinygrad.device import Allocator, Compiled, Program  # isort: skip
from tinygrad.helpers import DEV, Context  # isort: skip
from tinygrad.renderer import Renderer  # isort: skip

Optimize = Callable[[Any], Any]  # tinygrad's Scheduler -> Scheduler


class NoValueError(RuntimeError):
    """A model reads a tensor's value, and while it is captured there is none."""


#: The tinygrad device of each target. For names that start with WEBGPU tinygrad makes no views into buffers and plans
#: no memory: a Program has whole buffers only, and the engines plan memory themselves. Only the exact name WEBGPU
#: also limits a kernel to 8 buffers, which WebAssembly does not need.
DEVICES: dict[Target, str] = {"wgsl": "WEBGPU", "wasm": "WEBGPU_WASM"}


def _refuse(what: str) -> NoReturn:
    raise NoValueError(
        f"The compiler has no device to {what}: a model may not read a tensor's value while it is captured."
    )


class _StubAllocator(Allocator):  # type: ignore[misc] # tinygrad is untyped here
    """Allocates nothing and ignores what is copied in: the capture reads constants of the host from their source."""

    def _alloc(self, size: int, options: Any) -> int:
        return size

    def _copyin(self, dest: Any, src: memoryview) -> None:
        pass

    def _copyout(self, dest: memoryview, src: Any) -> None:
        _refuse("read from")


class _StubProgram(Program):  # type: ignore[misc] # tinygrad is untyped here
    """A compiled kernel that refuses to be launched."""

    def __init__(self, dev: Any, obj: Any) -> None:
        pass

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        _refuse("run kernels on")


class _StubDevice(Compiled):  # type: ignore[misc] # tinygrad is untyped here
    """A device whose renderer is set by `compiling_for`."""

    current: Renderer | None = None

    def __init__(self, device: str) -> None:
        super().__init__(device, _StubAllocator(self), [Renderer], _StubProgram)

    @property
    def renderer(self) -> Renderer:
        return type(self).current or _refuse("compile for outside of a capture")


def _install() -> dict[Target, type[_StubDevice]]:
    classes: dict[Target, type[_StubDevice]] = {}
    for target, name in DEVICES.items():
        classes[target] = type(f"{name.title()}Device", (_StubDevice,), {"current": None})
        module = types.ModuleType(f"tinygrad.runtime.ops_{name.lower()}")
        setattr(module, f"{name.title()}Device", classes[target])
        sys.modules[module.__name__] = module
        setattr(tinygrad.runtime, f"ops_{name.lower()}", module)
    return classes


_CLASSES = _install()
_DEFAULT_OPTS: Optimize = heuristic.hand_coded_optimizations


def _toolchain(target: Target, variant: str) -> tuple[type[Renderer], Optimize]:
    """Renderer class and optimization heuristic. tinygrad caches kernels by class, so each variant has its own."""
    if target == "wasm":
        from . import wasm

        return wasm.RENDERERS[variant], wasm.optimize
    if variant == "default":
        from tinygrad.renderer.wgsl import WGSLRenderer

        return WGSLRenderer, _DEFAULT_OPTS
    from . import wgsl

    return wgsl.RENDERERS[variant], partial(wgsl.tile_kernel, profile=wgsl.PROFILES[variant])


def current_target() -> Target | None:
    """The target of the `compiling_for` that is under way, None outside of one."""
    return next((target for target, device in _CLASSES.items() if device.current is not None), None)


def _no_value(tensor: Any) -> NoReturn:
    _refuse("read from")


@contextmanager
def _unrealised() -> Iterator[None]:
    """Within this context `Tensor.realize` computes nothing: it asks the program to have a buffer for its tensors."""
    from tinygrad import Tensor

    def contiguous(*tensors: Any, **_options: Any) -> Any:
        for tensor in tensors:
            if not tensor.uop.is_virtual and not tensor.uop.has_buffer_identity(after_ok=True):
                tensor.uop = tensor.contiguous().uop
        return tensors[0]

    realize, buffer = Tensor.realize, Tensor._buffer
    Tensor.realize = contiguous
    Tensor._buffer = _no_value
    try:
        yield
    finally:
        Tensor.realize, Tensor._buffer = realize, buffer


@contextmanager
def compiling_for(target: Target, variant: str) -> Iterator[str]:
    """Within this context tensors are on the stub device of `target`, and kernels are compiled for `variant`.

    tinygrad's random generator is kept apart: here its counter is never computed, so what is drawn would only make its
    graph longer, from one network to the next.

    Yields the name of the tinygrad device. Raises ValueError for an unknown variant. Contexts do not nest.
    """
    if variant not in VARIANTS[target]:
        raise ValueError(f"The target {target} has the variants {', '.join(VARIANTS[target])}, not {variant!r}.")
    from .generator import kept_apart  # imports tensors, which need the devices of this module

    renderer, optimize = _toolchain(target, variant)
    device = _CLASSES[target]
    # PARALLEL=0: if tinygrad was imported before `environment`, it may have a pool of processes, which would compile
    # without our heuristic
    with Context(DEV=DEVICES[target], PARALLEL=0), _unrealised(), kept_apart():
        device.current = renderer(DEV.target(DEVICES[target]))
        before = heuristic.hand_coded_optimizations
        heuristic.hand_coded_optimizations = optimize
        try:
            yield DEVICES[target]
        finally:
            device.current = None
            heuristic.hand_coded_optimizations = before
