"""Listings of WebAssembly kernels: read back byte for byte, and run, so that they show what is computed."""

from __future__ import annotations

import contextlib
import functools
import re
from typing import Any

import numpy as np
import pytest
import wasmtime
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tabgrad import model
from tabgrad.backends.oracle.network import OracleNetwork
from tabgrad.explain.wasm_listing import listing
from tabgrad.explain.wasm_reader import Instruction, read_kernel
from tabgrad.network import draw_weights
from tabgrad.program import Program, ProgramError
from tabgrad.program.wasm_binary import Function, ValType, module

CNN = {"kind": "cnn", "stages": ["conv3x4", "pool", "dense8"]}
MLP = {"kind": "mlp", "hidden": [16]}
VARIANTS = ("simd", "relaxed")
MAKERS: dict[str, Any] = {
    "infer": model.inference,
    "activations": model.activations,
    "saliency": model.saliency,
    "evaluate": lambda spec, target, variant: model.evaluation(spec, 8, target, variant),
    "train": lambda spec, target, variant: model.training(
        spec, model.Training(batch=8, optimizer="adamw", clip=True), target, variant
    ),
}


@functools.cache
def program(maker: str, kind: str, variant: str) -> Program:
    made: Program = MAKERS[maker]({"mlp": MLP, "cnn": CNN}[kind], "wasm", variant)
    return made


CASES = [
    (maker, kind, variant)
    for maker in MAKERS
    for kind in ("mlp", "cnn")
    for variant in VARIANTS
    if (kind, variant) != ("cnn", "relaxed") or maker == "infer"  # compiling takes a while
]


def kernels(made: Program) -> list[tuple[bytes, list[str]]]:
    return [(made.kernels[d.kernel].module, [made.buffers[i].name for i in d.buffers]) for d in made.dispatch]


def wat(code: tuple[Instruction, ...], params: int, locals: list[str]) -> str:
    """The instructions in WebAssembly's text format."""
    lines = [f"(local {kind})" for kind in locals]
    for name, immediates in ((i.name, i.immediates) for i in code):
        if ".load" in name or ".store" in name:
            offset, align, *lane = immediates
            lines.append(" ".join([name, f"offset={offset}", f"align={1 << int(align)}", *map(str, lane)]))
        elif name == "v128.const":
            lines.append(f"{name} i8x16 {' '.join(map(str, immediates))}")
        elif name == "f32.const":
            lines.append(f"{name} {float(immediates[0]).hex() if np.isfinite(immediates[0]) else immediates[0]}")
        elif name in ("block", "loop", "if"):
            lines.append(name)
        else:
            lines.append(" ".join([name, *map(str, immediates)]))
    body = "\n".join(lines)
    return f'(module (import "env" "memory" (memory 1)) (func (param {"i32 " * params}) {body}))'


def unsigned(data: bytes, at: int) -> tuple[int, int]:
    """A LEB128 number at `at`, and where it ends."""
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if not data[at - 1] & 0x80:
            return value, at


def code_section(binary: bytes) -> bytes:
    at = 8
    while True:
        size, content = unsigned(binary, at + 1)
        if binary[at] == 10:
            return binary[content : content + size]
        at = content + size


def local_types(binary: bytes) -> list[str]:
    """Types of the locals, in order, from the code section."""
    section = code_section(binary)
    runs, at = unsigned(section, unsigned(section, 1)[1])
    names = {0x7F: "i32", 0x7E: "i64", 0x7D: "f32", 0x7B: "v128"}
    found = list[str]()
    for _ in range(runs):
        count, at = unsigned(section, at)
        found += [names[section[at]]] * count
        at += 1
    return found


@pytest.mark.parametrize(("maker", "kind", "variant"), CASES)
def test_every_kernel_is_read_back_byte_for_byte(maker: str, kind: str, variant: str) -> None:
    for binary, names in kernels(program(maker, kind, variant)):
        params, code = read_kernel(binary)
        assert params == len(names)
        again = bytes(wasmtime.wat2wasm(wat(code, params, local_types(binary))))
        assert code_section(again) == code_section(binary)


@pytest.mark.parametrize(("maker", "kind", "variant"), CASES)
def test_every_kernel_has_a_listing_that_names_its_buffers(maker: str, kind: str, variant: str) -> None:
    for binary, names in kernels(program(maker, kind, variant)):
        text = listing(binary, names)
        assert all(name in text for name in names)
        assert not re.search(r"\b(local|const)\b", text)
        assert text.count("loop") == text.count("again if")


