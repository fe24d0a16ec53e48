"""The page's address: what a link can say, and the one place that reads and writes it. Knows no document.

    ?answer=cnn&hidden=64&lr=0.1&show=pad,train#tour-3
    #lesson-shapes

`answer` is the model that answers, `show` the parts of the page that a lesson needs, every other name in the query a
setting of the next run, `engine` among them. The fragment is the tab, a step of the tour, a ready alphabet, or code for
the editor.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, quote

from tabgrad.incoming import quoted

if TYPE_CHECKING:  # the first answer does not wait for them
    from tabgrad.settings import RunSettings

#: The tabs of the page, and what each is called in a sentence.
TABS: Mapping[str, str] = {"train": "Train", "inside": "Look inside", "data": "Data and mistakes", "code": "Code"}
#: Earlier names of tabs: links to them still work.
OLD_TABS: Mapping[str, str] = {"kernels": "code"}
#: What a link has before its packed code, which is for the tab of this name.
CODE, CODE_TAB = "code=", "code"
#: What a step of the tour is called, before its number.
TOUR = "tour-"
#: What a ready alphabet is called, before its name, and the tab that it is for.
LESSON, LESSON_TAB = "lesson-", "data"
#: The areas of the page that `?show=` can name, and the controls in them. Others are always there.
AREAS = ("pad", "answer", *TABS)
CONTROLS = ("example", "tools", "model", "presets", "settings", "tour", "link")
MODEL, SHOW = "answer", "show"


class Location(Protocol):
    """The browser's address bar: `interop.page`."""

    def query(self) -> str:
        """The query, without the question mark."""

    def replace_query(self, text: str) -> None:
        """Change the query."""

    def fragment(self) -> str:
        """The fragment, without the number sign."""

    def replace_fragment(self, text: str) -> None:
        """Change the fragment."""

    def href(self) -> str:
        """All of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fragment leads: a `tab`, or a `step` of the tour from 1 on. Neither, if it names nothing.

    `code` is what a link has for the code editor, packed (`ui.code.link`). `lesson` is the name of a ready alphabet,
    whether there is one of that name or not.
    """

    tab: str = ""
    step: int = 0
    code: str = ""
    lesson: str = ""


class Address:
    """Reads `location` and keeps it up to date. Nothing here is a history entry: Back leaves the page.

    `refused` has a sentence for each thing in the address that is not there.
    """

    def __init__(self, location: Location) -> None:
        self._location = location
        self._models: Sequence[str] = ()
        self.refused = list[str]()
        self._shown = self._parts_shown()

    # ---- Tab and tour

    @property
    def place(self) -> Place:
        """The tab or the step of the tour that the address names now."""
        return place_of(self._location.fragment())

    def set_tab(self, name: str) -> None:
        """The visitor is in this tab."""
        self._write_fragment(name)

    def set_code(self, packed: str) -> None:
        """The code editor is to show this (`ui.code.link`), as if it had come with a link."""
        self._write_fragment(f"{CODE}{packed}")

    def set_step(self, step: int) -> None:
        """The visitor is at this step of the tour."""
        self._write_fragment(f"{TOUR}{step}")

    def set_lesson(self, name: str) -> None:
        """This ready alphabet was opened."""
        self._write_fragment(f"{LESSON}{name}")

    def _write_fragment(self, text: str) -> None:
        if text != self._location.fragment():
            self._location.replace_fragment(text)

    # ---- Model and settings

    def model(self, offered: Sequence[str]) -> str:
        """The model that the address names, if it is one of `offered`; else the first one, and `refused` says it."""
        self._models = list(offered)
        name = self._value(MODEL)
        if name and name not in self._models:
            self.refused.append(f"There is no model called {quoted(name)} here: choose {' or '.join(self._models)}.")
        return name if name in self._models else self._models[0]

    def set_model(self, name: str) -> None:
        """The visitor has chosen this model. The address names it if others have it, and unless it answers anyway."""
        self._replace({MODEL}, f"{MODEL}={quote(name)}" if name in self._models[1:] else "")

    def settings(self) -> tuple[RunSettings, list[str]]:
        """The settings of the next run, and a sentence for each value that was refused."""
        from tabgrad.settings import from_query

        return from_query(self._location.query())

    def set_settings(self, settings: RunSettings) -> None:
        """Put the settings into the address, so that they can be shared; what else is there stays."""
        from tabgrad.settings import FIELDS, to_query

        self._replace(FIELDS.keys(), to_query(settings))

    def _value(self, name: str) -> str:
        return dict(parse_qsl(self._location.query())).get(name, "")

    def _replace(self, names: Collection[str], text: str) -> None:
        """Put `text` in the place of everything in the query that has one of these names."""
        query = self._location.query()
        others = [part for part in query.split("&") if part and part.partition("=")[0] not in names]
        new = "&".join([*others, *filter(None, [text])])
        if new != query:
            self._location.replace_query(new)

    # ---- A link that shows a part of the page

    def shows(self, part: str) -> bool:
        """Whether an area or a control is to be seen."""
        return self._shown is None or part in self._shown

    @property
    def hidden(self) -> list[str]:
        """The areas and controls that this link hides."""
        return [part for part in (*AREAS, *CONTROLS) if not self.shows(part)]

    def _parts_shown(self) -> frozenset[str] | None:
        """What `?show=` names; None if it names nothing that there is: then all is shown."""
        named = [name.strip().lower() for name in self._value(SHOW).split(",") if name.strip()]
        names = {OLD_TABS.get(name, name) for name in named}
        if unknown := sorted(names - {*AREAS, *CONTROLS}):
            parts = ", ".join((*AREAS, *CONTROLS))
            self.refused.append(
                f"This link shows {quoted(unknown[0], 20)}, which is no part of the page. Parts are: {parts}."
            )
        known = names & {*AREAS, *CONTROLS}
        if not known:
            return None
        if known & {"presets", "settings"}:
            known.add("train")
        if not known & {*AREAS}:  # a link must not hide everything
            known |= {*AREAS}
        return frozenset(known)

    # ---- Sharing

    def link(self) -> str:
        """The address of what is on the page now: tab or step of the tour, model, settings."""
        return self._location.href()

    def link_with_code(self, packed: str) -> str:
        """The address with code in the place of tab and tour."""
        return f"{self._location.href().partition('#')[0]}#{CODE}{packed}"


def place_of(fragment: str) -> Place:
    """What a fragment names: "data" a tab, "tour-3" a step of the tour, "lesson-shapes" a ready alphabet."""
    name = OLD_TABS.get(fragment, fragment)
    if name in TABS:
        return Place(tab=name)
    if fragment.startswith(CODE):
        return Place(tab=CODE_TAB, code=fragment.removeprefix(CODE))
    lesson = fragment.removeprefix(LESSON)
    if lesson != fragment and lesson:
        return Place(tab=LESSON_TAB, lesson=lesson)
    step = fragment.removeprefix(TOUR)
    if step != fragment and step.isascii() and step.isdecimal():
        return Place(step=int(step[:4]))  # there are fewer than a thousand
    return Place()
