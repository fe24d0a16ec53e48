"""WebKitGTK, driven by WebKitWebDriver over HTTP, as the W3C has it: https://www.w3.org/TR/webdriver2/

WebKitGTK has no headless mode: it gets a display of its own, Xvfb.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import urllib.error
import urllib.request
from typing import Any

from tests.e2e.other_browsers.process import Processes
from tests.e2e.other_browsers.webdriver import BrowserError, Session, wait
from tests.e2e.support import TIMEOUT_S

PROGRAMS = ("WebKitWebDriver", "Xvfb")
MISSING = "No WebKitGTK to drive: Debian has it in webkit2gtk-driver and xvfb."
SCREEN = "1280x1024x24"
#: The window is painted by the CPU: a virtual display has no GPU to share buffers with. The locale is one that WebKit
#: passes on as `navigator.language` although it is no language tag, so the page is always tried with such a one.
ENVIRONMENT = {
    "GDK_BACKEND": "x11",
    "LIBGL_ALWAYS_SOFTWARE": "1",
    "WEBKIT_DISABLE_DMABUF_RENDERER": "1",
    "LC_ALL": "C.UTF-8",
}


class WebKitGTK(Session):
    """WebKitGTK's MiniBrowser on a virtual display, with nothing stored."""

    name = "WebKitGTK"

    def __init__(self) -> None:
        if not all(map(shutil.which, PROGRAMS)):
            raise FileNotFoundError(MISSING)
        self._processes = Processes()
        self._session = ""
        # A proxy in the environment is not for the driver on this machine.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        self._start_driver(self._start_display())
        found = self._send("POST", "session", capabilities={})  # the driver takes the MiniBrowser it was built with
        self._session = f"session/{found['sessionId']}/"
        self.version = found["capabilities"]["browserVersion"]

    def _start_display(self) -> str:
        """Start Xvfb on a display that is free; it writes the number to a pipe. Returns the display's name."""
        read_end, write_end = os.pipe()
        self._processes.start(
            ["Xvfb", "-displayfd", str(write_end), "-screen", "0", SCREEN, "-nolisten", "tcp"], pass_fds=[write_end]
        )
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise BrowserError(f"Xvfb did not start: {self._processes.log()}")
        return f":{number}"

    def _start_driver(self, display: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._url = f"http://127.0.0.1:{port}/"
        self._processes.start(["WebKitWebDriver", f"--port={port}"], {**ENVIRONMENT, "DISPLAY": display})
        wait(
            "WebKitWebDriver to listen", lambda: self._processes.check() and self._listens(), TIMEOUT_S,
            lambda: f": {self._processes.log()}",
        )  # fmt: skip

    def _listens(self) -> bool:
        try:
            return bool(self._send("GET", "status")["ready"])
        except OSError:
            return False

    def _send(self, method: str, path: str, **parameters: object) -> Any:
        body = json.dumps(parameters).encode() if method == "POST" else None
        request = urllib.request.Request(f"{self._url}{path}", body, method=method)
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise BrowserError(f"{path} failed in WebKitGTK: {error.read().decode()[:2000]}") from None

    def navigate(self, url: str) -> None:
        self._send("POST", f"{self._session}url", url=url)

    def execute(self, script: str, *args: object) -> Any:
        return self._send("POST", f"{self._session}execute/sync", script=script, args=args)

    def perform(self, actions: list[dict[str, Any]]) -> None:
        self._send("POST", f"{self._session}actions", actions=actions)

    def screenshot_base64(self) -> str:
        return str(self._send("GET", f"{self._session}screenshot"))

    def close(self) -> None:
        self._processes.close()
