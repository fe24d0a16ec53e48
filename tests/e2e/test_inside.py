"""The inspect panels, in Chromium: the numbers that they show are those of the NumPy oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from numpy.typing import NDArray
from playwright.sync_api import Browser, Locator, Page

from tabgrad.backends.oracle.network import OracleNetwork
from tabgrad.explain import attribution
from tabgrad.network import shapes_of, spec_of, stages
from tabgrad.ui.inspect.tour_steps import STEPS
from tests.e2e.drawing import DIGITS, draw
from tests.e2e.inside_page import caught_up, draw_anew, seen, shared_page, shipped, value
from tests.e2e.support import Visit, settled, use_model, wait_dataset, wait_until

#: What the page computes in float32 and rounds to six decimals, against float64.
ATOL = 2e-3


@pytest.fixture(scope="module")
def page(browser: Browser, site: str) -> Iterator[Page]:
    """One booted page for the whole file, with the panel open."""
    with shared_page(browser, site, "#inside") as opened:
        yield opened


class Model:
    """A shipped model in NumPy, float64."""

    def __init__(self, name: str) -> None:
        self.card, self.weights = shipped(name)
        spec = spec_of(self.card, shapes_of(self.weights))
        self.stages, self.network = stages(spec), OracleNetwork(spec, self.weights)

    def look(self, x: NDArray[Any]) -> tuple[NDArray[Any], list[NDArray[Any]]]:
        taps: list[NDArray[Any]] = []
        return self.network.forward(x.reshape(1, 784), taps=taps)[0], taps

    def gradient(self, x: NDArray[Any], digit: int, other: int | None = None) -> NDArray[Any]:
        self.network.forward(x.reshape(1, 784))
        return self.network.backward(attribution.seed(digit, other).astype(np.float64)).reshape(28, 28)


def pixels(picture: Locator) -> NDArray[np.uint8]:
    """RGBA of a canvas."""
    width, height, data = picture.evaluate(
        """c => [c.width, c.height, Array.from(c.getContext("2d").getImageData(0, 0, c.width, c.height).data)]"""
    )
    return np.array(data, np.uint8).reshape(height, width, 4)


def brightness(picture: Locator) -> float:
    """The mean of all pixels that are not transparent."""
    shown = pixels(picture)
    return float(shown[shown[..., 3] > 0][:, :3].mean())


def unit_bars(page: Page) -> NDArray[np.int64]:
    """Length in pixels of the bar under each of the 128 units."""
    canvas = page.locator(".picture.wall canvas")
    wall, columns = pixels(canvas), int(canvas.get_attribute("data-columns") or 0)
    rows = -(-128 // columns)
    height, width = wall.shape[0] // rows, wall.shape[1] // columns
    tiles = wall.reshape(rows, height, columns, width, 4).swapaxes(1, 2).reshape(-1, height, width, 4)[:128]
    return np.asarray((tiles[:, 30, :, 3] > 0).sum(axis=1))


def use(page: Page, name: str, digit: int = 7) -> Model:
    """Let model `name` read a digit, and wait until the panels show it."""
    use_model(page, name)
    draw_anew(page, DIGITS[digit])
    caught_up(page, "inside")
    page.get_by_test_id("contributions-logit").filter(has_text=f"give {digit} a score").wait_for()
    return Model(name)


# The picture of the input has 8 bits: logits from it are a little off the page's own.
QUANTISED = 0.05


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_contributions_are_those_of_the_oracle_and_add_up(page: Page, name: str) -> None:
    model = use(page, name)
    logits, taps = model.look(seen(page))
    shown = value(page.get_by_test_id("contributions-logit"))
    assert shown == pytest.approx(logits[7], abs=QUANTISED)
    rows = page.get_by_test_id("contributions").locator(".signed-bar:not([hidden])")
    found = {row.locator(".signed-bar-name").inner_text(): value(row) for row in rows.all()}
    assert sum(found.values()) == pytest.approx(shown, abs=ATOL)
    last = model.stages[-1]
    expected = attribution.contributions(taps[-1], model.weights[last.weight], model.weights[last.bias], 7)
    assert found.pop("bias") == pytest.approx(expected.bias, abs=1e-5)
    found.pop("all others")
    for unit, term in found.items():
        assert term == pytest.approx(expected.terms[int(unit.removeprefix("unit "))], abs=QUANTISED)
    weakest = min(abs(term) for term in found.values())
    assert (np.abs(expected.terms) > weakest + QUANTISED).sum() < len(found)


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_a_unit_shows_its_own_sum(page: Page, name: str) -> None:
    model = use(page, name)
    _, taps = model.look(seen(page))
    stage, unit = model.stages[-2], 5
    before = sum(s.units for s in model.stages[:-2])
    slider = page.get_by_test_id("unit-slider")
    slider.fill(str(before + unit))
    page.get_by_test_id("unit-title").filter(has_text=f"unit {unit} (pinned)").wait_for()
    inputs = taps[-2] if len(taps) > 1 else seen(page)
    fed = attribution.contributions(inputs, model.weights[stage.weight], model.weights[stage.bias], unit)
    assert value(page.get_by_test_id("unit-sum")) == pytest.approx(max(fed.total, 0), abs=QUANTISED)
    slider.press("ArrowRight")
    page.get_by_test_id("unit-title").filter(has_text=f"unit {unit + 1} (pinned)").wait_for()


def test_activations_are_the_bars_under_the_units(page: Page) -> None:
    model = use(page, "mlp")
    _, taps = model.look(seen(page))
    activations = taps[0][0]
    np.testing.assert_allclose(unit_bars(page), 28 * activations / activations.max(), atol=1)


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_saliency_is_the_oracles_gradient(page: Page, name: str) -> None:
    model = use(page, name)
    note = page.get_by_test_id("why-note")
    note.filter(has_text="The score of 7").wait_for()
    image = seen(page)
    logits, _ = model.look(image)
    assert value(note) == pytest.approx(logits[7], abs=QUANTISED)
    expected = (model.gradient(image, 7) * image).sum()
    assert value(note, "ink") == pytest.approx(expected, rel=0.02, abs=0.1)
    page.get_by_test_id("why-other").select_option("2")
    note.filter(has_text="7 leads 2").wait_for()
    assert value(note) == pytest.approx(logits[7] - logits[2], abs=QUANTISED)
    expected = (model.gradient(image, 7, 2) * image).sum()
    assert value(note, "ink") == pytest.approx(expected, rel=0.02, abs=0.1)
    page.get_by_test_id("why-other").select_option("none")


def test_covering_is_measured_when_the_pen_rests(page: Page) -> None:
    model = use(page, "mlp")
    check = page.get_by_test_id("why-check")
    page.locator("[data-testid=why-check][data-value]").wait_for()  # of this drawing
    image = seen(page)
    logits, _ = model.look(image)
    count = int(check.inner_text().split()[0])
    stride = next(s for s in (2, 4) if len(attribution.occlude(image, stride_px=s).images) == count)
    occlusion = attribution.occlude(image, stride_px=stride)
    drops = np.array([logits[7] - model.look(covered)[0][7] for covered in occlusion.images])
    ink = attribution.ink_picture(model.gradient(image, 7), image)
    match = attribution.agreement(occlusion.predicted_drops(ink), drops)
    shown = float(check.inner_text().split("correlation of ")[1].split(" ")[0].replace("\N{MINUS SIGN}", "-"))
    assert shown == pytest.approx(match, abs=0.02)


def test_switching_a_step_off_changes_the_input_and_back(page: Page) -> None:
    draw_anew(page, [[(x * 0.4, y * 0.4) for x, y in line] for line in DIGITS[7]])  # small, in the upper left corner
    caught_up(page, "inside")
    usual = seen(page)
    assert np.ptp(np.flatnonzero(usual.any(axis=1))) >= 18
    page.get_by_test_id("ink-fit").uncheck()
    settled(page)
    page.get_by_test_id("ink-note").filter(has_text="unusual input").wait_for()
    assert np.ptp(np.flatnonzero(seen(page).any(axis=1))) < 14, "it is as small as it was drawn"
    page.get_by_test_id("ink-centring").select_option("none")
    settled(page)
    assert np.flatnonzero(seen(page).any(axis=1)).max() < 14, "it is where it was drawn"
    page.get_by_test_id("ink-reset").click()
    settled(page)
    np.testing.assert_array_equal(seen(page), usual)


def test_an_empty_pad_explains_nothing(page: Page) -> None:
    page.get_by_test_id("tool-clear").click()
    page.get_by_test_id("why-note").filter(has_text="Nothing is drawn").wait_for()
    page.get_by_test_id("contributions-logit").filter(has_text="Draw something").wait_for()
    assert not unit_bars(page).any()


def test_hidden_panels_do_nothing(page: Page) -> None:
    use(page, "mlp", 3)
    shown = page.get_by_test_id("contributions-logit").inner_text()
    page.get_by_test_id("tab-code").click()
    draw(page, [[(0.2, 0.9), (0.8, 0.9)]])
    caught_up(page, "code")
    assert page.get_by_test_id("contributions-logit").text_content() == shown
    page.get_by_test_id("tab-inside").click()
    page.get_by_test_id("contributions-logit").filter(has_not_text=shown).wait_for()


def violations(page: Page) -> list[str]:
    """The problems that axe finds: rule and elements."""
    found = Axe().run(page).response["violations"]
    return [f"{item['id']}: {[node['html'][:120] for node in item['nodes']]}" for item in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_in_any_panel(page: Page, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a Literal there
    page.set_viewport_size({"width": width, "height": 900})
    for tab in ("inside", "data", "code"):
        page.get_by_test_id(f"tab-{tab}").click()
        caught_up(page, tab)
        assert violations(page) == []
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_test_id("tab-inside").click()


def test_colours_follow_the_theme(page: Page) -> None:
    use(page, "mlp")
    wall = page.locator(".picture.wall canvas")
    page.emulate_media(color_scheme="light")
    wait_until(page, lambda: brightness(wall) > 160, "a light wall")
    page.emulate_media(color_scheme="dark")
    wait_until(page, lambda: brightness(wall) < 90, "a dark wall")
    page.emulate_media(color_scheme="light")


def test_the_network_in_training_moves(open_visit: Callable[..., Visit]) -> None:
    page = open_visit("?engine=wasm&data=strokes&epochs=50").page
    page.get_by_test_id("train-start").click()
    wait_dataset(page, "worker", "training")
    page.get_by_test_id("model-select").and_(
        page.locator("[data-testid=model-select]:has(option[value=training])")
    ).wait_for()
    page.get_by_test_id("model-select").select_option("training")
    page.get_by_test_id("tab-inside").click()
    wall = page.locator(".picture.wall canvas")
    wall.wait_for()
    wait_until(page, lambda: pixels(wall).shape[0] > 1, "the first picture")
    first = pixels(wall)

    def changed() -> bool:
        now = pixels(wall)
        return bool((np.abs(first[..., :3].astype(int) - now[..., :3]) > 8).mean() > 0.01)

    wait_until(page, changed, "a movement of the weights")
    page.get_by_test_id("draw-pad").scroll_into_view_if_needed()
    draw(page, DIGITS[7])
    page.get_by_test_id("contributions-logit").filter(has_text="a score").wait_for()
    page.get_by_test_id("tab-train").click()
    page.get_by_test_id("train-stop").click()
    wait_dataset(page, "worker", "finished")


def test_the_tour_has_an_address_for_every_step(open_visit: Callable[..., Visit]) -> None:
    page = open_visit("#tour-3").page
    text = page.get_by_test_id("tour-text")
    text.filter(has_text="looks for its own pattern").wait_for()
    assert page.get_by_test_id("inside-layers").is_visible()
    caught_up(page, "inside")
    assert violations(page) == []
    page.keyboard.press("ArrowRight")
    text.filter(has_text="Press Train").wait_for()
    assert page.url.endswith("#tour-4")
    assert page.get_by_test_id("train-start").is_visible()
    for _ in range(3):
        page.get_by_test_id("tour-back").click()
    text.filter(has_text="Draw a digit").wait_for()
    assert page.get_by_test_id("tour-back").is_disabled()
    page.keyboard.press("Escape")
    text.wait_for(state="hidden")
    assert page.url.endswith("#inside")  # the tab that is open
    page.get_by_role("link", name="Tour").click()
    for _ in range(5):
        page.get_by_test_id("tour-next").click()
    page.get_by_test_id("tour-next").filter(has_text="Done").click()
    text.wait_for(state="hidden")


#: What is wrong with the tour's step on screen; empty if nothing is. What it is about may be taller than its room: then
#: its heading must be there.
COVERED = """() => {
  const [card, target, pad, bars] = [".tour", "[data-tour]", "#pad", "#bars"].map((s) => document.querySelector(s));
  const box = (element) => element.getBoundingClientRect();
  const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const whole = (b) => b.width > 90 && b.height > 30 && b.top >= 0 && b.bottom <= innerHeight && !meet(b, box(card));
  const first = "h2, h3, [data-testid=train-start]";
  const heading = [...target.querySelectorAll(first)].find((element) => element.offsetHeight);
  const { left, top, height } = heading ? box(heading) : { left: 0, top: -1, height: 0 };
  const hit = document.elementFromPoint(left + 2, top + height / 2);
  return [whole(box(pad)) ? "" : "pad", whole(box(bars)) ? "" : "bars",
    target.contains(pad) || (hit && heading.contains(hit)) ? "" : "heading",
    target.contains(pad) && meet(box(target), box(card)) ? "bench" : ""].join(" ").trim();
}"""


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080), (820, 1180), (390, 844), (844, 390)])
def test_the_tour_does_not_cover_what_it_is_about(open_visit: Callable[..., Visit], size: tuple[int, int]) -> None:
    page = open_visit(
        "?engine=wasm#tour-1", viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce"
    ).page
    text = page.get_by_test_id("tour-text")
    for number in range(1, 7):
        text.filter(has_text=STEPS[number - 1].text).wait_for()
        wait_until(page, lambda: page.evaluate(COVERED) == "", f"a clear view of what step {number} is about", 20)
        assert page.get_by_test_id("tour-example").is_visible() == STEPS[number - 1].needs_ink
        page.get_by_test_id("tour-next").click()


def test_the_tour_has_an_example_where_there_is_something_to_draw(open_visit: Callable[..., Visit]) -> None:
    page = open_visit("?engine=wasm#tour-3").page
    page.get_by_test_id("tour-example").click()
    settled(page)
    first = page.get_by_test_id("best-guess").inner_text()
    page.get_by_test_id("tour-example").click()
    settled(page)
    assert page.get_by_test_id("best-guess").inner_text() != first
    assert page.url.endswith("#tour-3")
