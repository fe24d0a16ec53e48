"""The page for everybody: axe finds nothing, the keyboard reaches everything, and it fits from 360 to 1600 pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.e2e.drawing import DIGITS, draw
from tests.e2e.support import TIMEOUT_S, Visit, settled, wait_dataset


@pytest.fixture(scope="module")
def page(browser: Browser, site: str) -> Iterator[Page]:
    """One booted page for the whole file."""
    context = browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(TIMEOUT_S * 1000)
    visit = Visit(context.new_page(), context, site)
    visit.watch()
    visit.page.goto(site)
    wait_dataset(visit.page, "app", "ready")
    yield visit.page
    context.close()
    visit.check()


def violations(page: Page) -> list[str]:
    """What axe complains about: rule and elements."""
    found = Axe().run(page).response["violations"]
    return [f"{item['id']}: {[node['html'][:120] for node in item['nodes']]}" for item in found]


def test_axe_finds_nothing_while_booting(open_visit: Callable[..., Visit]) -> None:
    visit = open_visit(ready=False)
    assert violations(visit.page) == []


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Page, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a Literal there
    page.set_viewport_size({"width": width, "height": 800})
    assert violations(page) == []
    draw(page, DIGITS[2])
    settled(page)
    assert violations(page) == []
    page.get_by_test_id("tool-clear").click()


@pytest.mark.parametrize("width", [360, 390, 768, 1280, 1600])
def test_nothing_sticks_out(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_tab_reaches_everything_and_shows_where_it_is(page: Page) -> None:
    draw(page, DIGITS[7])
    page.evaluate("() => document.activeElement.blur()")
    seen: list[str] = []
    for _ in range(150):
        page.keyboard.press("Tab")
        name, ring = page.evaluate(
            """() => { const e = document.activeElement, s = getComputedStyle(e);
            const name = e.dataset.testid ?? (e.id || `${e.tagName} ${e.className} ${e.textContent}`);
            return [name, s.outlineStyle !== "none" || e.matches(".skip-link, body")]; }"""
        )
        if seen and name == seen[0]:
            break
        assert ring, f"{name} has the focus and does not show it"
        seen.append(name)
    wanted = {"draw-pad", "tool-pen", "tool-eraser", "tool-cells", "tool-undo", "tool-clear", "tool-size"}
    assert wanted | {"model-select", "theme"} <= set(seen)


def test_the_answer_is_announced_once_the_pen_rests(page: Page) -> None:
    page.get_by_test_id("tool-clear").click()
    draw(page, DIGITS[7])
    page.locator("#announcer").filter(has_text="7, ").wait_for(state="attached")
    assert page.locator("#announcer").get_attribute("aria-live") == "polite"


def test_the_theme_can_be_chosen_and_is_kept(open_visit: Callable[..., Visit]) -> None:
    page = open_visit(color_scheme="light").page
    paper = "() => getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(paper)
    page.locator("#theme").click()
    dark = page.evaluate(paper)
    assert dark != light
    page.reload()
    assert page.evaluate(paper) == dark
    wait_dataset(page, "app", "ready")
    page.locator("#theme").click()
    assert page.evaluate(paper) == light
