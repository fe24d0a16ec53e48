"""The WGSL variants "gpu" and "sw": the source has what makes it fast. tests/parity checks its results."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest

from tabgrad import model
from tabgrad.compiler.axes import size, stride
from tabgrad.compiler.wgsl import PROFILES, distinct_loads, divisors
from tabgrad.program import DTYPES, Limits, Program, check_device, dumps

from tinygrad.uop.ops import UOp  # isort: skip # after the compiler has prepared the environment

SPECS: dict[str, Any] = {
    "mlp": {"kind": "mlp", "hidden": [128]},
    "odd": {"kind": "mlp", "hidden": [33, 17]},
    "cnn": {"kind": "cnn", "stages": ["conv5x8", "pool", "conv5x24", "pool", "dense64"]},
}


@cache
def trained(spec: str, variant: str) -> Program:
    return model.training(SPECS[spec], model.Training(batch=24), "wgsl", variant)


@pytest.mark.parametrize("variant", PROFILES)
@pytest.mark.parametrize("spec", SPECS)
def test_kernels_fit_every_device(spec: str, variant: str) -> None:
    check_device(trained(spec, variant), Limits())


@pytest.mark.parametrize("variant", PROFILES)
@pytest.mark.parametrize("spec", SPECS)
def test_buffers_are_declared_with_the_length_of_their_binding(spec: str, variant: str) -> None:
    program = trained(spec, variant)
    for dispatch in program.dispatch:
        source = program.kernels[dispatch.kernel].source
        declared = re.findall(r"@binding\((\d+)\)var<storage,read_write>\w+:array<[\w<>]+,(\d+)>;", source)
        assert [int(binding) for binding, _ in declared] == list(range(1, len(dispatch.buffers) + 1))
        for index, (_, length) in zip(dispatch.buffers, declared, strict=True):
            buffer = program.buffers[index]
            assert int(length) * max(4, DTYPES[buffer.dtype].itemsize) == buffer.size_bytes


@pytest.mark.parametrize("spec", SPECS)
def test_the_software_variant_has_no_barriers(spec: str) -> None:
    sources = [kernel.source for kernel in trained(spec, "sw").kernels.values()]
    assert not any("workgroupBarrier" in source or "var<workgroup>" in source for source in sources)


def test_the_hardware_variant_shares_long_sums_in_a_workgroup() -> None:
    assert any("workgroupBarrier" in kernel.source for kernel in trained("cnn", "gpu").kernels.values())


def test_a_matrix_product_reuses_what_it_loads() -> None:
    """In the software variant the first layer does at least two multiply-adds per load."""
    program = trained("mlp", "sw")
    heaviest = max(program.kernels.values(), key=lambda kernel: kernel.flops).source
    loads = len(re.findall(r"var val\d+ = data", heaviest))
    assert 0 < 2 * loads < heaviest.count("+(val")


@pytest.mark.parametrize("variant", PROFILES)
def test_compiling_again_gives_the_same_program(variant: str) -> None:
    again = model.training(SPECS["odd"], model.Training(batch=24), "wgsl", variant)
    assert dumps(again) == dumps(trained("odd", variant))


def test_strides_and_distinct_addresses() -> None:
    from tinygrad.uop.ops import AxisType

    row, column = (UOp.range(n, i, AxisType.GLOBAL) for i, n in enumerate((6, 8)))
    index = row * 8 + column
    assert (size(row), size(column)) == (6, 8)
    assert (stride(row, index), stride(column, index), stride(row, column)) == (8, 1, 0)
    assert stride(row, (row // 2) * 3) is None
    assert distinct_loads(index, [(row, 2), (column, 4)]) == 8
    assert distinct_loads(column, [(row, 2), (column, 4)]) == 4
    assert distinct_loads(row + column, [(row, 2), (column, 4)]) == 5
    assert distinct_loads((row // 2) * 3, [(row, 3)]) == 3


def test_divisors() -> None:
    assert divisors(24, 16) == [1, 2, 3, 4, 6, 8, 12]
    assert divisors(7, 3) == [1]
