"""A network that knows other classes than the digits: the page speaks its labels, and digits again after it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from string import ascii_lowercase

import numpy as np
from playwright.sync_api import Page, expect

from tabgrad.artifacts import save_weights
from tabgrad.data.drawings import read_set
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


def test_the_page_speaks_the_labels_of_the_network_that_answers(
    open_visit: Callable[..., Visit], tmp_path: Path
) -> None:
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
    keep_a_test_set(page, tmp_path)
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
    """Data of digits: one sentence."""
    page.get_by_test_id("tab-data").click()
    caught_up(page, "data")
    page.get_by_test_id("mistakes-measure").click()
    headline = page.get_by_test_id("mistakes-headline")
    headline.filter(has_text="This network knows a, b, c, d, e … ").filter(has_text="shows 0 to 9.").wait_for()
    page.get_by_test_id("data-wrong").check()
    page.get_by_test_id("data-note").filter(has_text="shows 0 to 9.").wait_for()
    page.get_by_test_id("data-wrong").uncheck()
    no_faults(page)


def keep_a_test_set(page: Page, folder: Path) -> None:
    """Drawings are kept under the network's names, measured, taken away as a file and brought back."""
    headline, kept = page.get_by_test_id("mine-headline"), page.get_by_test_id("mine-kept")
    headline.filter(has_text="You have kept no drawings for this network yet").wait_for()
    for count, label in enumerate(("b", "b", "<b>bold</b>", FAMILY), 1):
        if count > 1:
            draw(page, DIGITS[count])
        page.get_by_test_id(f"mine-add-{LABELS.index(label)}").click()
        page.get_by_test_id("mine-said").filter(has_text=f"Kept as {label}.").wait_for()
        kept.filter(has_text=f"{count} kept").wait_for()
    headline.filter(has_text="of your 4 drawings").filter(has_text="interval").wait_for()
    right = int(headline.get_attribute("data-right") or "")
    assert page.get_by_test_id("mine-gallery").locator("li:not([hidden])").count() == 4
    cells = page.locator('[data-testid="mine-confusion"] [data-cell]')
    counts: list[str] = cells.evaluate_all("cells => cells.map(cell => cell.dataset.value)")
    assert sum(map(int, counts)) == 4
    names = page.locator('[data-testid="mine-confusion"] tbody th').all_text_contents()
    assert {"b", "<b>bold</b>", FAMILY} <= set(names)
    page.get_by_test_id("mine-wrong").click()
    assert page.get_by_test_id("mine-gallery").locator("li:not([hidden])").count() == 4 - right
    page.locator('[data-testid="mine-confusion"] [data-cell]:enabled').first.click()
    page.locator(".own-results h4").filter(has_text="b read as").wait_for()
    with page.expect_download() as download:
        page.get_by_test_id("mine-export").click()
    file = folder / "test-set.json"
    download.value.save_as(file)
    found = read_set(file.read_bytes())
    assert (found.labels, [LABELS[d.label] for d in found.drawings]) == (LABELS, ["b", "b", "<b>bold</b>", FAMILY])
    page.get_by_test_id("mine-remove").click()
    headline.filter(has_text="of your 3 drawings").wait_for()
    page.get_by_test_id("mine-import").set_input_files(file)
    headline.filter(has_text="of your 7 drawings").wait_for()
    page.get_by_test_id("mine-tune").click()
    page.get_by_test_id("mine-tuned").filter(has_text="Learned from 4 drawings").wait_for()
    close_alphabet(page)
    no_faults(page)


def close_alphabet(page: Page) -> None:
    """While an alphabet is open its buttons stand beside the pad; the section says so, and closes it."""
    page.get_by_test_id("alphabet-new").click()
    page.get_by_test_id("mine-open").filter(has_text="is open").wait_for()
    expect(page.get_by_test_id("mine-add-0")).to_be_hidden()
    page.get_by_test_id("mine-close-alphabet").click()
    page.get_by_test_id("mine-add-0").wait_for()
    expect(page.get_by_test_id("mine-open")).to_be_hidden()


def all_bars(page: Page) -> None:
    """Where some are hidden, a button says how many are shown, and shows all of them in the same room."""
    bars, more = page.locator("#bars"), page.get_by_test_id("bars-more")
    assert bars.locator(".bar:visible").count() == 10
    page.get_by_role("button", name="10 of 31 shown Show all").focus()
    where = "more => [bars.offsetHeight, more.getBoundingClientRect().top, more.offsetHeight]"
    before = more.evaluate(where)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="31 of 31 shown Show fewer", expanded=True).wait_for()
    assert more.evaluate(where) == before
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("End")
    last = bars.locator(".bar").last
    wait_until(page, lambda: bars.evaluate("bars => bars.scrollTop > 0"), "the end of the list")
    expect(last).to_be_in_viewport()
    more.click()
    assert bars.locator(".bar:visible").count() == 10


def at_all_sizes(page: Page) -> None:
    """With letters and words, with two classes and with 36."""
    for labels in (LABELS, WORDS[:2], tuple(f"{WORDS[0][:20]} {i}" for i in range(36))):
        if shown_labels(page) != list(labels):
            page.get_by_test_id("tab-train").click()
            bring(page, labels)
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            wait_until(page, lambda: fits(page), f"{len(labels)} labels in {width} by {height}")
            if labels == LABELS and width < 640:
                all_bars(page)
            if width > 1000:  # else it scrolls with the page
                assert page.evaluate(
                    "() => document.querySelector('#bars').getBoundingClientRect().bottom < innerHeight"
                )


def back_to_digits(page: Page) -> None:
    use_model(page, "mlp")
    assert shown_labels(page) == list("0123456789")
    draw(page, DIGITS[4])
    settled(page)
    assert page.get_by_test_id("best-guess").text_content() == "4"
    assert dataset(page, "answer") == "shown"
    expect(page.get_by_test_id("try-example")).to_be_visible()
    page.get_by_test_id("tab-data").click()
    page.get_by_test_id("mine-kept").filter(has_text="Press its digit").wait_for()  # another test set
    page.get_by_test_id("tab-inside").click()
    caught_up(page, "inside")
    assert texts_of(page, "why-digit") == ["the answer", *"0123456789"]
    no_faults(page)
