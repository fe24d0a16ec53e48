"""Opens WebGPU outside the browser, through wgpu-py: a real GPU, or Mesa's lavapipe for tests.

Hides how wgpu-py differs from the browser: a call raises its own error, and a lost device is not reported. Imports
wgpu only when a device is requested, and is never imported by the page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

TIMESTAMPS = "timestamp-query"


class NativeGPU:
    """`GPU` over wgpu-py. It has no errors to take: there the call that fails raises the error."""

    def __init__(self, device: Any, adapter: Any) -> None:
        self.device = device
        info = adapter.info
        self.info: Mapping[str, str] = {
            k: str(info.get(k, "")) for k in ("vendor", "architecture", "device", "description")
        }
        self.is_software = info.get("adapter_type") == "CPU"
        self.has_timestamps = TIMESTAMPS in device.features
        self.limits: Mapping[str, int] = {name.replace("-", "_"): int(value) for name, value in device.limits.items()}
        self.lost = ""
        self.on_lost: Callable[[], object] = lambda: None

    def take_error(self) -> str:
        return ""

    def push_error_scopes(self) -> None:
        pass

    async def pop_error_scopes(self) -> str:
        return ""

    def destroy(self) -> None:
        if not self.lost:
            self.lost = "destroyed"
            self.device.destroy()


async def request_device() -> NativeGPU:
    """Open the adapter that wgpu-py prefers. RuntimeError if there is none (no Vulkan, Metal or D3D12 driver)."""
    import wgpu

    try:
        adapter = await wgpu.gpu.request_adapter_async(power_preference="high-performance")
    except RuntimeError as error:
        raise RuntimeError("There is no graphics adapter with a Vulkan, Metal or D3D12 driver here.") from error
    wanted = ("max-buffer-size", "max-storage-buffer-binding-size", "max-compute-invocations-per-workgroup")
    device = await adapter.request_device_async(
        required_limits={name: adapter.limits[name] for name in wanted},
        required_features=[name for name in (TIMESTAMPS,) if name in adapter.features],
    )
    return NativeGPU(device, adapter)
