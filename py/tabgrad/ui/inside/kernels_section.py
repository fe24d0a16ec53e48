"""The kernels of the network's programs: what the machine really runs, launch by launch, with code and times."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tabgrad.backends.base import Device
from tabgrad.explain.kernels import Launch, amount, launches
from tabgrad.interop import dom

from .kernel_times import kernel_times
from .probe import Probe
from .scene import FAULTS, Scene
from .widgets import Button, Choice

PROGRAMS = {"infer": "answer", "activations": "answer, with all layers", "saliency": "why: the gradient"}
COLUMNS = ("#", "Kernel", "Part of", "Writes", "Operations", "Bytes", "Time")


class KernelsSection:
    """`device` gives the engine that answers."""

    name = "kernels"
    title = "Kernels"
    lead = (
        "This is what your machine runs for one answer: a few small programs, one after another. tinygrad wrote them "
        "from the network's definition in Python. Press one to read its code."
    )
    needs_network = True

    def __init__(self, device: Callable[[], Device | None], refresh: Callable[[], None]) -> None:
        self._device, self._refresh = device, refresh
        self._probe: Probe | None = None
        self._table: tuple[Launch, ...] = ()
        self._asked: object = None
        self._task: asyncio.Task[None] | None = None

    def build(self, body: dom.Element) -> None:
        """See `Section`."""
        controls = dom.create("div", body, class_="controls")
        self._choice = Choice(controls, "Program", PROGRAMS, self._refresh, "kernels-program")
        self._button = Button(controls, "Measure times", self._begin, "kernels-measure")
        self._headline = dom.create("p", body, class_="headline", role="status", data_testid="kernels-headline")
        frame = dom.create("div", body, class_="table-frame")
        table = dom.create("table", frame, class_="kernels", data_testid="kernels-table")
        head = dom.create("tr", dom.create("thead", table))
        for title in COLUMNS:
            dom.create("th", head, text=title, scope="col")
        self._rows = dom.create("tbody", table)
        self._listener = dom.Listener(self._rows, "click", self._on_click)
        self._code_title = dom.create("p", body, class_="stage-title", aria_live="polite")
        self._code = dom.create(
            "pre", body, class_="code", tabindex="0", role="region", aria_label="Code of the kernel"
        )
        self._code.hidden = True
        self._note = dom.create("p", body, class_="note")

    async def update(self, scene: Scene) -> None:
        """See `Section`."""
        assert scene.probe is not None
        self._probe = scene.probe
        asked = (scene.probe, self._choice.value)
        if asked == self._asked:
            return
        executable = await scene.probe.program(self._choice.value)
        self._asked = asked
        self._table = launches(executable.program)
        self._code.hidden, self._code_title.textContent = True, ""
        self._rows.textContent = ""
        for i, launch in enumerate(self._table):
            self._row(i, launch)
        device = self._device()
        flops, nbytes = (sum(values) for values in zip(*((x.flops, x.nbytes) for x in self._table), strict=True))
        self._headline.textContent = (
            f"{len(self._table)} launches, {amount(flops)} operations, {amount(nbytes)}B touched"
            + (f", on {device.description}." if device else ".")
        )
        self._note.textContent = (
            "Operations are tinygrad's estimate; bytes are the sizes of all buffers a launch touches; the part of the "
            "network is told from the weights that it reads."
        )

    def _row(self, index: int, launch: Launch) -> None:
        row = dom.create("tr", self._rows)
        dom.create("td", row, text=str(index))
        dom.create("button", dom.create("td", row), text=launch.name, type="button", class_="link", data_row=str(index))
        dom.create("td", row, text=launch.origin or "\N{EN DASH}", class_="origin")
        dom.create("td", row, text=f"{launch.writes.name} {list(launch.writes.shape)}")
        dom.create("td", row, text=amount(launch.flops), data_value=str(launch.flops))
        dom.create("td", row, text=f"{amount(launch.nbytes)}B", data_value=str(launch.nbytes))
        dom.create("td", row, text="\N{EN DASH}", data_testid=f"kernel-time-{index}")

    def _on_click(self, event: dom.Event) -> None:
        button = dom.closest(event.target, "button")
        if button is None:
            return
        launch = self._table[int(dom.data(button, "row"))]
        reads = ", ".join(b.name for b in launch.reads) or "nothing"
        size = " by ".join(map(str, launch.workgroups))
        where = f" in {size} workgroups" if any(n > 1 for n in launch.workgroups) else ""
        self._code_title.textContent = f"{launch.name}: reads {reads}, writes {launch.writes.name}{where}"
        self._code.textContent = launch.code
        self._code.hidden = False

    def _begin(self) -> None:
        if self._task is None and self._probe is not None:
            self._task = asyncio.ensure_future(self._measure(self._probe, self._choice.value))

    async def _measure(self, probe: Probe, name: str) -> None:
        self._button.enable(False)
        try:
            device = self._device()
            assert device is not None
            executable = await probe.program(name)
            times = await kernel_times(device, executable)
            if (probe, name) == self._asked:
                self._show_times(times)
        except FAULTS as error:
            self._note.textContent = f"The times could not be measured: {error}"
        finally:
            self._task = None
            self._button.enable(True)

    def _show_times(self, times: list[float]) -> None:
        cells: list[Any] = dom.select("td:last-child", self._rows)
        for cell, ms in zip(cells, times, strict=True):
            cell.textContent = f"{ms * 1e3:.3g} \N{MICRO SIGN}s" if ms < 1 else f"{ms:.3g} ms"
            cell.dataset.value = f"{ms:.6f}"
