"""Which sections each panel has, in order. Imports them when the panel is first shown, and knows only their names.

To add a section, write its module in this folder, and add it to its panel here. Its styles go to web/styles/inspect.
"""

from __future__ import annotations

from collections.abc import Callable

from ..section import InspectContext, Section


def _inside(context: InspectContext) -> list[Section]:
    from .ink import InkSection
    from .layers import LayersSection
    from .why import WhySection

    return [InkSection(context), LayersSection(context), WhySection(context)]


def _data(context: InspectContext) -> list[Section]:
    from .data import DataSection
    from .images import SiteData
    from .mistakes import MistakesSection
    from .own_drawings import OwnDrawingsSection

    data = SiteData(context.page.manifest["data"])  # shared, so that each data set is fetched once
    return [DataSection(context, data), MistakesSection(context, data), OwnDrawingsSection(context)]


def _code(context: InspectContext) -> list[Section]:
    from .kernels import KernelsSection

    return [KernelsSection(context)]


#: Makes the sections of a panel, by the panel's name. A panel's modules are imported when it is first shown.
SECTIONS: dict[str, Callable[[InspectContext], list[Section]]] = {"inside": _inside, "data": _data, "code": _code}
