"""What is kept between visits: where bytes can be kept, and under which keys. Opens no browser storage itself.

cache = BestEffortCache(open_storage)       # failures are misses
await cache.put("program/1/infer", b"...")
await cache.get("program/1/infer")          # b"..." or None
"""

from . import keys
from .store import BestEffortCache, ByteStore, Cache, OpenStore

__all__ = ["BestEffortCache", "ByteStore", "Cache", "OpenStore", "keys"]
