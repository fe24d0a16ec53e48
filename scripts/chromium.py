"""Starts Chromium the way tests, measurements and screenshots need it: full, headless, with WebGPU.

Knows where to find one and what to pass to it; knows nothing of the page.
"""

import os
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: WebGPU behind a flag on Linux, and none of the requests that a browser makes for itself.
FLAGS = [
    "--headless=new",
    "--enable-unsafe-webgpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MISSING = "No Chromium was found: `.venv/bin/playwright install chromium` fetches one, or put one on the PATH."


def find(playwright: Playwright) -> str | None:
    """The path of a full Chromium: $CHROMIUM, one on the PATH, or Playwright's own; None where there is none."""
    candidates = [os.environ.get("CHROMIUM"), *map(shutil.which, NAMES), playwright.chromium.executable_path]
    return next((path for path in candidates if path and Path(path).exists()), None)


def flags() -> list[str]:
    """The usual flags, for this user: Chromium's sandbox refuses to run as root, which is who one is in a container."""
    return [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS


def launch(playwright: Playwright, *more_flags: str, **options: Any) -> Browser:
    """Start Chromium with `more_flags` besides the usual ones. Raises FileNotFoundError where there is none."""
    path = find(playwright)
    if path is None:
        raise FileNotFoundError(MISSING)
    # chromium-headless-shell, Playwright's default, has no WebGPU: so the full browser, headless by its own flag.
    return playwright.chromium.launch(executable_path=path, args=[*flags(), *more_flags], **options)
