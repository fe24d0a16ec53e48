"""What the WebGPU engine needs from an opened GPU, and WebGPU's usage flags. Owns the interface only.

Two classes implement it: `interop.webgpu.BrowserGPU` over navigator.gpu and `native.NativeGPU` over wgpu-py. Their
`device` is a GPUDevice with wgpu-py's method names; the other members cover what differs between the two.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from enum import IntFlag
from typing import Any, Protocol


class BufferUsage(IntFlag):
    """GPUBufferUsage. https://www.w3.org/TR/webgpu/#buffer-usage"""

    MAP_READ = 0x01
    COPY_SRC = 0x04
    COPY_DST = 0x08
    UNIFORM = 0x40
    STORAGE = 0x80
    QUERY_RESOLVE = 0x200


#: GPUMapMode.READ and GPUShaderStage.COMPUTE.
MAP_MODE_READ = 1
SHADER_STAGE_COMPUTE = 4


class GPU(Protocol):
    """An opened device, and what is known about it."""

    device: Any  #: a GPUDevice with wgpu-py's method names
    info: Mapping[str, str]  #: GPUAdapterInfo: vendor, architecture, device, description
    is_software: bool
    has_timestamps: bool  #: whether the GPU's own clock can time a compute pass
    limits: Mapping[str, int]  #: GPUSupportedLimits in snake_case
    lost: str  #: why the device was lost; empty as long as it works

    def take_error(self) -> str:
        """The first error outside all error scopes since the last call; empty if there was none."""

    def push_error_scopes(self) -> None:
        """Catch validation and memory errors of the calls that follow."""

    def pop_error_scopes(self) -> Coroutine[Any, Any, str]:
        """End the scopes at once. Awaiting the result gives the first error's message, or an empty string."""

    def destroy(self) -> None:
        """Free the device and all its memory. Idempotent."""
