"""Takes pictures of the page: `python -m scripts.screenshots` -> out/screenshots, and docs/screenshot.webp (README).

They show phone and desktop, light and dark mode, an empty pad, a drawn digit, and each panel. No test compares them.
"""

import argparse
import base64
import math
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from scripts import chromium
from scripts.serve import open_server
from scripts.sitebuild.parts import ROOT

SIZES = {"phone": (390, 844), "desktop": (1280, 900)}
TIMEOUT_S = 120.0
#: The arcs of a three in the unit square: centre (x, y), radii (x, y), first and last angle in degrees.
ARCS = [(0.47, 0.33, 0.2, 0.16, -140, 85), (0.47, 0.66, 0.23, 0.18, -85, 140)]
POINTS = 25
README_PICTURE = ROOT / "docs" / "screenshot.webp"


def stroke() -> list[tuple[float, float]]:
    """The points of the three, in the unit square."""
    points = []
    for x, y, radius_x, radius_y, first, last in ARCS:
        for i in range(POINTS):
            angle = math.radians(first + (last - first) * i / (POINTS - 1))
            points.append((x + radius_x * math.cos(angle), y + radius_y * math.sin(angle)))
    return points


def wait_for(page: Page, field: str, what: str) -> None:
    """Wait until the root's dataset field is no longer `what`. It polls, because the page's policy forbids eval."""
    deadline = time.monotonic() + TIMEOUT_S
    while page.evaluate("field => document.documentElement.dataset[field]", field) == what:
        if time.monotonic() > deadline:
            raise TimeoutError(f"After {TIMEOUT_S:.0f} s data-{field} is still {what!r}.")
        page.wait_for_timeout(50)


def draw(page: Page) -> None:
    """Draw the three and wait for its prediction."""
    box = page.get_by_test_id("draw-pad").bounding_box()
    if box is None:
        raise RuntimeError("The page shows no drawing pad.")
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke()]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=2)
    page.mouse.up()
    wait_for(page, "predictions", "0")
    page.wait_for_timeout(500)  # the bars are animated


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
            wait_for(page, "app", "booting")
            shoot("empty")
            draw(page)
            shoot("drawn")
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
    with open_server(options.dist, 0) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = chromium.launch(playwright)
        take(browser, server.url, options.out)
        README_PICTURE.parent.mkdir(exist_ok=True)
        README_PICTURE.write_bytes(webp(browser, options.out / "desktop-light-readme.png", 1280))
        browser.close()
        server.shutdown()
    print(f"Pictures are in {options.out}; the README's is {README_PICTURE.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
