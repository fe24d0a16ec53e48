"""The launches of a program as a table: what each computes, from which buffers, its size, and its code.

Owns how a program is described; runs and times nothing.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from tabgrad.program import Buffer, Dispatch, Program

from .wasm_listing import listing

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_LAYER = re.compile(r"(layers|convs|norms)\.(\d+)\.(?:weight|bias|running_mean|running_var)")
#: The tensor expression of each kind of layer, as in `tabgrad.model`.
_LAYER_EXPRESSIONS = {
    "layers": "x @ weight + bias",
    "convs": "x.conv2d(weight)",
    "norms": "x.batchnorm(weight, bias, mean, (var + eps).rsqrt())",
}
#: The tensor expression of each output that no layer writes.
_OUTPUT_EXPRESSIONS = {
    "loss": "logits.sparse_categorical_crossentropy(y)",
    "correct": "(logits.argmax(axis=1) == y).sum()",
    "saliency": "(logits * seed).sum().gradient(x)",
}


@dataclass(frozen=True, slots=True)
class Launch:
    """One launch of a kernel. `writes` is its first buffer, `reads` are the others; some kernels also read `writes`.

    `flops`: the compiler's estimate of floating-point operations. `nbytes`: the size of all its buffers, which is the
    memory traffic if each byte is moved once. `origin`: the tensor expressions that it computes, as far as the names of
    the buffers tell. `lines`: those of the source that it comes from.
    """

    name: str
    workgroups: tuple[int, int, int]
    writes: Buffer
    reads: tuple[Buffer, ...]
    flops: int
    code: str
    origin: str
    lines: tuple[int, ...] = ()

    @property
    def nbytes(self) -> int:
        return self.writes.nbytes + sum(b.nbytes for b in self.reads)


def launches(program: Program) -> tuple[Launch, ...]:
    """All launches of a program, in order. Raises ProgramError if its WebAssembly cannot be read."""
    written = [program.buffers[dispatch.buffers[0]].name for dispatch in program.dispatch]
    # Launches after the loss compute gradients or apply them.
    forward = written.index("loss") + 1 if program.name == "train" and "loss" in written else len(written)
    return tuple(_launch(program, dispatch, i >= forward) for i, dispatch in enumerate(program.dispatch))


def _launch(program: Program, dispatch: Dispatch, backward: bool) -> Launch:
    kernel = program.kernels[dispatch.kernel]
    first, *others = (program.buffers[i] for i in dispatch.buffers)
    names = [first.name, *(b.name for b in others)]
    code = kernel.source or listing(kernel.module, names)
    name = _ANSI.sub("", dispatch.label) or kernel.entry
    return Launch(
        name,
        dispatch.workgroups,
        first,
        tuple(others),
        kernel.flops,
        code,
        "" if dispatch.lines else _origin(program, names, backward),
        dispatch.lines,
    )


def _origin(program: Program, names: list[str], backward: bool) -> str:
    """Tensor expressions by the names of the buffers; empty if all of them are temporary."""
    written, *read = names
    if written in _OUTPUT_EXPRESSIONS:
        return _OUTPUT_EXPRESSIONS[written]
    if written.startswith("opt.") or program.buffer(written).role == "weight":
        return "the optimizer's step" if program.name == "train" else ""
    layers = [m for m in map(_LAYER.fullmatch, read) if m]
    if backward:
        through = ", ".join(dict.fromkeys(f"{m[1]}[{m[2]}]" for m in layers))
        return f"loss.gradient(), back through {through}" if through else "loss.gradient()"
    if not layers and len(read) == 1:
        return _origin_without_weights(program, program.buffer(written), program.buffer(read[0]))
    return ", ".join(dict.fromkeys(f"{m[1]}[{m[2]}]: {_LAYER_EXPRESSIONS[m[1]]}" for m in layers))


def _origin_without_weights(program: Program, written: Buffer, read: Buffer) -> str:
    """The tensor expression that makes one buffer from another, where their sizes allow only one."""
    if read.name == "x" and read.dtype == "uint8":
        return "x.cast(float32) / 255"
    sizes = math.prod(read.shape), math.prod(written.shape)
    if program.name in ("infer", "activations") and sizes[0] == sizes[1] and written.role == "output":
        return "a copy, for the page to read"
    return "x.max_pool2d((2, 2))" if program.name in ("infer", "activations") and sizes[0] > sizes[1] else ""
