"""Makes tinygrad find the device, and compile for it, as if its files were in tinygrad's own folder.

tinygrad imports `tinygrad.runtime.ops_<name>` for a device, and has one heuristic for the kernels of all devices.
"""

from __future__ import annotations

import os
import shutil
import sys
import types
from typing import Any

from tabgrad.compiler import wasm  # before tinygrad: it prepares the interpreter

from .ops_wasm import WASMDevice

import tinygrad.runtime  # isort: skip
from tinygrad.codegen.opt import heuristic  # isort: skip
from tinygrad.codegen.opt.postrange import Scheduler  # isort: skip
from tinygrad.dtype import dtypes  # isort: skip
from tinygrad.uop.ops import Ops, PatternMatcher, UOp, UPat, graph_rewrite  # isort: skip

_default = heuristic.hand_coded_optimizations
#: Float formats that tinygrad keeps as bits and computes in float32.
_EMULATED = (dtypes.float16, dtypes.bfloat16, *dtypes.fp8s)


def _in_float32(reduction: UOp) -> UOp:
    terms, *ranges = reduction.src
    return UOp(reduction.op, src=(terms.cast(dtypes.float32), *ranges), arg=reduction.arg).cast(reduction.dtype)


#: tinygrad 0.14.0 emulates formats, but not the accumulators of their reductions (codegen/decomp/dtype.py): it makes
#: kernels that its own check refuses. `sum` has a float32 accumulator anyway; `max` and `prod` have not.
_WIDE_ACCUMULATORS = PatternMatcher([(UPat(Ops.REDUCE, dtype=_EMULATED, name="reduction"), _in_float32)])


def _optimize(scheduler: Any) -> Any:
    """Kernels for WebAssembly get the tiles that suit it, all others what tinygrad chooses."""
    if not isinstance(scheduler.ren, tuple(wasm.RENDERERS.values())):
        return _default(scheduler)
    if any(axis.vmin != axis.vmax for axis in scheduler.full_shape if isinstance(axis, UOp)):
        return scheduler  # a loop of variable length is not unrolled
    return wasm.optimize(Scheduler(graph_rewrite(scheduler.ast, _WIDE_ACCUMULATORS), scheduler.ren))


def _has_c_compiler() -> bool:
    """Whether tinygrad's device CPU can work: it compiles with clang. A browser has none."""
    return shutil.which(os.environ.get("CC", "clang")) is not None


def register(name: str) -> None:
    """Have tinygrad find the device under its name, and as CPU where tinygrad's own CPU device cannot work.

    tinygrad computes on CPU what has no device, such as the values of `Tensor.arange(3)`.
    """
    for device in (name,) if _has_c_compiler() else (name, "CPU"):
        module = types.ModuleType(f"tinygrad.runtime.ops_{device.lower()}")
        setattr(module, f"{device}Device", WASMDevice)
        sys.modules[module.__name__] = module
        setattr(tinygrad.runtime, module.__name__.rpartition(".")[2], module)
    heuristic.hand_coded_optimizations = _optimize
