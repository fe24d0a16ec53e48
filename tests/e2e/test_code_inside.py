"""Looking inside a network that the visitor wrote, in Chromium: its layers, one unit close up, and why this answer."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.drawing import DIGITS, draw
from tests.e2e.inside_page import caught_up
from tests.e2e.support import TIMEOUT_S, Visit, settled
from tests.e2e.test_code_compile import SMALL, compiled, error, put
from tests.e2e.test_code_editor import opened

Open = Callable[..., Visit]
#: Feature maps, a pooling layer without weights, an output that no layer has, and a dense layer that reads maps.
MAPS = """from tinygrad import Tensor, nn

class Net:
    def __init__(self):
        self.first = nn.Conv2d(1, 6, 5, stride=2)
        self.pool = Tensor.max_pool2d
        self.last = nn.Linear(6 * 36, 10)

    def __call__(self, x: Tensor) -> Tensor:
        x = self.pool(self.first(x).relu())
        return self.last(x.flatten(1))
"""
#: Small changes of pixels change nothing in it, and its logits are no sums of votes.
STEPS = SMALL.replace("x.flatten(1)", "(x.flatten(1) > 0.5).float()").replace("self.last(x)", "self.last(x).tanh()")


def looked_into(page: Page, source: str) -> None:
    """Compile a network, and open the tab."""
    put(page, source)
    assert compiled(page) == "compiled", error(page)
    settled(page)
    page.get_by_test_id("tab-inside").click()
    expect(page.get_by_test_id("stage-0").locator("canvas")).to_be_visible(timeout=TIMEOUT_S * 1000)
    caught_up(page, "inside")


def fault(page: Page, section: str) -> str:
    return page.get_by_test_id(f"inside-{section}").locator(".fault").inner_text()


@pytest.mark.parametrize("engine", ["wasm", "webgpu"])
def test_maps_a_unit_and_the_gradient_are_shown(open_visit: Open, engine: str) -> None:
    page = opened(open_visit(f"?engine={engine}").page)
    draw(page, DIGITS[4])
    looked_into(page, MAPS)
    titles = page.locator(".stage-view h4")
    assert titles.all_inner_texts() == ["first: Conv2d (6, 1, 5, 5)", "pool: Tensor.max_pool2d"]
    assert fault(page, "layers") == fault(page, "why") == ""
    expect(page.get_by_test_id("network")).to_have_count(0)

    maps = page.get_by_test_id("stage-0").locator("canvas")
    expect(maps).to_have_attribute("aria-label", re.compile("6 of 6 feature maps are active"))
    maps.scroll_into_view_if_needed()
    maps.click(position={"x": 10, "y": 10})
    expect(page.get_by_test_id("unit-title")).to_have_text("first, map 0 (pinned)")
    expect(page.get_by_test_id("unit-largest")).to_have_text(re.compile(r"Its largest value is [+\N{MINUS SIGN}]"))
    total = page.get_by_test_id("contributions-logit")
    expect(total).to_have_text(re.compile(r"Together they give \d a score"))
    assert page.get_by_test_id("contributions").locator(".signed-bar:visible").count() == 8, "6 maps, others and bias"
    assert "The score of" in page.get_by_test_id("why-note").inner_text()
    expect(page.get_by_test_id("why-check")).to_contain_text("patches covered")

    page.get_by_test_id("tool-clear").click()
    draw(page, DIGITS[7])
    caught_up(page, "inside")
    expect(page.get_by_test_id("unit-title")).to_have_text("first, map 0 (pinned)")
    expect(total).to_contain_text("Together")


def test_what_cannot_be_told_is_said_in_a_sentence(open_visit: Open) -> None:
    page = opened(open_visit("?engine=wasm").page)
    draw(page, DIGITS[4])
    looked_into(page, STEPS)
    expect(page.get_by_test_id("unit-title")).to_have_text(re.compile(r"last, unit \d"))
    assert "cannot be told" in page.get_by_test_id("contributions-logit").inner_text()
    assert "no saliency" in fault(page, "why")
    page.get_by_test_id("tab-data").click()
    page.get_by_test_id("mistakes-measure").click()
    expect(page.get_by_test_id("mistakes-headline")).to_contain_text("errors in", timeout=TIMEOUT_S * 1000)
