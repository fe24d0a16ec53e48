"""What is kept between visits: where bytes can be kept, and under which keys. Opens no browser storage itself.

cache = BestEffortCache(open_storage)       # failures are misses
await cache.put("program/1/infer", b"...")
await cache.get("program/1/infer")          # b"..." or None

kept = KeptStore(open_storage)              # what cannot be stored waits in memory
await kept.put("mine/drawings", b"...")     # "", or a sentence that says why it waits
"""

from . import keys
from .kept import KeptStore
from .store import BestEffortCache, ByteStore, Cache, OpenStore

__all__ = ["BestEffortCache", "ByteStore", "Cache", "KeptStore", "OpenStore", "keys"]
