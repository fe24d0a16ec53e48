"""The sections of the panels, one module each, and what they are made of. `registry` says which panel has which.

To add a section, write its module here, and add it to its panel in `registry`. Its styles go to web/styles/inspect.
"""

__all__ = ["registry"]
