"""After one visit the page needs no network, and a new version comes in only when the visitor agrees."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from scripts.serve import StaticServer, open_server
from tests.e2e.support import TIMEOUT_S, Visit, wait_dataset, wait_until


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


@contextmanager
def answering(port: int, answer: bytes) -> Iterator[None]:
    """A server that accepts every connection, sends `answer`, and then neither goes on nor ends it."""
    with socket.create_server(("127.0.0.1", port)) as server:
        server.settimeout(0.1)
        open_connections, over = [], threading.Event()

        def accept() -> None:
            while not over.is_set():
                try:
                    connection, _ = server.accept()
                    open_connections.append(connection)
                    connection.sendall(answer)
                except OSError:
                    continue

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield
        over.set()
        thread.join()
        for connection in open_connections:
            connection.close()


ANSWERS = {
    "nothing": b"",
    "half a page": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9999\r\n\r\n<!doctype html><p>half",
    "an error": b"HTTP/1.1 503 Unavailable\r\nContent-Length: 6\r\nConnection: close\r\n\r\nbroken",
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_server_in_trouble_brings_the_page_of_before(
    visitor: Callable[[], Visit], host: StaticServer, answer: str
) -> None:
    first = visitor()
    wait_for_worker(first.page)
    first.page.close()
    stop(host)
    with answering(host.server_address[1], ANSWERS[answer]):
        visitor().page.get_by_test_id("draw-pad").wait_for()


def test_a_portals_page_in_the_place_of_a_file_is_not_kept(visitor: Callable[[], Visit], tmp_path: Path) -> None:
    """A portal, or a proxy, answers every request with a page of its own and status 200."""
    (weights,) = (tmp_path / "site" / "models" / "cnn").glob("weights*")
    content = weights.read_bytes()
    weights.write_text("<!doctype html><title>Log in first</title>")
    page = visitor().page
    installing = (
        "async () => { const r = await navigator.serviceWorker.getRegistration(); return r?.installing != null }"
    )
    wait_until(page, lambda: not page.evaluate(installing), "the end of the installation")
    assert page.evaluate("async () => (await navigator.serviceWorker.getRegistration())?.active ?? null") is None
    weights.write_bytes(content)
    page.reload()
    wait_dataset(page, "app", "ready")
    wait_for_worker(page)
    url = weights.relative_to(tmp_path / "site").as_posix()
    kept = page.evaluate(
        "async (url) => (await (await caches.match(new URL(url, location))).arrayBuffer()).byteLength", url
    )
    assert kept == len(content)


def test_two_folders_of_one_host_leave_each_other_alone(
    visitor: Callable[[], Visit], host: StaticServer, dist: Path, tmp_path: Path
) -> None:
    """As the project pages of one account of GitHub are."""
    shutil.copytree(dist, tmp_path / "site" / "other")
    first = visitor()
    wait_for_worker(first.page)
    first.page.goto(host.url + "other/")
    wait_dataset(first.page, "app", "ready")
    wait_until(first.page, lambda: len(first.page.evaluate("caches.keys()")) == 2, "a cache for each")
    first.page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    first.page.close()
    stop(host)
    visitor().page.get_by_test_id("draw-pad").wait_for()


def test_pages_in_folders_below_are_left_alone(visitor: Callable[[], Visit], tmp_path: Path) -> None:
    below = tmp_path / "site" / "below"
    below.mkdir()
    (below / "index.html").write_text("<title>Another page</title>")
    visit = visitor()
    wait_for_worker(visit.page)
    visit.page.goto(f"{visit.url}below/")
    assert visit.page.title() == "Another page"
    response = visit.page.goto(f"{visit.url}below/missing.html")
    assert response is not None
    assert response.status == 404
    assert "tabgrad" not in visit.page.title()
