"""Fixtures of the browser tests: the site, built and served once; Chromium, started once; a visit for each test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, Route, expect, sync_playwright

from scripts import chromium, fetch_mnist
from scripts.build import build
from scripts.serve import running
from scripts.sitebuild.parts import BuildError
from tests.e2e.support import TIMEOUT_S, Visit, wait_dataset

HERE = Path(__file__).parent
expect.set_options(timeout=TIMEOUT_S * 1000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the browser tests, and run them last: Playwright's sync API leaves a running event loop in this thread."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("browser")
    items.sort(key=lambda item: item.path.is_relative_to(HERE))


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site, under a sub-path as a project's GitHub Pages are; with MNIST where it is at hand."""
    folder = tmp_path_factory.mktemp("site") / "some" / "path"
    try:
        build(folder, fetch_mnist.locate())
    except BuildError as error:
        pytest.fail(str(error))
    return folder


@pytest.fixture(scope="session")
def site(dist: Path) -> Iterator[str]:
    """The URL of the site, served on a free port."""
    with running(dist.parent.parent) as url:
        yield f"{url}some/path/"


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright's own process."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium with WebGPU; the test is skipped only where there is no browser at all."""
    try:
        running = chromium.launch(playwright)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    yield running
    running.close()


@pytest.fixture
def open_visit(browser: Browser, site: str) -> Iterator[Callable[..., Visit]]:
    """Opens pages: `open_visit("?engine=wasm", ready=False, viewport=…)`. All are checked for errors at the end.

    `ready=False` returns at once, with the page still booting; `routes` answers requests by URL pattern in the server's
    place; other keyword arguments go to the browser context.
    """
    visits: list[Visit] = []

    def open_one(
        query: str = "",
        *,
        ready: bool = True,
        init_script: str | None = None,
        routes: dict[str, Callable[[Route], object]] | None = None,
        **options: Any,
    ) -> Visit:
        context = browser.new_context(**options)
        context.set_default_timeout(TIMEOUT_S * 1000)
        if init_script:
            context.add_init_script(init_script)
        for pattern, handler in (routes or {}).items():
            context.route(pattern, handler)
        visit = Visit(context.new_page(), context, site + query)
        visits.append(visit)
        visit.watch()
        visit.page.goto(visit.url)
        if ready:
            wait_dataset(visit.page, "app", "ready")
        return visit

    yield open_one
    for visit in visits:
        visit.context.close()
    for visit in visits:
        visit.check()


@pytest.fixture
def visit(open_visit: Callable[..., Visit]) -> Visit:
    """A page that is ready."""
    return open_visit()
