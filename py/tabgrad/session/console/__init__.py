"""The console: Python that a visitor types, run in the worker on the live objects of the page.

`Console` answers commands; `Interpreter` runs them and knows nothing of networks.
"""

from .console import Console
from .interpreter import Interpreter
from .output import Item, Output

__all__ = ["Console", "Interpreter", "Item", "Output"]
