"""The console below the editor, in Chromium: typing, pictures, completion, live networks, stopping; for everybody."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page

from tabgrad.ui.code.console_controller import NOTHING, STOPPED
from tests.e2e.drawing import DIGITS, draw
from tests.e2e.support import Visit, settled, wait_dataset, wait_until
from tests.e2e.test_a11y import violations
from tests.e2e.train_page import LONG, epoch, start

Open = Callable[..., Visit]
#: How many greys there are on a canvas.
GREYS = """(canvas) => new Set(canvas.getContext("2d")
  .getImageData(0, 0, canvas.width, canvas.height).data.filter((_, i) => i % 4 == 0)).size"""


def opened(page: Page) -> Page:
    page.get_by_test_id("tab-code").click()
    wait_dataset(page, "code", "ready")
    return page


def field(page: Page) -> Locator:
    return page.get_by_test_id("repl-input")


def shown(page: Page) -> list[tuple[str, str]]:
    """Kind and text of every entry."""
    script = "(log) => [...log.children].map((entry) => [entry.dataset.kind, entry.textContent])"
    return [(kind, text) for kind, text in page.get_by_test_id("repl-output").evaluate(script)]


def run(page: Page, code: str) -> list[tuple[str, str]]:
    """Type a command and press Enter; returns what it shows."""
    before = len(shown(page))
    field(page).fill(code)
    field(page).press("Enter")
    wait_until(page, lambda: len(shown(page)) > before, f"running {code!r}")
    stop = page.get_by_test_id("repl-stop")
    note = page.get_by_test_id("repl-note")
    wait_until(page, lambda: stop.is_hidden() and note.text_content() == "", f"the end of {code!r}")
    return shown(page)[before + 1 :]


def test_python_is_run_and_drawings_are_pictures(visit: Visit) -> None:
    page = opened(visit.page)
    assert run(page, "1 + 1") == [("text", "2")]
    draw(page, DIGITS[3])
    settled(page)
    ((kind, text),) = run(page, "x")
    assert kind == "image"
    assert text.startswith("float32 (28, 28), 0 (black) to ")
    assert page.get_by_test_id("repl-output").locator("canvas").evaluate(GREYS) > 10
    assert [kind for kind, _ in run(page, "data.sample(3)")] == ["text", "image", "text"]
    ((kind, text),) = run(page, "import js; js.document")
    assert kind == "error"
    assert text.endswith("AttributeError: document")
    assert run(page, "def f():\n    return 5\n") == []
    assert run(page, "f()") == [("text", "5")]
    ((kind, text),) = run(page, "def g(): g()\ng()")
    assert (kind, "RecursionError" in text) == ("error", True)
    assert run(page, "1 + 1") == [("text", "2")]


def test_the_keys_of_a_prompt(visit: Visit) -> None:
    page = opened(visit.page)
    run(page, "first = 1")
    field(page).press_sequentially("def f():")
    field(page).press("Enter")
    assert field(page).input_value() == "def f():\n    "
    field(page).press_sequentially("return first")
    field(page).press("Enter")
    field(page).press("Enter")
    wait_until(page, lambda: field(page).input_value() == "", "running the function")
    field(page).press("ArrowUp")
    assert field(page).input_value() == "def f():\n    return first"
    field(page).fill("fir")
    field(page).press("Tab")
    wait_until(page, lambda: field(page).input_value() == "first", "completing")
    field(page).fill("qqq")
    field(page).press("Tab")
    page.get_by_test_id("repl-note").filter(has_text=NOTHING).wait_for()
    field(page).press("Escape")
    field(page).press("Tab")
    assert not field(page).evaluate("(field) => field === document.activeElement")
    page.reload()
    wait_dataset(page, "app", "ready")
    opened(page)
    field(page).press("ArrowUp")
    assert field(page).input_value() == "def f():\n    return first"


def stop(page: Page) -> None:
    """Run a loop without an end, and stop it."""
    field(page).fill("while True: pass")
    field(page).press("Enter")
    page.get_by_test_id("repl-stop").click()
    wait_until(page, lambda: shown(page)[-1] == ("error", STOPPED), "stopping")


def test_a_command_that_never_ends_is_stopped_and_training_goes_on(open_visit: Open) -> None:
    page = start(open_visit(f"?{LONG}"))
    opened(page)
    assert run(page, "weights['layers.0.weight'].shape")[0][1].startswith("(784, ")
    before = epoch(page)
    stop(page)
    page.get_by_test_id("tab-train").click()
    wait_until(page, lambda: epoch(page) > before, "training")
    opened(page)
    wait_until(page, lambda: run(page, "metrics['step'] > 0") == [("text", "True")], "the run with the new worker")


@pytest.mark.parametrize("width", [360, 1280])
def test_everybody_can_use_it(open_visit: Open, width: int) -> None:
    page = opened(open_visit(viewport={"width": width, "height": 800}).page)
    run(page, "x")
    run(page, "1 / 0")
    assert violations(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_the_network_in_the_editor_answers_once_it_is_compiled(visit: Visit) -> None:
    page = opened(visit.page)
    ((_, text),) = run(page, "net")
    assert "press Compile" in text
    page.get_by_test_id("code-compile").click()
    wait_dataset(page, "code", "compiled")
    assert run(page, "net(Tensor(x.reshape(1, 1, 28, 28))).shape") == [("text", "(1, 10)")]
    ((_, first),) = run(page, "weights['hidden.weight'].sum()")
    stop(page)
    assert run(page, "weights['hidden.weight'].sum()") == [("text", first)], "another worker has it again"
    assert run(page, "net(Tensor(x.reshape(1, 1, 28, 28))).shape") == [("text", "(1, 10)")]
    field(page).fill("net.hid")
    field(page).press("Tab")
    wait_until(page, lambda: field(page).input_value() == "net.hidden", "completing")