class Memory:
    """Little-endian memory under the notation of a listing: f32x4[address]."""

    def __init__(self, data: NDArray[np.uint8], dtype: str, lanes: int) -> None:
        self.data, self.dtype, self.lanes = data, dtype, lanes

    def __getitem__(self, address: int) -> Any:
        values = self.data[address : address + 4 * self.lanes].view(self.dtype)
        return values.copy() if self.lanes > 1 else values[0]

    def __setitem__(self, address: int, value: Any) -> None:
        self.data[address : address + 4 * self.lanes].view(self.dtype)[:] = value


def set_lane(vector: NDArray[Any], lane: int, value: Any) -> NDArray[Any]:
    vector = np.array(vector)
    vector[lane] = value
    return vector


def run(made: Program, values: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """Run a program by executing its listings as Python."""
    starts = np.cumsum([64, *(b.size_bytes + 64 for b in made.buffers)])
    data = np.zeros(int(starts[-1]) + 64, np.uint8)
    address = {b.name: int(start) for b, start in zip(made.buffers, starts, strict=False)}
    for name, value in values.items():
        raw = np.ascontiguousarray(value, np.float32).view(np.uint8).ravel()
        data[address[name] : address[name] + raw.size] = raw
    scope: dict[str, Any] = {
        "f32": Memory(data, "<f4", 1),
        "f32x4": Memory(data, "<f4", 4),
        "splat": lambda v: np.full(4, v, np.float32),
        "zero": lambda v: np.array([v, 0, 0, 0], np.float32),
        "lanes": lambda *v: np.array(v, np.float32),
        "pmax": np.maximum,
        "max": np.maximum,
        "sqrt": np.sqrt,
        "set_lane": set_lane,
        "choose": np.where,
        "shuffle": lambda a, b, *order: np.concatenate([a, b])[list(order)],
        "inf": np.float32(np.inf),
    }
    for binary, names in kernels(made):
        text = listing(binary, names)
        for name in sorted(names, key=len, reverse=True):
            text = re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w.])", str(address[name]), text)
        text = re.sub(r"\bloop\b", "while True:", text)
        text = re.sub(r"again if (.*)", r"if not (\1): break", text)
        text = re.sub(r"\.lane(\d)", r"[\1]", text)
        exec(re.sub(r"^ *end$", "", text, flags=re.MULTILINE), scope)
    return {b.name: data[address[b.name] :][: b.nbytes].view("<f4").reshape(b.shape) for b in made.by_role("output")}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_running_the_listings_gives_the_networks_logits(kind: str, variant: str) -> None:
    made = program("infer", kind, variant)
    weights = draw_weights({b.name: b.shape for b in made.by_role("weight")}, 3)
    x = np.random.default_rng(1).uniform(0, 1, (1, 784)).astype(np.float32)
    logits = run(made, {**weights, "x": x})["logits"]
    expected = OracleNetwork({"mlp": MLP, "cnn": CNN}[kind], weights).forward(x)
    np.testing.assert_allclose(logits, expected, atol=1e-4)


def hand_made(*code: bytes) -> bytes:
    return module([Function("f", (ValType.I32, ValType.I32), (ValType.I32, ValType.F32), b"".join(code))])


def test_a_local_on_the_stack_is_saved_before_it_changes() -> None:
    text = listing(
        hand_made(
            b"\x20\x02",  # v2, left on the stack
            *(b"\x41\x07", b"\x21\x02"),  # v2 = 7
            b"\x21\x03",  # v3 = the old v2
        ),
        ["out", "in"],
    )
    assert text == "s0 = v2\nv2 = 7\nv3 = s0"


def test_memory_on_the_stack_is_saved_before_it_is_overwritten() -> None:
    text = listing(
        hand_made(
            b"\x20\x01\x2a\x02\x04",  # f32[in + 4], left on the stack
            *(b"\x20\x01", b"\x43\x00\x00\x80\x3f", b"\x38\x02\x04"),  # f32[in + 4] = 1
            b"\x21\x03",
        ),
        ["out", "in"],
    )
    assert text == "s0 = f32[in + 4]\nf32[in + 4] = 1\nv3 = s0"


GOOD, NAMES = kernels(program("infer", "mlp", "simd"))[0]


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_a_damaged_module_is_listed_or_refused(at: int, value: int) -> None:
    with contextlib.suppress(ProgramError):  # many changes leave a module that can be read
        assert listing(GOOD[:at] + bytes([value]) + GOOD[at + 1 :], NAMES)


@given(st.binary(max_size=60))
def test_other_bytes_are_refused(data: bytes) -> None:
    for damaged in (data, GOOD[:8] + data, GOOD[: len(data)]):
        with pytest.raises(ProgramError):
            listing(damaged, NAMES)


def test_names_must_be_those_of_the_call() -> None:
    with pytest.raises(ProgramError, match="buffers"):
        listing(GOOD, NAMES[:1])
