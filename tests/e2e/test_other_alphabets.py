"""A network that knows other classes than the digits: the page speaks its labels, and digits again after it."""

from __future__ import annotations

from collections.abc import Callable
from string import ascii_lowercase

import numpy as np
from playwright.sync_api import Page, expect

from tabgrad.artifacts import save_weights
from tabgrad.network import draw_weights, spec_shapes
from tabgrad.settings import RunSettings, answering_spec
from tests.e2e.drawing import DIGITS, draw
from tests.e2e.inside_page import caught_up
from tests.e2e.support import BEEN_HERE, Visit, dataset, settled, use_model, wait_until

FAMILY = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
WORDS = ("tyrannosaurus rex, large", "שלום עולם", "<b>bold</b>")
LABELS = (*ascii_lowercase, *WORDS, "\N{GRINNING FACE}", FAMILY)
SIZES = ((390, 844), (1280, 800), (1920, 1080))


def bring(page: Page, labels: tuple[str, ...]) -> None:
    """Import an untrained network that knows these labels, and wait until it answers."""
    settings = RunSettings(hidden=(32,), center="plain", labels=labels)
    shapes = spec_shapes(answering_spec(settings))
    assert shapes is not None
    content = save_weights(draw_weights(shapes, 3), settings)
    file = {"name": "weights.safetensors", "mimeType": "application/octet-stream", "buffer": content}
    page.get_by_test_id("weights-import").set_input_files(files=[file])  # type: ignore[list-item] # a payload as a dict
    wait_until(page, lambda: shown_labels(page) == list(labels), "a bar for each label")
    settled(page)


def shown_labels(page: Page) -> list[str]:
    labels: list[str] = page.locator("#bars .bar").evaluate_all("bars => bars.map(bar => bar.dataset.label)")
    return labels


def shares(page: Page) -> list[float]:
    values: list[str] = page.locator("#bars .bar").evaluate_all("bars => bars.map(bar => bar.dataset.value)")
    return [float(value) for value in values]


def texts_of(page: Page, name: str) -> list[str]:
    """The options of a select."""
    return page.get_by_test_id(name).locator("option").all_text_contents()


def fits(page: Page) -> bool:
    """Nothing is wider than the window, and no label of the answer is outside of the bench."""
    return bool(
        page.evaluate("""() => {
          const bench = document.getElementById("bench").getBoundingClientRect();
          const parts = [...document.querySelectorAll("#best-guess, #verdict-title, #verdict-note, #bars .bar > *")];
          const boxes = parts.map(part => part.getBoundingClientRect()).filter(box => box.width);
          return document.documentElement.scrollWidth <= innerWidth
            && boxes.every(box => box.left >= bench.left - 1 && box.right <= bench.right + 1);
        }""")
    )


def no_faults(page: Page) -> None:
    expect(page.locator(".fault:not(:empty)")).to_have_count(0)


def test_the_page_speaks_the_labels_of_the_network_that_answers(open_visit: Callable[..., Visit]) -> None:
    page = open_visit("?engine=wasm", init_script=BEEN_HERE, viewport={"width": 1280, "height": 800}).page
    bring(page, LABELS)
    assert page.locator("#bars .bar-label").all_text_contents() == list(LABELS)
    assert page.locator("#bars b, #best-guess b").count() == 0  # a label is text
    assert "(31 classes)" in "".join(texts_of(page, "model-select"))
    expect(page.get_by_test_id("status")).to_contain_text("It knows a, b, c, d, e … ")
    expect(page.get_by_test_id("try-example")).to_be_hidden()

    draw(page, DIGITS[4])
    settled(page)
    best = LABELS[int(np.argmax(shares(page)))]
    assert sum(shares(page)) > 0.99
    assert page.get_by_test_id("best-guess").text_content() == best
    assert page.locator("#bars [data-best]").evaluate_all("bars => bars.map(bar => bar.dataset.label)") == [best]
    wait_until(page, lambda: best in (page.locator("#announcer").text_content() or ""), "the announcement")
    look_inside(page)
    meet_digits(page)
    at_all_sizes(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    back_to_digits(page)


def look_inside(page: Page) -> None:
    page.get_by_test_id("tab-inside").click()
    caught_up(page, "inside")
    choices = [
        text.strip("\N{FIRST STRONG ISOLATE}\N{POP DIRECTIONAL ISOLATE}") for text in texts_of(page, "why-digit")
    ]
    assert choices == ["the answer", *LABELS]
    assert page.locator(".network-classes button").all_text_contents() == list(LABELS)
    page.get_by_test_id("why-digit").select_option(label="<b>bold</b>")
    page.get_by_test_id("why-note").filter(has_text="The score of <b>bold</b> is").wait_for()
    page.get_by_test_id("contributions-digit").select_option(label="z")
    page.get_by_test_id("contributions-logit").filter(has_text="Together they give z a score").wait_for()
    no_faults(page)


def meet_digits(page: Page) -> None:
    """Data of digits: one sentence, and nothing that could be kept under a wrong name."""
    page.get_by_test_id("tab-data").click()
    caught_up(page, "data")
    page.get_by_test_id("mistakes-measure").click()
    headline = page.get_by_test_id("mistakes-headline")
    headline.filter(has_text="This network knows a, b, c, d, e … ").filter(has_text="shows 0 to 9.").wait_for()
    page.get_by_test_id("data-wrong").check()
    page.get_by_test_id("data-note").filter(has_text="shows 0 to 9.").wait_for()
    expect(page.get_by_test_id("mine-add-0")).to_be_hidden()
    page.get_by_test_id("mine-kept").filter(has_text="Draw your own alphabet").wait_for()
    page.get_by_test_id("mine-headline").filter(has_text="This test set holds digits").wait_for()
    page.get_by_test_id("data-wrong").uncheck()
    no_faults(page)


def at_all_sizes(page: Page) -> None:
    """With letters and words, with two classes and with 36."""
    for labels in (LABELS, WORDS[:2], tuple(f"{WORDS[0][:20]} {i}" for i in range(36))):
        if shown_labels(page) != list(labels):
            page.get_by_test_id("tab-train").click()
            bring(page, labels)
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            wait_until(page, lambda: fits(page), f"{len(labels)} labels in {width} by {height}")
            if width > 1000:  # else it scrolls with the page
                assert page.evaluate(
                    "() => document.querySelector('#bars').getBoundingClientRect().bottom < innerHeight"
                )


def back_to_digits(page: Page) -> None:
    use_model(page, "mlp")
    assert shown_labels(page) == list("0123456789")
    assert page.get_by_test_id("best-guess").text_content() == "4"
    assert dataset(page, "answer") == "shown"
    expect(page.get_by_test_id("try-example")).to_be_visible()
    page.get_by_test_id("tab-data").click()
    expect(page.get_by_test_id("mine-add-0")).to_be_visible()
    page.get_by_test_id("tab-inside").click()
    caught_up(page, "inside")
    assert texts_of(page, "why-digit") == ["the answer", *"0123456789"]
    no_faults(page)
