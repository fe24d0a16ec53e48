"""The drawing pad: pointers and keys become ink.

from ..pad.pad import Pad

pad = Pad(changed)    # `changed` gets the ink after every change
pad.sheet.now         # the ink, an `ink.Snapshot`
pad.put(ink)          # shows other ink; undo brings the old one back

The modules `pad` and `ghost` need a browser and are not imported here, so that `gestures` and `growth` can be tested
without one.
"""

__all__ = ["ghost", "growth", "pad"]
