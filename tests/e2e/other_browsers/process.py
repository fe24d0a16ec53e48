"""A browser's processes and its folder: started together, ended together. Knows no browser."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

#: Ending politely takes a browser well under this; then its group is killed.
GRACE_S = 10
#: As much of the output as an error message quotes.
TAIL = 2000


class Processes:
    """Programs that live in one temporary folder, which is their home and goes with them."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tabgrad-browser-"))
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, command: Sequence[str], env: Mapping[str, str] | None = None, **options: object) -> None:
        """Start a program in a process group of its own; what it prints is kept for `log`."""
        with (self.folder / "log").open("ab") as log:
            running = subprocess.Popen(
                command,
                env={**os.environ, "HOME": str(self.folder), **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **options,  # type: ignore[call-overload]  # pass_fds, for who needs it
            )
        self._running.append(running)

    def check(self) -> bool:
        """Raise RuntimeError if a process has ended, else return True, so that it can be part of a condition."""
        for running in self._running:
            if running.poll() is not None:
                raise RuntimeError(f"{running.args!r} ended with status {running.returncode}: {self.log()}")
        return True

    def log(self) -> str:
        """The end of what all of them printed."""
        return (self.folder / "log").read_text(errors="replace")[-TAIL:]

    def close(self) -> None:
        """End them, the last started first, and remove the folder."""
        for running in reversed(self._running):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(GRACE_S)
            with contextlib.suppress(ProcessLookupError):  # children may outlive their parent
                os.killpg(running.pid, signal.SIGKILL)
            running.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
