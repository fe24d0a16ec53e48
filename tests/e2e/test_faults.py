"""Faults of the browser, the host and the visitor's files: each ends in one sentence, and nothing is lost."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.drawing import DIGITS, draw
from tests.e2e.support import BEEN_HERE, dataset, settled, wait_dataset, wait_until
from tests.e2e.train_page import LONG, Open, epoch, press, start

#: Ends the interpreter of the page for good.
KILL_PYTHON = """() => {
  try { tabgradBoot.pyodide.runPython("import json; json.loads('[' * 200_000)"); } catch {}
}"""


def guess(page: Page) -> str:
    return page.get_by_test_id("best-guess").inner_text()


def kept_ink(page: Page) -> str:
    """Wait until the tab's storage has the ink, under a name that begins with the page's folder; returns it."""
    find = "() => Object.entries(sessionStorage).find(([name]) => name.endsWith(':tabgrad.ink'))?.[1] ?? ''"
    wait_until(page, lambda: page.evaluate(find), "the ink to be kept")
    return str(page.evaluate(find))


def test_the_death_of_python_is_noticed_and_the_drawing_is_there_again(open_visit: Open) -> None:
    visit = open_visit("?engine=wasm")
    page = visit.page
    draw(page, DIGITS[4])
    settled(page)
    kept_ink(page)
    page.evaluate(KILL_PYTHON)
    reload = page.get_by_test_id("reload")
    reload.wait_for()
    assert dataset(page, "app") == "failed"
    assert "your drawing and all that is stored here are kept" in (dataset(page, "error") or "")
    expect(reload).to_be_focused()
    page.keyboard.press("Escape")
    expect(reload).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_event("load")
    wait_dataset(page, "app", "ready")
    settled(page)
    assert guess(page) == "4"
    visit.errors.clear()  # Pyodide says a lot when it ends


def test_what_is_drawn_is_kept_before_anything_can_happen(open_visit: Open) -> None:
    """A tab that crashes or hangs has no last moment: the ink is kept as soon as the pen rests."""
    page = open_visit("?engine=wasm").page
    draw(page, DIGITS[7])
    settled(page)
    kept = kept_ink(page)
    again = open_visit("?engine=wasm", init_script=f"sessionStorage.setItem('tabgrad.ink', {kept!r})").page
    settled(again)
    assert guess(again) == "7"


def test_ink_is_kept_during_the_boot_too(open_visit: Open) -> None:
    page = open_visit(routes={"**/*.wasm": lambda _route: None}, ready=False).page
    draw(page, DIGITS[7])
    assert '"tool":"pen"' in kept_ink(page)
    page.get_by_test_id("tool-clear").click()
    assert '"tool":"clear"' in kept_ink(page)


#: Notes how each file is asked for.
NOTE_FETCHES = """const real = self.fetch;
self.fetches = [];
self.fetch = (url, options) => { self.fetches.push(`${url} ${options?.cache}`); return real(url, options); };"""


def test_after_a_boot_that_failed_the_next_one_asks_past_the_cache(open_visit: Open) -> None:
    """A portal's page in the place of Python may be in the browser's cache."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fulfill(body="<html>Sign in</html>", content_type="text/html")
        else:
            route.continue_()

    routes: dict[str, Callable[[Route], object]] = {"**/tabgrad.*.zip": answer}
    visit = open_visit(routes=routes, init_script=NOTE_FETCHES, ready=False, service_workers="block")
    page = visit.page
    wait_dataset(page, "app", "failed")
    assert "default" in page.evaluate("self.fetches.find((text) => text.includes('tabgrad.'))")
    page.reload()
    wait_dataset(page, "app", "ready")
    assert "reload" in page.evaluate("self.fetches.find((text) => text.includes('tabgrad.'))")
    visit.errors.clear()


#: Ends the interpreter of the worker when the page says so.
MORTAL = b"""
from pyodide.ffi import create_proxy
_killer = js.BroadcastChannel.new("kill")
_killer.onmessage = create_proxy(lambda _event: json.loads("[" * 200_000))
"""


def test_the_death_of_python_in_the_worker_is_noticed_and_the_run_goes_on(open_visit: Open, dist: Path) -> None:
    original = next(dist.glob("worker.*.py"))
    script = original.read_bytes() + MORTAL
    name = f"worker.{hashlib.sha256(script).hexdigest()[:10]}.py"
    page_with_it = (dist / "index.html").read_text().replace(original.name, name)
    routes: dict[str, Callable[[Route], object]] = {
        f"**/{name}": lambda route: route.fulfill(body=script),
        "**/path/?*": lambda route: route.fulfill(body=page_with_it, content_type="text/html"),
    }
    visit = open_visit(f"?engine=wasm&data=strokes&{LONG}", init_script=BEEN_HERE, routes=routes)
    page = start(visit)
    wait_until(page, lambda: epoch(page) > 1, "an epoch")
    page.evaluate("new BroadcastChannel('kill').postMessage(1)")
    page.get_by_test_id("train-message").filter(has_text="It is started again, from its last checkpoint.").wait_for()
    at = epoch(page)
    wait_until(page, lambda: epoch(page) > at + 0.1, "the run to go on")
    press(page, "paused", button="train-pause")
    visit.errors.clear()  # Pyodide says a lot when it ends


def with_policy(policy: str) -> dict[str, Callable[[Route], object]]:
    """The page and its scripts from a host with this security policy."""

    def answer(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, headers={**response.headers, "content-security-policy": policy})

    return {"**/*": answer}


