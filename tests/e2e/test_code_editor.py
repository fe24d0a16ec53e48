"""The code editor in the tab Code, in Chromium: typing, leaving, undoing, reloading, sharing; for everybody."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from scripts.build import SOURCES
from tabgrad.ui.code.examples import EXAMPLES
from tests.e2e.support import Visit, dataset, wait_dataset, wait_until
from tests.e2e.test_a11y import violations

Open = Callable[..., Visit]
#: Of the first example, and what a test makes of it.
MLP = (SOURCES / "mlp.py").read_text()
SCRIPTS = """() => performance.getEntriesByType("resource").map((entry) => new URL(entry.name).pathname)
  .filter((path) => /[/]code[/]/.test(path))"""

#: The text that the tab keeps for a reload, and whether it is also kept as a copy.
KEPT = """() => { const key = Object.keys(sessionStorage).find((name) => name.endsWith(":tabgrad.code"));
  const { source, saved } = JSON.parse(sessionStorage.getItem(key) ?? "{}"); return [source, saved]; }"""
#: The colour of each highlighted word.
COLOURS = """(field) => Object.fromEntries([...field.querySelectorAll(".cm-line span")]
  .map((word) => [word.textContent, getComputedStyle(word).color]))"""
#: An editor outside of the tab, with problems in it.
BARE = """() => {
  const host = Object.assign(document.createElement("div"), { id: "bare" });
  host.dataset.help = "Help.";
  document.body.append(host);
  self.bare = tabgradEditor.make(host, "one\\n  two\\n\\nfour", () => {}, () => {}, () => {});
  self.bare.setErrors([
    { line: 2, message: "Two is wrong." }, { line: 3, message: "So is this." }, { line: 9, message: "And all." }]);
}"""


def content(page: Page) -> Locator:
    """The text field of the editor."""
    return page.get_by_test_id("code-editor").locator(".cm-content")


def text(page: Page) -> str:
    """All of the text, as the tab keeps it after a pause: the document has only the lines in sight."""
    return str(page.evaluate(KEPT)[0])


def wait_text(page: Page, expected: str) -> None:
    wait_until(page, lambda: text(page) == expected, f"the text {expected!r}")


def opened(page: Page) -> Page:
    """The page with the tab open, and the editor in it."""
    page.get_by_test_id("tab-code").click()
    wait_dataset(page, "code", "ready")
    return page


def saved(page: Page, expected: str) -> None:
    """Wait until this text is kept as a copy."""
    wait_until(page, lambda: page.evaluate(KEPT) == [expected, True], "saving")


def top(element: Locator) -> float:
    """The y of its upper edge in the window."""
    return float(element.evaluate("(e) => e.getBoundingClientRect().top"))


def bottom(element: Locator) -> float:
    """The y of its lower edge in the window."""
    return float(element.evaluate("(e) => e.getBoundingClientRect().bottom"))


def at_end(page: Page) -> None:
    """The cursor behind the last character."""
    content(page).click()
    page.keyboard.press("Control+End")


def test_nothing_of_it_is_loaded_before_its_tab_is_shown(open_visit: Open) -> None:
    page = open_visit().page
    assert dataset(page, "code") == "none"
    assert page.evaluate(SCRIPTS) == []
    opened(page)
    loaded = page.evaluate(SCRIPTS)
    assert [Path(path).name.split(".")[0] for path in loaded] == ["editor", "mlp"]
    wait_text(page, MLP)
    assert content(page).locator(".cm-line").first.inner_text() == MLP.splitlines()[0]


def test_python_is_typed_as_in_an_editor(visit: Visit) -> None:
    page = opened(visit.page)
    at_end(page)
    page.keyboard.type("\ndef f(x):\nreturn [x")  # it indents, and closes the bracket
    wait_text(page, MLP + "\ndef f(x):\n    return [x]")
    colours = content(page).evaluate(COLOURS)
    assert len({colours["def"], colours["Net"], colours["784"], colours["relu"]}) == 4
    assert colours["def"] == colours["return"] == colours["class"]
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert content(page).locator(".cm-matchingBracket").count() == 2
    page.keyboard.press("Control+f")
    found = page.get_by_test_id("code-editor").locator(".cm-search input[name=search]")
    found.press_sequentially("hidden")
    matches = content(page).locator(".cm-searchMatch")
    wait_until(page, lambda: matches.count() == MLP.count("hidden"), "finding all")
    page.keyboard.press("Escape")
    found.wait_for(state="detached")


def test_tab_indents_and_after_escape_it_leaves(visit: Visit) -> None:
    page = opened(visit.page)
    content(page).click()
    page.keyboard.press("Control+Home")
    page.keyboard.press("Tab")
    wait_text(page, "    " + MLP)
    page.keyboard.press("Shift+Tab")
    wait_text(page, MLP)
    page.keyboard.press("Escape")
    page.wait_for_timeout(2500)  # whoever is slow gets out, too
    page.keyboard.press("Tab")
    assert (
        page.evaluate("() => document.activeElement.dataset.testid ?? document.activeElement.tagName") != "code-editor"
    )
    page.keyboard.press("Shift+Tab")
    wait_until(
        page, lambda: page.evaluate("() => document.activeElement.dataset.testid") == "code-editor", "going back"
    )
    page.keyboard.press("Home")
    page.keyboard.press("Tab")
    wait_text(page, "    " + MLP)  # it is a visit of its own


def test_control_enter_inserts_no_line_and_the_pads_undo_stays_away(visit: Visit) -> None:
    page = opened(visit.page)
    content(page).click()
    for keys in ("Control+Enter", "Meta+Enter"):
        page.keyboard.press(keys)
        wait_dataset(page, "code", "compiling", "compiled")
    page.keyboard.press("Control+End")
    page.keyboard.type("# x")
    wait_text(page, MLP + "# x")
    page.keyboard.press("Control+z")
    wait_text(page, MLP)


def test_a_reload_keeps_the_text_and_its_undo_history(visit: Visit) -> None:
    page = opened(visit.page)
    at_end(page)
    page.keyboard.type("# one")
    page.wait_for_timeout(800)  # CodeMirror joins what is typed without a pause
    page.keyboard.type(" two")
    saved(page, MLP + "# one two")
    page.keyboard.type("!")
    page.reload()
    wait_dataset(page, "code", "ready")
    saved(page, MLP + "# one two!")
    content(page).click()
    for _ in range(12):
        page.keyboard.press("Control+z")
    wait_text(page, MLP)
    for _ in range(12):
        page.keyboard.press("Control+y")
    saved(page, MLP + "# one two!")
    copy = page.get_by_test_id("code-example").locator("option:checked")
    assert re.match(r"MLP, edited \d+ \w+, \d\d:\d\d", copy.inner_text())
    other = page.context.new_page()
    other.goto(visit.url + "#code")
    wait_dataset(other, "code", "ready")
    wait_text(other, MLP + "# one two!")  # the next visit begins with it


def test_examples_are_chosen_and_reset_can_be_undone(visit: Visit) -> None:
    page = opened(visit.page)
    select, reset = page.get_by_test_id("code-example"), page.get_by_test_id("code-reset")
    for name in EXAMPLES:
        select.select_option(name)
        wait_text(page, (SOURCES / f"{name}.py").read_text())
    assert reset.is_disabled()
    at_end(page)
    page.keyboard.type("# mine")
    mine = (SOURCES / "mistake.py").read_text() + "# mine"
    saved(page, mine)
    select.select_option("cnn")
    wait_text(page, (SOURCES / "cnn.py").read_text())
    assert select.locator("optgroup").nth(1).get_attribute("label") == "Your edited copies"
    select.select_option(select.locator("optgroup").nth(1).locator("option").get_attribute("value"))
    wait_text(page, mine)
    reset.click()
    wait_text(page, (SOURCES / "mistake.py").read_text())
    assert select.input_value() == "mistake"
    reset.filter(has_text="Undo reset").click()
    wait_text(page, mine)
    reset.click()
    content(page).click()
    page.keyboard.press("Control+z")
    wait_text(page, mine)


def test_a_link_brings_the_code_to_somebody_else_who_reads_it_first(open_visit: Open) -> None:
    visit = open_visit("?engine=wasm&lr=0.2#code", permissions=["clipboard-read", "clipboard-write"])
    page = opened(visit.page)
    at_end(page)
    page.keyboard.type("# \u00e9\U0001f600 mine")
    page.get_by_test_id("code-share").click()
    page.get_by_test_id("code-status").filter(has_text="The link is copied").wait_for()
    link = page.evaluate("() => navigator.clipboard.readText()")
    assert link.startswith(visit.url.split("#")[0] + "#code=")
    mine = MLP + "# \u00e9\U0001f600 mine"
    theirs = open_visit(link.removeprefix(visit.url.split("?")[0])).page
    wait_dataset(theirs, "code", "ready")
    wait_text(theirs, mine)
    theirs.get_by_test_id("code-status").filter(has_text="This code came with a link or a file. Read it").wait_for()
    assert theirs.url.endswith("#code"), "a reload shows what the visitor makes of it"
    assert theirs.get_by_test_id("train-lr").input_value() == "0.2"
    at_end(theirs)
    theirs.keyboard.type(" and theirs")
    saved(theirs, mine + " and theirs")
    theirs.evaluate("link => { location.href = link; }", link)  # the same link again, in the open page
    wait_text(theirs, mine)
    copies = theirs.get_by_test_id("code-example").locator("optgroup").nth(1).locator("option")
    assert copies.all_inner_texts()[0].startswith("From elsewhere, edited")


@pytest.mark.parametrize("fragment", ["code=", "code=%E0%A4%A", "code=AAAA", "code=" + "A" * 400_000])
def test_a_damaged_link_is_one_sentence(open_visit: Open, fragment: str) -> None:
    page = open_visit(f"?engine=wasm#{fragment}").page
    if fragment != "code=":
        wait_dataset(page, "code", "ready")
        error = page.get_by_test_id("code-error").filter(has_text="The code in this link is ")
        error.wait_for()
        assert error.get_attribute("data-line") is None
        wait_text(page, MLP)
    assert dataset(page, "error") is None


def test_the_text_is_downloaded(visit: Visit, tmp_path: Path) -> None:
    page = opened(visit.page)
    at_end(page)
    page.keyboard.type("# \u00e9")
    with page.expect_download() as begun:
        page.get_by_test_id("code-download").click()
    assert begun.value.suggested_filename == "mlp.py"
    begun.value.save_as(tmp_path / "mlp.py")
    assert (tmp_path / "mlp.py").read_text() == MLP + "# \u00e9"


def test_the_network_is_taken_home_as_a_script(visit: Visit, tmp_path: Path) -> None:
    page = opened(visit.page)
    with page.expect_download() as begun:
        page.get_by_test_id("code-script").click()
    begun.value.save_as(tmp_path / "train.py")
    script = (tmp_path / "train.py").read_text()
    assert script.startswith(MLP.rstrip())
    compile(script, "train.py", "exec")


def test_an_editor_that_cannot_be_loaded_is_said_and_tried_again(open_visit: Open) -> None:
    visit = open_visit()
    visit.page.route("**/code/editor*", lambda route: route.abort())
    visit.page.get_by_test_id("tab-code").click()
    wait_dataset(visit.page, "code", "failed")
    assert "Open this tab again" in visit.page.get_by_test_id("code-status").inner_text()
    visit.expect_error("code/editor")
    visit.page.unroute("**/code/editor*")
    visit.page.get_by_test_id("tab-train").click()
    opened(visit.page)
    wait_text(visit.page, MLP)


def test_problems_are_marked_at_their_lines_and_read_out(visit: Visit) -> None:
    """The script alone: nothing on the page compiles so far."""
    page = opened(visit.page)
    page.evaluate(BARE)
    bare = page.locator("#bare")
    assert bare.locator(".cm-problem").all_inner_texts() == ["two"]
    assert bare.locator(".cm-problemNumber").all_inner_texts() == ["2", "3"]
    described = bare.locator(".cm-content").evaluate(
        "f => f.getAttribute('aria-describedby').split(' ').map((id) => f.getRootNode().getElementById(id).textContent)"
    )
    assert described == ["Help.", "Two is wrong. So is this. And all."]
    assert page.evaluate("() => [bare.errorLines(), bare.lineAt()]") == [[2, 3], 1]
    bare.locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.press("Enter")
    assert page.evaluate("() => [bare.errorLines(), bare.lineAt()]") == [[3, 4], 2]
    page.evaluate("() => bare.goTo(3)")
    page.keyboard.type("\n")
    assert page.evaluate("() => bare.errorLines()") == [5]  # the mark of an edited line goes
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    kept = page.evaluate("() => bare.save()")
    assert page.evaluate("() => [bare.restore('{'), bare.get()]") == [False, "one\n  two\n\nfour"]
    page.evaluate("() => bare.open('a\\ud800b\\r\\nc')")
    assert page.evaluate("() => bare.get()") == "a\ufffdb\nc"
    assert page.evaluate("kept => [bare.restore(kept), bare.get()]", kept) == [True, "one\n  two\n\nfour"]
    page.evaluate("() => bare.setErrors([])")
    assert bare.locator(".cm-problem").count() == 0


@pytest.mark.parametrize("width", [360, 390])
def test_it_fits_a_phone_which_does_not_zoom_in(open_visit: Open, width: int) -> None:
    visit = open_visit(viewport={"width": width, "height": 740}, has_touch=True, is_mobile=True)
    page = opened(visit.page)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert content(page).evaluate("field => parseFloat(getComputedStyle(field).fontSize)") >= 16
    content(page).tap()
    page.keyboard.press("Control+End")
    page.keyboard.type("# on a phone")
    wait_text(page, MLP + "# on a phone")
    line, tabs = content(page).locator(".cm-activeLine"), page.locator("#tabs")
    wait_until(page, lambda: bottom(page.locator(".topbar")) < bottom(line) < top(tabs), "what is typed is in sight")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_editor(open_visit: Open, scheme: str) -> None:
    page = opened(open_visit(color_scheme=scheme, reduced_motion="reduce").page)
    assert violations(page) == []
    page.get_by_test_id("code-example").select_option("attention")
    at_end(page)
    page.keyboard.type("\n@dec\nclass Other:\n    x = f'{1}' is None # c\n")
    page.keyboard.press("Control+f")
    page.get_by_test_id("code-editor").locator("input[name=search]").press_sequentially("Linear")
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.type("x = Att")
    page.get_by_test_id("code-editor").locator(".cm-tooltip-autocomplete").wait_for()
    assert violations(page) == []
