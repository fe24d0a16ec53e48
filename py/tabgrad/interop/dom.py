"""The document, for Python: elements, listeners, animation frames, pixels. It decides nothing.

Elements stay plain JavaScript objects (`Element`). Every listener and callback releases its proxy when it is removed.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import js
import numpy as np
from numpy.typing import NDArray
from pyodide.ffi import JsException

from . import clock
from .convert import js_function, or_none, release, to_js
from .folder import named

#: A DOM element or event target, and an event, as Pyodide's JsProxy.
Element = Any
Event = Any


def by_id(name: str) -> Element:
    """The element with this id; LookupError if the page has none."""
    element = or_none(js.document.getElementById(name))
    if element is None:
        raise LookupError(f"The page has no element #{name}.")
    return element


def select(selector: str, within: Element | None = None) -> list[Element]:
    """All elements that match a CSS selector, in document order."""
    return list((js.document if within is None else within).querySelectorAll(selector))


def create(tag: str, parent: Element | None = None, *, text: str = "", **attributes: str) -> Element:
    """A new element. Attributes are written as Python names: `class_` for class, `aria_label` for aria-label."""
    element = js.document.createElement(tag)
    for name, value in attributes.items():
        element.setAttribute(name.rstrip("_").replace("_", "-"), value)
    if text:
        element.textContent = text
    if parent is not None:
        parent.appendChild(element)
    return element


def focused() -> Element | None:
    """The element that has the focus."""
    return or_none(js.document.activeElement)


def is_shown(element: Element) -> bool:
    """Whether the element has a place on the page: CSS may hide it, or something around it."""
    return bool(element.getClientRects().length)


def closest(element: Element, selector: str) -> Element | None:
    """The element itself or its nearest ancestor that matches a CSS selector."""
    return or_none(element.closest(selector))


def data(element: Element, name: str) -> str:
    """The attribute `data-<name>`; empty if the element has none."""
    return str(or_none(element.getAttribute(f"data-{name}")) or "")


def edits_text(target: Element) -> bool:
    """Whether an event's target is a text field or a select, which handle keys themselves."""
    is_editable = bool(getattr(target, "isContentEditable", False))
    return is_editable or getattr(target, "tagName", "") in ("INPUT", "TEXTAREA", "SELECT")


def coalesced(event: Event) -> list[Event]:
    """All pointer events that one event stands for: the browser delivers only one per frame."""
    several = getattr(event, "getCoalescedEvents", None)
    return list(several()) or [event] if several else [event]


def capture_pointer(element: Element, pointer: int) -> None:
    """Send all events of a pressed pointer to the element, also when it leaves it.

    Does nothing if the pointer is no longer there, or was made by a script.
    """
    with contextlib.suppress(JsException):
        element.setPointerCapture(pointer)


def drop_selection() -> None:
    """Select nothing. A press on selected text would drag the text."""
    if (selection := or_none(js.getSelection())) is not None:
        selection.removeAllRanges()


def root() -> Element:
    """The html element."""
    return js.document.documentElement


def root_dataset() -> Any:
    """`document.documentElement.dataset`: the page's state, for styles and for automated tests."""
    return js.document.documentElement.dataset


class Listener:
    """A function that handles events until `remove` is called."""

    def __init__(
        self, target: Element, events: str, handler: Callable[[Event], object], *, passive: bool = False
    ) -> None:
        """`events`: one or more names, separated by spaces. A passive handler cannot cancel the event."""
        self._target, self._events = target, events.split()
        self._proxy = js_function(handler)
        for event in self._events:
            target.addEventListener(event, self._proxy, to_js({"passive": passive}))

    def remove(self) -> None:
        """Stop listening and release the proxy. Idempotent."""
        for event in self._events:
            self._target.removeEventListener(event, self._proxy)
        release(self._proxy)


class Frames:
    """Calls `callback` once before the next frame is painted, even if `request` was called several times."""

    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback = callback
        self._waiting = False
        self._proxy = js_function(self._run)

    def request(self) -> None:
        """Have the callback called before the next frame."""
        if not self._waiting:
            self._waiting = True
            js.requestAnimationFrame(self._proxy)

    def _run(self, _time_ms: float) -> None:
        self._waiting = False
        self._callback()


