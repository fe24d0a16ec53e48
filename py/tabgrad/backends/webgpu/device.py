"""The WebGPU engine: an opened GPU as a `Device` that builds programs. Works the same on the browser and on wgpu-py.

Owns how a program becomes pipelines, buffers and bind groups. Never dispatches (see `executable`), and imports the
browser or wgpu only to open a device.
"""

from __future__ import annotations

import asyncio
from dataclasses import fields
from typing import Any

import numpy as np

from tabgrad.interop import IN_BROWSER
from tabgrad.program import Limits, Program, ProgramError, Target, check_device

from ..base import EngineError, Executable
from .executable import WebGPUExecutable
from .gpu import GPU, SHADER_STAGE_COMPUTE, BufferUsage, CountedGPU, EncodedLaunch, SharedBuffer

_SOFTWARE = ("swiftshader", "llvmpipe", "lavapipe", "basic render")
_COPY_DST = BufferUsage.COPY_DST
#: A program that is not built by then never will be: a driver may need seconds for a large kernel. Seconds.
BUILD_LIMIT_S = 60.0


class WebGPUDevice(CountedGPU):
    """`base.Device` on WebGPU."""

    name = "webgpu"
    target: Target = "wgsl"

    def __init__(self, gpu: GPU) -> None:
        super().__init__(gpu)
        self.description = describe(gpu)
        self.is_software = gpu.is_software or any(word in self.description.lower() for word in _SOFTWARE)
        self.variants: tuple[str, ...] = ("sw", "gpu", "default") if self.is_software else ("gpu", "default", "sw")
        self.limits = Limits(**{f.name: gpu.limits[f.name] for f in fields(Limits) if f.name in gpu.limits})
        # tinygrad's WGSL reads infinity from a uniform: the language has no literal for it.
        self._infinity = gpu.device.create_buffer(label="infinity", size=4, usage=BufferUsage.UNIFORM | _COPY_DST)
        self.queue.write_buffer(self._infinity, 0, np.array([np.inf], np.float32))

    async def load(self, program: Program, share: Executable | None = None) -> WebGPUExecutable:
        """See `base.Device.load`. Pipelines compile in parallel, off this thread."""
        if program.target != self.target:
            raise ProgramError(f"The program {program.name!r} is for WebAssembly, not for WebGPU.")
        check_device(program, self.limits)
        self.check()
        storages: list[SharedBuffer] = []
        what = f"WebGPU could not build the program {program.name!r}"
        try:
            plan = await self._build(program, share, storages, what)
            return WebGPUExecutable(self, program, storages, plan)
        except BaseException as error:  # a cancelled load must not keep its buffers either
            self.release(storages)
            if isinstance(error, EngineError) or not isinstance(error, Exception):
                raise
            raise await self.error_from(error, what) from error

    async def _build(
        self, program: Program, share: Executable | None, storages: list[SharedBuffer], what: str
    ) -> list[EncodedLaunch]:
        """Make all pipelines, buffers and bind groups of the program; fills `storages`."""
        pipelines: dict[str, Any] = {}
        self.gpu.push_error_scopes()
        try:
            layouts = self._layouts(program)
            self._compile(program, layouts, pipelines)
            self._allocate(program, share, storages)
            groups = [self._bind(layouts[len(d.buffers)], [storages[i] for i in d.buffers]) for d in program.dispatch]
        finally:  # nothing above may suspend: error scopes are a stack, and another load may push its own
            scopes = asyncio.ensure_future(self.gpu.pop_error_scopes())
        everything = asyncio.gather(scopes, *pipelines.values(), return_exceptions=True)
        problem, *compiled = await self.waits.result(everything, BUILD_LIMIT_S)
        for fault in (problem, *compiled):
            if isinstance(fault, BaseException):
                raise fault
        if problem:
            raise await self.error_from(problem, what)
        ready = dict(zip(pipelines, compiled, strict=True))
        return [EncodedLaunch(ready[d.kernel], g, *d.workgroups) for d, g in zip(program.dispatch, groups, strict=True)]

    def _layouts(self, program: Program) -> dict[int, Any]:
        """Bind group layouts by number of storage buffers. They are explicit, so that kernels can share them."""

        def layout(count: int) -> Any:
            kinds = ["uniform"] + ["storage"] * count
            return self.gpu.device.create_bind_group_layout(
                entries=[
                    {"binding": i, "visibility": SHADER_STAGE_COMPUTE, "buffer": {"type": kind}}
                    for i, kind in enumerate(kinds)
                ]
            )

        return {count: layout(count) for count in {len(d.buffers) for d in program.dispatch}}

    def _compile(self, program: Program, layouts: dict[int, Any], pipelines: dict[str, Any]) -> None:
        """Start compiling every kernel that is dispatched; fills `pipelines` with promises by kernel key."""
        device = self.gpu.device
        signatures = {n: device.create_pipeline_layout(bind_group_layouts=[item]) for n, item in layouts.items()}
        counts = {dispatch.kernel: len(dispatch.buffers) for dispatch in program.dispatch}
        for key, count in counts.items():
            kernel = program.kernels[key]
            module = device.create_shader_module(label=kernel.entry, code=kernel.source)
            pipelines[key] = device.create_compute_pipeline_async(
                label=kernel.entry, layout=signatures[count], compute={"module": module, "entry_point": kernel.entry}
            )

    def _allocate(self, program: Program, share: Executable | None, storages: list[SharedBuffer]) -> None:
        """Fill `storages` with a GPU buffer for each buffer of the program: zeros, its constant, or a shared one."""
        if not isinstance(share, WebGPUExecutable | None):
            raise EngineError("A program on WebGPU can share weights only with another one on WebGPU.")
        shared = share.shareable() if share else {}
        create = self.create_buffer
        for buffer in program.buffers:
            storage = shared.get(buffer.name) if buffer.role in ("weight", "state") else None
            if storage is None or storage.size_bytes != buffer.size_bytes:
                usage = BufferUsage.STORAGE | BufferUsage.COPY_SRC | _COPY_DST
                storage = SharedBuffer(create(buffer.size_bytes, usage, buffer.name), buffer.size_bytes)
            storage.users += 1
            storages.append(storage)
            if buffer.data:
                self.queue.write_buffer(storage.buffer, 0, buffer.data.ljust(buffer.size_bytes, b"\0"))

    def _bind(self, layout: Any, storages: list[SharedBuffer]) -> Any:
        bound = [(self._infinity, 4)] + [(s.buffer, s.size_bytes) for s in storages]
        return self.gpu.device.create_bind_group(
            layout=layout,
            entries=[
                {"binding": i, "resource": {"buffer": buffer, "offset": 0, "size": size}}
                for i, (buffer, size) in enumerate(bound)
            ],
        )

    def destroy(self) -> None:
        if not self.destroyed:
            self._infinity.destroy()
        super().destroy()


def describe(gpu: GPU) -> str:
    """The adapter's name for the badge, such as "SwiftShader", from what the browser tells about it."""
    info = gpu.info
    if info["architecture"] == "swiftshader":
        return "SwiftShader"
    name = " ".join(word for word in (info["vendor"], info["architecture"]) if word).title()
    return info["device"] or info["description"] or name or "an unnamed adapter"


async def open_device() -> WebGPUDevice:
    """Open WebGPU in this browser, or through wgpu-py outside one. Raises EngineError with one sentence."""
    try:
        return WebGPUDevice(await _request_gpu())
    except (RuntimeError, ImportError) as error:
        raise EngineError(str(error) or "WebGPU could not be opened.") from error


async def _request_gpu() -> GPU:
    if IN_BROWSER:
        from tabgrad.interop import webgpu

        return await webgpu.request_device()
    from .native import request_device

    return await request_device()
