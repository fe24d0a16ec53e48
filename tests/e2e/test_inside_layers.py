"""The picture of the network, the wall and the unit's card, in Chromium: by pointer, by keyboard, and in figures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page

from tabgrad.backends.oracle.network import OracleNetwork
from tabgrad.network import shapes_of, spec_of
from tests.e2e.drawing import DIGITS, guess
from tests.e2e.inside_page import caught_up, draw_anew, seen, shared_page, shipped
from tests.e2e.support import BEEN_HERE, Visit, settled, use_model, wait_until

NUMBER = re.compile(r"[+\N{MINUS SIGN}-]?\d+\.\d+")


@pytest.fixture(scope="module")
def opened(browser: Browser, site: str) -> Iterator[Page]:
    """One booted page for the whole file, with the panel open."""
    with shared_page(browser, site, "?engine=wasm#inside") as page:
        yield page


@pytest.fixture
def page(opened: Page) -> Page:
    """The MLP, which reads a three; nothing is pinned."""
    use_model(opened, "cnn")  # another network forgets what was pinned
    caught_up(opened, "inside")
    use_model(opened, "mlp")
    draw_anew(opened, DIGITS[3])
    caught_up(opened, "inside")
    return opened


def numbers(text: str) -> list[float]:
    """The numbers in a text, as printed."""
    return [float(found.replace("\N{MINUS SIGN}", "-")) for found in NUMBER.findall(text)]


def printed(rows: Locator) -> list[int]:
    """The numbers of signed bars as printed, in hundredths."""
    return [round(100 * numbers(text)[0]) for text in rows.locator(".signed-bar-value").all_inner_texts()]


def title(page: Page) -> str:
    return page.get_by_test_id("unit-title").inner_text()


def activations() -> Callable[[Page], np.ndarray]:
    """The oracle's activations of the MLP's first layer."""
    card, weights = shipped("mlp")
    network = OracleNetwork(spec_of(card, shapes_of(weights)), weights)

    def look(page: Page) -> np.ndarray:
        taps: list[np.ndarray] = []
        network.forward(seen(page).reshape(1, 784), taps=taps)
        return taps[0][0]

    return look


@pytest.mark.parametrize("digit", [1, 3, 8])
def test_figures_add_up_as_printed(page: Page, digit: int) -> None:
    draw_anew(page, DIGITS[digit])
    caught_up(page, "inside")
    rows = page.get_by_test_id("contributions").locator(".signed-bar:not([hidden])")
    logit = numbers(page.get_by_test_id("contributions-logit").inner_text())[-1]
    assert sum(printed(rows)) == round(100 * logit)
    slider = page.get_by_test_id("unit-slider")
    for unit in range(5, 190, 23):
        slider.fill(str(unit))
        page.get_by_test_id("unit-title").filter(has_text="(pinned)").wait_for()
        found, bias, total, after = (round(100 * n) for n in numbers(page.get_by_test_id("unit-sum").inner_text()))
        assert found + bias == total
        assert after == max(total, 0)
    page.get_by_test_id("why-digit").select_option("3")
    page.get_by_test_id("why-other").select_option("5")
    page.get_by_test_id("why-note").filter(has_text="against").wait_for()
    mine, other, lead = (round(100 * n) for n in numbers(page.get_by_test_id("why-note").inner_text()))
    assert mine - other == lead
    page.get_by_test_id("why-digit").select_option("winner")
    page.get_by_test_id("why-other").select_option("none")


def test_a_press_on_the_picture_shows_a_units_lines_and_opens_its_card(page: Page) -> None:
    network = page.get_by_test_id("network")
    lines = network.locator(".network-lines path")
    everything = lines.count()
    assert everything > 20
    tile = network.locator(".network-tiles button").first
    name = tile.get_attribute("aria-label") or ""
    unit = int(name.split()[1])
    values = activations()(page)
    assert unit == int(values.argmax()), "the most active pattern comes first"
    tile.click()
    page.get_by_test_id("unit-title").filter(has_text=f"Layer 1, unit {unit} (pinned)").wait_for()
    wait_until(page, lambda: lines.count() < everything, "its lines alone")
    note = page.get_by_test_id("network-note")
    assert numbers(note.inner_text())[0] == pytest.approx(values[unit], abs=0.05)
    tile.click()
    page.mouse.move(1, 1)
    wait_until(page, lambda: lines.count() == everything, "all lines again")
    network.locator(".network-classes button").nth(5).click()
    page.get_by_test_id("contributions-logit").filter(has_text="give 5 a score").wait_for()
    page.get_by_test_id("contributions-digit").select_option("winner")


def test_the_picture_is_one_stop_for_tab_and_arrows_go_on(page: Page) -> None:
    network = page.get_by_test_id("network")
    assert network.locator("button[tabindex='0']").count() == 1
    network.locator("button[tabindex='0']").focus()
    label = "() => document.activeElement.getAttribute('aria-label')"
    first = page.evaluate(label)
    for key, kind in (("ArrowRight", "tiles"), ("ArrowRight", "cells")):
        page.keyboard.press(key)
        assert page.evaluate(label) != first
        assert page.locator(f".network-{kind} button:focus").count() == 1
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    assert page.locator(".network-classes button:focus").count() == 1
    page.keyboard.press("ArrowDown")
    focused = page.evaluate(label)
    page.get_by_test_id("network-note").filter(has_text=focused).wait_for()
    assert network.locator("button[tabindex='0']").count() == 1
    page.evaluate("() => document.activeElement.blur()")


def test_the_card_stays_beside_the_wall(page: Page) -> None:
    wall = page.locator(".picture.wall canvas")
    wall.evaluate("e => e.scrollIntoView({block: 'end'})")
    card, picture = page.locator(".unit-card").bounding_box(), wall.bounding_box()
    assert card is not None
    assert picture is not None
    assert card["x"] >= picture["x"] + picture["width"]
    assert 0 <= card["y"] < page.evaluate("innerHeight") / 3, "in view, whatever one points at"
    page.set_viewport_size({"width": 390, "height": 844})
    wait_until(page, lambda: (page.locator(".unit-card").bounding_box() or {"x": 999})["x"] < 40, "one column")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 900})


def test_the_wall_can_be_sorted_by_activity(page: Page) -> None:
    values = activations()(page)
    page.get_by_test_id("layers-sort").check()
    wall = page.locator(".picture.wall canvas")
    order = np.argsort(-values)
    for place in (0, 1, 14):
        columns = int(wall.get_attribute("data-columns") or 0)
        box = wall.bounding_box()
        assert box is not None
        step = box["width"] / columns
        x, y = place % columns * step + step / 3, place // columns * step * 1.16 + step / 3
        title_of_unit = f"Layer 1, unit {order[place]} (pinned)"

        def press(x: float = x, y: float = y, wanted: str = title_of_unit) -> bool:
            if title(page) != wanted:
                wall.click(position={"x": x, "y": y})
                page.wait_for_timeout(100)
            return title(page) == wanted

        wait_until(page, press, title_of_unit)
    page.get_by_test_id("layers-sort").uncheck()


def test_every_number_of_the_formula_explains_itself(page: Page) -> None:
    page.get_by_test_id("unit-slider").fill("9")
    page.get_by_test_id("unit-title").filter(has_text="unit 9 (pinned)").wait_for()
    note = page.get_by_test_id("unit-note")
    resting = note.inner_text()
    said = set()
    for button in page.get_by_test_id("unit-sum").locator("button").all():
        button.hover()
        said.add(note.inner_text())
        assert note.inner_text() in (button.text_content() or ""), "screen readers hear it with the number"
    assert len(said - {resting}) == 4
    page.mouse.move(1, 1)
    assert note.inner_text() == resting


def test_every_pixel_of_the_formula_tells_its_product(page: Page) -> None:
    page.get_by_test_id("unit-slider").fill("9")
    page.get_by_test_id("unit-title").filter(has_text="unit 9 (pinned)").wait_for()
    _, weights = shipped("mlp")
    pattern = weights["layers.0.weight"][:, 9].reshape(28, 28)
    image = seen(page)
    row, column = np.unravel_index(int(image.argmax()), image.shape)
    picture = page.locator(".unit-formula .picture canvas").first
    box = picture.bounding_box()
    assert box is not None
    place = {"x": (column + 0.5) * box["width"] / 28, "y": (row + 0.5) * box["height"] / 28}
    picture.hover(position=place)  # type: ignore[arg-type]  # a TypedDict there
    note = page.get_by_test_id("unit-note")
    text = note.inner_text()
    assert text.startswith(f"Row {row + 1}, column {column + 1}: ")
    assert numbers(text) == pytest.approx(
        [image[row, column], pattern[row, column], image[row, column] * pattern[row, column]], abs=0.006
    )
    product = page.locator(".unit-formula .picture canvas").last
    product.focus()
    page.keyboard.press("ArrowRight")
    assert note.inner_text().startswith("Row ")
    before = note.inner_text()
    page.keyboard.press("ArrowDown")
    assert note.inner_text() != before


def test_a_section_without_ink_offers_an_example(open_visit: Callable[..., Visit]) -> None:
    page = open_visit("?engine=wasm#inside", init_script=BEEN_HERE).page
    for name in ("ink", "layers", "why"):
        page.get_by_test_id(f"{name}-example").wait_for()
    page.get_by_test_id("layers-example").click()
    settled(page)
    assert guess(page).isdecimal()
    caught_up(page, "inside")
    for name in ("ink", "layers", "why"):
        page.get_by_test_id(f"{name}-example").wait_for(state="hidden")
    page.get_by_test_id("tool-undo").click()
    assert guess(page) == ""
