"""The kernels of the network's programs: what the machine runs, launch by launch, with code and times."""

from __future__ import annotations

import asyncio

from tabgrad.backends import Device, LaunchTimes
from tabgrad.explain.kernels import Launch, launches
from tabgrad.interop import dom
from tabgrad.program import Program, ProgramError

from ...faults import FAULTS
from ...widgets.controls import Button, Select
from ...widgets.format import amount, short_time
from ..probe import Probe
from ..section import COMPILES, InspectContext, ViewState

#: Programs of the network that answers, and of the one in training: what the list calls them.
ANSWERING = {"infer": "answer", "activations": "answer, with all layers", "saliency": "why: the gradient"}
TRAINING = {"train": "training: one step", "evaluate": "training: one batch tested"}
COLUMNS = ("#", "Kernel", "Part of", "Writes", "Operations", "Bytes", "Time")
UNKNOWN = "\N{EN DASH}"
NO_KERNELS = "NumPy computes this for a network made in this tab, without kernels: choose another program or model."
NOTE = (
    "The names are tinygrad's: r for a kernel that adds numbers up, E for one that treats each number by itself, then "
    "the sizes of its loops. Operations are tinygrad's estimate. Bytes are the sizes of all buffers that a launch "
    "reads or writes. The weights that a kernel reads tell which part of the network it belongs to."
)
CLOCKS = {
    "device": "by the graphics card's own clock (timestamp queries)",
    "host": "by the browser's clock",
}


