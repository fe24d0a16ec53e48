"""The WebGPU engine, over the browser's API or wgpu-py."""
