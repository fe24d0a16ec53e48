"""What a first visit shows in place of a run: how the network has just read a digit, and what to do next.

from .intro.intro import Intro                    # imported late: the first answer does not wait for it

intro = Intro(parent, page, start_run, tabs.show)
intro.set_visible(True)
"""

__all__ = ["intro"]