class KernelsSection:
    """A table of the launches of one program. A press shows a kernel's code; another button measures all times."""

    name = "kernels"
    title = "Kernels"
    lead = (
        "This is what your machine runs: a few small programs, called kernels, launched one after another. tinygrad "
        "wrote them from the network's definition in Python. Press one to read its code."
    )
    needs_network = True

    def __init__(self, context: InspectContext) -> None:
        self._page, self._refresh = context.page, context.refresh
        self._program: Program | None = None
        self._table: tuple[Launch, ...] = ()
        self._times: list[dom.Element] = []
        self._task: asyncio.Task[None] | None = None

    def build(self, body: dom.Element) -> None:
        controls = dom.create("div", body, class_="controls")
        self._choice = Select(controls, "Program", ANSWERING | TRAINING, self._refresh, "kernels-program")
        self._button = Button(controls, "Measure times", self._begin, "kernels-measure")
        self._headline = dom.create("p", body, class_="headline", role="status", data_testid="kernels-headline")
        self._clock = dom.create("p", body, class_="note", role="status", data_testid="kernels-clock")
        view = dom.create("div", dom.create("div", body, class_="kernels-place"), class_="kernels-view")
        table = dom.create(
            "table", dom.create("div", view, class_="kernels-list"), class_="kernels", data_testid="kernels-table"
        )
        head = dom.create("tr", dom.create("thead", table))
        for title in COLUMNS:
            dom.create("th", head, text=title, scope="col")
        self._rows = dom.create("tbody", table)
        self._listener = dom.Listener(self._rows, "click", self._on_click)
        side = dom.create("div", view, class_="code-side")
        self._code_title = dom.create("p", side, class_="stage-title code-title", aria_live="polite")
        self._code = dom.create(
            "pre", side, class_="code", tabindex="0", role="region", aria_label="Code of the kernel"
        )
        self._code.hidden = True
        dom.create("p", body, class_="note", text=NOTE)
        self._page.lines.watchers.append(self._mark_line)

    async def update(self, state: ViewState) -> None:
        assert state.probe is not None
        try:
            program = await self._chosen(state.probe, self._choice.value)
        except ProgramError as error:
            self._show(None)
            self._headline.textContent = str(error)
            return
        if program is not self._program:
            self._show(program)

    async def _chosen(self, probe: Probe, name: str) -> Program:
        if name in TRAINING:
            return await self._page.training_program(name)
        if not probe.has_programs and name != "infer":
            raise ProgramError(NO_KERNELS)
        if probe.is_written and name != "infer" and not probe.is_ready(name):
            self._show(None)
            self._headline.textContent = COMPILES
        return (await probe.program(name)).program

    def _show(self, program: Program | None) -> None:
        self._program = program
        self._table = launches(program) if program else ()
        self._code.hidden, self._code_title.textContent = True, ""
        self._rows.textContent = self._clock.textContent = ""
        self._times = [self._row(i, launch) for i, launch in enumerate(self._table)]
        self._mark_line()
        self._button.enable(program is not None and self._task is None)
        if program is None:
            return
        device = self._page.device
        flops, nbytes = (sum(values) for values in zip(*((x.flops, x.nbytes) for x in self._table), strict=True))
        where = f", on {device.description}" if device and device.target == program.target else ""
        self._headline.textContent = (
            f"{len(self._table)} launches, {amount(flops)} operations, {amount(nbytes, 'B')} read or written{where}."
        )

    def _row(self, index: int, launch: Launch) -> dom.Element:
        """Add a row; returns the cell for its time. Phones show a row as a card, with the labels in `data_label`."""
        row = dom.create("tr", self._rows, data_lines=" ".join(map(str, launch.lines)))
        dom.create("td", row, text=str(index))
        dom.create("button", dom.create("td", row), text=launch.name, type="button", class_="link", data_row=str(index))
        shape = " \N{MULTIPLICATION SIGN} ".join(map(str, launch.writes.shape))
        part, writes, operations, nbytes, time = COLUMNS[2:]
        self._build_origin(dom.create("td", row, class_="origin", data_label=part), launch)
        dom.create("td", row, text=f"{launch.writes.name} ({shape})", data_label=writes)
        dom.create("td", row, text=amount(launch.flops), data_label=operations, data_value=str(launch.flops))
        dom.create("td", row, text=amount(launch.nbytes, "B"), data_label=nbytes, data_value=str(launch.nbytes))
        return dom.create("td", row, text=UNKNOWN, class_="time", data_label=time, data_testid=f"kernel-time-{index}")

    def _build_origin(self, cell: dom.Element, launch: Launch) -> None:
        """The tensor expressions that a launch computes; for a network that somebody wrote, its lines."""
        if not launch.lines:
            cell.textContent = launch.origin or UNKNOWN
            return
        dom.create("span", cell, text="line " if len(launch.lines) == 1 else "lines ")
        for line in launch.lines:
            dom.create("button", cell, text=str(line), type="button", class_="link", data_line=str(line))

    def _mark_line(self) -> None:
        """Mark the launches that come from the line of the cursor."""
        line = str(self._page.lines.line)
        for row in dom.select("tr", self._rows):
            row.classList.toggle("of-line", line in dom.data(row, "lines").split())

    def _on_click(self, event: dom.Event) -> None:
        button = dom.closest(event.target, "button")
        if button is None:
            return
        if button.hasAttribute("data-line"):
            self._page.lines.go_to(int(dom.data(button, "line")))
            return
        launch = self._table[int(dom.data(button, "row"))]
        reads = ", ".join(b.name for b in launch.reads) or "nothing"
        size = " by ".join(map(str, launch.workgroups))
        where = f", in {size} workgroups" if any(n > 1 for n in launch.workgroups) else ""
        self._code_title.textContent = f"{launch.name} reads {reads} and writes {launch.writes.name}{where}:"
        self._code.textContent = launch.code
        self._code.hidden = False
        self._code_title.scrollIntoView()

    def _begin(self) -> None:
        device = self._page.device
        if self._task is None and self._program is not None and device is not None:
            self._task = asyncio.ensure_future(self._measure(self._program, device))

    async def _measure(self, program: Program, device: Device) -> None:
        """Time the launches on buffers of their own: a training step changes the weights it works on."""
        self._button.enable(False)
        self._clock.textContent = "Measuring: each launch runs many times \N{HORIZONTAL ELLIPSIS}"
        try:
            if program.target != device.target:
                raise ProgramError("this program is for another engine than the one that answers now.")
            executable = await device.load(program)
            try:
                times = await executable.time_launches()
            finally:
                executable.destroy()
            if program is self._program:
                self._show_times(times)
        except FAULTS as error:
            self._clock.textContent = f"The times could not be measured: {error}"
        finally:
            self._task = None
            self._button.enable(self._program is not None)

    def _show_times(self, times: LaunchTimes) -> None:
        whole, is_bound = sum(times.ms), any(times.is_bound)
        for cell, ms, bounded in zip(self._times, times.ms, times.is_bound, strict=True):
            cell.textContent = short_time(ms, bounded)
            cell.dataset.value = f"{ms:.6f}"
            cell.style.setProperty("--share", f"{ms / whole if whole else 0:.3f}")
        self._clock.textContent = (
            f"{short_time(whole, is_bound)} for all launches together, measured {CLOCKS[times.clock]}. One launch is "
            "too short for any clock, so each was repeated many times."
        )
        self._clock.dataset.clock = times.clock
