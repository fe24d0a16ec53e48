"""Finds and starts Chromium for tests, benchmarks and screenshots: the full browser, headless, with WebGPU."""

import os
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: On Linux WebGPU needs a flag. The others switch off requests that the browser makes on its own.
FLAGS = [
    "--headless=new",
    "--enable-unsafe-webgpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MISSING = "Chromium was not found: run `.venv/bin/playwright install chromium`, or put one on the PATH."


def find(playwright: Playwright) -> str | None:
    """The path of a full Chromium: $CHROMIUM, one on the PATH, or Playwright's own. None if there is none."""
    candidates = [os.environ.get("CHROMIUM"), *map(shutil.which, NAMES), playwright.chromium.executable_path]
    return next((path for path in candidates if path and Path(path).exists()), None)


def flags() -> list[str]:
    """The flags for the current user. Chromium's sandbox refuses to run as root, which containers often use."""
    return [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS


def launch(playwright: Playwright, *more_flags: str, **options: Any) -> Browser:
    """Start Chromium with `more_flags` in addition to `flags()`. Raises FileNotFoundError if there is none."""
    path = find(playwright)
    if path is None:
        raise FileNotFoundError(MISSING)
    # The full browser with its own headless mode: chromium-headless-shell, Playwright's default, has no WebGPU.
    return playwright.chromium.launch(executable_path=path, args=[*flags(), *more_flags], **options)
