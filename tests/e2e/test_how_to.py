"""A site with everything that docs/HOW-TO.md adds: all of it is on the page, and a network trains with it."""

from collections.abc import Callable, Iterator

import pytest

from scripts.serve import running
from tests.e2e.drawing import DIGITS, draw
from tests.e2e.support import Visit, wait_dataset
from tests.e2e.train_page import number, press
from tests.how_to.follow import copy_project, edits, run_module

#: A short run with the added activation, optimizer, data set and engine.
RUN = "?activation=softsign&optimizer=signsgd&lr=0.002&data=bars&engine=recorded&hidden=16&batch=64&epochs=3"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the site with the additions."""
    folder = tmp_path_factory.mktemp("how-to")
    package = copy_project(folder)
    for paragraph in edits().values():
        for edit in paragraph:
            edit.apply(package)
    run_module(package, "scripts.build", "--no-mnist", folder=folder)
    with running(folder / "dist") as url:
        yield url


def test_a_network_trains_with_everything_added(open_visit: Callable[..., Visit]) -> None:
    page = open_visit(RUN).page
    assert "WebAssembly, recorded" in (page.get_by_test_id("engine-badge").text_content() or "")
    for field, title in (
        ("activation", "Softsign"),
        ("optimizer", "signSGD"),
        ("data", "Bars"),
        ("engine", "WebAssembly, recorded"),
    ):
        chosen = page.get_by_test_id(f"train-{field}").locator("option:checked")
        assert chosen.text_content() == title
    press(page, "training", "failed")
    assert wait_dataset(page, "worker", "finished", "failed") == "finished"
    assert number(page, "test-accuracy") > 90


def test_the_added_section_explains_the_answer(open_visit: Callable[..., Visit]) -> None:
    page = open_visit().page
    draw(page, DIGITS[3])
    page.get_by_role("tab", name="Code").click()
    line = page.get_by_test_id("certainty-line")
    line.scroll_into_view_if_needed()
    line.get_by_text("3 is the best answer").wait_for()
