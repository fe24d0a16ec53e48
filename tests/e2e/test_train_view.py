"""What the training panel shows, in Chromium: nothing moves, nothing is cut off, and screen readers are told little."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.e2e.support import BEEN_HERE, wait_dataset, wait_until
from tests.e2e.train_page import Open, epoch, press, start

#: Notes what is put into each live region. Elements of the answer are left out: without ink they say nothing.
NOTE_LIVE = """self.spoken = [];
new MutationObserver((records) => {
  const regions = new Set();
  for (const { target } of records) {
    const element = target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement;
    const region = element?.closest("[aria-live], [role=status], [role=alert], [role=log], output");
    if (region && region.getAttribute("aria-live") !== "off") regions.add(region);
  }
  for (const region of regions) {
    if (region.textContent.trim() && region.checkVisibility()) self.spoken.push(region.textContent.trim());
  }
}).observe(document, { subtree: true, childList: true, characterData: true });"""
#: The parts that are there before a run, and after it.
PARTS = [".train-charts", ".train-timeline", ".train-first-layer", ".train-confusion"]
#: Of the elements in a part of the page, those that do not fit into it, with their text.
CUT_OFF = """part => [...part.querySelectorAll("*")].filter((element) => {
  const [inner, outer] = [element.getBoundingClientRect(), part.getBoundingClientRect()];
  if (!inner.width || element.matches(".sr-only, .help-text")) return false;
  return (inner.left < outer.left - 1 || inner.right > outer.right + 1
    || element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== "inline");
}).map((element) => element.outerHTML.slice(0, 100))"""


def heights(page: Page) -> list[float]:
    return [page.locator(part).evaluate("part => part.getBoundingClientRect().height") for part in PARTS]


def test_fast_is_chosen_at_first(open_visit: Open) -> None:
    page = open_visit("?engine=wasm").page
    assert page.get_by_test_id("train-preset-fast").get_attribute("aria-pressed") == "true"
    assert page.url.endswith("?engine=wasm")
    page.get_by_test_id("train-preset-cnn").click()
    assert page.get_by_test_id("train-preset-fast").get_attribute("aria-pressed") == "false"
    page.reload()
    wait_dataset(page, "app", "ready")
    assert page.get_by_test_id("train-preset-cnn").get_attribute("aria-pressed") == "true"


def test_a_fast_run_tells_screen_readers_of_its_beginning_and_its_end(open_visit: Open) -> None:
    page = open_visit("?engine=wasm&epochs=3", init_script=NOTE_LIVE).page
    page.get_by_test_id("status").filter(has_text="is ready").wait_for()
    page.evaluate("() => { self.spoken = []; }")
    assert press(page, "finished", "failed") == "finished"
    wait_until(page, lambda: page.get_by_test_id("runs-table").locator("tbody tr").count() == 1, "its row")
    spoken: list[str] = page.evaluate("() => self.spoken")
    assert "Training has begun." in spoken
    assert any("of the test images" in sentence for sentence in spoken)
    assert 2 <= len(spoken) <= 4, spoken
    assert not any("Loading" in sentence for sentence in spoken)


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_grows_when_there_is_something_to_show(open_visit: Open, width: int) -> None:
    size = {"width": width, "height": 800}
    visit = open_visit("?engine=wasm&epochs=2.5&hidden=32", viewport=size, init_script=BEEN_HERE)
    page = visit.page
    page.locator(".train-plot canvas").first.wait_for(state="attached")
    before = heights(page)
    assert page.get_by_text("The curve appears here when you train.").first.is_visible()
    assert page.get_by_test_id("train-time").is_disabled()
    start(visit)
    wait_until(page, lambda: page.get_by_test_id("train-table").locator("tbody tr").count() >= 1, "the first point")
    assert heights(page) == before
    assert wait_dataset(page, "worker", "finished", "failed") == "finished"
    assert heights(page) == before
    assert page.get_by_text("The curve appears here when you train.").first.is_hidden()
    assert page.get_by_test_id("train-time").is_enabled()
    rows = page.get_by_test_id("train-table").locator("tbody tr")
    assert (rows.first.locator("td").first.text_content() or "").startswith("0.00")


def test_charts_and_pictures_follow_the_width_of_the_page(open_visit: Open) -> None:
    visit = open_visit("?engine=wasm&epochs=1&hidden=32", viewport={"width": 1280, "height": 800})
    page = start(visit)
    plot = page.locator(".train-plot").first
    for width in (1280, 600, 360):
        page.set_viewport_size({"width": width, "height": 800})
        wait_until(
            page,
            lambda: plot.evaluate("plot => Math.abs(plot.querySelector('.uplot').clientWidth - plot.clientWidth) <= 1"),
            "the chart's new width",
        )
        assert page.get_by_test_id("train-first-layer").evaluate(
            "canvas => canvas.getBoundingClientRect().right <= canvas.closest('section').getBoundingClientRect().right"
        )


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_of_the_runs_is_cut_off(open_visit: Open, width: int) -> None:
    visit = open_visit(
        "?engine=wasm&epochs=0.1&hidden=1024-100-100-100&optimizer=adamw&lr=0.003",
        viewport={"width": width, "height": 844},
    )
    page = start(visit)
    assert wait_dataset(page, "worker", "finished", "failed") == "finished"
    row = page.get_by_test_id("runs-table").locator("tbody tr")
    row.wait_for()
    assert "on validation images" in (row.text_content() or "")
    assert page.get_by_text("It has never seen them before").is_visible()
    card = page.locator(".train-runs")
    assert card.evaluate(CUT_OFF) == []
    page.get_by_label("More about run 1", exact=True).click()
    assert card.evaluate(CUT_OFF) == []
    sizes = card.locator("summary, .row-actions button").evaluate_all(
        "all => all.map((one) => { const box = one.getBoundingClientRect(); return [box.width, box.height]; })"
    )
    assert len(sizes) == 6
    assert min(min(size) for size in sizes) >= 40
    page.keyboard.press("Escape")
    assert page.get_by_role("button", name="Forget: run 1").is_hidden()
    assert page.evaluate("() => document.activeElement.getAttribute('aria-label')") == "More about run 1"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_what_a_run_has_left(open_visit: Open, scheme: str) -> None:
    visit = open_visit("?engine=wasm&epochs=1.5&hidden=16", color_scheme=scheme)
    page = start(visit)
    assert wait_dataset(page, "worker", "finished", "failed") == "finished"
    page.get_by_test_id("train-time").press("Home")
    page.get_by_label("More about run 1", exact=True).click()
    parts = {"include": [[part] for part in [*PARTS[:3], ".train-runs"]]}
    found = Axe().run(page, context=parts).response["violations"]
    assert [f"{item['id']}: {[node['html'][:120] for node in item['nodes']]}" for item in found] == []
    page.get_by_role("button", name="Forget: run 1").click()
    page.get_by_test_id("runs-undo").wait_for()
    found = Axe().run(page, context=".train-runs").response["violations"]
    assert [f"{item['id']}: {[node['html'][:120] for node in item['nodes']]}" for item in found] == []


def test_the_settings_of_a_run_are_in_the_form_and_in_the_address(open_visit: Open) -> None:
    visit = open_visit("?engine=wasm&epochs=0.1&hidden=24")
    page = start(visit)
    assert wait_dataset(page, "worker", "finished", "failed") == "finished"
    page.get_by_test_id("train-preset-best").click()
    assert "hidden=128-64" in page.url
    page.get_by_label("More about run 1", exact=True).click()
    page.get_by_role("button", name="Settings: run 1").click()
    assert page.get_by_test_id("train-hidden").input_value() == "24"
    assert "hidden=24" in page.url
    assert "epochs=0.1" in page.url
    assert epoch(page) > 0
