"""Programs as JSON text. Owns the file format; whether a program is valid is for `validate` to say.

The text is canonical: the same program always gives the same bytes, so exports are reproducible.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from .schema import FORMAT, VERSION, Buffer, Dispatch, Kernel, Program, ProgramError
from .validate import validate

#: Programs are small: a file larger than this is not one. Bytes.
MAX_PROGRAM_BYTES = 64 << 20


def _kernel(kernel: Kernel) -> dict[str, Any]:
    out: dict[str, Any] = {"entry": kernel.entry, "flops": kernel.flops}
    if kernel.source:
        out["source"] = kernel.source
    if kernel.module:
        out["module"] = base64.b64encode(kernel.module).decode()
    return out


def _buffer(buffer: Buffer) -> dict[str, Any]:
    out: dict[str, Any] = {
        "name": buffer.name,
        "dtype": buffer.dtype,
        "shape": list(buffer.shape),
        "bytes": buffer.size_bytes,
        "role": buffer.role,
    }
    if buffer.data:
        out["data"] = base64.b64encode(buffer.data).decode()
    return out


def _dispatch(dispatch: Dispatch) -> dict[str, Any]:
    out: dict[str, Any] = {
        "kernel": dispatch.kernel,
        "buffers": list(dispatch.buffers),
        "workgroups": list(dispatch.workgroups),
    }
    if dispatch.label:
        out["label"] = dispatch.label
    return out


def _body(program: Program) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": program.name,
        "target": program.target,
        "variant": program.variant,
        "tinygrad": program.tinygrad,
        "meta": {},  # unused; version 1 of the format has it, and the hash covers it
        "kernels": {key: _kernel(kernel) for key, kernel in sorted(program.kernels.items())},
        "buffers": [_buffer(b) for b in program.buffers],
        "dispatch": [_dispatch(d) for d in program.dispatch],
    }


def program_hash(program: Program) -> str:
    """64 hex digits that identify the program: the SHA-256 of its canonical JSON."""
    return hashlib.sha256(json.dumps(_body(program), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def dumps(program: Program) -> str:
    """The program as JSON text, with one line per kernel, buffer and dispatch, so that diffs can be read."""
    body = _body(program) | {"hash": program_hash(program)}
    kernels, buffers, dispatch = body.pop("kernels"), body.pop("buffers"), body.pop("dispatch")
    head = json.dumps(body, indent=1)[:-2]
    lines = {
        "kernels": "{\n" + ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in kernels.items()) + "\n }",
        "buffers": "[\n" + ",\n".join(f"  {json.dumps(b)}" for b in buffers) + "\n ]",
        "dispatch": "[\n" + ",\n".join(f"  {json.dumps(d)}" for d in dispatch) + "\n ]",
    }
    return head + "".join(f',\n "{key}": {text}' for key, text in lines.items()) + "\n}\n"


def loads(text: str | bytes) -> Program:
    """Parse and validate a program. Raises ProgramError, and nothing else, for any bytes that are not a program."""
    if len(text) > MAX_PROGRAM_BYTES:
        raise ProgramError(f"The program file is too large ({len(text) >> 20} MB).")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProgramError("The program file is not valid JSON: it may be truncated.") from error
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise ProgramError("The file is not a tabgrad program.")
    if body.get("version") != VERSION:
        raise ProgramError(f"The program has version {body.get('version')}; this page reads version {VERSION}.")
    try:
        program = _parse(body)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, binascii.Error) as error:
        raise ProgramError(f"The program file is damaged: {type(error).__name__} at {error}.") from error
    validate(program)
    if body.get("hash") != program_hash(program):
        raise ProgramError(f"The program {program.name!r} does not match its own hash: the file is damaged.")
    return program


def _parse(body: dict[str, Any]) -> Program:
    def kernel(item: dict[str, Any]) -> Kernel:
        module = base64.b64decode(item.get("module", ""), validate=True)
        return Kernel(str(item["entry"]), str(item.get("source", "")), module, int(item.get("flops", 0)))

    def buffer(item: dict[str, Any]) -> Buffer:
        data = base64.b64decode(item.get("data", ""), validate=True)
        return Buffer(str(item["name"]), str(item["dtype"]), tuple(map(int, item["shape"])), item["role"], data)

    def dispatch(item: dict[str, Any]) -> Dispatch:
        x, y, z = map(int, item["workgroups"])
        return Dispatch(str(item["kernel"]), tuple(map(int, item["buffers"])), (x, y, z), str(item.get("label", "")))

    return Program(
        name=str(body["name"]),
        target=body["target"],
        kernels={key: kernel(value) for key, value in body["kernels"].items()},
        buffers=tuple(buffer(item) for item in body["buffers"]),
        dispatch=tuple(dispatch(item) for item in body["dispatch"]),
        variant=str(body.get("variant", "default")),
        tinygrad=str(body.get("tinygrad", "")),
    )
