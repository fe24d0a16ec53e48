"""The most GFLOP/s that a machine reaches with 128-bit vectors under wasmtime, to judge our kernels by."""

import time

import wasmtime

from tabgrad.program.wasm_binary import Function, ValType, module, uleb
from tabgrad.program.wasm_opcodes import OPCODES


def best_gflops(*, fused: bool) -> float:
    """GFLOP/s of multiplications and additions in 12 independent chains in registers, without memory access."""
    chains, steps = 12, 2_000_000
    get, put = OPCODES["local.get"], OPCODES["local.set"]
    one = get + uleb(1 + chains)
    body = bytearray(b"\x03\x40")
    for chain in range(chains if fused else chains // 2):
        first, second = uleb(1 + chain), uleb(1 + chain + chains // 2)
        if fused:
            body += one + get + first + one + OPCODES["f32x4.relaxed_madd"] + put + first
        else:  # product and sum are separate chains, so that neither waits for the other
            body += get + first + one + OPCODES["f32x4.mul"] + put + first
            body += get + second + get + first + OPCODES["f32x4.add"] + put + second
    body += b"\x20\x00\x41\x7f\x6a\x22\x00\x0d\x00\x0b"  # count down the parameter, branch back while it is not 0
    for chain in range(chains):  # store the results, or the loop would be optimised away
        body += b"\x41\x00" + get + uleb(1 + chain) + OPCODES["v128.store"] + b"\x02" + uleb(16 * chain)
    binary = module([Function("run", (ValType.I32,), (ValType.V128,) * (chains + 1), bytes(body))])
    config = wasmtime.Config()
    config.wasm_relaxed_simd = True
    engine = wasmtime.Engine(config)
    store = wasmtime.Store(engine)
    memory = wasmtime.Memory(store, wasmtime.MemoryType(wasmtime.Limits(1, None)))
    call = wasmtime.Instance(store, wasmtime.Module(engine, binary), [memory]).exports(store)["run"]
    times = []
    for _ in range(5):
        started = time.thread_time()
        call(store, steps)
        times.append(time.thread_time() - started)
    return round(steps * chains * (8 if fused else 4) / min(times) / 1e9, 1)
