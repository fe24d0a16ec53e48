"""The layout: what must be in sight together, at every size; nothing is pushed, cut off or out of reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page

from tests.e2e.drawing import DIGITS, draw
from tests.e2e.support import settled, wait_dataset, wait_until
from tests.e2e.train_page import LONG, Open, epoch, press, start

Size = tuple[int, int]
SIZES: Sequence[Size] = (
    (1920, 1080),
    (1440, 900),
    (1366, 625),
    (1280, 800),
    (820, 1180),
    (844, 390),
    (390, 844),
    (360, 640),
)
TABS = ("train", "inside", "data", "code")
#: The sum of all layout shifts that no input has caused. https://web.dev/articles/cls
SHIFTS = """self.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries())
    if (!entry.hadRecentInput)
      self.shifts.push([entry.value, document.documentElement.dataset.app,
        ...entry.sources.map((s) => s.node?.className || s.node?.id || s.node?.nodeName || "?")]);
}).observe({ type: "layout-shift", buffered: true });"""


@dataclass(frozen=True)
class Span:
    """Where an element stands in the window: y of its top and bottom, in CSS pixels."""

    top: float
    bottom: float


def span(element: Locator) -> Span:
    box = element.bounding_box()
    assert box is not None, f"{element} is not on the page"
    return Span(box["y"], box["y"] + box["height"])


def positions(page: Page) -> dict[str, Span]:
    """Pad, bars, the buttons of the run, and the first curve."""
    return {
        "pad": span(page.get_by_test_id("draw-pad")),
        "bars": span(page.locator("#bars")),
        "buttons": span(page.locator(".train-buttons").first),
        "curves": span(page.locator(".train-plot").first),
    }


def bottom_of_sight(page: Page, height: int) -> float:
    """The lowest y that nothing covers: a phone's tabs are at the bottom."""
    tabs = page.locator("#tabs").bounding_box()
    assert tabs is not None
    return tabs["y"] if tabs["y"] > height / 2 else height


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_pad_answer_and_curve_are_in_sight_together(open_visit: Open, size: Size) -> None:
    width, height = size
    visit = open_visit(f"?engine=wasm&{LONG}", viewport={"width": width, "height": height}, reduced_motion="reduce")
    page = visit.page
    pad, bars = span(page.get_by_test_id("draw-pad")), span(page.locator("#bars"))
    assert min(pad.top, bars.top) >= 0
    assert max(pad.bottom, bars.bottom) <= bottom_of_sight(page, height), "pad and answer, before anything is done"
    buttons = [page.get_by_test_id(name) for name in ("train-start", "intro-train")]
    assert any(span(button).bottom <= bottom_of_sight(page, height) for button in buttons), "a button that begins a run"
    start(visit)
    wait_until(page, page.locator(".train-chart canvas").first.is_visible, "the first curve")
    seen = positions(page)
    print(f"{width}x{height}", {name: (round(s.top), round(s.bottom)) for name, s in seen.items()})
    lowest = bottom_of_sight(page, height)
    for name in ("pad", "bars", "buttons"):
        assert seen[name].top >= 0, name
        assert seen[name].bottom <= lowest, name
    # Most of the first plot: its axis may be cut off on the smallest screens.
    curve = seen["curves"]
    assert curve.top + 0.5 * (curve.bottom - curve.top) <= lowest, "the curve"
    draw(page, DIGITS[4])
    settled(page)


