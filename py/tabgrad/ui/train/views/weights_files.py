"""Weights out of the page and into it, as safetensors files. Owns the buttons; knows no file's contents."""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.interop import dom


class WeightsFiles:
    """`export` is called on a press; `chosen` when a file was chosen, which `file_input` then holds."""

    def __init__(self, parent: dom.Element, export: Callable[[], object], chosen: Callable[[], object]) -> None:
        box = dom.create("div", parent, class_="train-buttons train-keep")
        button = dom.create(
            "button", box, text="Export weights", type="button", class_="quiet-button", data_testid="weights-export"
        )
        label = dom.create("label", box, text="Import weights", class_="quiet-button", for_="weights-import")
        self.file_input = dom.create(
            "input",
            box,
            id="weights-import",
            type="file",
            accept=".safetensors",
            class_="sr-only",
            data_testid="weights-import",
        )
        label.tabIndex = -1
        self._listeners = [
            dom.Listener(button, "click", lambda _event: export()),
            dom.Listener(self.file_input, "change", lambda _event: chosen()),
        ]
