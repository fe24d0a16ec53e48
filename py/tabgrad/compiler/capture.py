"""Turns tinygrad tensors into a `Program`: schedules them, compiles every kernel, and records the launches.

Owns the names and roles of buffers. Never executes anything; knows no network.

    with Capture("infer", "wgsl") as c:
        x = c.buffer("x", "input", (1, 784))
        c.output("logits", model(x))
    program = c.program
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.program import (
    VARIANTS,
    Buffer,
    Dispatch,
    Kernel,
    Program,
    ProgramError,
    Role,
    Target,
    TooLargeError,
    UnusedInputError,
    kernel_key,
    validate,
)

from . import lines as source_lines
from .generator import Drawn
from .kernels import CompiledKernel, KernelCache, compiled, key_of
from .stub import DEVICES, compiling_for
from .tensors import buffer_of, fill_of

from tinygrad import Tensor  # isort: skip # after the stub devices are in place
from tinygrad.dtype import to_dtype  # isort: skip
from tinygrad.engine.realize import compile_linear, get_call_arg_uops  # isort: skip
from tinygrad.helpers import Context  # isort: skip
from tinygrad.uop.ops import Ops, UOp  # isort: skip

#: The release of tinygrad whose internals this module uses; tests compare it with the locked version.
TINYGRAD_VERSION = "0.14.0"
#: A first value that is one number throughout is data of its program up to this size, else a kernel writes it. Bytes.
MAX_FILL_BYTES = 1 << 16
#: Shared by all captures.
kernel_cache = KernelCache()


class Capture:
    """Collects the kernels of one program. A context manager: `program` is set when the block ends without an error.

    `training` turns on tinygrad's TRAINING (dropout and batch statistics). With `source_file`, what tracebacks call a
    source, launches know the lines of it that they come from.
    """

    program: Program

    def __init__(
        self, name: str, target: Target, variant: str = "", training: bool = False, source_file: str = ""
    ) -> None:
        self.name, self.target, self.variant = name, target, variant or VARIANTS[target][0]
        context = Context(TRAINING=int(training), TRACEMETA=0)
        self._contexts = [compiling_for(target, self.variant), context]
        self._lines = source_lines.Lines(source_file) if source_file else None
        if self._lines is not None:  # the cache of schedules does not know of lines
            self._contexts += [self._lines.noted(), Context(SCACHE=0)]
        self._born: dict[int, int] = {}  # the line that made a named buffer
        self._stack = ExitStack()
        self._roles: dict[int, tuple[str, Role, tuple[int, ...]]] = {}
        self._outputs: dict[str, Tensor] = {}
        self._linears: list[UOp] = []
        self._keep: list[Any] = []  # buffers are identified by id(), so none may be freed and its id used again
        self._buffers: dict[int, int] = {}
        self._program_buffers: list[Buffer] = []
        self._constants: list[Buffer] = []
        self._unused: list[Any] = []  # buffers that become part of the program when a kernel names them

    def __enter__(self) -> Capture:
        for context in self._contexts:
            self._stack.enter_context(context)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.run()
                self.program = self._finish()
        finally:
            self._stack.close()

    def buffer(self, name: str, role: Role, shape: Sequence[int], dtype: str = "float32") -> Tensor:
        """A new named buffer (an input, a weight, state) as a realised tensor."""
        return self.declare(name, role, Tensor.empty(*shape, dtype=to_dtype(dtype)))

    def declare(self, name: str, role: Role, tensor: Tensor) -> Tensor:
        """Give an existing tensor (a model's parameter) a buffer, a name and a role.

        The tensor's value is dropped: tinygrad would compile initial zeros into the kernels as constants.
        """
        line = self._lines.of_tensor(tensor) if self._lines is not None else 0
        tensor.replace(Tensor.empty(*tensor.shape, dtype=tensor.dtype))
        tensor.realize()
        buffer = buffer_of(tensor)
        if line:
            self._born[id(buffer)] = line
        self._keep.append(buffer)
        self._roles[id(buffer)] = (name, role, tuple(int(n) for n in tensor.shape))
        return tensor

    def random_state(self) -> None:
        """Make tinygrad's random generator (dropout) part of the program.

        It adds two state buffers, `rng.seed` and `rng.counter`, uint32 (2,). Every run advances the counter; the caller
        writes the seed.
        """
        device = DEVICES[self.target]
        Tensor._device_seeds[device] = self.buffer("rng.seed", "state", (2,), "uint32")
        Tensor._device_rng_counters[device] = self.buffer("rng.counter", "state", (2,), "uint32")

    def random_inputs(self) -> Drawn:
        """From here on random numbers are inputs, which the caller draws: `rand.<offset>`, uint32 (count,).

        It holds the `count` words that tinygrad's generator gives after `offset` of them. Nothing is compiled for them.
        """

        def words(offset: int, count: int) -> Tensor:
            tensor = Tensor.empty(count, dtype="uint32")
            self._unused.append(buffer := buffer_of(tensor))
            self._roles[id(buffer)] = (f"rand.{offset}", "input", (count,))
            return tensor

        drawn = Drawn(words)
        self._stack.enter_context(drawn.installed())
        return drawn

    def constant(self, name: str, value: NDArray[Any]) -> None:
        """Add data under a name. No kernel uses it: it is for whoever loads the program."""
        self._constants.append(Buffer(name, value.dtype.name, value.shape, "const", value.tobytes()))

    def first_value(self, name: str, tensor: Tensor) -> None:
        """Name a result that a buffer of another program starts with.

        It is an output if kernels compute it and a const if it is known now. If it is 0 throughout, it is left out.
        """
        value, dtype = fill_of(tensor), np.dtype(tensor.dtype.fmt)
        if value is None or (value and tensor.numel() * dtype.itemsize > MAX_FILL_BYTES):
            self.output(name, tensor)
        elif value:
            self.constant(name, np.full(tensor.shape, value, dtype))

    def output(self, name: str, tensor: Tensor) -> Tensor:
        """Name a result. It gets a buffer of its own at the next `run`, or when the capture ends."""
        own = self._outputs[name] = tensor.contiguous()
        return own

    def run(self, *tensors: Tensor, in_place: bool = False) -> None:
        """Schedule `tensors` and the outputs so far. Expressions that are built later read their buffers.

        With `in_place` an assignment overwrites its tensor directly, however many buffers it reads. That is right for
        elementwise updates of realised gradients, and halves the launches of an optimizer. By default tinygrad makes a
        copy first if an assignment reads its own target and more than two other buffers (`PCONTIG` in
        schedule/rangeify.py, tinygrad 0.14.0).
        """
        pending = [t for t in self._outputs.values() if not t.uop.has_buffer_identity()]
        todo = [t for t in (*pending, *tensors) if not t.uop.is_virtual and not t.uop.has_buffer_identity()]
        if not todo:
            return
        handed_on = self._lines.handed_on() if self._lines is not None else nullcontext()
        with Context(PCONTIG=3 if in_place else 0), handed_on:
            linear, variables = Tensor.linear_with_vars(*todo)
        if variables:
            raise ProgramError(f"The program {self.name!r} has symbolic shapes; every shape must be fixed.")
        self._linears.append(linear)

    def _finish(self) -> Program:
        for name, tensor in self._outputs.items():
            buffer = buffer_of(tensor)
            if id(buffer) in self._roles:
                raise ProgramError(f"The output {name!r} is the same buffer as {self._roles[id(buffer)][0]!r}.")
            self._keep.append(buffer)
            self._roles[id(buffer)] = (name, "output", tuple(int(n) for n in tensor.shape))
        for buffer in list(self._keep):  # named buffers come first, in the order in which they were made
            self._index(buffer)
        calls = [call for linear in self._linears for call in linear.src]
        kernels: dict[str, Kernel] = {}
        dispatch = [
            replace(d, lines=self._lines_of(call))
            for call, kernel in zip(calls, self._compile(calls), strict=True)
            if (d := self._call(call, kernel, kernels)) is not None
        ]
        used = {i for d in dispatch for i in d.buffers}
        program = Program(
            name=self.name,
            target=self.target,
            variant=self.variant,
            kernels=kernels,
            buffers=(*self._program_buffers, *self._constants),
            dispatch=tuple(dispatch),
            tinygrad=TINYGRAD_VERSION,
        )
        try:
            validate(program)
        except TooLargeError as error:
            if self._lines is None:
                raise
            raise self._too_large(program) from error
        idle = [b.name for i, b in enumerate(program.buffers) if i not in used and b.role in ("input", "output")]
        if idle:
            kind = UnusedInputError if "x" in idle else ProgramError
            raise kind(f"The program {self.name!r} never touches {', '.join(idle)}.")
        return program

    def _too_large(self, program: Program) -> TooLargeError:
        """What to say of a source whose program is too large, at the line of its largest buffer."""
        largest = max(range(len(program.buffers)), key=lambda i: program.buffers[i].size_bytes)
        lines = [line for d in program.dispatch if largest in d.buffers for line in d.lines[-1:]]
        size = sum(buffer.size_bytes for buffer in program.buffers) / 2**30
        sentence = f"The network needs {size:,.1f} GB of memory, most of it for a tensor made here: make it smaller."
        return TooLargeError(sentence, lines[0] if lines else 0)

    def _lines_of(self, call: UOp) -> tuple[int, ...]:
        """The lines of the source that a launch comes from: its operations', and those that made its weights."""
        if self._lines is None:
            return ()
        made = {self._born[i] for uop in get_call_arg_uops(call) if (i := id(uop.buffer.base)) in self._born}
        return tuple(sorted(self._lines.of_kernel(call.src[0]) | made))

    def _compile(self, calls: list[UOp]) -> list[CompiledKernel | None]:
        """The kernel of each call, None for one that launches none. Those that are known are not compiled again."""
        keys = [key_of(call) for call in calls]
        missing = {key: call for key, call in zip(keys, calls, strict=True) if key and kernel_cache.get(key) is None}
        if missing:
            done = self._tinygrad_compiles(UOp(Ops.LINEAR, src=tuple(missing.values())))
            for key, call in zip(missing, done.src, strict=True):
                kernel_cache.put(key, compiled(call.src[0], self.target))
        return [kernel_cache.get(key) for key in keys]

    def _tinygrad_compiles(self, linear: UOp) -> UOp:
        try:
            return compile_linear(linear)
        except RuntimeError as error:
            # tinygrad 0.14.0 emulates float16, but not the accumulators of its reductions (codegen/decomp/dtype.py).
            if "UOp verification failed" not in str(error):
                raise
            raise ProgramError(
                f"The program {self.name!r} reduces numbers in a format that the engine lacks, such as float16: "
                "cast them to float32 before that."
            ) from error

    def _index(self, buffer: Any) -> int:
        """Position of a tinygrad buffer in the program's list. A new buffer without a name is added as scratch."""
        buffer = buffer.base
        if id(buffer) not in self._buffers:
            self._keep.append(buffer)
            index = self._buffers[id(buffer)] = len(self._program_buffers)
            name, role, shape = self._roles.get(id(buffer), (self._scratch_name(index), "scratch", (buffer.size,)))
            self._program_buffers.append(Buffer(name, np.dtype(buffer.dtype.fmt).name, shape, role))
        return self._buffers[id(buffer)]

    def _scratch_name(self, index: int) -> str:
        """A name that no other buffer has: a tensor of a network may be called t7, too."""
        name, taken = f"t{index}", {name for name, _, _ in self._roles.values()}
        while name in taken:
            name = f"{name}_"
        return name

    def _call(self, call: UOp, found: CompiledKernel | None, kernels: dict[str, Kernel]) -> Dispatch | None:
        code, args = call.src[0], get_call_arg_uops(call)
        if code.op is Ops.COPY:  # a constant of the host: the buffer becomes a const, also if it is an output
            index, data = self._index(args[0].buffer), bytes(args[1].buffer.as_memoryview())
            old = self._program_buffers[index]
            self._program_buffers[index] = Buffer(old.name, old.dtype, old.shape, "const", data)
            return None
        if found is None:
            raise ProgramError(f"The program {self.name!r} needs {code.op.name}, which no engine here can run.")
        if self.target == "wasm":
            kernel = Kernel(found.entry, module=base64.b64decode(found.code), flops=found.flops)
        else:
            kernel = Kernel(found.entry, source=found.code, flops=found.flops)
        key = kernel_key(kernel)
        kernels.setdefault(key, kernel)
        buffers = tuple(self._index(args[g].buffer) for g in found.buffers)
        x, y, z = (*found.size, 1, 1)[:3] if self.target == "wgsl" else (1, 1, 1)
        return Dispatch(key, buffers, (x, y, z), label=found.entry)
