"""Help while a network is typed, in Chromium: what can be typed, with signatures, and what a name is."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, Page

from tabgrad.ui.code import link
from tests.e2e.support import Visit, wait_until
from tests.e2e.test_a11y import violations
from tests.e2e.test_code_editor import MLP, content, opened

Open = Callable[..., Visit]
#: The line of the first example after which something is typed, and the part of it that is pointed at.
LINE, LAYER = "x = x.flatten(1)", "self.hidden = nn.Linear(784, 128)"
#: So long after it appears does a list of options take no key, so that nobody accepts one by accident (75 ms).
IGNORED_MS = 150
#: A point within a name of a line, which only its text has.
POINT = """(line, name) => { const texts = document.createTreeWalker(line, NodeFilter.SHOW_TEXT); let text;
  while ((text = texts.nextNode())) { const at = text.data.indexOf(name); if (at < 0) continue;
    const range = document.createRange(); range.setStart(text, at); range.setEnd(text, at + name.length);
    const box = range.getBoundingClientRect(); return [box.left + box.width / 2, box.top + box.height / 2]; } }"""


def options(page: Page) -> Locator:
    return page.get_by_test_id("code-editor").locator(".cm-tooltip-autocomplete li")


def tooltip(page: Page) -> Locator:
    return page.get_by_test_id("code-editor").locator(".cm-hint")


def after(page: Page, line: str) -> None:
    """The cursor in a new line after one of the first example."""
    content(page).locator(".cm-line", has_text=line).click()
    page.keyboard.press("End")
    page.keyboard.press("Enter")


def point(page: Page, line: str, name: str) -> None:
    x, y = content(page).locator(".cm-line", has_text=line).evaluate(POINT, name)
    page.mouse.move(x, y)


def helped(page: Page) -> None:
    """Wait until the worker that the focus has started answers: F1 on `nn` tells what it is."""
    content(page).locator(".cm-line", has_text="from tinygrad import Tensor, nn").click()
    page.keyboard.press("End")

    def told() -> bool:
        page.keyboard.press("F1")
        page.wait_for_timeout(200)
        return tooltip(page).count() == 1

    wait_until(page, told, "an answer of the worker", 90)
    assert tooltip(page).inner_text() == "module tinygrad.nn"


def test_what_a_tensor_can_do_is_offered_and_a_layer_is_explained(open_visit: Open) -> None:
    page = opened(open_visit("?engine=wasm#code", reduced_motion="reduce").page)
    helped(page)
    page.keyboard.press("Escape")
    tooltip(page).wait_for(state="detached")
    after(page, LINE)
    page.keyboard.type("x = x.re")
    relu = options(page).filter(has_text="relu()")
    relu.wait_for()
    assert relu.inner_text() == "relu() -> Tensor"
    assert violations(page) == []
    page.keyboard.press("Escape")
    options(page).first.wait_for(state="detached")
    page.keyboard.type("lu")
    options(page).filter(has_text="relu()").wait_for()
    page.wait_for_timeout(IGNORED_MS)
    page.keyboard.press("Enter")
    options(page).first.wait_for(state="detached")
    assert content(page).locator(".cm-activeLine").inner_text().strip() == "x = x.relu"

    point(page, LAYER, "Linear")
    tooltip(page).filter(has_text="Linear(in_features: int, out_features: int, bias=True)").wait_for()
    assert "Applies a linear transformation" in tooltip(page).inner_text()
    assert violations(page) == []
    page.keyboard.press("Escape")
    tooltip(page).wait_for(state="detached")

    page.mouse.move(0, 0)
    page.keyboard.press("F1")  # the cursor is behind relu
    said = page.get_by_test_id("code-editor").locator(".cm-announced")
    said.filter(has_text="relu() -> Tensor. Applies the Rectified Linear Unit").wait_for()
    page.keyboard.type("x")
    tooltip(page).wait_for(state="detached")


def test_a_worker_that_is_lost_costs_no_key(open_visit: Open) -> None:
    page = opened(open_visit("?engine=wasm#code").page)
    helped(page)
    page.evaluate("document.querySelector('script[name=trainer]').xworker.terminate()")
    after(page, LINE)
    page.keyboard.type("sel")
    options(page).filter(has_text="self").first.wait_for()  # a name of the text
    page.keyboard.press("Escape")
    helped(page)  # by another one


def test_code_from_a_link_starts_no_worker_before_it_is_run(open_visit: Open) -> None:
    page = opened(open_visit(f"?engine=wasm#code={link.pack(MLP)}").page)
    status = page.get_by_test_id("code-status").filter(has_text="This code came with a link or a file.")
    status.wait_for()
    before = len(page.workers)
    after(page, LINE)
    page.keyboard.type("sel")
    options(page).filter(has_text="self").first.wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("F1")
    said = page.get_by_test_id("code-editor").locator(".cm-announced")
    said.filter(has_text="Nothing is known about this name.").wait_for()
    assert len(page.workers) == before
    status.wait_for()
