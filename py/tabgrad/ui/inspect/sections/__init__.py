"""The sections of the panels, one module each, and what they are made of. `registry` says how to add one."""

__all__ = ["registry"]
