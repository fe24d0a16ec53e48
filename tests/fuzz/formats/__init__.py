"""What is read from outside, by name: see `base.Format`."""

from .addresses import ADDRESSES
from .base import Format
from .data import DATA
from .kept import KEPT
from .programs import PROGRAMS
from .reading import READING
from .weights import WEIGHTS

FORMATS: dict[str, Format] = {**WEIGHTS, **PROGRAMS, **DATA, **KEPT, **ADDRESSES, **READING}