def test_all_of_training_is_above_the_fold_of_a_laptop(open_visit: Open) -> None:
    visit = open_visit(f"?engine=wasm&{LONG}", viewport={"width": 1280, "height": 800})
    page = start(visit)
    press(page, "paused", button="train-pause")
    for element in (
        page.get_by_test_id("train-pause"),
        page.get_by_test_id("train-preset-fast"),
        page.get_by_test_id("train-progress"),
        page.get_by_test_id("train-val-accuracy"),
        page.get_by_test_id("train-samples-per-s"),
        page.locator(".train-chart").nth(0),
        page.locator(".train-chart").nth(1),
        page.get_by_test_id("train-time"),
        page.get_by_test_id("train-lr"),
        page.get_by_test_id("train-engine"),
    ):
        assert span(element).bottom <= 800, element
    for element in (page.get_by_test_id("train-first-layer"), page.locator(".train-runs")):
        assert span(element).top <= 760, element


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_nothing_needs_sideways_scrolling(open_visit: Open, size: Size) -> None:
    page = open_visit("?engine=wasm", viewport={"width": size[0], "height": size[1]}).page
    for tab in TABS:
        page.get_by_test_id(f"tab-{tab}").click()
        page.locator(f"#panel-{tab}").wait_for()
        page.wait_for_timeout(300)
        wide = page.evaluate(
            "() => [document.documentElement.scrollWidth - innerWidth, work.scrollWidth - work.clientWidth]"
        )
        assert max(wide) <= 0, tab
        box = page.get_by_test_id("draw-pad").bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= size[1], f"the pad on {tab}"


def test_the_work_scrolls_by_itself(open_visit: Open) -> None:
    page = open_visit("?engine=wasm#data", viewport={"width": 1280, "height": 800}).page
    page.get_by_test_id("data-gallery").locator("li").first.wait_for()
    before = span(page.get_by_test_id("draw-pad"))
    page.locator("#work").hover()
    page.mouse.wheel(0, 600)
    wait_until(page, lambda: page.evaluate("() => work.scrollTop") > 100, "scrolled work")
    assert span(page.get_by_test_id("draw-pad")) == before
    assert page.evaluate("() => document.documentElement.scrollTop") == 0


@pytest.mark.parametrize("size", [(640, 400), (320, 256)], ids=["200 %", "400 %"])
def test_a_zoomed_page_can_be_scrolled_beside_the_pad(open_visit: Open, size: Size) -> None:
    """The pad takes touches itself, so it must leave room for a finger that scrolls."""
    page = open_visit("?engine=wasm", viewport={"width": size[0], "height": size[1]}).page
    page.get_by_test_id("tab-inside").click()
    box = page.get_by_test_id("draw-pad").bounding_box()
    assert box is not None
    assert box["height"] <= size[1]
    room_px = size[0] - box["width"]
    assert room_px >= 40
    assert page.evaluate("() => document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize(
    ("size", "data"), [((1280, 800), "strokes"), ((390, 844), "mnist")], ids=["laptop-strokes", "phone-mnist"]
)
def test_nothing_is_pushed_after_the_boot(open_visit: Open, size: Size, data: str) -> None:
    visit = open_visit(
        f"?engine=wasm&epochs=3&data={data}", viewport={"width": size[0], "height": size[1]}, init_script=SHIFTS
    )
    page = visit.page
    page.wait_for_timeout(500)
    draw(page, DIGITS[3])
    settled(page)
    press(page, "training", "failed")
    press(page, "paused", "finished", button="train-pause")
    page.wait_for_timeout(600)  # what a press causes at once does not count, but what comes later does
    if page.get_by_test_id("train-pause").is_visible():
        page.get_by_test_id("train-pause").click()
    assert wait_dataset(page, "worker", "finished", "failed") == "finished"
    page.wait_for_timeout(500)
    shifts = page.evaluate("() => self.shifts")
    assert sum(shift[0] for shift in shifts) < 0.005, shifts


