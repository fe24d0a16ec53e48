"""The page in browsers without WebGPU, Firefox ESR and WebKitGTK: it answers and it learns, by WebAssembly."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.drawing import DIGITS
from tests.e2e.other_browsers.firefox import Firefox
from tests.e2e.other_browsers.webdriver import Session
from tests.e2e.other_browsers.webkit import WebKitGTK
from tests.e2e.support import TIMEOUT_S

#: How a run ends, in `dataset.worker`.
ENDS = ("finished", "failed")
PICKED = "return document.querySelector('[data-testid=model-select]').value"


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
        opened.wait("the page to boot", lambda: opened.dataset("app") != "booting")
        assert opened.dataset("app") == "ready", opened.dataset("error")
        yield opened


def choose(session: Session, model: str) -> None:
    """Pick a model and wait until it answers."""
    session.choose("model-select", model)
    session.wait(f"{model} to be ready", lambda: session.text("status").startswith(f"{model.upper()} is ready"))


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
    assert float(session.text("inference-ms").split()[0]) > 0
    session.click("tool-clear")
    session.wait("an empty answer", lambda: not session.text("best-guess") and values(session) == [0] * 10)
    assert session.dataset("error") is None


def test_a_network_is_trained_and_then_answers(session: Session) -> None:
    session.click("train-preset-fast")
    session.click("train-start")
    session.wait("the run to end", lambda: session.dataset("worker") in ENDS, 2 * TIMEOUT_S)
    assert session.dataset("worker") == "finished", session.text("train-message")
    assert float(session.text("train-test-accuracy").split()[0]) > 90
    session.wait("the new network on the pad", lambda: "training" in session.execute(PICKED))
    before = int(session.dataset("predictions") or 0)
    session.stroke("draw-pad", DIGITS[1][0])
    session.wait("its answer", lambda: int(session.dataset("predictions") or 0) > before)
    assert session.dataset("error") is None


def test_a_written_network_is_compiled_trained_and_then_answers(session: Session) -> None:
    session.click("tab-code")
    session.wait("the editor", lambda: session.dataset("code") == "ready")
    session.click("code-compile")
    session.wait("the network", lambda: session.dataset("code") in ("compiled", "failed"), 2 * TIMEOUT_S)
    assert session.dataset("code") == "compiled", session.text("code-error")
    assert session.execute(PICKED) == "code"
    session.click("code-train")
    session.wait("the run to begin", lambda: session.dataset("worker") not in ENDS)
    session.wait("the run to end", lambda: session.dataset("worker") in ENDS, 2 * TIMEOUT_S)
    assert session.dataset("worker") == "finished", session.text("train-message")
    assert float(session.text("train-test-accuracy").split()[0]) > 90
    assert session.dataset("error") is None