def test_a_host_that_forbids_workers_from_blobs(open_visit: Open) -> None:
    policy = "worker-src 'self'; script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval'"
    query = "?engine=wasm&data=strokes&epochs=0.05"
    visit = open_visit(query, init_script=BEEN_HERE, routes=with_policy(policy))
    assert press(visit.page, "finished", "failed") == "finished"
    visit.expect_error("Content Security Policy")


def test_a_host_that_forbids_python_is_told_so(open_visit: Open) -> None:
    visit = open_visit(routes=with_policy("script-src 'self'"), ready=False)
    wait_dataset(visit.page, "app", "failed")
    assert "host forbids it" in (dataset(visit.page, "error") or "")
    visit.errors.clear()


def test_a_download_that_never_ends_is_spoken_of(open_visit: Open) -> None:
    visit = open_visit(routes={"**/*.wasm": lambda _route: None}, ready=False)
    visit.page.clock.install()
    visit.page.reload()
    visit.page.clock.fast_forward(25_000)
    visit.page.get_by_test_id("status").filter(has_text="Python is slow to start here.").wait_for()
    assert dataset(visit.page, "app") == "booting"


@pytest.mark.parametrize("file", ["models/mlp/weights.*", "data/**/*.bin*"])
def test_a_portals_page_in_a_cache_is_fetched_again_past_it(open_visit: Open, file: str) -> None:
    """A portal has answered for a file once, and the browser has kept that: there is no service worker that checks."""
    asked: dict[str, int] = {}

    def answer(route: Route) -> None:
        path = route.request.url.split("?")[0]
        asked[path] = asked.get(path, 0) + 1
        if asked[path] == 1:
            route.fulfill(body="<html>Sign in</html>", content_type="text/html")
        else:
            route.continue_()

    query = "?engine=wasm&epochs=0.05"
    visit = open_visit(query, init_script=BEEN_HERE, routes={f"**/{file}": answer}, service_workers="block")
    draw(visit.page, DIGITS[6])
    settled(visit.page)
    assert guess(visit.page) == "6"
    assert press(visit.page, "finished", "failed") == "finished"
    assert not asked or max(asked.values()) > 1  # without MNIST there are no data files


@pytest.mark.parametrize("kind", ["application/octet-stream", "text/plain"])
def test_webassembly_under_another_type(open_visit: Open, kind: str) -> None:
    def answer(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, headers={**response.headers, "content-type": kind})

    page = open_visit("?engine=wasm", routes={"**/*.wasm": answer}).page
    draw(page, DIGITS[3])
    settled(page)
    assert guess(page) == "3"


def test_webassembly_that_is_damaged_is_said_so(open_visit: Open) -> None:
    def answer(route: Route) -> None:
        route.fulfill(body=b"\0asm" + b"x" * 100, content_type="application/wasm")

    visit = open_visit("?engine=wasm", routes={"**/*.wasm": answer}, ready=False)
    wait_dataset(visit.page, "app", "failed")
    assert "WebAssembly" in (dataset(visit.page, "error") or "")
    visit.errors.clear()


UNREADABLE = """File.prototype.arrayBuffer = async () => {
  if (!self.mended) throw new DOMException("gone", "NotReadableError");
  return new ArrayBuffer(3);
};"""
HUGE = "Object.defineProperty(Blob.prototype, 'size', { get: () => 3e9 });"


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [(UNREADABLE, "The browser cannot read this file."), (HUGE, "This file has 3,000 MB.")],
    ids=["unreadable", "3 GB"],
)
def test_a_file_that_cannot_be_read(open_visit: Open, fault: str, sentence: str) -> None:
    page = open_visit("?engine=wasm", init_script=BEEN_HERE + fault).page
    file = {"name": "x.safetensors", "mimeType": "application/octet-stream", "buffer": b"abc"}
    weights = page.get_by_test_id("weights-import")
    message = page.get_by_test_id("train-message")
    weights.set_input_files(file)  # type: ignore[arg-type]
    message.filter(has_text=sentence).wait_for()
    page.evaluate("() => { self.mended = true; }")
    weights.set_input_files(file)  # type: ignore[arg-type]  # the same file can be chosen again
    message.filter(has_text="truncated" if "cannot" in sentence else sentence).wait_for()
    page.get_by_test_id("tab-data").click()
    page.get_by_test_id("mine-import").set_input_files({**file, "name": "x.json"})  # type: ignore[arg-type]
    wait_until(page, lambda: page.get_by_test_id("mine-note").inner_text(), "a sentence about the file")


def test_a_site_that_has_a_newer_version(open_visit: Open) -> None:
    gone: dict[str, Callable[[Route], object]] = {"**/data/**": lambda route: route.fulfill(status=404)}
    visit = open_visit("?engine=wasm", init_script=BEEN_HERE, routes=gone, service_workers="block")
    if not visit.page.evaluate("JSON.parse(document.getElementById('manifest').textContent).data.mnist"):
        pytest.skip("The site has no MNIST.")
    draw(visit.page, DIGITS[2])
    assert press(visit.page, "training", "failed") == "failed"
    visit.page.get_by_test_id("train-message").filter(has_text="a newer version is there. Reload the page.").wait_for()
    visit.page.reload()
    wait_dataset(visit.page, "app", "ready")
    settled(visit.page)
    assert guess(visit.page) == "2"
