"""The launches of a jitted function, made ready once, so that a call costs little more than the kernels."""

from __future__ import annotations

import time
from typing import Any

from tabgrad.compiler import environment  # noqa: F401 - must run before tinygrad is imported

from tinygrad.engine.jit import GraphRunner  # isort: skip
from tinygrad.uop.ops import Ops, UOp  # isort: skip


class WasmGraph(GraphRunner):  # type: ignore[misc] # tinygrad is untyped here
    """Programs with the addresses of their buffers. Only the addresses of inputs and the variables change."""

    def __init__(self, linear: UOp, input_uops: tuple[UOp, ...] = ()) -> None:
        super().__init__(linear, input_uops)
        self._launches: list[tuple[Any, list[int], list[tuple[int, int]], list[str]]] = []
        for (_, ast, buffers, _), program, replaced in zip(self.calls, self.runtimes, self.uop_replace, strict=True):
            used = list(ast.arg.globals)
            addresses = [buffers[i].get_buf(buffers[i].device).address for i in used]
            inputs = [(used.index(at), slot) for at, slot in replaced if at in used]
            self._launches.append((program, addresses, inputs, [variable.expr for variable in ast.arg.vars]))

    def __call__(self, input_uops: tuple[UOp, ...], var_vals: dict[str, int], wait: bool = False) -> float | None:
        begin = time.perf_counter()
        for program, addresses, inputs, variables in self._launches:
            for at, slot in inputs:
                buffer = input_uops[slot].buffer
                addresses[at] = buffer.get_buf(buffer.device).address
            program.run(*addresses, *(var_vals[name] for name in variables))
        return time.perf_counter() - begin if wait else None

    @staticmethod
    def supports_uop(batch_devs: list[Any], new_call: UOp) -> bool:
        """Not if it takes a part of an input, which GraphRunner does not replace."""
        parts = (arg for arg in new_call.src[1:] if arg.op is not Ops.PARAM and not arg.is_bound_var)
        whole = not any(u.op is Ops.PARAM for arg in parts for u in arg.toposort())
        return whole and GraphRunner.supports_uop(batch_devs, new_call)
