"""A visitor invents an alphabet, draws it, trains a network on it, and is answered in it, in Chromium."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page

from tabgrad.data.drawings import Drawing, drawing_text, dump_set, read_set
from tests.e2e.drawing import DIGITS, draw
from tests.e2e.support import Visit, dataset, settled, wait_dataset, wait_until
from tests.unit.data.own_drawings import by_hand

SMILE, HTML = "\N{GRINNING FACE}", "<b>moon</b>"
#: What is drawn for each class.
SHAPES = {"sun": 0, SMILE: 1, HTML: 7}


def said(page: Page, text: str) -> Locator:
    """The sentence beside the pad, once it has this text."""
    line = page.get_by_test_id("alphabet-said").filter(has_text=text)
    line.wait_for()
    return line


def counts(page: Page) -> list[int]:
    """How many drawings each class has, as the buttons beside the pad say."""
    return [
        int(text)
        for text in page.get_by_test_id("alphabet-classes")
        .locator(".keep-class:not([hidden]) .keep-class-count")
        .all_inner_texts()
    ]


def wait_counts(page: Page, *expected: int) -> None:
    wait_until(page, lambda: counts(page) == list(expected), f"drawings {expected} of each class")


def begin(page: Page, name: str, *labels: str) -> None:
    page.get_by_test_id("alphabet-new-name").fill(name)
    page.get_by_test_id("alphabet-new").click()
    for label in labels:
        page.get_by_test_id("class-name").fill(label)
        page.keyboard.press("Enter")
        said(page, f"Added “{label}”")


def is_in_sight(page: Page, test_id: str) -> bool:
    """Whether the middle of an element is on screen, with nothing on top of it."""
    script = """element => {
        const box = element.getBoundingClientRect();
        return element.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
    }"""
    return bool(page.get_by_test_id(test_id).evaluate(script))


def test_an_alphabet_is_invented_drawn_corrected_kept_and_taken_along(
    open_visit: Callable[..., Visit], tmp_path: Path
) -> None:
    page = open_visit("?engine=wasm#data").page
    page.get_by_text("You have no alphabets yet").wait_for()
    begin(page, "Runes", *SHAPES)
    assert page.locator(".alphabet-bar b, .alphabet-editor b").count() == 0
    assert page.get_by_test_id("class-label-2").input_value() == HTML
    assert not page.get_by_test_id("mine-add-3").is_visible()  # its classes are in the place of the digits
    assert page.locator("#draw-title").inner_text() == "Draw for “Runes”"
    assert not page.get_by_test_id("try-example").is_visible()
    assert page.locator(".alphabet-bar .keep-title").inner_text() == "Keep this drawing in “Runes” as …"
    page.locator("#tab-train").click()
    assert page.locator("#draw-title").inner_text() == "Draw a digit"
    page.locator("#tab-data").click()
    page.get_by_test_id("class-name").fill(" sun")
    page.get_by_test_id("class-add").click()
    said(page, "Two classes are called 'sun'")
    page.get_by_test_id("class-name").fill("")
    page.get_by_test_id("class-keep-1").click()
    said(page, "The pad is empty")

    for _ in range(5):
        for place, digit in enumerate(SHAPES.values()):
            before = counts(page)
            draw(page, DIGITS[digit])
            if place:
                page.keyboard.press(str(place + 1))
            else:
                page.get_by_test_id("class-keep-0").click()
            wait_counts(page, *(count + (k == place) for k, count in enumerate(before)))
    said(page, f"Kept as {HTML}, 5 drawings.")
    assert page.get_by_test_id("class-strip-2").locator("li:not([hidden]) svg").count() == 5
    draw(page, DIGITS[2])
    page.get_by_test_id("class-name").fill("1")
    page.get_by_test_id("class-name").press("2")  # in a text field a digit is a digit
    assert page.get_by_test_id("class-name").input_value() == "12"
    assert counts(page) == [5, 5, 5]

    page.get_by_test_id("class-strip-0").locator("button").first.click()
    page.get_by_test_id("drawing-move-0").select_option(label=SMILE)
    wait_counts(page, 4, 6, 5)
    page.get_by_test_id("class-strip-1").locator("button").first.press("Delete")
    wait_counts(page, 4, 5, 5)
    for expected in ((4, 6, 5), (5, 5, 5)):
        page.get_by_test_id("alphabet-undo").click()
        wait_counts(page, *expected)

    page.get_by_test_id("tool-clear").click()
    page.get_by_test_id("class-series-1").click()
    left = page.get_by_test_id("series-left")
    assert left.inner_text() == "20 to go"
    for number in (19, 18):
        draw(page, DIGITS[1])
        left.filter(has_text=f"{number} to go").wait_for()
    draw(page, DIGITS[1])
    page.get_by_test_id("series-keep").click()
    left.filter(has_text="17 to go").wait_for()
    page.keyboard.press("Escape")
    said(page, "Ended. What you have drawn is kept.")
    wait_counts(page, 5, 8, 5)

    page.reload()
    wait_dataset(page, "app", "ready")
    wait_counts(page, 5, 8, 5)
    assert page.get_by_test_id("alphabet-name").input_value() == "Runes"
    with page.expect_download() as download:
        page.get_by_test_id("alphabet-export").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.name == "runes.json"
    found = read_set(file.read_bytes())
    assert (found.labels, found.counts()) == (tuple(SHAPES), [5, 8, 5])

    page.get_by_test_id("alphabet-remove").click()
    page.get_by_test_id("alphabet-question").filter(has_text="Remove “Runes” with 18 drawings?").wait_for()
    page.get_by_test_id("alphabet-remove-yes").click()
    page.get_by_test_id("alphabets-said").filter(has_text="Removed “Runes”.").wait_for()
    page.get_by_text("You have no alphabets yet").wait_for()
    page.get_by_test_id("mine-add-3").wait_for()
    for content, sentence in ((b"<html>", "is damaged; nothing was imported"), (b"{}", "not a file of drawings")):
        bad = tmp_path / "bad.json"
        bad.write_bytes(content)
        page.get_by_test_id("alphabet-import").set_input_files(bad)
        page.get_by_test_id("alphabets-said").filter(has_text=sentence).wait_for()
    page.get_by_test_id("alphabet-import").set_input_files(file)
    said(page, "Imported 18 drawings.")
    wait_counts(page, 5, 8, 5)
    with page.expect_download() as again:
        page.get_by_test_id("alphabet-export").click()
    assert Path(again.value.path()).read_bytes() == file.read_bytes()


def test_a_network_learns_the_alphabet_and_answers_in_it(open_visit: Callable[..., Visit], tmp_path: Path) -> None:
    page = open_visit("?engine=wasm#data").page
    places = {digit: place for place, digit in enumerate(SHAPES.values())}
    drawings = [Drawing(places[d.label], d.strokes, d.size) for d in by_hand(400) if d.label in places]
    file = tmp_path / "runes.json"
    file.write_text(dump_set("Runes", tuple(SHAPES), [drawing_text(d, 280.0) for d in drawings[:10]], 280.0))
    page.get_by_test_id("alphabet-import").set_input_files(file)
    said(page, "Imported 10 drawings.")
    assert page.get_by_test_id("alphabet-train").is_disabled()
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_test_id("draw-pad").focus()  # while one writes, the classes make room for the keyboard
    page.locator(".class-row").last.scroll_into_view_if_needed()
    for hook in ("draw-pad", "class-keep-0"):  # on a phone one draws and keeps, wherever the work is
        wait_until(page, lambda hook=hook: is_in_sight(page, hook), f"{hook} in sight")  # type: ignore[misc] # a bound default
    page.set_viewport_size({"width": 1280, "height": 720})
    page.get_by_test_id("alphabet-missing").filter(has_text="at least 5 drawings of each class").wait_for()
    file.write_text(dump_set("Runes", tuple(SHAPES), [drawing_text(d, 280.0) for d in drawings], 280.0))
    page.get_by_test_id("alphabet-add-file").set_input_files(file)
    said(page, f"Imported {len(drawings) - 10} drawings.")
    page.get_by_test_id("alphabet-train").click()
    data = page.get_by_test_id("train-data")
    wait_until(page, lambda: data.input_value().startswith("set-"), "the alphabet in the training form")
    page.get_by_test_id("train-start").first.click()
    assert wait_dataset(page, "worker", "finished", "failed") == "finished", dataset(page, "error")
    page.get_by_test_id("train-used").filter(has_text="drawings of Runes").wait_for()
    for label, digit in SHAPES.items():
        draw(page, DIGITS[digit])
        settled(page)
        page.get_by_test_id("best-guess").filter(has_text=label).wait_for()
        page.get_by_test_id("tool-clear").click()
