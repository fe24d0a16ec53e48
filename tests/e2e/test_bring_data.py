"""Other people's data, in Chromium: from a file to a network that answers with its names, and back out of storage."""

from __future__ import annotations

import base64
import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.e2e.drawing import draw
from tests.e2e.support import wait_dataset, wait_until
from tests.e2e.train_page import Open, message, press

NAMES = ("bar", "cross", "post")
RENAMED = ("Bars", "Crosses", "Posts")
PASTE = """(field, text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""
#: A cross for the pad, in shares of its side.
CROSS = [[(0.2, 0.5), (0.8, 0.5)], [(0.5, 0.2), (0.5, 0.8)]]


def shapes(count: int, seed: int = 1) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """Bars, crosses and posts: light on dark, uint8 (count, 28, 28), and which of `NAMES` each is."""
    rng = np.random.default_rng(seed)
    images, labels = rng.integers(0, 30, (count, 28, 28), np.uint8), np.arange(count) % 3
    for image, label in zip(images, labels, strict=True):
        y, x = rng.integers(11, 16, 2)
        if label != 2:
            image[y : y + 3, 4:24] = 230
        if label != 0:
            image[4:24, x : x + 3] = 230
    return images, labels


def csv(count: int) -> bytes:
    images, labels = shapes(count)
    rows = [",".join(["label", *(f"pixel{i}" for i in range(784))])]
    rows += [",".join([NAMES[k], *map(str, image.ravel())]) for image, k in zip(images, labels, strict=True)]
    return "\n".join(rows).encode()


def png(image: NDArray[np.uint8]) -> bytes:
    """A grey PNG: https://www.w3.org/TR/png/."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = image.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    lines = np.pad(image, ((0, 0), (1, 0))).tobytes()
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(lines, 1)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def pictures(count: int) -> bytes:
    """A zip of dark drawings on white paper, twice as large as the network's images, in a folder for each class."""
    images, labels = shapes(count, seed=2)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for i, (image, k) in enumerate(zip(images, labels, strict=True)):
            file.writestr(f"my shapes/{NAMES[k]}/{i}.png", png(np.kron(255 - image, np.ones((2, 2), np.uint8))))
    return packed.getvalue()


#: A circle in four colours for printing, 16x16 pixels.
CMYK_JPEG = """
/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAUDg8SDw0UEhASFxUUGB4yIR4cHB49LC4kMklATEtHQEZFUFpzYlBVbVZFRmSIZW13e4GCgU5gjZeMfZZzfoF8
/8AAFAgAEAAQBEMRAE0RAFkRAEsRAP/EABcAAQEBAQAAAAAAAAAAAAAAAAAEBQb/xAAjEAABBAEEAgMBAAAAAAAAAAABAgMEEQYFEiExQfAAE1Hx/9oA
DgRDAE0AWQBLAAA/ANXJcjGjBDLCA5KWNwCwdqU32f3o8enVyXIxowQywgOSljcAsHalN9n96PHp1clyMaMEMsIDkpY3ALB2pTfZ/ejx6ez+T45lR1SS
YkxtDb6rLZbB2qoWQbJo8E+8z45lR1SSYkxtDb6rLZbB2qoWQbJo8E+8z45lR1SSYkxtDb6rLZbB2qoWQbJo8E+8vjLcef1RTcuGd76EhstEgBSbJsE+
eT3/AFluPP6opuXDO99CQ2WiQApNk2CfPJ7/AKy3Hn9UU3Lhne+hIbLRIAUmybBPnk9/18lxbGZUOcJs8fUpqw22FBRVYokkXxR98y4tjMqHOE2ePqU1
YbbCgoqsUSSL4o++ZcWxmVDnCbPH1KasNthQUVWKJJF8UffL5//Z"""
#: Two pictures of 8x8 pixels, one after the other.
ANIMATED_GIF = """
R0lGODlhCAAIAIEAAP///wAAAAAAAAAAACH5BAAKAAAALAAAAAAIAAgAAAgWAAEIHEiwoMGCARIGIKhw4cGHEAEEBAAh+QQBCgACACwCAAIABAAEAIH///8A
AAAAAAAAAAAIDwAFBBAgAEBBAAYRCiQYEAA7"""


