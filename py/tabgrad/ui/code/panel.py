"""The tab Code: the editor with its buttons, and what stands below it. Owns the elements; `controller` decides."""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.interop import code_editor, dom
from tabgrad.interop import page as browser
from tabgrad.interop.files import fetch_bytes
from tabgrad.storage import keys

from ..compiler import Place, SourceProblem
from ..context import PageContext
from ..share import CopyLink
from ..tabs import BuildPanel
from ..widgets.controls import Button
from .console import Console
from .controller import RUN_LINKED, CodeController
from .helping import Helping
from .outcome import OutcomeView
from .state import CodeState

TITLE = "Networks in Python"
LEAD = (
    "Small networks, written with tinygrad, to read and to change. What you change is kept in this browser, beside the "
    "original."
)
LABEL = "Python source of the network"
KEYS = (
    "Tab indents. Press Escape, then Tab, to leave the editor. Control F, or Command F on a Mac, searches. F1 tells "
    "what the name at the cursor is."
)
AGAIN = "{} Open this tab again to try once more."


class CodePanel:
    """Builds itself in `place`, and has `below` build more there."""

    def __init__(self, page: PageContext, place: dom.Element, below: BuildPanel) -> None:
        self._page = page
        self._files = page.manifest["code"]
        self._editor: code_editor.CodeEditor | None = None
        self._linked = ""  # code of a link that waits for the editor
        self._visible = self._is_loading = False
        self._shown_options: tuple[object, object] = ({}, {})
        self._shown_problem: SourceProblem | None = None
        self._control = CodeController(
            page.kept,
            fetch=self._fetch,
            keep=lambda text: browser.keep_for_reload(keys.CODE_TAB, text),
            kept=browser.kept_for_reload(keys.CODE_TAB),
            render=self._render,
            compiler=page.compiler,
        )
        self._helping = Helping(page.compiler, lambda: self._control.state.unread)
        self._do = self._control.tasks.do
        self._build(place)
        self._console = Console(page, place, page.worker) if page.worker else None
        self._set_below_visible = below(place)
        page.erasers.append(self._control.erased)
        self._links = dom.on_page("hashchange", lambda _event: self._take_link())
        browser.on_leaving(self._control.leaving)
        browser.on_hidden(lambda: self._do(self._control.save()))

    def _build(self, place: dom.Element) -> None:
        root = dom.create("section", place, class_="code-panel", aria_labelledby="code-title")
        dom.create("h2", root, id="code-title", text=TITLE, class_="panel-title")
        dom.create("p", root, text=LEAD, class_="lead")
        bar = dom.create("div", root, class_="code-bar")
        label = dom.create("label", bar, class_="choice")
        dom.create("span", label, text="Network", class_="sr-only")
        self._select = dom.create("select", label, class_="select", data_testid="code-example")
        self._choices = dom.Listener(self._select, "change", lambda _event: self._choose())
        self._compile = self._train = self._cancel = None
        if self._control.state.can_compile:
            self._compile = Button(bar, "Compile", self._on_compile, "code-compile", "text-button")
            self._cancel = Button(bar, "Cancel", self._control.cancel, "code-cancel")
            self._train = Button(bar, "Train", lambda: self._do(self._control.train()), "code-train")
        self._reset = Button(bar, "Reset", lambda: self._do(self._control.reset()), "code-reset")
        share = dom.create("div", bar, class_="code-share", data_part="link")
        self._share = dom.create("button", share, text="Copy link", class_="quiet-button", data_testid="code-share")
        self._copy = CopyLink(share, self._link, self._control.say)
        self._download = Button(bar, "Download", self._on_download, "code-download")
        self._script = Button(bar, "As a script", self._on_script, "code-script")
        self._status = dom.create("p", root, class_="code-note", role="status", data_testid="code-status")
        self._host = dom.create(
            "div", root, class_="code-editor", data_testid="code-editor", data_label=LABEL, data_help=KEYS
        )
        self._error = dom.create("p", root, class_="code-error", role="alert", data_testid="code-error")
        self._presses = dom.Listener(self._error, "click", self._on_error_line)
        self._outcome = OutcomeView(root, self._page.lines)
        dom.create("p", root, text=KEYS, class_="code-note")
        for button in (self._reset.element, self._share, self._download.element, self._script.element):
            button.disabled = True

    async def _fetch(self, name: str) -> str:
        url = self._files["examples"].get(name)
        if url is None:
            raise OSError("This version of the page no longer has the original of this network.")
        return (await fetch_bytes(url)).decode()

    def set_visible(self, visible: bool) -> None:
        """The panel comes into view or leaves it. The editor is loaded when it is first seen."""
        self._visible = visible
        if visible:
            self._take_link()
            self._do(self._control.refresh() if self._editor else self._load())
        else:
            self._do(self._control.save())
        self._set_below_visible(visible)

    async def _load(self) -> None:
        if self._is_loading:
            return
        self._is_loading = True
        self._control.set_status("loading")
        self._control.say("Loading the editor \N{HORIZONTAL ELLIPSIS}")
        try:
            await code_editor.load(self._files["editor"])
        except OSError as error:
            self._control.fail(AGAIN.format(error))
            return
        finally:
            self._is_loading = False
        self._control.say("")
        editor = code_editor.CodeEditor(
            self._host,
            "",
            changed=self._control.changed,
            entered=self._on_enter,
            moved=self._on_move,
            focused=lambda: self._do(self._helping.focused()),
            asked=self._on_ask,
        )
        await self._control.begin(editor)
        self._editor = editor
        self._page.lines.source, self._page.lines.go_to = (lambda: editor.text), editor.go_to
        for button in (self._share, self._download.element, self._script.element):
            button.disabled = False
        await self._open_linked()

    # ---- Links

    def _take_link(self) -> None:
        """The address has code for the editor: take it out, so that a reload shows what the visitor made of it."""
        code = self._page.address.place.code
        if code and self._visible:
            self._linked = code
            self._page.address.set_tab("code")
            self._do(self._open_linked())

    async def _open_linked(self) -> None:
        if self._linked and self._editor is not None:
            code, self._linked = self._linked, ""
            await self._control.open_link(code)

    def _link(self) -> tuple[str, str]:
        packed, copied = self._control.packed()
        return self._page.address.link_with_code(packed), copied

    # ---- What the visitor does

    def _choose(self) -> None:
        self._do(self._control.choose(str(self._select.value)))

    def _on_compile(self) -> None:
        self._do(self._control.compile(pressed=True))

    def _on_enter(self) -> None:
        self._do(self._control.compile(pressed=False))

    def _on_move(self) -> None:
        if self._editor is not None:
            self._page.lines.moved(self._editor.line())

    def _on_ask(self, line: int, column: int, hover: bool, answer: Callable[[str], object]) -> None:
        source = self._editor.text if self._editor else ""
        self._do(self._helping.answer(Place(source, line, column), answer, hover=hover))

    def _on_download(self) -> None:
        name, content = self._control.file()
        browser.download(name, content, "text/x-python")

    def _on_script(self) -> None:
        if file := self._control.script(self._page.run_settings()):
            browser.download(*file, "text/x-python")

    def _on_error_line(self, event: dom.Event) -> None:
        if self._editor is not None and dom.closest(event.target, "button") is not None:
            self._editor.go_to(int(dom.data(self._error, "line")))

    # ---- Rendering

    def _render(self, state: CodeState) -> None:
        dom.root_dataset().code = state.status
        if (state.examples, state.copies) != self._shown_options:
            self._shown_options = (state.examples, state.copies)
            self._render_options(state)
        if state.chosen:
            self._select.value = state.chosen
        self._reset.enable(state.is_edited or state.can_undo_reset)
        self._reset.element.textContent = "Undo reset" if state.can_undo_reset else "Reset"
        if self._compile is not None and self._train is not None and self._cancel is not None:
            self._compile.element.textContent = RUN_LINKED if state.unread else "Compile"
            self._compile.enable(state.status not in ("none", "loading"))
            self._compile.element.hidden = state.status == "compiling"
            self._cancel.element.hidden = state.status != "compiling"
            self._train.enable(state.status in ("ready", "compiled") and not state.unread)
        if str(self._status.textContent) != state.message:
            self._status.textContent = state.message
        self._status.dataset.kind = "error" if state.is_error else ""
        self._outcome.show(state.compiled)
        if state.problem != self._shown_problem:
            self._shown_problem = state.problem
            self._render_problem(state.problem)

    def _render_options(self, state: CodeState) -> None:
        self._select.replaceChildren()
        for title, options in (("Examples", state.examples), ("Your edited copies", state.copies)):
            if options:
                group = dom.create("optgroup", self._select, label=title)
                for value, text in options.items():
                    dom.create("option", group, value=value, text=text)

    def _render_problem(self, problem: SourceProblem | None) -> None:
        self._error.replaceChildren()
        self._error.removeAttribute("data-line")
        if problem is None:
            return
        if problem.line:
            self._error.dataset.line = str(problem.line)
            dom.create("button", self._error, text=f"Line {problem.line}", type="button", class_="link")
        dom.create("span", self._error, text=f": {problem.message}" if problem.line else problem.message)
