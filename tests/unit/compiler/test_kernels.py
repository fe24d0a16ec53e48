"""Kernels are kept by what they are compiled from, also beyond a visit, and damaged ones are compiled again."""

from __future__ import annotations

import json

import pytest

from tabgrad.compiler import capture
from tabgrad.compiler.kernels import MAX_BYTES, CompiledKernel, KernelCache
from tabgrad.model import inference, watching
from tabgrad.program import Program, dumps

SPEC = {"kind": "mlp", "hidden": [9]}


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> KernelCache:
    """A cache for this test alone. tinygrad itself still knows what it has compiled."""
    own = KernelCache()
    monkeypatch.setattr(capture, "kernel_cache", own)
    return own


def compiled() -> tuple[Program, list[tuple[int, int]]]:
    """A program, and what was told while it was compiled."""
    told: list[tuple[int, int]] = []
    with watching(lambda done, kernels: told.append((done, kernels))):
        return inference(SPEC, "wasm"), told


def kernel(size: int) -> CompiledKernel:
    return CompiledKernel("entry", "x" * size, 1, (0, 1), (1,))


def test_kernels_of_an_earlier_visit_give_the_same_program(cache: KernelCache, monkeypatch: pytest.MonkeyPatch) -> None:
    program, _ = compiled()
    assert cache.grown
    later = KernelCache()
    later.loads(cache.dumps())
    assert not cache.grown
    monkeypatch.setattr(capture, "kernel_cache", later)
    monkeypatch.setattr(capture, "compile_linear", None)  # tinygrad is not asked
    again, told = compiled()
    assert dumps(again) == dumps(program)
    assert told == []
    assert not later.grown


def test_the_kernels_used_last_are_kept() -> None:
    cache = KernelCache()
    for name in ("first", "second", "third"):
        cache.put(name, kernel(MAX_BYTES // 2))
    assert cache.get("first") is not None
    later = KernelCache()
    later.loads(cache.dumps())
    assert [name for name in ("first", "second", "third") if later.get(name)] == ["first", "third"]


@pytest.mark.parametrize(
    "text",
    [b"", b"[", b"[]", b'{"a": 1}', b'{"a": {"entry": "e"}}', b"\xff"],
)
def test_what_is_damaged_is_left_out(text: bytes) -> None:
    cache = KernelCache()
    cache.put("good", kernel(3))
    cache.loads(text)
    assert cache.get("good") == kernel(3)
    assert cache.get("a") is None


@pytest.mark.parametrize(
    "change", [{"flops": "1"}, {"buffers": [-1]}, {"size": [0.5]}, {"code": None}, {"more": 1}, {"size": [1 << 40]}]
)
def test_a_damaged_kernel_is_left_out(change: dict[str, object]) -> None:
    cache = KernelCache()
    cache.put("a", kernel(3))
    rows = json.loads(cache.dumps())
    later = KernelCache()
    later.loads(json.dumps({"b": rows["a"] | change, "a": rows["a"]}).encode())
    assert later.get("b") is None
    assert later.get("a") == kernel(3)
