"""Takes pictures of the page: `python -m scripts.screenshots` -> out/screenshots, and docs/screenshot.webp (README).

They show phone and desktop, light and dark mode, an empty pad, a drawn digit, a run, and each panel. No test compares
them.
"""

import argparse
import base64
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from scripts import chromium
from scripts.bench.page import THREE, on_pad, wait
from scripts.serve import running
from scripts.sitebuild.parts import ROOT

SIZES = {"phone": (390, 844), "desktop": (1280, 900)}
README_PICTURE = ROOT / "docs" / "screenshot.webp"


def draw(page: Page) -> None:
    """Draw a three in one stroke and wait for its prediction."""
    first, *rest = on_pad(page, *THREE)
    page.mouse.move(*first)
    page.mouse.down()
    for point in rest:
        page.mouse.move(*point, steps=2)
    page.mouse.up()
    page.locator("html:not([data-predictions='0'])").wait_for(state="attached")
    page.wait_for_timeout(500)  # the bars are animated


def train(page: Page) -> None:
    """Train for two epochs, as far as a picture needs it, and pause."""
    page.get_by_test_id("train-start").click()
    page.get_by_test_id("train-epoch").filter(has_text=re.compile(r"^2\.")).wait_for(timeout=120_000)
    page.get_by_test_id("train-pause").click()
    wait(page, "worker", "paused", "finished")


def take(browser: Browser, url: str, folder: Path) -> None:
    """Take all pictures, as folder/SIZE-SCHEME-STATE.png."""
    for size, (width, height) in SIZES.items():
        for scheme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=2
            )
            page = context.new_page()

            def shoot(state: str, *, page: Page = page, stem: str = f"{size}-{scheme}", full: bool = True) -> None:
                page.screenshot(path=folder / f"{stem}-{state}.png", full_page=full)

            page.goto(url)
            shoot("booting")
            wait(page, "app", "ready")
            shoot("empty")
            draw(page)
            shoot("drawn")
            train(page)
            shoot("readme", full=False)
            for tab in page.get_by_role("tab").all():
                tab.click()
                page.wait_for_timeout(1500)
                shoot((tab.text_content() or "panel").strip().lower().replace(" ", "-"))
            context.close()


def webp(browser: Browser, png: Path, width: int, quality: float = 0.86) -> bytes:
    """A PNG file as WebP with the given width in pixels, encoded by the browser."""
    page = browser.new_page()
    data: str = page.evaluate(
        """async ([source, width, quality]) => {
            const image = new Image();
            image.src = source;
            await image.decode();
            const canvas = document.createElement("canvas");
            canvas.width = width;
            canvas.height = Math.round(image.height * width / image.width);
            const context = canvas.getContext("2d");
            context.imageSmoothingQuality = "high";
            context.drawImage(image, 0, 0, canvas.width, canvas.height);
            return canvas.toDataURL("image/webp", quality).split(",")[1];
        }""",
        [f"data:image/png;base64,{base64.b64encode(png.read_bytes()).decode()}", width, quality],
    )
    page.close()
    return base64.b64decode(data)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Take pictures of the built page.")
    parser.add_argument("--dist", type=Path, default=ROOT / "dist", help="the built site (default: dist)")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "screenshots", help="default: out/screenshots")
    options = parser.parse_args(arguments)
    if not (options.dist / "index.html").is_file():
        print(f"{options.dist} has no built site: run `make build` first.", file=sys.stderr)
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    with (
        running(options.dist) as url,
        sync_playwright() as playwright,
        chromium.launch(playwright) as browser,
    ):
        take(browser, url, options.out)
        README_PICTURE.parent.mkdir(exist_ok=True)
        README_PICTURE.write_bytes(webp(browser, options.out / "desktop-light-readme.png", 1280))
    print(f"Pictures are in {options.out}; the README's is {README_PICTURE.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
