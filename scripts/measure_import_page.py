"""Measures how the page brings large files, in Chromium on Linux: `python -m scripts.measure_import_page`.

Builds the site, makes the sets of `measure_import` and a zip of 20,000 PNGs, and for each opens the page, draws all the
time, chooses the files, uses the set, and exports it. Prints seconds, the longest task on the page's own thread, and
the peak of the renderer's memory above what it had before, with the worker already started.
"""

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, FilePayload, Page, sync_playwright

from scripts import chromium, fetch_mnist
from scripts.bench.page import TIMEOUT_S, pad_box, wait
from scripts.build import build
from scripts.measure_import import SETS, make_zip
from scripts.serve import running

MAKERS: dict[str, Callable[[Path], None]] = {**SETS, "zip of 20,000": partial(make_zip, pictures=20_000)}
WATCH = """
window.longest = 0;
new PerformanceObserver(list => list.getEntries().forEach(one => longest = Math.max(longest, one.duration)))
  .observe({ type: "longtask" });
"""
#: So small that reading it only starts the worker.
SMALL = "\n".join(",".join([f"{k % 2}", *(f"{(k * 7 + i) % 256}" for i in range(784))]) for k in range(12))


class Renderer:
    """The process of the page: the largest one of this browser."""

    def __init__(self, session: CDPSession) -> None:
        found = session.send("SystemInfo.getProcessInfo")["processInfo"]
        self._folders = [Path(f"/proc/{one['id']}") for one in found if one["type"] == "renderer"]
        self._folder = max(self._folders, key=lambda folder: self._mb(folder, "VmRSS"))
        (self._folder / "clear_refs").write_text("5")  # the peak counts from here on
        self._before = self._mb(self._folder, "VmRSS")

    @staticmethod
    def _mb(folder: Path, field: str) -> float:
        return int(re.findall(rf"{field}:\s*(\d+) kB", (folder / "status").read_text())[0]) / 1024

    def more_mb(self) -> float:
        """The peak above what there was."""
        return self._mb(self._folder, "VmHWM") - self._before


def until(page: Page, done: Callable[[], bool]) -> tuple[float, float]:
    """Draws until `done`: seconds, and the longest task in milliseconds."""
    box, begin = pad_box(page), time.perf_counter()
    page.evaluate("longest = 0")
    while not done():
        if time.perf_counter() - begin > TIMEOUT_S:
            raise TimeoutError(page.get_by_test_id("data-import-said").text_content())
        page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.2 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.8 * box["height"], steps=8)
        page.mouse.up()
        page.wait_for_timeout(30)
    return time.perf_counter() - begin, float(page.evaluate("longest"))


def measure(browser: Browser, url: str, files: Sequence[Path]) -> str:
    """Brings `files`, stores them and exports them."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        page = context.new_page()
        page.goto(f"{url}?engine=wasm")
        wait(page, "app", "ready")
        page.get_by_test_id("tab-data").click()
        choose, preview = page.get_by_test_id("data-import"), page.get_by_test_id("data-preview")
        choose.set_input_files(FilePayload(name="small.csv", mimeType="text/csv", buffer=SMALL.encode()))
        preview.wait_for()
        page.get_by_test_id("data-drop").click()
        preview.wait_for(state="hidden")
        page.evaluate(WATCH)
        renderer = Renderer(browser.new_browser_cdp_session())
        choose.set_input_files(files)
        read = *until(page, preview.is_visible), renderer.more_mb()
        page.get_by_test_id("data-use").click()
        stored = *until(page, preview.is_hidden), renderer.more_mb()
        page.get_by_test_id("tab-data").click()
        with page.expect_download(timeout=TIMEOUT_S * 1000) as saved:
            page.get_by_test_id("data-export").click()
            said = page.get_by_test_id("data-import-said")
            exported = *until(page, lambda: "script" in (said.text_content() or "")), renderer.more_mb()
        size = saved.value.path().stat().st_size / 1e6
    finally:
        context.close()
    parts = (("preview after", read), ("stored after", stored), (f"exported ({size:.0f} MB) after", exported))
    return "; ".join(f"{what} {s:.1f} s, longest task {ms:.0f} ms, peak {mb:.0f} MB" for what, (s, ms, mb) in parts)


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes the sets, brings each of them, prints a line for each."""
    parser = argparse.ArgumentParser(description="Measure how the page brings large files.")
    parser.add_argument("sets", nargs="*", help=f"some of {', '.join(MAKERS)}; all without it")
    chosen = parser.parse_args(arguments).sets or list(MAKERS)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        build(Path(folder) / "site", fetch_mnist.locate())
        with running(Path(folder) / "site") as url:
            for name in chosen:
                place = Path(folder) / name
                place.mkdir()
                MAKERS[name](place)
                browser = chromium.launch(playwright)
                load = os.getloadavg()[0]
                print(f"{name}: {measure(browser, url, sorted(place.iterdir()))} (load {load:.1f})", flush=True)
                browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
