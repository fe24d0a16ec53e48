"""PyScript's named worker and the channel to it: start, stop, messages both ways. Knows nothing of what they mean.

PyScript starts a worker for every `<script type="py" worker>`, also for one added later, and offers it as `xworker`.
The page and the worker then talk through a MessagePort of their own: it transfers binaries, is private to the tab, and
needs no SharedArrayBuffer. https://docs.pyscript.net/2026.3.1/user-guide/workers/
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

import js
import pyodide_js
from pyodide.ffi import JsException

from .chosen import is_file
from .clock import now_s
from .convert import first_event, js_function, release, to_js
from .files import fetch_bytes

#: The worker's name in PyScript.
NAME = "trainer"
#: PyScript notices a new script within a frame; a page without PyScript never does. Seconds.
NOTICED_WITHIN_S = 10.0
#: A worker that says nothing within this time does not run. Seconds.
PROBED_WITHIN_S = 5.0

#: Gets a message: a text, and a list of bytes and handles.
OnMessage = Callable[[str, list[Any]], None]


class WorkerError(RuntimeError):
    """The worker cannot be started. One sentence."""


class Port:
    """One end of the channel. A message is a text and a list of bytes and handles, which are files of the browser's."""

    def __init__(self, port: Any, on_message: OnMessage) -> None:
        self._port, self._on_message = port, on_message
        self._proxy = js_function(self._receive)
        port.onmessage = self._proxy

    def send(self, text: str, blobs: Sequence[Any] = ()) -> None:
        """Send a message. Bytes are copied once, out of Python, and then transferred; handles stay usable here."""
        parts, buffers = js.Array.of(text), js.Array.new()
        for blob in blobs:
            part = to_js(blob)
            parts.push(part)
            if isinstance(blob, bytes):
                buffers.push(part.buffer)
        self._port.postMessage(parts, buffers)

    def _receive(self, event: Any) -> None:
        text, *parts = event.data
        self._on_message(str(text), [part if is_file(part) else part.to_bytes() for part in parts])

    def close(self) -> None:
        """Stop listening. Idempotent."""
        self._port.onmessage = None
        self._port.close()
        release(self._proxy)


class NamedWorker:
    """The worker, seen from the page. `script` is its URL, `config` its PyScript configuration as JSON."""

    def __init__(self, script: str, config: str, on_message: OnMessage) -> None:
        self._script, self._config, self._on_message = script, config, on_message
        self._element: Any = None
        self._port: Port | None = None

    async def start(self, first: str) -> None:
        """Start the worker; `first` is the text that its script receives first. Raises WorkerError."""
        try:
            # PyScript does not report a script that is missing.
            _, blobs = await asyncio.gather(fetch_bytes(self._script), may_use_blobs())
        except OSError as error:
            raise WorkerError(f"{error} Training cannot start without it; the rest of the page still works.") from error
        js.globalThis.tabgradBlobs = blobs  # sitebuild.prune has PyScript read it
        element = js.document.createElement("script")
        config = json.loads(self._config)
        # The worker's own address is a blob: URL, so relative URLs do not work in it.
        config["interpreter"] = absolute(config["interpreter"])
        attributes = {"type": "py", "worker": "", "name": NAME, "src": self._script, "config": json.dumps(config)}
        for name, value in attributes.items():
            element.setAttribute(name, value)
        js.document.body.appendChild(element)
        self._element = element
        deadline = now_s() + NOTICED_WITHIN_S
        while not hasattr(element, "xworker"):
            if now_s() > deadline:
                raise WorkerError("The training worker did not start: reload the page.")
            await asyncio.sleep(0.005)
        channel = js.MessageChannel.new()
        self._port = Port(channel.port1, self._on_message)
        element.xworker.postMessage(first, js.Array.of(channel.port2))

    def send(self, text: str, blobs: Sequence[Any] = ()) -> None:
        """Send a message. The channel keeps it until the worker is ready. Raises WorkerError before `start`."""
        if self._port is None:
            raise WorkerError("The training worker is not running.")
        self._port.send(text, blobs)

    def terminate(self) -> None:
        """Stop the worker at once, even in the middle of a computation. Idempotent."""
        if self._port is not None:
            self._port.close()
            self._port = None
        if self._element is not None:
            if hasattr(self._element, "xworker"):
                self._element.xworker.terminate()
            self._element.remove()
            self._element = None


def end_when_python_dies(port: Any, last_words: str) -> None:
    """Have this worker end with its Python: after a fatal error it would go on and answer, wrongly, or not at all.

    `last_words` is the message that goes through `port` then. Python cannot do any of this any more: `on_fatal`, which
    Pyodide's `fatal_error` calls, sends out an event, whose listeners are functions of the browser.
    """
    died = js.Event.new("tabgrad-python-died")
    for act in (port.postMessage.bind(port, js.Array.of(last_words)), js.close.bind(js.globalThis)):
        js.addEventListener(died.type, act)
    pyodide_js._api.on_fatal = js.dispatchEvent.bind(js.globalThis, died)


async def may_use_blobs() -> bool:
    """Whether workers can be started from blob: URLs: a host's security policy may forbid it."""
    url = js.URL.createObjectURL(js.Blob.new(js.Array.of("postMessage(0)"), to_js({"type": "text/javascript"})))
    try:
        probe = js.Worker.new(url)
    except JsException:
        return False
    try:
        async with asyncio.timeout(PROBED_WITHIN_S):
            return await first_event(probe, "message", "error") == "message"
    except TimeoutError:
        return False
    finally:
        probe.terminate()
        js.URL.revokeObjectURL(url)


def absolute(url: str) -> str:
    """The absolute form of a URL that is relative to the page."""
    return str(js.URL.new(url, js.document.baseURI).href)
