"""The page in a Firefox that lets no site store anything: it answers, it learns, and it says that nothing is kept."""

from __future__ import annotations

import pytest

from tests.e2e.other_browsers import firefox
from tests.e2e.support import TIMEOUT_S

#: "Block all cookies", in Firefox's settings, blocks all other storage, too.
BLOCK_ALL = ("network.cookie.cookieBehavior", 2)


def test_a_firefox_that_stores_nothing_answers_and_trains(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(firefox.PREFERENCES, *BLOCK_ALL)
    try:
        opened = firefox.Firefox()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    with opened as session:
        session.navigate(f"{site}?epochs=0.3&hidden=16&data=strokes")
        session.wait("the page to boot", lambda: session.dataset("app") != "booting")
        assert session.dataset("app") == "ready", session.dataset("error")
        session.wait("what it says of storage", lambda: "until this tab closes" in session.text("status"))
        session.click("try-example")
        session.wait("an answer", lambda: session.text("best-guess"))
        session.click("train-start")
        session.wait("the end of the run", lambda: session.dataset("worker") in ("finished", "failed"), 2 * TIMEOUT_S)
        assert session.dataset("worker") == "finished", session.text("train-message")
        assert "until this tab closes" in session.text("train-message")
        assert session.dataset("error") is None
