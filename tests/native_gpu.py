"""WebGPU outside the browser, for tests: skipped, with the reason, on a machine that has no driver for it at all."""

from __future__ import annotations

from functools import cache

import pytest

from tabgrad.backends.webgpu.device import WebGPUDevice, open_webgpu


@cache
def _has_adapter() -> bool:
    import wgpu

    return bool(wgpu.gpu.enumerate_adapters_sync())


async def open_gpu() -> WebGPUDevice:
    """The device; whatever is wrong with it where there is an adapter fails the test."""
    if not _has_adapter():
        pytest.skip("no graphics driver: Debian has one in mesa-vulkan-drivers")
    return await open_webgpu()
