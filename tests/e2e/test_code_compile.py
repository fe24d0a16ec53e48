"""Networks that a visitor writes, in Chromium: compiled, answering, trained, and everything that can be wrong."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tabgrad.artifacts import save_weights
from tabgrad.settings import RunSettings
from tabgrad.ui.train.optimizer_words import OWN
from tests.e2e.drawing import DIGITS, draw
from tests.e2e.support import Visit, settled, wait_dataset, wait_until
from tests.e2e.test_code_editor import content, opened, wait_text
from tests.e2e.train_page import LONG, epoch, message, start

Open = Callable[..., Visit]
PASTE = """(field, text) => { const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true })); }"""
#: A network that is compiled soon.
SMALL = """from tinygrad import Tensor, nn

class Net:
    def __init__(self):
        self.first = nn.Linear(784, 32)
        self.last = nn.Linear(32, 10)

    def __call__(self, x: Tensor) -> Tensor:
        x = self.first(x.flatten(1)).relu()
        return self.last(x)
"""


OWN_OPTIMIZER = """

def optimizer(parameters):
    return nn.optim.SGD(parameters, lr=0.3)
"""


def put(page: Page, source: str) -> None:
    """Paste this text over all that is in the editor, and wait until it is saved."""
    content(page).click()
    page.keyboard.press("Control+a")
    content(page).evaluate(PASTE, source)
    wait_text(page, source)
    wait_dataset(page, "code", "ready")


def compiled(page: Page, *ends: str) -> str:
    """Compile with the keyboard, and wait for one of these ends; returns which."""
    content(page).click()
    page.keyboard.press("Control+Enter")
    return wait_dataset(page, "code", *(ends or ("compiled", "failed")), timeout_s=240)


def error(page: Page) -> str:
    return page.get_by_test_id("code-error").inner_text()


@pytest.mark.parametrize("engine", ["wasm", "webgpu"])
def test_a_network_is_compiled_answers_and_learns(open_visit: Open, engine: str) -> None:
    page = opened(open_visit(f"?engine={engine}&epochs=0.3").page)
    draw(page, DIGITS[7])
    put(page, SMALL)
    assert compiled(page) == "compiled", error(page)
    said = page.get_by_test_id("code-status").inner_text()
    assert re.match(r"Compiled in [\d.]+ s: 2 layers, 25\.4 k parameters\.", said), said
    assert page.get_by_test_id("model-select").input_value() == "code"
    settled(page)
    rows = page.get_by_test_id("code-layers").locator("tbody tr").all_inner_texts()
    assert [row.split("\t") for row in rows] == [
        ["first Linear (32, 784)", "32", "25,120", "25.1 k"],
        ["last Linear (10, 32)", "10", "330", "320"],
    ]
    page.get_by_test_id("tab-train").click()
    expect(page.get_by_test_id("train-optimizer")).to_be_enabled()
    page.get_by_test_id("tab-code").click()
    put(page, SMALL + OWN_OPTIMIZER)
    page.get_by_test_id("code-train").click()
    assert wait_dataset(page, "worker", "finished", "failed", timeout_s=240) == "finished", message(page)
    expect(page.get_by_test_id("train-optimizer")).to_be_disabled()
    accuracy = re.search(r"right on ([\d.]+)", message(page))
    assert accuracy, message(page)
    assert float(accuracy[1]) > 70, "it has learned"
    row = page.get_by_test_id("runs-table").inner_text()
    assert "Your code 1" in row
    assert f"{OWN}: SGD, rate 0.3, " in row


def test_the_line_of_the_cursor_and_its_kernels_know_each_other(open_visit: Open) -> None:
    page = opened(open_visit("?engine=wasm").page)
    put(page, SMALL)
    compiled(page, "compiled")
    content(page).locator(".cm-line").nth(8).click()
    expect(page.get_by_test_id("code-line")).to_contain_text("Line 9 is in 1 kernel")
    marked = page.get_by_test_id("kernels-table").locator("tbody tr.of-line")
    expect(marked).to_have_count(1)
    marked.locator("button[data-line='5']").click()
    expect(page.get_by_test_id("code-line")).to_contain_text("Line 5 is in 1 kernel")
    content(page).locator(".cm-line").nth(0).click()
    expect(page.get_by_test_id("code-line")).to_have_text("No kernel of the answer comes from line 1.")


#: What can be wrong: a change of the network, the line that is named, and words of the sentence.
MISTAKES = {
    "syntax": ("def __init__(self):", "def __init__(self:", 4, "cannot read this line"),
    "shape": ("nn.Linear(32, 10)", "nn.Linear(33, 10)", 10, "cannot dot"),
    "nine classes": ("nn.Linear(32, 10)", "nn.Linear(32, 9)", 6, "9 numbers"),
    "ends Python": ("self.first = nn", "raise SystemExit\n        self.first = nn", 5, "ends Python"),
    "too large": ("nn.Linear(784, 32)", "nn.Linear(784, 200_000)", 4, "MB"),
    "recursion": ("x = self.first(x.flatten(1)).relu()", "x = self(x)", 9, "without end"),
    "the page": ("class Net:", "import js\njs.document.title\nclass Net:", 4, "document"),
    "its own loop": (
        "class Net:",
        "import asyncio\nasyncio.run(asyncio.sleep(1))\nclass Net:",
        4,
        "as asyncio.run does",
    ),
    "a value": ("return self.last(x)", "return self.last(x) * x.mean().item()", 10, "reads the value"),
}


def test_mistakes_are_said_at_their_line_and_cost_nothing(open_visit: Open) -> None:
    visit = open_visit("?engine=wasm")
    page = opened(visit.page)
    draw(page, DIGITS[3])
    for name, (old, new, line, words) in MISTAKES.items():
        assert SMALL.count(old) == 1, name
        put(page, SMALL.replace(old, new))
        assert error(page) == "", "what was wrong is not there any more"
        expect(content(page).locator(".cm-problem")).to_have_count(0)
        assert compiled(page) == "failed", name
        assert words in error(page), (name, error(page))
        assert page.get_by_test_id("code-error").get_attribute("data-line") == str(line), (name, error(page))
    put(page, SMALL)
    assert compiled(page) == "compiled"
    assert error(page) == ""
    settled(page)
    visit.errors = [said for said in visit.errors if "never awaited" not in said]  # what the loop of its own left


def test_a_loop_without_an_end_is_cancelled_and_the_next_text_is_compiled(open_visit: Open) -> None:
    page = opened(open_visit("?engine=wasm").page)
    put(page, "while True:\n    pass\n")
    compiled(page, "compiling")
    draw(page, DIGITS[5])
    settled(page)
    page.get_by_test_id("code-cancel").click()
    wait_dataset(page, "code", "failed")
    assert "Stopped. Your code is as it was." in error(page)
    put(page, SMALL)
    assert compiled(page) == "compiled"


def test_compiling_during_a_run_lets_the_run_go_on(open_visit: Open) -> None:
    visit = open_visit(f"?engine=wasm&{LONG}")
    page = start(visit)
    opened(page)
    put(page, SMALL)
    assert compiled(page) == "compiled", error(page)
    before = epoch(page)
    wait_until(page, lambda: epoch(page) > before, "training")
    page.get_by_test_id("code-train").click()
    expect(page.get_by_test_id("code-status")).to_contain_text("A run is under way")


def test_code_from_a_link_runs_only_when_the_visitor_says_so(open_visit: Open) -> None:
    visit = open_visit("?engine=wasm")
    page = opened(visit.page)
    put(page, SMALL)
    link = page.evaluate(
        """async (text) => { const bytes = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
        const packed = new Uint8Array(await new Response(bytes).arrayBuffer());
        return btoa(String.fromCharCode(...packed)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""); }""",
        "raise ValueError('it ran')\n",
    )
    page.goto(f"{page.url.split('#')[0]}#code={link}")
    button = page.get_by_test_id("code-compile")
    expect(button).to_have_text("Run this code")
    content(page).click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("code-status")).to_contain_text("Read it")
    assert error(page) == ""
    button.click()
    expect(page.get_by_test_id("code-error")).to_contain_text("it ran")


def test_code_that_comes_with_a_file_is_read_before_it_runs(open_visit: Open) -> None:
    page = open_visit("?engine=wasm").page
    settings = RunSettings(model="code", source="raise ValueError('it ran')\n")
    weights = save_weights({"w": np.zeros((784, 10), np.float32)}, settings)
    file = {"name": "net.safetensors", "mimeType": "application/octet-stream", "buffer": weights}
    page.get_by_test_id("weights-import").set_input_files(files=[file])  # type: ignore[list-item] # a payload as a dict
    expect(page.get_by_test_id("code-compile")).to_have_text("Run this code")
    wait_text(page, settings.source)
    assert "nothing of it was run" in message(page)
    assert error(page) == ""
