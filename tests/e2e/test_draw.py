"""Drawing, in Chromium: every digit, every tool, every pointer; the answer always belongs to the latest ink."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, Page

from tests.e2e.drawing import DIGITS, bars, draw, guess, ink_pixels, pad_points, touch
from tests.e2e.support import (
    TIMEOUT_S,
    Visit,
    predictions,
    settled,
    use_model,
    wait_dataset,
    wait_until,
)

BOTH = ("mlp", "cnn")
#: A dispatched event of a pen, whose pointer the browser does not know: what automation and old screen readers send.
DISPATCH = """([points]) => {
  const pad = document.querySelector("[data-testid=draw-pad]"), box = pad.getBoundingClientRect();
  const send = (type, [x, y]) => pad.dispatchEvent(new PointerEvent(type, {
    pointerId: 7, pointerType: "pen", button: type === "pointermove" ? -1 : 0, bubbles: true,
    clientX: box.x + x * box.width, clientY: box.y + y * box.height }));
  send("pointerdown", points[0]);
  for (const point of points.slice(1)) send("pointermove", point);
  send("pointerup", points.at(-1));
}"""


@pytest.fixture(scope="module")
def drawn_visit(browser: Browser, site: str) -> Iterator[Visit]:
    """One booted page for the whole file, with a touch screen, on compute shaders."""
    context = browser.new_context(has_touch=True)
    context.set_default_timeout(TIMEOUT_S * 1000)
    visit = Visit(context.new_page(), context, f"{site}?engine=webgpu")
    visit.watch()
    visit.page.goto(visit.url)
    wait_dataset(visit.page, "app", "ready")
    yield visit
    context.close()
    visit.check()


@pytest.fixture
def page(drawn_visit: Visit) -> Page:
    """The page with an empty pad, the pen and the MLP."""
    page = drawn_visit.page
    if page.get_by_test_id("tool-clear").is_enabled():
        page.get_by_test_id("tool-clear").click()
    page.get_by_test_id("tool-pen").click()
    use_model(page, "mlp")
    assert_empty(page)
    return page


@pytest.fixture(scope="module")
def cdp(drawn_visit: Visit) -> CDPSession:
    return drawn_visit.context.new_cdp_session(drawn_visit.page)


def assert_empty(page: Page) -> None:
    assert guess(page) == ""
    assert bars(page) == [0] * 10
    assert page.locator("#verdict").get_attribute("data-state") == "empty"


def assert_guess(page: Page, digit: int) -> None:
    """The answer to the ink as it is now is `digit`."""
    settled(page)
    assert guess(page) == str(digit)


@pytest.mark.parametrize("digit", range(10))
def test_every_digit_with_the_mouse(page: Page, digit: int) -> None:
    draw(page, DIGITS[digit])
    for model in BOTH:
        use_model(page, model)
        assert_guess(page, digit)
        assert sum(bars(page)) == pytest.approx(1, abs=0.01)
        assert max(bars(page)) == bars(page)[digit]


@pytest.mark.parametrize("digit", range(10))
def test_every_digit_with_a_finger(page: Page, cdp: CDPSession, digit: int) -> None:
    touch(page, cdp, DIGITS[digit])
    for model in BOTH:
        use_model(page, model)
        assert_guess(page, digit)


def test_an_answer_says_how_long_it_took_and_on_what(page: Page) -> None:
    draw(page, DIGITS[3])
    settled(page)
    assert float(page.get_by_test_id("inference-ms").inner_text().split()[0]) > 0
    assert page.get_by_test_id("engine-badge").inner_text().startswith("WebGPU · ")


def test_undo_redo_and_clear(page: Page) -> None:
    draw(page, DIGITS[7])
    assert_guess(page, 7)
    answer, ink = bars(page), ink_pixels(page)
    draw(page, [[(0.1, 0.9), (0.9, 0.9)], [(0.1, 0.1), (0.1, 0.9)]])
    more = ink_pixels(page)
    assert more > ink
    page.get_by_test_id("tool-undo").click()
    page.keyboard.press("Control+z")
    assert ink_pixels(page) == ink
    settled(page)
    assert bars(page) == answer
    page.get_by_test_id("tool-redo").click()
    page.keyboard.press("Control+Shift+Z")
    assert ink_pixels(page) == more
    page.get_by_test_id("tool-clear").click()
    assert ink_pixels(page) == 0
    assert_empty(page)
    page.get_by_test_id("tool-undo").click()
    assert ink_pixels(page) == more
    settled(page)
    assert guess(page) != ""


def test_no_stale_answer_after_clear(page: Page) -> None:
    for _ in range(3):
        draw(page, DIGITS[8])
        page.get_by_test_id("tool-clear").click()
        assert_empty(page)
    page.wait_for_timeout(500)
    assert_empty(page)


def test_the_eraser_takes_ink_away(page: Page) -> None:
    draw(page, DIGITS[1])
    whole = ink_pixels(page)
    page.get_by_test_id("tool-eraser").click()
    draw(page, [[(0.3, 0.5), (0.7, 0.5)]])
    assert 0.5 * whole < ink_pixels(page) < 0.95 * whole
    draw(page, [[(0.55, 0.05), (0.5, 0.5), (0.48, 0.95)]])
    assert ink_pixels(page) == 0
    assert_empty(page)
    page.get_by_test_id("tool-undo").click()
    page.get_by_test_id("tool-undo").click()
    assert ink_pixels(page) == whole


def test_the_brush_size_is_the_width_of_the_ink(page: Page) -> None:
    brush = page.get_by_test_id("tool-size")
    draw(page, DIGITS[1])
    normal = ink_pixels(page)
    page.get_by_test_id("tool-clear").click()
    brush.fill("2")
    draw(page, DIGITS[1])
    brush.fill("1")
    assert ink_pixels(page) > 1.6 * normal
    assert_guess(page, 1)


def test_cells_with_the_keyboard_alone(page: Page) -> None:
    pad = page.get_by_test_id("draw-pad")
    pad.focus()
    page.keyboard.press("ArrowUp")  # enters the grid in its middle
    for _ in range(8):
        page.keyboard.press("ArrowUp")
    for _ in range(16):
        page.keyboard.press("Shift+ArrowDown")
    assert_guess(page, 1)
    assert "filled" in page.locator("#pad-cell").inner_text()
    page.keyboard.press("Space")
    assert "empty" in page.locator("#pad-cell").inner_text()
    page.keyboard.press("Control+z")
    page.keyboard.press("Delete")
    assert_empty(page)


def test_cells_with_the_mouse(page: Page) -> None:
    page.get_by_test_id("tool-cells").click()
    draw(page, DIGITS[7])
    assert_guess(page, 7)
    page.get_by_test_id("tool-eraser").click()
    for y in (0.15, 0.3, 0.45, 0.6, 0.75, 0.9):
        draw(page, [[(0.05, y), (0.95, y)], [(0.05, y + 0.07), (0.95, y + 0.07)]])
    assert_empty(page)


def test_drawing_outside_and_coming_back(page: Page) -> None:
    draw(page, [[(0.3, 0.3), (0.7, 0.3), (1.4, 0.3), (1.4, 0.6), (0.7, 0.6), (0.3, 0.6)]])
    inside = ink_pixels(page)
    page.get_by_test_id("tool-clear").click()
    draw(page, [[(0.3, 0.3), (0.99, 0.3)], [(0.99, 0.6), (0.3, 0.6)]])
    assert inside == pytest.approx(ink_pixels(page), rel=0.03)


def test_odd_ink_is_answered_too(page: Page) -> None:
    """A dot, ten thousand points, a black pad, and events that a script dispatches."""
    long = [[0.5 + 0.4 * ((i * 37) % 101 - 50) / 50, (i % 1000) / 1000] for i in range(10_000)]
    full = [(x, y) for y in (0.02, 0.3, 0.5, 0.7, 0.98) for x in (0.02, 0.98)]
    for ink in (
        lambda: draw(page, [[(0.5, 0.5)]]),
        lambda: page.evaluate(DISPATCH, [long]),
        lambda: draw(page, [full]),
    ):
        before = predictions(page)
        ink()
        settled(page)
        assert predictions(page) > before
        assert ink_pixels(page) > 0
        assert sum(bars(page)) == pytest.approx(1, abs=0.01)
    page.get_by_test_id("tool-clear").click()
    page.evaluate(DISPATCH, [[list(point) for point in DIGITS[3][0]]])
    assert_guess(page, 3)


def test_resizing_while_drawing_loses_nothing(page: Page) -> None:
    size = page.viewport_size
    assert size is not None
    top = DIGITS[7][0]
    points = pad_points(page, top)
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move(*points[1], steps=4)
    page.set_viewport_size({"width": 400, "height": 800})
    for point in pad_points(page, top)[2:]:
        page.mouse.move(*point, steps=4)
    page.mouse.up()
    assert_guess(page, 7)
    sharp = "() => { const c = document.getElementById('pad'); return c.width === c.clientWidth; }"
    wait_until(page, lambda: page.evaluate(sharp), "one canvas pixel a device pixel")
    page.set_viewport_size(size)
    assert_guess(page, 7)


@pytest.mark.parametrize("boot", [False, True], ids=["ready", "booting"])
def test_a_selection_over_the_pad_breaks_no_stroke(open_visit: Callable[..., Visit], boot: bool) -> None:
    """Selected text would be dragged: the browser takes the pointer away after one move."""
    page = open_visit("?engine=wasm", ready=not boot).page
    page.keyboard.press("Control+a")
    draw(page, DIGITS[7])
    wait_dataset(page, "app", "ready")
    settled(page)
    assert guess(page) == "7"
    page.get_by_test_id("tool-clear").click()
    box = page.get_by_test_id("draw-pad").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] - 8)  # a drag that begins beside the pad selects what is there
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + box["height"] + 60, steps=5)
    page.mouse.up()
    draw(page, DIGITS[7])
    settled(page)
    assert guess(page) == "7"


def test_a_pen_wins_over_a_palm_and_two_fingers_draw_nothing(open_visit: Callable[..., Visit]) -> None:
    page = open_visit("?engine=wasm").page
    press = """([type, name, id, primary, x, y]) => {
      const box = pad.getBoundingClientRect();
      pad.dispatchEvent(new PointerEvent(name, { pointerType: type, pointerId: id, isPrimary: primary, bubbles: true,
        button: name === "pointermove" ? -1 : 0, clientX: box.x + x * box.width, clientY: box.y + y * box.height }));
    }"""

    def event(kind: str, name: str, number: int, x: float, y: float, *, primary: bool = True) -> None:
        page.evaluate(press, [kind, name, number, primary, x, y])

    event("touch", "pointerdown", 5, 0.9, 0.9)  # the palm
    event("touch", "pointermove", 5, 0.8, 0.9)
    first, *rest = DIGITS[7][0]
    event("pen", "pointerdown", 6, *first)
    for point in rest:
        event("pen", "pointermove", 6, *point)
    event("pen", "pointerup", 6, *rest[-1])
    event("touch", "pointerup", 5, 0.8, 0.9)
    settled(page)
    assert guess(page) == "7"
    assert page.get_by_test_id("tool-undo").is_enabled()
    page.get_by_test_id("tool-undo").click()
    assert page.get_by_test_id("tool-undo").is_disabled(), "the palm has left nothing"
    event("touch", "pointerdown", 7, 0.3, 0.3)
    event("touch", "pointermove", 7, 0.4, 0.4)
    event("touch", "pointerdown", 8, 0.7, 0.7, primary=False)
    event("touch", "pointermove", 7, 0.2, 0.2)
    event("touch", "pointermove", 8, 0.8, 0.8)
    for finger in (7, 8):
        event("touch", "pointerup", finger, 0.5, 0.5)
    assert page.get_by_test_id("tool-undo").is_disabled(), "a pinch draws nothing"
