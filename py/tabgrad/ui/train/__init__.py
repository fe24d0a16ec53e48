"""The training panel: `controller` decides, `views` show, `panel` connects the two.

Importing this face loads no view; the page builds `panel.TrainPanel` when it is first shown.
"""

__all__ = ["panel"]
