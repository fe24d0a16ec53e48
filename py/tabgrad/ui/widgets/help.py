"""A '?' beside a figure or a control; a press shows one plain sentence. The browser opens and closes it.

https://developer.mozilla.org/docs/Web/API/Popover_API
"""

from __future__ import annotations

from itertools import count

from tabgrad.interop import dom

_numbers = count(1)


def add_help(parent: dom.Element, about: str, sentence: str) -> dom.Element:
    """Add a '?' to `parent` that explains what is called `about`; returns the element of the sentence."""
    name = f"help-{next(_numbers)}"
    button = dom.create("button", parent, text="?", type="button", class_="help", popovertarget=name)
    button.setAttribute("aria-label", f"Help: {about}")
    return dom.create("span", parent, text=sentence, id=name, class_="help-text", popover="auto", role="note")
