"""Checks a program before it runs: its structure, for every engine, and the limits of a given device.

Each failure is one sentence (ProgramError). A program that passes cannot index outside the list of buffers, bind more
buffers than a shader may, or ask for more memory than the device grants. Never changes a program.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tabgrad.incoming import quoted

from .schema import DTYPES, Buffer, BufferLimitError, Dispatch, Kernel, Program, ProgramError, TooLargeError, kernel_key
from .wasm_binary import is_kernel_module

#: WebGPU's default for maxStorageBuffersPerShaderStage. Some browsers grant 10; none grants less.
MAX_STORAGE_BUFFERS = 8
#: No network of this project needs nearly as much: a file that asks for more is damaged or hostile. Bytes.
MAX_TOTAL_BYTES = 1 << 30
#: Bytes of a kernel's code, characters of a name, and dimensions of a buffer.
MAX_CODE_BYTES, MAX_NAME, MAX_DIMENSIONS = 4 << 20, 200, 8
#: Buffers of a launch on any engine.
MAX_BOUND = 256
#: The most workgroups that WebGPU guarantees in one dimension.
MAX_WORKGROUPS = 65_535
#: The most that a kernel may be estimated to compute in one launch.
MAX_FLOPS = 1 << 50
_ROLES = {"input", "output", "weight", "state", "scratch", "const"}
#: As the compiler writes it, with some room; bounded, so that no text takes long.
_NUMBER = r" {0,4}([0-9]{1,6}) {0,4}"
_WORKGROUP_SIZE = re.compile(rf"@workgroup_size\({_NUMBER}(?:,{_NUMBER})?(?:,{_NUMBER})?,? {{0,4}}\)")


@dataclass(frozen=True, slots=True)
class Limits:
    """The part of WebGPU's GPUSupportedLimits that programs can exceed. The defaults are the guaranteed minimums."""

    max_storage_buffers_per_shader_stage: int = MAX_STORAGE_BUFFERS
    max_storage_buffer_binding_size: int = 128 << 20
    max_compute_workgroups_per_dimension: int = 65535
    max_compute_invocations_per_workgroup: int = 256
    max_compute_workgroup_size_x: int = 256
    max_compute_workgroup_size_y: int = 256
    max_compute_workgroup_size_z: int = 64


def validate(program: Program) -> None:
    """Check the structure; raises ProgramError with one sentence. Independent of any device."""
    if program.target not in ("wgsl", "wasm"):
        raise ProgramError(
            f"The program {_name(program)} is for {quoted(program.target, 20)}, not for WebGPU or WebAssembly."
        )
    if len(program.name) > MAX_NAME:
        raise ProgramError(f"The program {_name(program)} has a name that is too long.")
    for key, kernel in program.kernels.items():
        _check_kernel(program, key, kernel)
    names: set[str] = set()
    for buffer in program.buffers:
        _check_buffer(buffer)
        if buffer.name in names:
            raise ProgramError(f"The program {_name(program)} has two buffers named {_name(buffer)}.")
        names.add(buffer.name)
    if sum(b.size_bytes for b in program.buffers) > MAX_TOTAL_BYTES:
        raise TooLargeError(f"The program {_name(program)} needs buffers of more than a tab can have.")
    for number, dispatch in enumerate(program.dispatch):
        _check_dispatch(program, number, dispatch)
    if program.target == "wasm":
        _check_modules(program)


def _name(thing: Program | Buffer) -> str:
    """Its name as it stands in a sentence."""
    return quoted(thing.name, 40)


def _check_kernel(program: Program, key: str, kernel: Kernel) -> None:
    code, other = (kernel.source, kernel.module) if program.target == "wgsl" else (kernel.module, kernel.source)
    if len(code) > MAX_CODE_BYTES or not 0 <= kernel.flops <= MAX_FLOPS:
        raise ProgramError(f"Kernel {quoted(key, 20)} of {_name(program)} is larger than kernels are.")
    if not code or other:
        raise ProgramError(f"Kernel {quoted(key, 20)} of {_name(program)} holds no {program.target} code.")
    if key != kernel_key(kernel):
        raise ProgramError(
            f"Kernel {quoted(key, 20)} of {_name(program)} does not match its content hash: the file is damaged."
        )
    if not kernel.entry.isidentifier() or not kernel.entry.isascii() or len(kernel.entry) > MAX_NAME:
        raise ProgramError(f"Kernel {quoted(key, 20)} of {_name(program)} has no usable entry point.")
    if kernel.source and not re.search(rf"\bfn {kernel.entry}\b", kernel.source):
        raise ProgramError(f"Kernel {quoted(key, 20)} of {_name(program)} lacks its entry point.")


