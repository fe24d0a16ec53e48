"""The compiler as tinygrad uses it: a Renderer whose "source" is a WebAssembly module in base64. Owns no lowering."""

from __future__ import annotations

import base64

from tinygrad.device import Compiler
from tinygrad.dtype import DType, dtypes
from tinygrad.renderer import Renderer
from tinygrad.uop.ops import Ops, UOp

from tabgrad.program.wasm_binary import module

from .emit import Emitter
from .plan import Planner

#: Ops that exist as WebAssembly instructions. tinygrad expresses the others (EXP2, LOG2, SIN, …) by these.
_OPS = (
    *(Ops.SQRT, Ops.TRUNC, Ops.NEG, Ops.ADD, Ops.SUB, Ops.MUL, Ops.FDIV, Ops.MAX, Ops.CDIV, Ops.CMOD),
    *(Ops.AND, Ops.OR, Ops.XOR, Ops.SHL, Ops.SHR, Ops.CMPLT, Ops.CMPNE, Ops.CMPEQ, Ops.WHERE),
)


class ModuleCompiler(Compiler):  # type: ignore[misc] # tinygrad is untyped here
    """The rendered module is complete: only its form as text is taken off."""

    def compile(self, src: str) -> bytes:
        return base64.b64decode(src)


class WasmRenderer(Renderer):  # type: ignore[misc] # tinygrad is untyped here
    """WebAssembly with 128-bit SIMD, which every browser since 2023 has."""

    has_local = False
    has_threads = False
    has_shared = False
    supports_float4 = True
    global_max = None
    local_max = None
    fused = False
    compiler = ModuleCompiler()
    #: tinygrad uses only the keys here; the values are for renderers that write text.
    code_for_op = dict.fromkeys(_OPS, lambda *_: "")

    def supported_dtypes(self) -> set[DType]:
        """The dtypes that kernels can compute with. tinygrad emulates the storage of float16."""
        small = {dtypes.bool, dtypes.int8, dtypes.uint8, dtypes.int16, dtypes.uint16}
        return small | {dtypes.int32, dtypes.uint32, dtypes.int64, dtypes.uint64, dtypes.float32}

    def render(self, uops: list[UOp]) -> str:
        """The kernel's module in base64: it exports a function of one i32 byte address per buffer."""
        info = next(u.arg for u in uops if u.op is Ops.SINK)
        return base64.b64encode(
            module([Emitter(Planner(uops, self.fused).run()).function(info.function_name)])
        ).decode()


class RelaxedWasmRenderer(WasmRenderer):
    """The same with relaxed SIMD: a multiply-add rounds once.

    tinygrad caches kernels by renderer class, so this variant needs its own.
    """

    fused = True


#: By the variant of the program.
RENDERERS: dict[str, type[WasmRenderer]] = {"simd": WasmRenderer, "relaxed": RelaxedWasmRenderer}
