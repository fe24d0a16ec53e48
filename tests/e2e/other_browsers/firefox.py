"""Firefox, driven over Marionette: its own TCP protocol, the one that geckodriver translates WebDriver to.

Debian has no geckodriver, and nothing it adds is needed here.
https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html
"""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path
from typing import Any

from tests.e2e.other_browsers.process import Processes
from tests.e2e.other_browsers.webdriver import BrowserError, Session, wait
from tests.e2e.support import TIMEOUT_S

NAMES = ("firefox-esr", "firefox")
MISSING = "No Firefox on the PATH: Debian has it in firefox-esr."
#: Port 0: any that is free; Firefox writes the one it took into its profile.
PREFERENCES = {"marionette.port": 0, "datareporting.policy.dataSubmissionEnabled": False}
WINDOW = {"width": 1200, "height": 900}


class Firefox(Session):
    """A headless Firefox with a fresh profile."""

    name = "Firefox"

    def __init__(self) -> None:
        path = next(filter(None, map(shutil.which, NAMES)), None)
        if path is None:
            raise FileNotFoundError(MISSING)
        self._processes = Processes()
        self._socket: socket.socket | None = None
        self._sent = 0
        try:
            self._start(path)
        except BaseException:
            self.close()
            raise

    def _start(self, path: str) -> None:
        profile = self._processes.folder / "profile"
        profile.mkdir()
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
        (profile / "user.js").write_text("\n".join(lines))
        self._processes.start([path, "--headless", "--marionette", "--no-remote", "--profile", str(profile)])
        self._socket = socket.create_connection(("127.0.0.1", self._port(profile)), TIMEOUT_S)
        self._stream = self._socket.makefile("rb")
        self._receive()  # Firefox introduces itself first
        self.version = self._send("WebDriver:NewSession")["capabilities"]["browserVersion"]
        self._send("WebDriver:SetWindowRect", **WINDOW)

    def _port(self, profile: Path) -> int:
        file = profile / "MarionetteActivePort"
        wait(
            "Firefox to listen", lambda: self._processes.check() and file.exists() and file.read_text(), TIMEOUT_S,
            lambda: f": {self._processes.log()}",
        )  # fmt: skip
        return int(file.read_text())

    def _send(self, command: str, **parameters: object) -> Any:
        """Send a command and return its result; messages are `[0, id, command, parameters]`."""
        assert self._socket
        self._sent += 1
        message = json.dumps([0, self._sent, command, parameters]).encode()
        self._socket.sendall(b"%d:%b" % (len(message), message))
        _, number, error, result = self._receive()
        if error or number != self._sent:
            raise BrowserError(f"{command} failed in Firefox: {error}")
        return result

    def _receive(self) -> Any:
        """One message, which its length and a colon precede."""
        length = b""
        while (byte := self._stream.read(1)) != b":":
            if not byte:
                raise BrowserError(f"Firefox closed the connection: {self._processes.log()}")
            length += byte
        return json.loads(self._stream.read(int(length)))

    def navigate(self, url: str) -> None:
        self._send("WebDriver:Navigate", url=url)

    def execute(self, script: str, *args: object) -> Any:
        return self._send("WebDriver:ExecuteScript", script=script, args=args)["value"]

    def perform(self, actions: list[dict[str, Any]]) -> None:
        self._send("WebDriver:PerformActions", actions=actions)

    def screenshot_base64(self) -> str:
        return str(self._send("WebDriver:TakeScreenshot", full=False)["value"])

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        self._processes.close()
