"""Every panel for everybody: axe at rest, while training and after; large text, targets, forced colours, keyboard."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from playwright.sync_api import Page

from tests.e2e.drawing import DIGITS, draw
from tests.e2e.support import settled, wait_until
from tests.e2e.test_a11y import violations
from tests.e2e.train_page import LONG, Open, press, start

TABS = ("train", "inside", "data", "code")
#: Smallest target in CSS pixels. Cells of matrices and pictures are smaller on purpose: a list says the same.
MIN_TARGET_PX = 40
#: What can be pressed and is smaller than that: its name, width and height. A chip counts
#: as a whole: its label leads to its input.
SMALL_TARGETS = """(least) => [...document.querySelectorAll("button, select, input, a[href], summary")]
  .filter((e) => e.checkVisibility({ visibilityProperty: true })
    && !e.closest(".confusion, .network, .unit-formula, .sr-only")
    && !e.matches(".sr-only, .skip-link, [type=checkbox], [type=file], .page-foot a"))
  .map((e) => [e.dataset.testid ?? e.className ?? e.textContent, (e.closest(".chip") ?? e).getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < least - 0.5 || box.width < least - 0.5))
  .map(([name, box]) => `${name} ${Math.round(box.width)} x ${Math.round(box.height)}`)"""
#: What makes the page wider than the window: name, room and width of each element, from the outside in.
TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll("body, body *")]
  .filter((e) => e.scrollWidth > e.clientWidth && e.clientWidth && getComputedStyle(e).overflowX === "visible")
  .map((e) => `${e.id || e.className || e.tagName} ${e.clientWidth} < ${e.scrollWidth}`)"""


def show(page: Page, tab: str) -> None:
    page.get_by_test_id(f"tab-{tab}").click()
    page.locator(f"#panel-{tab}").wait_for()
    if tab != "train":
        wait_until(page, lambda: page.locator(f"#panel-{tab}").get_attribute("data-shows") is not None, tab)


def problems(page: Page, tabs: Sequence[str] = TABS) -> list[str]:
    found = []
    for tab in tabs:
        show(page, tab)
        found += [f"{tab}: {problem}" for problem in violations(page)]
    return found


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1280)])
def test_axe_finds_nothing_at_rest_while_training_and_after(open_visit: Open, scheme: str, width: int) -> None:
    options = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme, "reduced_motion": "reduce"}
    visit = open_visit(f"?engine=wasm&hidden=32&{LONG}", **options)
    page = visit.page
    assert problems(page) == [], "at rest"
    page.get_by_test_id("tab-train").click()
    start(visit)
    draw(page, DIGITS[5])
    settled(page)
    assert problems(page) == [], "while training"
    page.get_by_test_id("tab-train").click()
    assert press(page, "finished", "failed", button="train-stop") == "finished"
    show(page, "data")
    page.get_by_test_id("mistakes-measure").click()
    page.get_by_test_id("mistakes-headline").filter(has_text="right").wait_for()
    assert problems(page) == [], "after"


@pytest.mark.parametrize("width", [390, 1280])
def test_targets_are_large_enough(open_visit: Open, width: int) -> None:
    page = open_visit("?engine=wasm", viewport={"width": width, "height": 844}).page
    for tab in TABS:
        show(page, tab)
        assert page.evaluate(SMALL_TARGETS, MIN_TARGET_PX) == [], tab


@pytest.mark.parametrize("text", ["200%", "32px"])
def test_large_text_needs_no_sideways_scrolling(open_visit: Open, text: str) -> None:
    page = open_visit("?engine=wasm", viewport={"width": 390, "height": 844}).page
    page.evaluate("(size) => { document.documentElement.style.fontSize = size; }", text)
    for tab in TABS:
        show(page, tab)
        page.wait_for_timeout(200)
        assert page.evaluate(TOO_WIDE) == [], tab
        box = page.get_by_test_id("draw-pad").bounding_box()
        assert box is not None
        assert box["width"] <= 390


def test_forced_colours_show_what_colour_alone_would_say(open_visit: Open) -> None:
    """An outline or a border stands for what a background would say: it is the only thing that is left."""
    page = open_visit("?engine=wasm", forced_colors="active").page
    draw(page, DIGITS[1])
    settled(page)

    def drawn(selector: str) -> bool:
        return bool(
            page.locator(selector).first.evaluate(
                """(e) => { const s = getComputedStyle(e);
                return ["outline", "border-top", "border-left"].some((n) =>
                  s.getPropertyValue(n + "-style") !== "none" && parseFloat(s.getPropertyValue(n + "-width")) > 0); }"""
            )
        )

    for selector in (
        ".pad-frame",
        "[data-tool=pen]",
        ".tab[aria-selected=true]",
        ".preset[aria-pressed=true]",
        ".bar-track",
    ):
        assert drawn(selector), selector
    best = page.locator(".bar[data-best] .bar-fill")
    track = page.locator(".bar[data-best] .bar-track")
    colours = [e.evaluate("(e) => getComputedStyle(e).backgroundColor") for e in (best, track)]
    assert colours[0] != colours[1]


def test_a_dark_page_prints_dark_on_white(open_visit: Open) -> None:
    page = open_visit("?engine=wasm", color_scheme="dark").page
    draw(page, DIGITS[1])
    settled(page)
    page.emulate_media(media="print", color_scheme="dark")

    def ink() -> int:
        """The brightest colour channel of the ink on the pad, 0 to 255."""
        value: int = page.get_by_test_id("draw-pad").evaluate(
            """(canvas) => { const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let most = 0;
            for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 250) most = Math.max(most, data[i]);
            return most; }"""
        )
        return value

    wait_until(page, lambda: 0 < ink() < 100, "dark ink")
    paper = page.evaluate("() => getComputedStyle(document.documentElement).backgroundColor")
    assert min(int(part) for part in paper.removeprefix("rgb(").removesuffix(")").split(", ")) > 200


def test_it_all_works_by_keyboard_alone(open_visit: Open) -> None:
    """From the first Tab to a trained network, and what it confuses."""
    page = open_visit("?engine=wasm&epochs=0.5&hidden=16", viewport={"width": 1280, "height": 800}).page

    def focused() -> str:
        return str(page.evaluate("() => document.activeElement.dataset.testid ?? document.activeElement.id"))

    def tab_to(name: str) -> None:
        for _ in range(80):
            if focused() == name:
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {name}: it is at {focused()}")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the first skip link leads to the pad
    assert focused() == "draw-pad"
    for key in ("ArrowDown", *["Shift+ArrowDown"] * 12):
        page.keyboard.press(key)
    settled(page)
    assert page.get_by_test_id("best-guess").text_content() == "1"
    tab_to("train-start")
    page.keyboard.press("Enter")
    wait_until(page, lambda: page.get_by_test_id("runs-table").locator("tbody tr").count() > 0, "the run in the table")
    wait_until(page, lambda: focused() == "train-start", "the focus back on Train")
    page.evaluate("() => document.activeElement.blur()")
    tab_to("tab-train")
    page.keyboard.press("ArrowRight")
    assert focused() == "tab-inside"
    page.keyboard.press("End")
    assert focused() == "tab-code"
    page.keyboard.press("ArrowLeft")
    assert focused() == "tab-data"
    tab_to("mistakes-measure")
    page.keyboard.press("Enter")
    page.get_by_test_id("mistakes-headline").filter(has_text="right").wait_for()
