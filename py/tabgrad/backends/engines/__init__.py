"""Which engines there are, how one is opened, which one is chosen, and what to do when one fails.

Importing this package imports no engine.

    choice = await select_engine(program_for)         # the best engine here, by timing the program at hand
    device = await open_engine("wasm")                # or one by its name
    executable = await device.load(program)

To add an engine, write a package with an `open_device` beside `webgpu` and `wasm`, and a row in `registry`.
"""

from .choice import EngineChoice, order_variants, select_engine
from .registry import ENGINE_TITLES, ENGINES, MAX_REOPENED, Engine, fallback_engine, open_engine

__all__ = [
    "ENGINES",
    "ENGINE_TITLES",
    "MAX_REOPENED",
    "Engine",
    "EngineChoice",
    "fallback_engine",
    "open_engine",
    "order_variants",
    "select_engine",
]
