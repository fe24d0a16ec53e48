"""The Program contract: round trip, canonical bytes, and one sentence for every other input."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabgrad.program import (
    Buffer,
    Dispatch,
    Kernel,
    Limits,
    Program,
    ProgramError,
    check_device,
    dumps,
    kernel_key,
    loads,
    validate,
)
from tabgrad.program.wasm_binary import Function, FunctionImport, ValType, module

MODULE = module([Function("add", (ValType.I32,) * 3, (), b"")])
WGSL = "@compute @workgroup_size(8, 4) fn add() {}"


def small(target: str = "wgsl", **changes: object) -> Program:
    kernel = Kernel("add", source=WGSL) if target == "wgsl" else Kernel("add", module=MODULE)
    program = Program(
        name="small",
        target=target,  # type: ignore[arg-type] # bad targets are part of the test
        kernels={kernel_key(kernel): kernel},
        buffers=(
            Buffer("x", "uint8", (3, 5), "input"),
            Buffer("seed", "uint32", (2,), "const", bytes(range(8))),
            Buffer("y", "float32", (2,), "output"),
        ),
        dispatch=(Dispatch(kernel_key(kernel), (2, 0, 1), (4, 1, 1), label="E_4"),),
    )
    return replace(program, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("target", ["wgsl", "wasm"])
def test_round_trip_is_exact(target: str) -> None:
    program = small(target)
    assert loads(dumps(program)) == program
    assert dumps(loads(dumps(program))) == dumps(program)


def test_sizes_are_padded_to_four_bytes() -> None:
    x = small().buffer("x")
    assert (x.nbytes, x.size_bytes) == (15, 16)
    with pytest.raises(ProgramError, match="no buffer named 'z'"):
        small().index("z")


def test_kernels_are_keyed_by_content_not_by_name() -> None:
    one, other = Kernel("E_4", source="fn E_4() { a }"), Kernel("E_4", source="fn E_4() { b }")
    assert kernel_key(one) != kernel_key(other)


BROKEN = {
    "another target": (lambda p: replace(p, target="cuda"), "not for WebGPU"),
    "kernel of the other target": (lambda p: replace(p, target="wasm"), "no wasm code"),
    "kernel under a wrong key": (lambda p: replace(p, kernels={"0" * 16: Kernel("add", source=WGSL)}), "content hash"),
    "unknown dtype": (lambda p: replace(p, buffers=(Buffer("x", "float128", (1,), "input"),)), "unknown dtype"),
    "unknown role": (lambda p: replace(p, buffers=(Buffer("x", "int8", (1,), "spare"),)), "unknown role"),
    "empty shape": (lambda p: replace(p, buffers=(Buffer("x", "int8", (0, 4), "input"),)), "impossible shape"),
    "const without data": (lambda p: replace(p, buffers=(Buffer("x", "int8", (4,), "const"),)), "bytes of data"),
    "two of a name": (lambda p: replace(p, buffers=(p.buffers[0], p.buffers[0])), "two buffers named"),
    "too much memory": (lambda p: replace(p, buffers=(Buffer("x", "int32", (1 << 30,), "input"),)), "more than a tab"),
    "missing kernel": (lambda p: replace(p, dispatch=(Dispatch("f" * 16, (0,)),)), "names a kernel"),
    "missing buffer": (lambda p: replace(p, dispatch=(replace(p.dispatch[0], buffers=(0, 9)),)), "names a buffer"),
    "negative buffer": (lambda p: replace(p, dispatch=(replace(p.dispatch[0], buffers=(0, -1)),)), "names a buffer"),
    "buffer bound twice": (lambda p: replace(p, dispatch=(replace(p.dispatch[0], buffers=(0, 0)),)), "twice"),
    "no workgroups": (lambda p: replace(p, dispatch=(replace(p.dispatch[0], workgroups=(0, 1, 1)),)), "workgroup"),
}


BROKEN |= {
    "an endless name": (lambda p: replace(p, name="n" * 10**6), "too long"),
    "shapes beyond any number": (
        lambda p: replace(p, buffers=tuple(Buffer(f"b{i}", "float32", (1 << 30,) * 8, "scratch") for i in range(9000))),
        "more than a tab",
    ),
    "a dimension of 2^53": (
        lambda p: replace(p, buffers=(Buffer("b" * 200, "float32", (2**53,) * 8, "scratch"),)),
        "impossible shape",
    ),
    "a shape of much": (
        lambda p: replace(p, buffers=(Buffer("x", "int8", (10**6,) * 9, "input"),)),
        "impossible shape",
    ),
    "a nameless buffer": (lambda p: replace(p, buffers=(Buffer("", "int8", (1,), "input"),)), "usable name"),
    "launches without end": (
        lambda p: replace(p, dispatch=(replace(p.dispatch[0], workgroups=(10**9, 1, 1)),)),
        "workgroup",
    ),
    "an entry point that is not there": (
        lambda p: with_kernel(p, Kernel("add", source="@compute fn other() {}")),
        "lacks its entry",
    ),
    "an endless flop count": (lambda p: with_kernel(p, Kernel("add", source=WGSL, flops=1 << 60)), "larger than"),
}


def with_kernel(program: Program, kernel: Kernel) -> Program:
    """The program with another kernel, under its right key."""
    dispatch = tuple(replace(launch, kernel=kernel_key(kernel)) for launch in program.dispatch)
    return replace(program, kernels={kernel_key(kernel): kernel}, dispatch=dispatch)


def function(name: str = "add", count: int = 3, body: bytes = b"") -> Function:
    return Function(name, (ValType.I32,) * count, (), body)


MODULES: dict[str, bytes] = {
    "another entry": module([function("sub")]),
    "another number of buffers": module([function(count=2)]),
    "two functions": module([function(), function("sub")]),
    "another import": module([function()], [FunctionImport("env", "call", ())]),
    "no module": b"\0asm\1\0\0\0",
    "nothing": b"\0",
    "cut off": MODULE[:-1],
    "more after it": MODULE + b"\0\1\0",
    "a start function": MODULE.replace(b"\x0a", b"\x08\x01\x00\x0a", 1),
    "a value of another type": module([Function("add", (ValType.I32, ValType.I32, ValType.F32), (), b"")]),
    "a length that is too long": MODULE[:-5] + b"\x80" * 6 + MODULE[-4:],
}


@pytest.mark.parametrize("what", MODULES)
def test_a_module_that_our_compiler_does_not_write_never_runs(what: str) -> None:
    program = with_kernel(small("wasm"), Kernel("add", module=MODULES[what]))
    with pytest.raises(ProgramError, match="is no module with a function 'add' of 3 buffers"):
        validate(program)
    with pytest.raises(ProgramError):
        loads(dumps(program))


def test_a_kernel_that_is_never_launched_is_not_loaded_either() -> None:
    program, other = small("wasm"), Kernel("add", module=b"\0asm")
    with pytest.raises(ProgramError, match="never launched"):
        validate(replace(program, kernels={**program.kernels, kernel_key(other): other}))


TYPES: list[tuple[str, ...]] = [
    ("name", "3"),
    ("target", '["wgsl"]'),
    ("kernels", "[]"),
    ("buffers", "{}"),
    ("variant", "7"),
    ("buffers.0", "null"),
    ("buffers.0.role", "[]"),
    ("buffers.0.dtype", "{}"),
    ("buffers.0.shape", '"35"'),
    ("buffers.0.shape", "[3.0, 5]"),
    ("buffers.0.shape", '["3", 5]'),
    ("buffers.0.shape", "[true, 5]"),
    ("buffers.0.data", "[1]"),
    ("dispatch.0.workgroups", "[4, 1]"),
    ("dispatch.0.buffers", "[2, false, 1]"),
    ("dispatch.0.label", "[]"),
]


@pytest.mark.parametrize(("path", "value"), TYPES)
def test_a_part_of_another_type_is_one_sentence(path: str, value: str) -> None:
    body = json.loads(dumps(small()))
    place = body
    *outer, last = [int(name) if name.isdecimal() else name for name in path.split(".")]
    for name in outer:
        place = place[name]
    place[last] = json.loads(value)
    with pytest.raises(ProgramError, match=r"^The program file is damaged: .*\.$"):
        loads(json.dumps(body))


def test_sentences_quote_little_of_a_file() -> None:
    body = json.loads(dumps(small()))
    for change in ({"version": "9" * 999}, {"name": "n" * 999}, {"target": "t" * 999}):
        with pytest.raises(ProgramError) as caught:
            loads(json.dumps({**body, **change}))
        assert len(str(caught.value)) <= 160


@pytest.mark.parametrize("what", BROKEN)
def test_each_fault_in_the_structure_has_a_sentence(what: str) -> None:
    change, sentence = BROKEN[what]
    with pytest.raises(ProgramError, match=sentence):
        validate(change(small()))


def test_at_most_eight_storage_buffers() -> None:
    buffers = tuple(Buffer(f"b{i}", "float32", (4,), "scratch") for i in range(9))
    nine = small(buffers=buffers, dispatch=(replace(small().dispatch[0], buffers=tuple(range(9))),))
    with pytest.raises(ProgramError, match="binds 9 buffers; WebGPU guarantees 8"):
        validate(nine)


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (Limits(max_storage_buffer_binding_size=12), "needs a buffer"),
        (Limits(max_compute_workgroups_per_dimension=3), "more workgroups"),
        (Limits(max_storage_buffers_per_shader_stage=2), "more buffers at once"),
        (Limits(max_compute_invocations_per_workgroup=31), "too large"),
        (Limits(max_compute_workgroup_size_y=3), "too large"),
    ],
)
def test_each_device_limit_has_a_sentence(limits: Limits, sentence: str) -> None:
    check_device(small(), Limits())
    with pytest.raises(ProgramError, match=sentence):
        check_device(small(), limits)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(ProgramError, match=r"\.$"):
        loads(data)


@given(st.data())
def test_truncated_and_altered_programs_are_refused(data: st.DataObject) -> None:
    text = dumps(small())
    with pytest.raises(ProgramError):
        loads(text[: data.draw(st.integers(0, len(text) - 3))])
    body = json.loads(text)
    key = data.draw(st.sampled_from(sorted(body.keys() - {"meta"})))
    other = st.none() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=3)
    body[key] = data.draw(other.filter(lambda value: value != body[key]))
    with pytest.raises(ProgramError):
        loads(json.dumps(body))


@given(
    st.lists(
        st.builds(
            Buffer,
            st.text("abcdef.0", min_size=1, max_size=6),
            st.sampled_from(["float32", "uint8", "int64"]),
            st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple),
            st.sampled_from(["input", "weight", "state", "output", "scratch"]),
        ),
        min_size=3,
        unique_by=lambda b: b.name,
    )
)
def test_any_valid_buffers_survive_the_round_trip(buffers: list[Buffer]) -> None:
    program = small(buffers=tuple(buffers))
    assert loads(dumps(program)) == program
    assert all(b.size_bytes % 4 == 0 and b.size_bytes >= b.nbytes == np.zeros(b.shape, b.dtype).nbytes for b in buffers)


@pytest.mark.parametrize(
    "size", ["(1" + " " * 40_000, f"({'9' * 5000})", f"(1, {'9' * 5000})", "(1) @workgroup_size(1)", "", "(1 /* 2 */)"]
)
def test_a_workgroup_size_that_cannot_be_read_at_once_is_refused(size: str) -> None:
    program = with_kernel(small(), Kernel("add", source=f"@compute @workgroup_size{size} fn add() {{}}"))
    with pytest.raises(ProgramError, match="size of its workgroups") as caught:
        check_device(loads(dumps(program)), Limits())
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("version", [True, 1.0, "1", None])
def test_a_version_of_another_type_is_another_version(version: object) -> None:
    with pytest.raises(ProgramError, match="reads version 1"):
        loads(json.dumps({**json.loads(dumps(small())), "version": version}))


@pytest.mark.parametrize("part", ["shape", "buffers", "workgroups"])
def test_a_list_that_is_too_long_is_refused_before_its_items_are_looked_at(part: str) -> None:
    body = json.loads(dumps(small()))
    body["buffers" if part == "shape" else "dispatch"][0][part] = ["no number"] * 100_000
    with pytest.raises(ProgramError, match="damaged"):
        loads(json.dumps(body))