def folder_of_pictures(folder: Path) -> Path:
    """The same in a folder, with odd pictures of bars."""
    with zipfile.ZipFile(io.BytesIO(pictures(60))) as file:
        file.extractall(folder)
    bars = folder / "my shapes" / NAMES[0]
    (bars / "print.jpg").write_bytes(base64.b64decode(CMYK_JPEG))
    (bars / "animated.gif").write_bytes(base64.b64decode(ANIMATED_GIF))
    (bars / "drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    return folder


def drop(page: Page, path: Path) -> None:
    """Drop a file or a folder where files are chosen."""
    page.get_by_test_id("tab-data").click()
    place = page.locator(".drop-place")
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert box is not None
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    cdp = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        cdp.send("Input.dispatchDragEvent", {"type": kind, **at, "data": data})


def bring(page: Page, name: str, content: bytes) -> None:
    """Choose a file under “Bring your own data”."""
    page.get_by_test_id("tab-data").click()
    chosen = FilePayload(name=name, mimeType="application/octet-stream", buffer=content)
    page.get_by_test_id("data-import").set_input_files(chosen)


def press_until(page: Page, button: Locator, done: Callable[[], bool], what: str) -> None:
    """Press a button, and again if nothing came of it: the list may be shown anew, or storage be busy, just then."""

    def pressed() -> bool:
        if not done() and button.is_visible() and button.is_enabled():
            button.click()
            page.wait_for_timeout(500)
        return done()

    wait_until(page, pressed, what)


def said(page: Page) -> str:
    return page.get_by_test_id("data-import-said").text_content() or ""


def offered(page: Page) -> list[str]:
    """The titles of the visitor's sets in the training form."""
    return page.get_by_test_id("train-data").locator("option[value^=set-]").all_text_contents()


def test_files_become_a_data_set_that_a_network_learns(open_visit: Open, tmp_path: Path) -> None:
    visit = open_visit("?engine=wasm&hidden=16&epochs=2")
    page, preview = visit.page, visit.page.get_by_test_id("data-preview")

    # What is no data is one sentence, and hides nothing.
    bring(page, "train.csv", b"<!doctype html><html><body>Please sign in</body></html>")
    wait_until(page, lambda: said(page).endswith("."), "the refusal of a web page")
    bring(page, "train.csv.gz", gzip.compress(csv(90))[:-5000])
    wait_until(page, lambda: "train.csv" in said(page), "the refusal of half a file")
    expect(preview).to_be_hidden()

    # Reading can be stopped.
    bring(page, "many.zip", pictures(3_000))
    page.get_by_test_id("data-cancel").click()
    wait_until(page, lambda: said(page).startswith("Stopped"), "the end of reading")
    expect(preview).to_be_hidden()

    # A preview says what was guessed, and a switch reads again.
    bring(page, "shapes.csv", csv(300))
    preview.wait_for()
    expect(page.get_by_test_id("data-class-1")).to_contain_text("100 images")
    header = page.get_by_test_id("data-guess-header")
    assert header.input_value() == "yes"
    page.get_by_test_id("data-guess-polarity").select_option("dark")
    expect(page.get_by_test_id("data-guess-polarity")).to_have_value("dark")
    page.get_by_test_id("data-guess-polarity").select_option("light")
    expect(page.get_by_test_id("data-use")).to_be_enabled()
    page.get_by_test_id("data-name").fill("Lines")

    # Classes get other names: a fault is said at its field, a list that is pasted names all, a switch keeps them.
    names = [page.get_by_test_id(f"data-class-name-{k}") for k in range(3)]
    names[0].fill("post")
    page.keyboard.press("Enter")
    expect(names[1]).to_be_focused()
    expect(names[0]).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_test_id("data-class-0")).to_contain_text("Another class is called 'post'")
    page.get_by_test_id("data-use").click()
    expect(names[0]).to_be_focused()
    wait_until(page, lambda: "Another class is called" in said(page), "the refusal")
    names[0].evaluate(PASTE, "Bars\nCrosses\nPosts")
    expect(names[0]).to_have_attribute("aria-invalid", "false")
    page.get_by_test_id("data-guess-polarity").select_option("dark")
    page.get_by_test_id("data-guess-polarity").select_option("light")
    expect(page.get_by_test_id("data-use")).to_be_enabled()
    for field, name in zip(names, RENAMED, strict=True):
        expect(field).to_have_value(name)
    page.get_by_test_id("data-use").click()

    # The form has it, and says what to do; the network answers with its names.
    wait_until(page, lambda: "Press Train" in message(page), "the next step")
    assert offered(page) == ["Lines (300)"]
    assert page.get_by_test_id("train-data").input_value().startswith("set-")
    assert "data=set-" in page.url
    assert press(page, "finished", "failed") == "finished"
    draw(page, CROSS)
    labels = [page.get_by_test_id(f"prob-{i}").get_attribute("data-label") for i in range(3)]
    assert sorted(filter(None, labels)) == list(RENAMED)

    # It is there on the next visit.
    page.reload()
    wait_dataset(page, "app", "ready")
    wait_until(page, lambda: offered(page) == ["Lines (300)"], "the stored set in the form")
    assert page.get_by_test_id("train-data").input_value().startswith("set-")

    # It can be exported, and read again as the same set.
    page.get_by_test_id("tab-data").click()
    with page.expect_download() as saved:
        page.get_by_test_id("data-export").click()
    bring(page, saved.value.suggested_filename, saved.value.path().read_bytes())
    expect(names[2]).to_have_value("Posts")
    press_until(page, page.get_by_test_id("data-use"), lambda: "“lines” is stored" in said(page), "the set is stored")
    wait_until(page, lambda: offered(page) == ["lines (300)"], "the same set with another name")

    # Pictures become another set: in a zip, and in a folder that is dropped, in whatever format.
    bring(page, "shapes.zip", pictures(60))
    preview.wait_for()  # the worker starts first
    expect(page.get_by_test_id("data-class-2")).to_contain_text("20 images")
    drop(page, folder_of_pictures(tmp_path / "dropped"))
    expect(page.get_by_test_id("data-name")).to_have_value("dropped")
    expect(page.get_by_test_id("data-class-0")).to_contain_text("22 images")  # four colours, and an animation
    expect(page.get_by_test_id("data-notes")).to_contain_text("SVG pictures are not read: save them as PNG")
    page.get_by_test_id("data-use").click()
    wait_until(page, lambda: len(offered(page)) == 2, "both sets in the form")
    assert "set-" in page.url

    # What is removed leaves the form, in a sentence; storage has one less.
    page.get_by_test_id("tab-data").click()
    rows = page.get_by_test_id("data-sets").locator("li")
    expect(rows).to_have_count(2)
    rows.nth(0).get_by_test_id("data-remove").click()
    page.get_by_test_id("data-remove-confirm").click()
    expect(rows).to_have_count(1)
    title = page.get_by_test_id("data-rename-to")
    press_until(page, rows.nth(0).get_by_test_id("data-rename"), title.is_visible, "a field for the name")
    title.fill("Bars and posts")
    page.keyboard.press("Enter")
    wait_until(page, lambda: offered(page) == ["Bars and posts (300)"], "the other name")
    expect(page.get_by_test_id("storage-summary")).to_contain_text("1 data set")
    page.get_by_test_id("tab-train").click()
    assert page.get_by_test_id("train-data").input_value() == "mnist"
    assert "not in this browser" in message(page)


def test_a_link_to_a_set_of_another_browser_has_the_sites_own_data_instead(open_visit: Open) -> None:
    page = open_visit("?engine=wasm&hidden=16&data=set-0123456789abcdef").page
    wait_until(page, lambda: "not in this browser" in message(page), "the sentence")
    assert page.get_by_test_id("train-data").input_value() == "mnist"
    assert page.get_by_test_id("train-hidden").input_value() == "16"
