"""Helpers for the tests of the inspect panels: one page for a whole file, and waiting until a panel is up to date."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, Locator, Page

from scripts.build import MODELS
from tabgrad.backends.oracle.network import OracleNetwork
from tabgrad.data.generated import GeneratedData
from tabgrad.metrics import Results
from tabgrad.network import load_safetensors
from tests.e2e.drawing import Polyline, draw
from tests.e2e.support import TIMEOUT_S, Visit, dataset, settled, wait_dataset, wait_until


@contextmanager
def shared_page(browser: Browser, site: str, query: str) -> Iterator[Page]:
    """One booted page for a whole file; at the end it is checked for errors."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(TIMEOUT_S * 1000)
    visit = Visit(context.new_page(), context, site)
    visit.watch()
    visit.page.goto(site + query)
    wait_dataset(visit.page, "app", "ready")
    yield visit.page
    context.close()
    visit.check()


def shipped(name: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Card and weights of a shipped model."""
    weights, _ = load_safetensors((MODELS / name / "weights.safetensors").read_bytes())
    return json.loads((MODELS / name / "card.json").read_text()), weights


def caught_up(page: Page, panel: str) -> None:
    """Wait until the visible panel shows the answer to the current ink."""
    settled(page)
    place = page.locator(f"#panel-{panel}")
    wait_until(
        page, lambda: place.get_attribute("data-shows") == dataset(page, "predictions"), f"the updates of {panel}"
    )


def draw_anew(page: Page, lines: list[Polyline]) -> None:
    """Clear the pad, draw, and wait for the answer to all of it."""
    page.get_by_test_id("draw-pad").scroll_into_view_if_needed()
    if page.get_by_test_id("tool-clear").is_enabled():
        page.get_by_test_id("tool-clear").click()
    draw(page, lines)
    settled(page)


def value(element: Locator, name: str = "value") -> float:
    """A number in a data attribute; NaN where there is none."""
    return float(element.get_attribute(f"data-{name}") or "nan")


def seen(page: Page) -> NDArray[np.float64]:
    """The network's input, from the small picture beside the answer: exact to half a grey level."""
    values = page.evaluate(
        """() => { const c = document.getElementById("seen");
        return Array.from(c.getContext("2d").getImageData(0, 0, 28, 28).data).filter((_, i) => i % 4 === 0); }"""
    )
    return np.array(values, np.float64).reshape(28, 28) / 255


def counts(page: Page) -> NDArray[np.int64]:
    """The confusion matrix that the page shows."""
    cells = page.get_by_test_id("confusion").locator("button").evaluate_all("b => b.map(e => e.dataset.value)")
    return np.array([int(text) for text in cells]).reshape(10, 10)


Digits = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def generated_digits() -> Digits:
    """The generated test digits, as the page has them: images and labels."""
    with ThreadPoolExecutor() as other:  # Playwright has an event loop running in this thread
        samples = other.submit(lambda: asyncio.run(GeneratedData().split("test"))).result()
    return samples.images, samples.labels


def results_of(
    spec: Mapping[str, Any], weights: Mapping[str, NDArray[Any]], digits: Digits, temperature: float = 1.0
) -> Results:
    """The NumPy oracle's results on a data set."""
    images, labels = digits
    logits = OracleNetwork(spec, weights, np.float32).forward(images.reshape(-1, 784).astype(np.float32) / 255)
    return Results(logits, labels, temperature)
