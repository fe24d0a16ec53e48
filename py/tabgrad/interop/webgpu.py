"""The browser's navigator.gpu with wgpu-py's names: WebGPU's own terms in snake_case, descriptors as keywords.

`backends.webgpu` runs the same code on this and on wgpu-py (https://wgpu-py.readthedocs.io). Only what compute needs is
here. Pipelines, bind groups, layouts and shader modules stay plain JavaScript objects, and on the hot path methods are
JavaScript functions that were looked up once. It decides nothing. https://www.w3.org/TR/webgpu/
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import js
from pyodide.ffi import JsException

from .convert import camel_case, js_function, or_none, release, to_js

#: The adapter's maximum of these limits is requested: without a request WebGPU grants only the guaranteed minimum.
_WANTED_LIMITS = (
    "max_storage_buffers_per_shader_stage",
    "max_storage_buffer_binding_size",
    "max_buffer_size",
    "max_compute_workgroups_per_dimension",
    "max_compute_invocations_per_workgroup",
    "max_compute_workgroup_size_x",
    "max_compute_workgroup_size_y",
    "max_compute_workgroup_size_z",
    "max_compute_workgroup_storage_size",
)
#: Firefox looks for finished work only every 100 ms, and at every submit. So in Firefox an empty submit is made this
#: often while a result is awaited. Can go with https://bugzilla.mozilla.org/show_bug.cgi?id=1870699. Seconds.
NUDGE_S = 0.002
#: Requested if the adapter has it: the GPU's own times of compute passes.
_TIMESTAMPS = "timestamp-query"


class WebGPUUnavailableError(RuntimeError):
    """The browser gives no WebGPU device. One sentence that the page can show."""


def _plain(value: Any) -> Any:
    """`value` with camelCase keys and buffers unwrapped, ready for `to_js`."""
    if isinstance(value, dict):
        return {camel_case(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.js if isinstance(value, GPUBuffer) else value


def _descriptor(**fields: Any) -> Any:
    return to_js(_plain(fields))


class GPUBuffer:
    """GPUBuffer. `nudge` makes an empty submit, so that Firefox notices finished work (see NUDGE_S)."""

    __slots__ = ("_nudge", "destroy", "js", "map_async", "size", "unmap")

    def __init__(self, buffer: Any, size: int, nudge: Callable[[], None] | None = None) -> None:
        self.js, self.size, self._nudge = buffer, size, nudge
        self.map_async, self.unmap, self.destroy = buffer.mapAsync, buffer.unmap, buffer.destroy
        if nudge is not None:
            self.map_async = self._map_nudged

    async def _map_nudged(self, mode: int) -> None:
        mapped = asyncio.ensure_future(self.js.mapAsync(mode))
        while not mapped.done():
            if self._nudge is not None:
                self._nudge()
            await asyncio.wait({mapped}, timeout=NUDGE_S)
        mapped.result()

    def read_mapped(self, offset: int, size: int) -> memoryview:
        """A copy of the mapped range; `offset` and `size` in bytes. `unmap` would detach a view."""
        return memoryview(js.Uint8Array.new(self.js.getMappedRange(offset, size)).to_bytes())


class GPUComputePassEncoder:
    """GPUComputePassEncoder: JavaScript's own methods, looked up once per pass instead of once per call."""

    __slots__ = ("dispatch_workgroups", "end", "set_bind_group", "set_pipeline")

    def __init__(self, encoder: Any) -> None:
        self.set_pipeline, self.set_bind_group = encoder.setPipeline, encoder.setBindGroup
        self.dispatch_workgroups, self.end = encoder.dispatchWorkgroups, encoder.end


class GPUCommandEncoder:
    """GPUCommandEncoder."""

    __slots__ = ("_begin", "_copy", "_js", "finish")

    def __init__(self, encoder: Any) -> None:
        self._begin, self._copy, self.finish = encoder.beginComputePass, encoder.copyBufferToBuffer, encoder.finish
        self._js = encoder

    def begin_compute_pass(self, timestamp_writes: dict[str, Any] | None = None) -> GPUComputePassEncoder:
        """Start recording dispatches."""
        stamped = () if timestamp_writes is None else (_descriptor(timestamp_writes=timestamp_writes),)
        return GPUComputePassEncoder(self._begin(*stamped))

    def resolve_query_set(
        self, query_set: Any, first_query: int, query_count: int, destination: GPUBuffer, destination_offset: int
    ) -> None:
        """Record that the results of queries are written to a buffer, 8 bytes each."""
        self._js.resolveQuerySet(query_set, first_query, query_count, destination.js, destination_offset)

    def copy_buffer_to_buffer(
        self, source: GPUBuffer, source_offset: int, destination: GPUBuffer, destination_offset: int, size: int
    ) -> None:
        """Record a copy; offsets and size in bytes, multiples of 4."""
        self._copy(source.js, source_offset, destination.js, destination_offset, size)


