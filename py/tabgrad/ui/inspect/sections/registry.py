"""Which sections each panel has, in order, and what stands beside the pad while the panel is open.

Imports them when the panel is first shown, and knows only their names.

To add a section, write its module in this folder, and add it to its panel here. Its styles go to web/styles/inspect.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..section import BesideThePad, InspectContext, Section


def _inside(context: InspectContext) -> list[Section]:
    from .ink import InkSection
    from .layers import LayersSection
    from .why import WhySection

    return [LayersSection(context), WhySection(context), InkSection(context)]


def _data(context: InspectContext) -> list[Section | BesideThePad]:
    from .alphabets import AlphabetKeepBar, Alphabets, AlphabetsSection
    from .bring import BringSection
    from .data import DataSection
    from .images import SiteData
    from .keep_bar import KeepBar
    from .mistakes import MistakesSection
    from .own import OwnDrawings
    from .own_drawings import OwnDrawingsSection
    from .stored import StoredSection

    data = SiteData(context.page)  # shared, so that each data set is fetched once
    own = OwnDrawings(context.page, context.refresh)
    alphabets = Alphabets(context.page)
    return [
        MistakesSection(context, data),
        AlphabetsSection(alphabets),
        OwnDrawingsSection(context, own, alphabets.controller),
        BringSection(context),
        DataSection(context, data),
        StoredSection(context),
        KeepBar(context.page, own),
        AlphabetKeepBar(alphabets),
    ]


def _code(context: InspectContext) -> list[Section]:
    from .kernels import KernelsSection

    return [KernelsSection(context)]


#: Makes the sections of a panel, by the panel's name. A panel's modules are imported when it is first shown.
SECTIONS: dict[str, Callable[[InspectContext], Sequence[Section | BesideThePad]]] = {
    "inside": _inside,
    "data": _data,
    "code": _code,
}
