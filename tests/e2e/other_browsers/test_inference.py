"""The page in browsers without WebGPU, Firefox ESR and WebKitGTK: what is drawn is answered, by WebAssembly."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.drawing import DIGITS
from tests.e2e.other_browsers.firefox import Firefox
from tests.e2e.other_browsers.webdriver import Session
from tests.e2e.other_browsers.webkit import WebKitGTK


@pytest.fixture(scope="module", params=[Firefox, WebKitGTK], ids=lambda browser: browser.name)
def session(request: pytest.FixtureRequest, site: str) -> Iterator[Session]:
    """The page, ready, in one of the browsers; skipped only where that browser is not installed."""
    open_browser: Callable[[], Session] = request.param
    try:
        opened = open_browser()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    with opened:
        opened.navigate(site)
        opened.wait("the page to be ready", lambda: opened.dataset("app") == "ready")
        yield opened


def choose(session: Session, model: str) -> None:
    """Pick a model and wait until it answers."""
    session.choose("model-select", model)
    session.wait(f"{model} to be ready", lambda: session.text("status") == f"{model.upper()} is ready.")


def values(session: Session) -> list[float]:
    """The ten confidences on screen."""
    bars = "return [...document.querySelectorAll('[data-testid^=prob-]')].map(bar => Number(bar.dataset.value))"
    return [float(value) for value in session.execute(bars)]


def test_the_engine_is_webassembly(session: Session) -> None:
    assert session.dataset("error") is None
    assert session.text("engine-badge").startswith("WebAssembly")


@pytest.mark.parametrize("digit", [7, 3])
@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_a_drawn_digit_is_answered(session: Session, model: str, digit: int) -> None:
    choose(session, model)
    for polyline in DIGITS[digit]:
        session.stroke("draw-pad", polyline)
    session.wait(f"the answer {digit}", lambda: session.text("best-guess") == str(digit))
    assert max(values(session)) == values(session)[digit]
    assert sum(values(session)) == pytest.approx(1, abs=0.01)
    assert session.text("inference-ms").endswith("ms")
    session.click("tool-clear")
    session.wait("an empty answer", lambda: not session.text("best-guess") and values(session) == [0] * 10)
    assert session.dataset("error") is None
