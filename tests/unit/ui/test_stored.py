"""What the page says of what it has stored."""

from tabgrad.ui.inspect.sections.stored_summary import Stored


def test_nothing_stored_is_said() -> None:
    assert Stored().summary == "This page has stored nothing in this browser."


def test_all_that_is_stored_is_counted() -> None:
    stored = Stored(runs=2, drawings=1, resumable=True, settings=True, offline_bytes=20_000_000, bytes=3_456_789)
    assert stored.summary == (
        "Stored in this browser: 2 finished runs, 1 drawing of yours, an interrupted run, the settings of the page and "
        "a copy of the page for use offline. Together 23.5 MB."
    )


def test_one_thing_is_said_without_an_and() -> None:
    assert Stored(runs=1, bytes=900).summary == "Stored in this browser: 1 finished run. Together under 0.1 MB."
    assert Stored(resumable=True, under_way=True).listing == "the run under way"
    assert Stored(networks=1, resumable=True).listing == "1 edited network and an interrupted run"
    assert Stored(networks=12).listing == "12 edited networks"
    assert Stored(sets=1, networks=1).listing == "1 data set and 1 edited network"
    assert Stored(sets=3).listing == "3 data sets"
    assert Stored(drawings=1234, settings=True).listing == "1,234 drawings of yours and the settings of the page"


def test_what_cannot_be_read_can_be_erased_too() -> None:
    assert Stored(unread=1).listing == "something that cannot be read"
    assert Stored(runs=1, unread=2).listing == "1 finished run and 2 things that cannot be read"