class GPUQueue:
    """GPUQueue."""

    def __init__(self, queue: Any) -> None:
        self._write, self._submit, self._array_of = queue.writeBuffer, queue.submit, js.Array.of
        self._staging = js.Uint8Array.new(0)
        self._views: dict[int, Any] = {}

    def write_buffer(self, buffer: GPUBuffer, buffer_offset: int, data: Any) -> None:
        """Copy `data` (contiguous, a multiple of 4 bytes) to the buffer.

        It goes through one JavaScript array that is kept, so that a prediction allocates nothing. writeBuffer makes
        its own copy before it returns.
        """
        view = memoryview(data).cast("B")
        target = self._views.get(view.nbytes) or self._view(view.nbytes)
        target.assign(view)
        self._write(buffer.js, buffer_offset, target)

    def _view(self, size: int) -> Any:
        if size > self._staging.length:
            self._staging = js.Uint8Array.new(size)
            self._views.clear()
        self._views[size] = self._staging.subarray(0, size)
        return self._views[size]

    def submit(self, command_buffers: list[Any]) -> None:
        """Hand recorded commands to the device."""
        self._submit(self._array_of(*command_buffers))


def _creator(method: str) -> Callable[..., Any]:
    """A method of GPUDevice that takes the fields of its descriptor as keywords, and returns a JavaScript object."""

    def create(device: GPUDevice, **fields: Any) -> Any:
        return getattr(device.js, method)(_descriptor(**fields))

    return create


class GPUDevice:
    """GPUDevice."""

    def __init__(self, device: Any) -> None:
        self.js, self.queue = device, GPUQueue(device.queue)
        self._create_encoder = device.createCommandEncoder
        self.needs_nudges = "Firefox/" in str(js.navigator.userAgent)

    def create_buffer(self, *, label: str = "", size: int, usage: int) -> GPUBuffer:
        """A buffer of `size` bytes, filled with zeros."""
        nudge = (lambda: self.queue.submit([])) if self.needs_nudges else None
        return GPUBuffer(self.js.createBuffer(_descriptor(label=label, size=size, usage=usage)), size, nudge)

    create_shader_module = _creator("createShaderModule")
    create_bind_group_layout = _creator("createBindGroupLayout")
    create_pipeline_layout = _creator("createPipelineLayout")
    create_bind_group = _creator("createBindGroup")
    #: A promise of a pipeline; many pipelines compile in parallel.
    create_compute_pipeline_async = _creator("createComputePipelineAsync")
    create_query_set = _creator("createQuerySet")

    def create_command_encoder(self) -> GPUCommandEncoder:
        """Start recording commands."""
        return GPUCommandEncoder(self._create_encoder())


class BrowserGPU:
    """`backends.webgpu.gpu.GPU` over navigator.gpu: an opened device, its adapter, its errors."""

    def __init__(self, device: Any, adapter: Any) -> None:
        self.device = GPUDevice(device)
        info = getattr(adapter, "info", None)  # some browsers do not have it yet
        self.info: Mapping[str, str] = {
            k: str(getattr(info, k, "")) for k in ("vendor", "architecture", "device", "description")
        }
        fallback = getattr(info, "isFallbackAdapter", False) or getattr(adapter, "isFallbackAdapter", False)
        self.is_software = bool(fallback) or self.info["architecture"] == "swiftshader"
        self.limits: Mapping[str, int] = {
            name: int(getattr(device.limits, camel_case(name))) for name in _WANTED_LIMITS
        }
        self.has_timestamps = bool(device.features.has(_TIMESTAMPS))
        self.lost = ""  #: why the device was lost; empty as long as it works
        self.on_lost: Callable[[], object] = lambda: None  #: called when it is lost
        self._error = ""
        self._listener = js_function(self._on_error)
        device.addEventListener("uncapturederror", self._listener)
        self._watcher = asyncio.ensure_future(self._watch_lost())

    def _on_error(self, event: Any) -> None:
        self._error = self._error or str(event.error.message)

    async def _watch_lost(self) -> None:
        info = await self.device.js.lost
        self.lost = str(info.message) or str(info.reason)
        release(self._listener)
        self.on_lost()

    def take_error(self) -> str:
        error, self._error = self._error, ""
        return error

    def push_error_scopes(self) -> None:
        self.device.js.pushErrorScope("validation")
        self.device.js.pushErrorScope("out-of-memory")

    def pop_error_scopes(self) -> Coroutine[Any, Any, str]:
        promises = [self.device.js.popErrorScope() for _ in range(2)]

        async def first_error() -> str:
            errors = [or_none(error) for error in await asyncio.gather(*promises)]
            return next((str(error.message) for error in errors if error is not None), "")

        return first_error()

    def destroy(self) -> None:
        self.device.js.removeEventListener("uncapturederror", self._listener)
        self.device.js.destroy()


async def request_device() -> BrowserGPU:
    """Open the adapter that the browser prefers. Raises WebGPUUnavailableError with one sentence if there is none."""
    gpu = getattr(js.navigator, "gpu", None)
    if not gpu:
        raise WebGPUUnavailableError("This browser has no WebGPU.")
    try:
        adapter = or_none(await gpu.requestAdapter(to_js({"powerPreference": "high-performance"})))
        if not adapter:
            raise WebGPUUnavailableError("This browser has WebGPU, but no graphics adapter it may use.")
        limits = {camel_case(name): getattr(adapter.limits, camel_case(name)) for name in _WANTED_LIMITS}
        features = [name for name in (_TIMESTAMPS,) if adapter.features.has(name)]
        device = await adapter.requestDevice(to_js({"requiredLimits": limits, "requiredFeatures": features}))
    except JsException as error:
        raise WebGPUUnavailableError(f"The browser's WebGPU could not be opened ({error}).") from error
    return BrowserGPU(device, adapter)
