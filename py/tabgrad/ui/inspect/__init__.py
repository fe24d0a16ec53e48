"""Panels that explain the network while it works. The numbers come from `tabgrad.explain`; here they are only shown.

panels = InspectPanels(page)                       # from .inspect.panels import InspectPanels
tabs = Tabs(panels.builders(), changed)            # a panel's modules are imported when it is first shown
panels.follow_links(tabs)                          # "#data" opens a panel, "#tour-3" a step of the tour

`sections.registry` lists what is in each panel. A section gets all it needs from one `section.InspectContext`.
`network` is the picture of the network, which the first visit shows, too.
"""

__all__ = ["network", "panels", "section"]