def test_a_run_is_in_sight_on_every_tab(open_visit: Open) -> None:
    visit = open_visit(f"?engine=wasm&{LONG}", viewport={"width": 1280, "height": 800})
    page = visit.page
    pill = page.locator("#run-pill")
    assert pill.is_hidden()
    start(visit)
    for tab in ("inside", "data", "code", "train"):
        page.get_by_test_id(f"tab-{tab}").click()
        pill.wait_for()
    wait_until(page, lambda: "epoch" in (pill.text_content() or ""), "the epoch")
    press(page, "paused", button="pill-pause")
    assert press(page, "training", "failed", button="pill-pause") == "training"
    page.get_by_test_id("tab-code").click()
    page.get_by_test_id("run-pill").click()  # leads to the run
    page.get_by_test_id("train-stop").click()
    pill.wait_for(state="hidden")


def test_the_focus_stays_where_the_run_is(open_visit: Open) -> None:
    page = open_visit("?engine=wasm&epochs=0.5&hidden=16").page
    page.get_by_test_id("train-start").focus()
    page.keyboard.press("Enter")

    def focused() -> str:
        return str(page.evaluate("() => document.activeElement.dataset.testid ?? document.activeElement.className"))

    wait_until(page, lambda: epoch(page) > 0, "the first step")
    assert focused() in ("train-pause", "train-start")
    wait_until(page, lambda: page.get_by_test_id("train-start").is_visible(), "the end of the run")
    wait_until(page, lambda: focused() == "train-start", "the focus on Train")


def test_the_page_itself_never_scrolls_on_a_laptop(open_visit: Open) -> None:
    """What screen readers alone see counts as content, too: it once scrolled the bench away."""
    visit = open_visit(f"?engine=wasm&{LONG}", viewport={"width": 1280, "height": 800})
    page = start(visit)
    wait_until(page, lambda: page.get_by_test_id("train-confusion").count() > 0, "the confusion matrix")
    assert page.evaluate("() => document.documentElement.scrollHeight - innerHeight") <= 0
    title, picker = page.locator("#verdict-title").bounding_box(), page.locator("#model").bounding_box()
    assert title is not None
    assert picker is not None
    assert title["x"] + title["width"] <= picker["x"] + 1


def test_a_lesson_offers_no_panel_that_it_hides(open_visit: Open) -> None:
    page = open_visit("?engine=wasm&show=pad,train").page
    page.get_by_test_id("intro-train").wait_for()
    assert page.get_by_test_id("intro-inside").is_hidden()
    assert page.get_by_test_id("intro-mistakes").is_hidden()


def test_a_window_that_gets_narrow_during_a_run_needs_no_sideways_scrolling(open_visit: Open) -> None:
    """As a phone's does that is turned."""
    visit = open_visit(f"?engine=wasm&{LONG}", viewport={"width": 1280, "height": 800})
    page = start(visit)
    page.set_viewport_size({"width": 390, "height": 844})
    chart = page.locator(".train-chart canvas").first
    wait_until(page, lambda: chart.evaluate("(e) => e.getBoundingClientRect().right <= innerWidth"), "a narrow chart")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("size", [(640, 400), (500, 300)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_small_window_shows_pad_and_answer_and_no_tool_over_them(open_visit: Open, size: Size) -> None:
    page = open_visit("?engine=wasm", viewport={"width": size[0], "height": size[1]}).page
    lowest = bottom_of_sight(page, size[1])
    pad, bars = page.get_by_test_id("draw-pad").bounding_box(), page.locator("#bars").bounding_box()
    example = page.get_by_test_id("try-example").bounding_box()
    assert pad is not None
    assert bars is not None
    assert example is not None
    assert pad["y"] + pad["height"] <= lowest
    assert bars["y"] + bars["height"] <= lowest
    assert example["x"] + example["width"] <= bars["x"] or example["y"] >= bars["y"] + bars["height"]


def test_the_work_begins_at_its_top_when_a_run_begins(open_visit: Open) -> None:
    page = open_visit(f"?engine=wasm&{LONG}", viewport={"width": 1366, "height": 625}).page
    page.get_by_test_id("intro-train").click()
    wait_until(page, lambda: epoch(page) > 0, "the first step")
    assert page.evaluate("() => work.scrollTop") == 0