def _check_buffer(buffer: Buffer) -> None:
    if not buffer.name or len(buffer.name) > MAX_NAME:
        raise ProgramError("A buffer of the program has no usable name.")
    if buffer.dtype not in DTYPES:
        raise ProgramError(f"Buffer {_name(buffer)} has the unknown dtype {quoted(buffer.dtype, 20)}.")
    if buffer.role not in _ROLES:
        raise ProgramError(f"Buffer {_name(buffer)} has the unknown role {quoted(buffer.role, 20)}.")
    if len(buffer.shape) > MAX_DIMENSIONS or any(not 1 <= n <= MAX_TOTAL_BYTES for n in buffer.shape):
        error = TooLargeError if any(n > MAX_TOTAL_BYTES for n in buffer.shape) else ProgramError
        raise error(f"Buffer {_name(buffer)} has an impossible shape.")
    if len(buffer.data) not in ((buffer.nbytes,) if buffer.role == "const" else (0,)):
        raise ProgramError(f"Buffer {_name(buffer)} carries {len(buffer.data)} bytes of data, which is not its size.")


def _check_dispatch(program: Program, number: int, dispatch: Dispatch) -> None:
    where = f"Dispatch {number} of {_name(program)}"
    if dispatch.kernel not in program.kernels:
        raise ProgramError(f"{where} names a kernel that is not in the file.")
    if len(dispatch.buffers) > MAX_BOUND:
        raise ProgramError(f"{where} binds more buffers than a kernel can.")
    if not dispatch.buffers or any(not 0 <= i < len(program.buffers) for i in dispatch.buffers):
        raise ProgramError(f"{where} names a buffer that is not in the file.")
    if program.target == "wgsl" and len(dispatch.buffers) > MAX_STORAGE_BUFFERS:
        raise BufferLimitError(
            f"{where} binds {len(dispatch.buffers)} buffers; WebGPU guarantees {MAX_STORAGE_BUFFERS}."
        )
    if len(set(dispatch.buffers)) != len(dispatch.buffers):
        raise ProgramError(f"{where} binds the same buffer twice.")
    if any(not 1 <= n <= MAX_WORKGROUPS for n in dispatch.workgroups):
        raise ProgramError(f"{where} has an impossible workgroup count.")


def _check_modules(program: Program) -> None:
    """The modules of a WebAssembly program must be such as our compiler writes, with an address for each buffer."""
    launched = {(dispatch.kernel, len(dispatch.buffers)) for dispatch in program.dispatch}
    for key, count in sorted(launched):
        kernel = program.kernels[key]
        if not is_kernel_module(kernel.module, kernel.entry, count):
            raise ProgramError(
                f"Kernel {quoted(key, 20)} of {_name(program)} is no module with a function "
                f"{quoted(kernel.entry, 40)} of {count} buffers."
            )
    if unused := program.kernels.keys() - {key for key, _ in launched}:
        raise ProgramError(f"Kernel {quoted(min(unused), 20)} of {_name(program)} is never launched.")


def check_device(program: Program, limits: Limits) -> None:
    """Check a valid WGSL program against what a device grants; raises ProgramError with one sentence."""
    for buffer in program.buffers:
        if buffer.size_bytes > limits.max_storage_buffer_binding_size:
            raise ProgramError(
                f"The program {_name(program)} needs a buffer of {buffer.size_bytes >> 20} MB; "
                f"this device allows {limits.max_storage_buffer_binding_size >> 20} MB."
            )
    for dispatch in program.dispatch:
        if max(dispatch.workgroups) > limits.max_compute_workgroups_per_dimension:
            raise ProgramError(f"The program {_name(program)} launches more workgroups than this device allows.")
        if len(dispatch.buffers) > limits.max_storage_buffers_per_shader_stage:
            raise ProgramError(f"The program {_name(program)} binds more buffers at once than this device allows.")
    most = (
        limits.max_compute_workgroup_size_x,
        limits.max_compute_workgroup_size_y,
        limits.max_compute_workgroup_size_z,
    )
    for kernel in program.kernels.values():
        sizes = _WORKGROUP_SIZE.findall(kernel.source)
        if len(sizes) != 1 or kernel.source.count("workgroup_size") != 1:
            raise ProgramError(f"The program {_name(program)} has a kernel without one plain size of its workgroups.")
        size = [int(n or 1) for n in sizes[0]]
        invocations = size[0] * size[1] * size[2]
        if invocations > limits.max_compute_invocations_per_workgroup or any(map(int.__gt__, size, most)):
            raise ProgramError(f"The program {_name(program)} has workgroups of {size}, too large for this device.")
