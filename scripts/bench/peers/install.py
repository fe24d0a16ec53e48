"""Installs pinned versions of the peers from npm into .cache/bench, apart from the site's own dependencies."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from scripts.sitebuild.parts import ROOT

FOLDER = ROOT / ".cache" / "bench"
VERSIONS = {
    "onnxruntime-web": "1.30.0",
    "@tensorflow/tfjs": "4.22.0",
    "@tensorflow/tfjs-backend-webgpu": "4.22.0",
    "@tensorflow/tfjs-backend-wasm": "4.22.0",
}
#: {URL path in the page: file in node_modules}.
FILES = {
    "/ort/ort.webgpu.bundle.min.mjs": "onnxruntime-web/dist/ort.webgpu.bundle.min.mjs",
    "/ort/ort-wasm-simd-threaded.asyncify.mjs": "onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.mjs",
    "/ort/ort-wasm-simd-threaded.asyncify.wasm": "onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm",
    "/ort/ort.wasm.bundle.min.mjs": "onnxruntime-web/dist/ort.wasm.bundle.min.mjs",
    "/ort/ort-wasm-simd-threaded.mjs": "onnxruntime-web/dist/ort-wasm-simd-threaded.mjs",
    "/ort/ort-wasm-simd-threaded.wasm": "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
    "/tf/tf.js": "@tensorflow/tfjs/dist/tf.min.js",
    "/tf/webgpu.js": "@tensorflow/tfjs-backend-webgpu/dist/tf-backend-webgpu.min.js",
    "/tf/wasm.js": "@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js",
    "/tf/tfjs-backend-wasm-simd.wasm": "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm",
}


def installed() -> dict[str, bytes]:
    """The contents of `FILES` by URL path, installed if need be. Raises CalledProcessError if npm fails."""
    marker = FOLDER / "versions.json"
    if not marker.is_file() or json.loads(marker.read_text()) != VERSIONS:
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / "package.json").write_text('{"private": true}')
        wanted = [f"{name}@{version}" for name, version in VERSIONS.items()]
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--save-exact", *wanted]
        subprocess.run(command, cwd=FOLDER, check=True, stdout=subprocess.DEVNULL)
        marker.write_text(json.dumps(VERSIONS))
    return {url: Path(FOLDER / "node_modules" / path).read_bytes() for url, path in FILES.items()}
