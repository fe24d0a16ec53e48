"""Damaged programs and WebAssembly modules. A part of the programs is signed again after the damage."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from typing import Any

from tabgrad.explain.wasm_reader import Instruction, read_kernel
from tabgrad.incoming import read_json
from tabgrad.program import Program, ProgramError, TooLargeError, dumps, loads, program_hash, validate
from tabgrad.program.wasm_binary import is_kernel_module
from tests.fuzz.formats.base import MODELS, Format
from tests.fuzz.mutate import Damage


@cache
def program_texts() -> list[str]:
    names = ("mlp/programs/infer.wasm.simd.json", "mlp/programs/infer.wgsl.default.json")
    return [(MODELS / name).read_text() for name in names]


def damaged_program(damage: Damage) -> bytes:
    """A part of them has a hash that fits."""
    text = damage.rng.choice(program_texts())
    if damage.rng.random() < 0.3:
        return damage.bytes(text.encode())
    body, part = json.loads(text), damage.rng.choice(["kernels", "buffers", "dispatch", ""])
    if part:
        body[part] = damage.json(body[part])
        if part == "kernels" and damage.rng.random() < 0.5:
            sign_kernels(body)
    else:
        body = damage.json(body)
    if damage.rng.random() < 0.7 and isinstance(body, dict):
        body.pop("hash", None)
        try:
            signed = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
        except (TypeError, ValueError):
            signed = b""
        body["hash"] = hashlib.sha256(signed).hexdigest()
    return json.dumps(body).encode()


def sign_kernels(body: dict[str, Any]) -> None:
    """Give each kernel the key that fits its code."""
    if not isinstance(body["kernels"], dict):
        return
    new = {}
    for key, kernel in body["kernels"].items():
        try:
            code = kernel.get("source", "").encode() or base64.b64decode(kernel["module"])
            new[key] = hashlib.sha256(code).hexdigest()[:16]
        except (AttributeError, KeyError, TypeError, ValueError):
            new[key] = key
    body["kernels"] = {new[key]: kernel for key, kernel in body["kernels"].items()}
    for launch in body["dispatch"]:
        launch["kernel"] = new.get(launch["kernel"], launch["kernel"])


def use_program(text: bytes, program: Program) -> None:
    validate(program)
    assert loads(dumps(program)) == program
    assert sum(buffer.size_bytes for buffer in program.buffers) <= 1 << 30
    assert read_json(text)["hash"] == program_hash(program)


def damaged_module(damage: Damage) -> tuple[bytes, str, int]:
    program = loads(program_texts()[0])
    launch = damage.rng.choice(program.dispatch)
    kernel = program.kernels[launch.kernel]
    return damage.bytes(kernel.module), kernel.entry, len(launch.buffers)


def use_module(given: tuple[bytes, str, int], read: tuple[int, tuple[Instruction, ...]]) -> None:
    binary, entry, count = given
    assert not is_kernel_module(binary, entry, count) or read[0] == count


PROGRAMS: dict[str, Format] = {
    "program": Format(damaged_program, loads, use_program, (ProgramError, TooLargeError)),
    "module": Format(damaged_module, lambda given: read_kernel(given[0]), use_module, (ProgramError,)),
}
