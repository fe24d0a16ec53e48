"""The visible parts of the training panel, each a module. They render a `state.RunState` and own none."""

__all__ = ["announcer", "keep", "learning", "pill", "progress", "results", "setup"]
