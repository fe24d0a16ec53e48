"""After one visit the page needs no network, and a new version comes in only when the visitor agrees."""

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from scripts.serve import StaticServer, open_server
from tests.e2e.support import TIMEOUT_S, Visit, wait_dataset


@pytest.fixture
def host(dist: Path, tmp_path: Path) -> Iterator[StaticServer]:
    """A server of a copy of the site, which a test may change and stop."""
    shutil.copytree(dist, tmp_path / "site")
    server = open_server(tmp_path / "site", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    stop(server)


def stop(server: StaticServer) -> None:
    server.shutdown()
    server.server_close()


@pytest.fixture
def visitor(browser: Browser, host: StaticServer) -> Iterator[Callable[[], Visit]]:
    """Visits to `host` in one browser context, so that what the first one leaves is there for the second."""
    context = browser.new_context()
    context.set_default_timeout(TIMEOUT_S * 1000)

    def go() -> Visit:
        visit = Visit(context.new_page(), context, host.url)
        visit.watch()
        visit.page.goto(host.url)
        wait_dataset(visit.page, "app", "ready")
        return visit

    yield go
    context.close()


def wait_for_worker(page: Page) -> None:
    """Wait until the service worker has all it needs and answers for the page."""
    page.evaluate("""async () => {
        await navigator.serviceWorker.ready;
        while (!navigator.serviceWorker.controller) await new Promise((resolve) => setTimeout(resolve, 50));
    }""")


def draw_a_one(page: Page) -> None:
    box = page.get_by_test_id("draw-pad").bounding_box()
    assert box is not None
    x, y, size = box["x"] + box["width"] / 2, box["y"], box["height"]
    page.mouse.move(x, y + 0.2 * size)
    page.mouse.down()
    page.mouse.move(x, y + 0.8 * size, steps=8)
    page.mouse.up()


def wait_until_cached(page: Page, urls: list[str]) -> None:
    """Wait until the service worker has filled its cache with `urls`."""
    page.evaluate(
        """async (urls) => {
            for (const url of urls)
                while (!(await caches.match(new URL(url, location.href).href)))
                    await new Promise((resolve) => setTimeout(resolve, 50));
        }""",
        urls,
    )


def test_the_second_visit_needs_no_network(visitor: Callable[[], Visit], host: StaticServer, dist: Path) -> None:
    first = visitor()
    wait_for_worker(first.page)
    # With MNIST at hand the training data comes along; a site without it has no such files.
    blocks = [path.relative_to(dist).as_posix() for path in dist.glob("data/*/*")]
    wait_until_cached(first.page, blocks)
    first.page.close()
    stop(host)
    second = visitor()
    draw_a_one(second.page)
    expect(second.page.get_by_test_id("best-guess")).to_have_text("1")
    for url in blocks[:2]:
        assert second.page.evaluate("async (url) => (await fetch(url)).status", url) == 200
    second.check()


def test_a_new_version_waits_for_the_visitor(visitor: Callable[[], Visit], tmp_path: Path) -> None:
    page = visitor().page
    wait_for_worker(page)
    worker = tmp_path / "site" / "sw.js"
    worker.write_text(worker.read_text().replace('"version":"', '"version":"next-'))
    button = page.locator("#new-version")
    expect(button).to_be_hidden()
    page.evaluate("async () => { await (await navigator.serviceWorker.ready).update(); }")
    expect(button).to_be_visible(timeout=TIMEOUT_S * 1000)
    assert page.evaluate("async () => (await navigator.serviceWorker.ready).waiting !== null")
    with page.expect_navigation():
        button.click()
    wait_dataset(page, "app", "ready")
    (name,) = page.evaluate("caches.keys()")
    assert "next-" in name
    expect(button).to_be_hidden()
