"""What users wait for: 97.5 % on the test set (also with TensorFlow.js), the CNN preset, and the pause button.

Ours is timed on the whole page, from the click on Train to the tested network. TensorFlow.js trains the same
784-128-10 on its WebAssembly backend with Adam and batches of 128; its data are in memory, and it is tested after each
epoch. Ten runs in one page show whether memory grows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page

from scripts import chromium
from scripts.bench.context import BenchContext, summary
from scripts.bench.page import train, wait
from scripts.bench.peers import install
from scripts.bench.peers.pages import TensorFlow
from scripts.fetch_mnist import locate
from scripts.pyodide_page import served
from tabgrad.data.mnist import parse_idx, unzip

GOAL = 0.975
#: TensorFlow.js stops after this many epochs, also below the goal.
MAX_EPOCHS = 15
RUNS, PAUSES = 10, 10
TRAIN_TO_GOAL = """async ([goal, most, batch]) => {
  const file = async name => new Uint8Array(await (await fetch(`/mnist/${name}`)).arrayBuffer());
  const sets = {};
  for (const part of ["train", "test"]) {
    const pixels = Float32Array.from(await file(`${part}-images`), value => value / 255);
    const labels = Int32Array.from(await file(`${part}-labels`));
    sets[part] = { x: tf.tensor2d(pixels, [labels.length, 784]), y: tf.tensor1d(labels, "int32"), n: labels.length };
  }
  const shapes = [[784, 128], [128], [128, 10], [10]];
  const [w0, b0, w1, b1] = shapes.map(([n, m]) =>
    tf.variable(m ? tf.randomNormal([n, m], 0, Math.sqrt(2 / n)) : tf.zeros([n])));
  const logits = x => x.matMul(w0).add(b0).relu().matMul(w1).add(b1);
  const optimizer = tf.train.adam(1e-3);
  const { x, y, n } = sets.train;
  const started = performance.now();
  for (let epoch = 1; epoch <= most; epoch++) {
    const order = tf.tensor1d(Int32Array.from(tf.util.createShuffledIndices(n)), "int32");
    for (let i = 0; i + batch <= n; i += batch)
      tf.tidy(() => {
        const rows = order.slice(i, batch);
        const images = x.gather(rows), truth = tf.oneHot(y.gather(rows), 10);
        optimizer.minimize(() => tf.losses.softmaxCrossEntropy(truth, logits(images)));
      });
    const right = tf.tidy(() => logits(sets.test.x).argMax(1).equal(sets.test.y).mean());
    const accuracy = (await right.data())[0];
    if (accuracy >= goal || epoch === most)
      return { seconds: (performance.now() - started) / 1000, epochs: epoch, accuracy };
  }
}"""
#: Clicks on the pause button and returns the milliseconds until the page shows the run as paused, or as resumed.
TOGGLE = """state => new Promise(done => {
  const root = document.documentElement, started = performance.now();
  const observer = new MutationObserver(() => {
    if (root.dataset.worker === state) { observer.disconnect(); done(performance.now() - started); }
  });
  observer.observe(root, { attributes: true, attributeFilter: ["data-worker"] });
  document.querySelector("[data-testid=train-pause]").click();
})"""


def run(context: BenchContext) -> dict[str, Any]:
    """Seconds, milliseconds and megabytes; see the module."""
    rows: dict[str, list[float]] = {}

    def note(name: str, *values: float) -> None:
        rows.setdefault(name, []).extend(values)

    for _ in range(context.rounds):
        for name, value in tensorflow(context).items():
            note(f"tfjs_wasm_{name}", value)
        for start in ("cold", "warm"):
            note(f"ours_{start}_s", *ours(context, "fast", warm=start == "warm")["result_s"])
    cnn = [ours(context, "cnn", warm=True) for _ in range(min(3, context.rounds))]
    note("cnn_preset_s", *[value for row in cnn for value in row["result_s"]])
    note("cnn_preset_test_percent", *[value for row in cnn for value in row["test_accuracy_percent"]])
    return {**{name: summary(values) for name, values in rows.items()}, **ten_runs(context), **pauses(context)}


def tensorflow(context: BenchContext) -> dict[str, float]:
    """Seconds and epochs that TensorFlow.js needs for the goal, and the accuracy it has then."""
    files = {"/index.html": b"<!doctype html><title>peer</title>", **install.installed(), **mnist()}
    with chromium.launch(context.playwright) as browser, served(files) as url:
        page = browser.new_page()
        page.goto(f"{url}/index.html")
        TensorFlow(page, "wasm")
        found: dict[str, float] = page.evaluate(TRAIN_TO_GOAL, [GOAL, MAX_EPOCHS, 128])
        return found


def mnist() -> dict[str, bytes]:
    """MNIST's images and labels as bytes, by URL path. Raises OSError if MNIST is not on this machine."""
    found = locate()
    if found is None:
        raise OSError("TensorFlow.js needs MNIST, which is not on this machine: run `python -m scripts.fetch_mnist`.")
    arrays = {name: np.ascontiguousarray(parse_idx(unzip(content))) for name, content in found.items()}
    parts = {name: name.replace("t10k", "test").split("-") for name in arrays}
    return {f"/mnist/{part}-{what}": arrays[name].tobytes() for name, (part, what, *_) in parts.items()}


def ours(context: BenchContext, preset: str, warm: bool) -> dict[str, list[float]]:
    """Figures of one run of a preset; with `warm`, the worker has trained once before."""
    with chromium.launch(context.playwright) as browser:
        page = opened(context, browser, preset="fast" if warm else preset)
        if warm:
            train(page)
            page.get_by_test_id(f"train-preset-{preset}").click()
        return train(page)


def opened(context: BenchContext, browser: Browser, preset: str) -> Page:
    """The page, ready, with a preset chosen."""
    page = browser.new_page(viewport={"width": 1280, "height": 2200})
    page.goto(context.url)
    wait(page, "app", "ready")
    page.get_by_test_id(f"train-preset-{preset}").click()
    return page


def ten_runs(context: BenchContext) -> dict[str, Any]:
    """Resident megabytes of the browser's processes when the page is ready, and after each of ten runs."""
    with chromium.launch(context.playwright) as browser:
        page = opened(context, browser, "fast")
        values = [resident_mb(browser)]
        for _ in range(RUNS):
            train(page)
            values.append(resident_mb(browser))
        return {"resident_mb": {"before": values[0], "after_each_run": values[1:]}}


def resident_mb(browser: Browser) -> float:
    """Resident memory of the browser's processes in megabytes; Linux only."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    pages = sum(int(Path(f"/proc/{one['id']}/statm").read_text().split()[1]) for one in processes)
    return round(pages * 4096 / 1e6, 1)


def pauses(context: BenchContext) -> dict[str, Any]:
    """Milliseconds from a click on the pause button until the run is paused, and until it is resumed."""
    with chromium.launch(context.playwright) as browser:
        page = opened(context, browser, "best")
        page.get_by_test_id("train-start").click()
        wait(page, "worker", "training")
        times: dict[str, list[float]] = {"paused": [], "training": []}
        for _ in range(PAUSES):
            for state, values in times.items():
                page.wait_for_timeout(300)
                values.append(page.evaluate(TOGGLE, state))
        return {"pause_ms": summary(times["paused"]), "resume_ms": summary(times["training"])}
