"""Random programs through the WebAssembly compiler, against NumPy. `make fuzz` tries more of them, from a new seed.

Environment: FUZZ_COUNT expressions (default 320) from FUZZ_SEED (default 0, "random" for a new one).
"""

import asyncio
import os
import secrets

import pytest

from tabgrad.backends.wasm import open_device
from tests.fuzz.check import check

COUNT = int(os.environ.get("FUZZ_COUNT", "320"))
SEED = os.environ.get("FUZZ_SEED", "0")
FIRST = secrets.randbelow(1 << 40) if SEED == "random" else int(SEED)
#: Kernels stay loaded as long as their device: a fresh one now and then.
CHUNK = 40


@pytest.mark.parametrize("start", range(FIRST, FIRST + COUNT, CHUNK))
def test_random_expressions_come_out_as_in_numpy(start: int) -> None:
    device = asyncio.run(open_device())
    end = min(start + CHUNK, FIRST + COUNT)
    failures = [failure for seed in range(start, end) if (failure := check(device, seed)) is not None]
    device.destroy()
    assert not failures, "\n".join(map(str, failures))