class SizeWatch:
    """Calls `callback` when the element's size, or the number of device pixels in a CSS pixel, changes."""

    def __init__(self, element: Element, callback: Callable[[], object]) -> None:
        self._callback = callback
        self._proxy = js_function(self._run)
        self._observer = js.ResizeObserver.new(self._proxy)
        self._observer.observe(element)
        self._window = Listener(js.window, "resize", self._run, passive=True)  # zooming need not change the size

    def _run(self, *_: Any) -> None:
        self._callback()

    def remove(self) -> None:
        """Stop watching. Idempotent."""
        self._observer.disconnect()
        self._window.remove()
        release(self._proxy)


def on_media_change(query: str, handler: Callable[[Event], object]) -> Listener:
    """Listen for a media query that starts or stops matching."""
    return Listener(js.matchMedia(query), "change", handler)


def media_matches(query: str) -> bool:
    """Whether a media query matches now."""
    return bool(js.matchMedia(query).matches)


def on_page(events: str, handler: Callable[[Event], object]) -> Listener:
    """Listen on the window."""
    return Listener(js.window, events, handler)


def style(element: Element, name: str) -> str:
    """A computed CSS property, with variables resolved."""
    return str(js.getComputedStyle(element).getPropertyValue(name))


def colour(element: Element, variable: str) -> str:
    """The colour in a CSS variable, in a form that a canvas accepts: `light-dark()` and `var()` are resolved."""
    probe = js.document.createElement("span")
    probe.style.color = f"var({variable})"
    element.appendChild(probe)
    value = style(probe, "color")
    probe.remove()
    return value


def device_pixel_ratio() -> float:
    """Device pixels in a CSS pixel."""
    return float(js.window.devicePixelRatio)


def path(data: str) -> Any:
    """A Path2D from SVG path data, made with one call into JavaScript however many points it has."""
    return js.Path2D.new(data)


def put_grey(canvas: Element, image: NDArray[np.float32]) -> None:
    """Show a float32 image (height, width) with values in 0..1 on a canvas of that size; 1 is white."""
    rgba = np.full((*image.shape, 4), 255, np.uint8)
    rgba[..., :3] = np.rint(image * 255)[..., None]
    put_rgba(canvas, rgba)


def put_rgba(canvas: Element, rgba: NDArray[np.uint8]) -> None:
    """Show a uint8 image (height, width, 4) on a canvas of that size."""
    height, width, _ = rgba.shape
    pixels = js.Uint8ClampedArray.new(rgba.size)
    pixels.assign(np.ascontiguousarray(rgba).reshape(-1))
    canvas.getContext("2d").putImageData(js.ImageData.new(pixels, width, height), 0, 0)


def now_ms() -> float:
    """A monotonic clock, in milliseconds."""
    return clock.now_s() * 1e3


def query_parameter(name: str) -> str:
    """The value of `?name=…` in the address; empty if there is none."""
    return str(or_none(js.URLSearchParams.new(js.location.search).get(name)) or "")


def stored(key: str) -> str:
    """The text that this folder has under `key` in localStorage; empty if there is none or storage is switched off.

    Earlier versions stored it for all folders.
    """
    try:
        found = [or_none(js.localStorage.getItem(name)) for name in (named(key), key)]
        return str(found[0] or found[1] or "")
    except (JsException, AttributeError):  # refused; or there is no localStorage, as in some apps
        return ""


def store(key: str, value: str) -> None:
    """Keep a short text in localStorage; does nothing if storage is switched off."""
    try:
        js.localStorage.setItem(named(key), value)
    except (JsException, AttributeError):
        return


def boot_takeover() -> str:
    """Take over the pad from the boot script: the actions drawn so far and the pointer that is drawing now, as JSON."""
    return str(js.tabgradBoot.takeOver())


def manifest() -> dict[str, Any]:
    """The site's manifest, written by the build: the URLs of its files, by purpose."""
    content: dict[str, Any] = json.loads(by_id("manifest").textContent)
    return content
