"""WebGPU outside the browser, for tests: they are skipped, with the reason, on a machine without a graphics driver."""

from __future__ import annotations

from functools import cache

import pytest

from tabgrad.backends.webgpu import WebGPUDevice, open_device


@cache
def has_adapter() -> bool:
    """Whether wgpu-py finds a graphics driver."""
    import wgpu

    return bool(wgpu.gpu.enumerate_adapters_sync())


async def open_gpu() -> WebGPUDevice:
    """The device; skips the test without a driver. With one, a device that does not open fails the test."""
    if not has_adapter():
        pytest.skip("no graphics driver: Debian has one in mesa-vulkan-drivers")
    return await open_device()
