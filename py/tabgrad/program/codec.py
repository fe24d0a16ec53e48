"""Programs as JSON text. Owns the file format; whether a program is valid is for `validate` to say.

The text is canonical: the same program always gives the same bytes, so exports are reproducible.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any, cast

from tabgrad.incoming import fits, quoted, read_json

from .schema import FORMAT, VERSION, Buffer, Dispatch, Kernel, Program, ProgramError, Role
from .validate import MAX_BOUND, MAX_DIMENSIONS, validate

#: Programs are small: a file larger than this is not one. Bytes.
MAX_PROGRAM_BYTES = 64 << 20
#: The largest program of the site has 77 kernels, 90 buffers and 86 launches.
MAX_KERNELS, MAX_BUFFERS, MAX_LAUNCHES = 4_000, 10_000, 20_000
#: Lines of a source that one kernel comes from.
MAX_LINES = 1_000
DAMAGED = "The program file is damaged: a part of it is not what it must be."


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
    if dispatch.lines:
        out["lines"] = list(dispatch.lines)
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
        body = read_json(text)
    except ValueError as error:
        raise ProgramError("The program file is not valid JSON: it may be truncated.") from error
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise ProgramError("The file is not a tabgrad program.")
    if not fits(body.get("version"), int) or body["version"] != VERSION:
        raise ProgramError(f"The program has version {quoted(body.get('version'))}; this page reads version {VERSION}.")
    program = _parse(body)
    validate(program)
    if body.get("hash") != program_hash(program):
        raise ProgramError(f"The program {quoted(program.name)} does not match its own hash: the file is damaged.")
    return program


def _parse(body: dict[str, Any]) -> Program:
    _check(body, {"name": str, "target": str, "kernels": dict[str, Any], "buffers": list[Any], "dispatch": list[Any]})
    _check({"variant": "", "tinygrad": "", **body}, {"variant": str, "tinygrad": str})
    if len(body["kernels"]) > MAX_KERNELS or len(body["buffers"]) > MAX_BUFFERS or len(body["dispatch"]) > MAX_LAUNCHES:
        raise ProgramError("The program file has more kernels, buffers or launches than any network of this page.")
    return Program(
        name=body["name"],
        target=body["target"],
        kernels={key: _parse_kernel(item) for key, item in body["kernels"].items()},
        buffers=tuple(map(_parse_buffer, body["buffers"])),
        dispatch=tuple(map(_parse_dispatch, body["dispatch"])),
        variant=body.get("variant", "default"),
        tinygrad=body.get("tinygrad", ""),
    )


def _parse_kernel(item: Any) -> Kernel:
    values: dict[str, Any] = {"source": "", "module": "", "flops": 0} | _object(item)
    _check(values, {"entry": str, "source": str, "module": str, "flops": int})
    return Kernel(values["entry"], values["source"], _bytes(values["module"]), values["flops"])


def _parse_buffer(item: Any) -> Buffer:
    values = {"data": ""} | _object(item)
    _check_length(values.get("shape"), MAX_DIMENSIONS)
    _check(values, {"name": str, "dtype": str, "shape": list[int], "role": str, "data": str})
    return Buffer(
        values["name"], values["dtype"], tuple(values["shape"]), cast(Role, values["role"]), _bytes(values["data"])
    )


def _parse_dispatch(item: Any) -> Dispatch:
    values = {"label": "", "lines": []} | _object(item)
    _check_length(values.get("buffers"), MAX_BOUND)
    _check_length(values.get("workgroups"), len("xyz"))
    _check_length(values.get("lines"), MAX_LINES)
    _check(values, {"kernel": str, "buffers": list[int], "workgroups": list[int], "label": str, "lines": list[int]})
    if len(values["workgroups"]) != len("xyz"):
        raise ProgramError(DAMAGED)
    x, y, z = values["workgroups"]
    return Dispatch(values["kernel"], tuple(values["buffers"]), (x, y, z), values["label"], tuple(values["lines"]))


def _object(item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise ProgramError(DAMAGED)
    return item


def _check(values: dict[str, Any], hints: dict[str, Any]) -> None:
    """Raises ProgramError unless `values` has all of these parts, of these types."""
    for name, hint in hints.items():
        if not fits(values.get(name), hint):
            raise ProgramError(f"The program file is damaged: it has no usable {name!r}.")


def _check_length(value: Any, most: int) -> None:
    """Raises ProgramError for a list that is longer than any: before its items are looked at."""
    if isinstance(value, list) and len(value) > most:
        raise ProgramError(DAMAGED)


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:  # binascii.Error is one
        raise ProgramError(DAMAGED) from error
