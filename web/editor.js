// The code editor: CodeMirror in a shadow root, with what Python on this page needs of it. Owns what is typed, its undo
// history and its colours; decides nothing. The build bundles it with CodeMirror (scripts/sitebuild/editor.py), and the
// page loads it when the tab Code is first shown (tabgrad.interop.code_editor).
//
// CodeMirror makes its styles at run time. In a shadow root they are an adopted style sheet, which the page's policy
// allows; in a document they would be an inline one. https://github.com/marijnh/style-mod

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, ifNotIn } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyField, historyKeymap, indentWithTab, isolateHistory } from "@codemirror/commands";
import { globalCompletion, localCompletionSource, python } from "@codemirror/lang-python";
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting, syntaxTree } from "@codemirror/language";
import { search, searchKeymap } from "@codemirror/search";
import { EditorSelection, EditorState, MapMode, Prec, RangeSet, StateEffect, StateField } from "@codemirror/state";
import {
  activateHover, closeHoverTooltips, Decoration, EditorView, gutterLineClass, GutterMarker, hasHoverTooltips, highlightActiveLine,
  highlightSpecialChars, hoverTooltip, keymap, lineNumbers, ViewPlugin,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** @typedef {{line: number, message: string}} Problem `line` counts from 1; 0 is no line of the text. */

/** @typedef {import("@codemirror/view").Rect} Rect */
/** @typedef {{label: string, kind: string, detail: string, info: string}} Option What can be typed. */
/** @typedef {{options: Option[], signature: string, doc: string}} Assistance Nothing of it if there is none. */
/**
 * Ask Python, about a place: its line from 1 on, and the characters before it in the line. With `hover`, what the name
 * there is; else what can be typed there. `answer` is called once, with an Assistance as JSON.
 * @typedef {(line: number, column: number, hover: boolean, answer: (text: string) => void) => void} Ask
 */

/** Once Escape is pressed, Tab leaves the editor, however late it is pressed. Milliseconds. */
const FOR_EVER = 1e12;
/** Wrapped lines are indented by at most this. Characters. */
const MAX_INDENT = 16;
/** What is told of a completion is no wider. Pixels. */
const INFO_WIDTH = 400;
/** Half of a character cannot be encoded: pasted text may have it. */
const HALF_CHARACTERS = /\p{Surrogate}/gu;

// ---- Colours: variables of the page, which a shadow root inherits, so that light and dark need nothing here ---------

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier, tags.self], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: [tags.comment, tags.docString], color: "var(--code-comment)" },
  { tag: [tags.definition(tags.className), tags.function(tags.definition(tags.variableName))], color: "var(--code-name)", fontWeight: "600" },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.meta], color: "var(--code-call)" },
]);

const FONT = "var(--code-font, ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace)";
const looks = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--code-paper)", fontSize: "var(--code-size)", borderRadius: "0.75rem", height: "100%" },
  "&.cm-focused": { outline: "2px solid var(--muted)", outlineOffset: "-1px" }, // around so much, the accent is an alarm
  ".cm-scroller": { fontFamily: FONT, lineHeight: "1.55", overflow: "auto", borderRadius: "inherit" },
  ".cm-content": { caretColor: "var(--ink)", padding: "0.5rem 0" },
  ".cm-line": { padding: "0 0.5rem 0 calc(0.5rem + var(--indent, 0ch) + 2ch)", textIndent: "calc(-1 * (var(--indent, 0ch) + 2ch))" },
  ".cm-lead": { whiteSpace: "pre" }, // no line is broken right after its indentation
  // Classes: a browser that splits a line by itself copies its style, and the page's policy forbids that.
  ...Object.fromEntries(Array.from({ length: MAX_INDENT }, (_, i) => [`.cm-indent-${i + 1}`, { "--indent": `${i + 1}ch` }])),
  ".cm-activeLine": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine": { backgroundColor: "var(--code-line)" },
  ".cm-gutters": { color: "var(--muted)", backgroundColor: "var(--code-paper)", borderRight: "1px solid var(--line)" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 0.375rem 0 1.125rem", minWidth: "2.5rem" },
  "@media (max-width: 40rem)": { ".cm-lineNumbers .cm-gutterElement": { paddingRight: "0.25rem", paddingLeft: "0.75rem", minWidth: "0" } },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "transparent", outline: "1px solid var(--muted)" },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "transparent", outline: "1px solid var(--danger)" },
  ".cm-specialChar": { color: "var(--danger)" },
  ".cm-problem": { textDecoration: "underline wavy var(--danger)", textUnderlineOffset: "0.25em", textDecorationSkipInk: "none" },
  ".cm-problemNumber": { position: "relative", color: "var(--danger)", fontWeight: "700" },
  ".cm-problemNumber::before": { content: "'\\25cf'", position: "absolute", left: "0.25rem" },
  // Search
  ".cm-panels": { color: "var(--ink)", backgroundColor: "var(--card)", zIndex: "1" },
  ".cm-panels-top": { borderBottom: "1px solid var(--line)", borderRadius: "inherit" },
  ".cm-panel.cm-search": { padding: "0.5rem 2.75rem 0.5rem 0.75rem" },
  ".cm-panel.cm-search :is(input, button)": { fontFamily: "inherit", boxSizing: "border-box" },
  ".cm-panel.cm-search :focus-visible": { outline: "2px solid var(--accent)", outlineOffset: "1px" },
  ".cm-panel.cm-search label": { fontSize: "0.9375rem", display: "inline-flex", alignItems: "center", gap: "0.25rem", minHeight: "2.5rem" },
  ".cm-panel.cm-search [name=close]": { top: "0.25rem", right: "0.25rem", width: "2.5rem", height: "2.5rem", color: "inherit", fontSize: "1.25rem", cursor: "pointer" },
  ".cm-panel.cm-search .cm-textfield": { height: "2.5rem", minWidth: "0", width: "11rem", fontSize: "1rem", color: "inherit", backgroundColor: "var(--sheet)", border: "1px solid var(--muted)", borderRadius: "0.375rem" },
  ".cm-panel.cm-search .cm-button": { height: "2.5rem", fontSize: "0.9375rem", color: "inherit", backgroundImage: "none", backgroundColor: "transparent", border: "1px solid var(--muted)", borderRadius: "0.375rem", cursor: "pointer" },
  ".cm-searchMatch": { backgroundColor: "transparent", outline: "1px solid var(--code-name)" },
  ".cm-searchMatch.cm-searchMatch-selected": { backgroundColor: "var(--code-selected)", outline: "2px solid var(--code-name)" },
  // Completion
  ".cm-tooltip": { color: "var(--ink)", backgroundColor: "var(--card)", border: "1px solid var(--muted)", borderRadius: "0.375rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: FONT, maxHeight: "none", maxWidth: "min(32rem, 90vw)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "0.25rem 0.5rem" },
  "@media (pointer: coarse)": { ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "0.5rem" } },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { color: "var(--paper)", backgroundColor: "var(--ink)" },
  ".cm-completionDetail": { color: "inherit" },
  ".cm-tooltip.cm-completionInfo": { padding: "0.375rem 0.5rem" },
  ".cm-hint": { maxWidth: "min(34rem, 90vw)", padding: "0.375rem 0.5rem", fontSize: "0.9375rem" },
  ".cm-hint p": { margin: "0" },
  ".cm-hint p:first-child": { fontFamily: FONT, overflowWrap: "anywhere" },
});

// ---- Wrapped lines: they go on behind where their text begins, which Python's meaning depends on --------------------

const lead = Decoration.mark({ class: "cm-lead" });

/** @param {EditorView} view */
function indentsOf({ state: { doc }, visibleRanges }) {
  const found = [];
  for (const range of visibleRanges)
    for (let line = doc.lineAt(range.from); ; line = doc.line(line.number + 1)) {
      const width = line.length - line.text.trimStart().length;
      if (width) found.push(Decoration.line({ class: `cm-indent-${Math.min(width, MAX_INDENT)}` }).range(line.from), lead.range(line.from, line.from + width));
      if (line.to >= range.to || line.number === doc.lines) break;
    }
  return Decoration.set(found, true);
}

const indents = ViewPlugin.fromClass(
  class {
    /** @param {EditorView} view */
    constructor(view) {
      this.decorations = indentsOf(view);
    }
    /** @param {import("@codemirror/view").ViewUpdate} update */
    update({ docChanged, viewportChanged, view }) {
      if (docChanged || viewportChanged) this.decorations = indentsOf(view);
    }
  },
  { decorations: ({ decorations }) => decorations },
);

// ---- Problems: at their lines, which move with the text -------------------------------------------------------------

/** @type {import("@codemirror/state").StateEffectType<readonly Problem[]>} */
const showProblems = StateEffect.define();
const underline = Decoration.mark({ class: "cm-problem" });
const mark = new (class extends GutterMarker {
  elementClass = "cm-problemNumber";
})();

/** Where the text of a line begins: it moves along when a line is put before it. @param {import("@codemirror/state").Line} line */
const firstLetter = ({ from, length, text }) => from + length - text.trimStart().length;

/**
 * Where the problems are: a position in each of their lines. A line that is edited or deleted has its problem no more.
 * @type {StateField<readonly number[]>}
 */
const problems = StateField.define({
  create: () => /** @type {readonly number[]} */ ([]),
  update(positions, { changes, docChanged, effects, newDoc, startState }) {
    let moved = positions;
    if (docChanged)
      moved = positions.flatMap((at) => {
        const now = changes.mapPos(at, 1, MapMode.TrackDel);
        return now !== null && newDoc.lineAt(now).text === startState.doc.lineAt(at).text ? [now] : [];
      });
    for (const effect of effects)
      if (effect.is(showProblems))
        moved = effect.value.filter(({ line }) => line >= 1 && line <= newDoc.lines).map(({ line }) => firstLetter(newDoc.line(line)));
    return moved;
  },
});

/** The lines that have problems, each once and in order. @param {EditorState} state */
const problemLines = (state) =>
  [...new Set(state.field(problems).map((at) => state.doc.lineAt(at).number))].sort((a, b) => a - b).map((n) => state.doc.line(n));

const problemMarks = [
  problems,
  gutterLineClass.compute([problems, "doc"], (state) => RangeSet.of(problemLines(state).map(({ from }) => mark.range(from)))),
  EditorView.decorations.compute([problems, "doc"], (state) => {
    const lines = problemLines(state).filter(({ text }) => text.trim());
    return Decoration.set(lines.map((line) => underline.range(firstLetter(line), line.to)));
  }),
];

// ---- Help from Python: what can be typed, and what a name is --------------------------------------------------------

/** Where a name is nothing that Python could tell about. */
const NO_CODE = ["String", "FormatString", "Comment", "Number"];
/** A new name comes next. */
const NAMES = /\b(def|class|as)\s+$/u;

/** @param {Ask} ask @param {EditorState} state @param {number} at @param {boolean} hover @returns {Promise<Assistance>} */
async function assistance(ask, state, at, hover) {
  const line = state.doc.lineAt(at);
  const column = [...line.text.slice(0, at - line.from)].length; // Python counts an emoji as one
  return JSON.parse(await new Promise((answer) => ask(line.number, column, hover, answer)));
}

/** What Python knows; without an answer, what the text has. @param {Ask} ask */
function completion(ask) {
  return ifNotIn(NO_CODE, async (context) => {
    const word = context.matchBefore(/[\p{L}_][\p{L}\p{N}_]*/u);
    const from = word?.from ?? context.pos;
    const before = context.state.doc.lineAt(from).text.slice(0, from - context.state.doc.lineAt(from).from);
    if (NAMES.test(before) || !(word || before.endsWith(".") || context.explicit)) return null;
    const { options } = await assistance(ask, context.state, context.pos, false);
    if (!options.length) {
      const found = [localCompletionSource, globalCompletion].map((source) => source(context));
      const results = (await Promise.all(found)).filter((result) => result !== null);
      return results.length ? { ...results[0], options: results.flatMap((result) => result.options) } : null;
    }
    const first = word?.text[0].toLowerCase() ?? "";
    return {
      from,
      options: options.map(({ label, kind, detail, info }) => ({ label, type: kind, detail, info: info || undefined })),
      // Python told the names with this first letter, and private ones only if it is an underscore.
      validFor: (text) => /^[\p{L}\p{N}_]*$/u.test(text) && (first ? text.toLowerCase().startsWith(first) : !text.startsWith("_")),
    };
  });
}

/**
 * Where what is told of a completion stands: to the right of the list, or else below it, and never over what is to the
 * left of the editor.
 * @param {EditorView} _view @param {Rect} list @param {Rect} option @param {Rect} info @param {Rect} space
 */
function positionInfo(_view, list, option, info, space) {
  const right = space.right - list.right;
  if (right > INFO_WIDTH / 2) return { style: `left: 100%; top: ${option.top - list.top}px; max-width: ${Math.min(right, INFO_WIDTH)}px` };
  const fits = list.bottom + info.bottom - info.top <= space.bottom;
  return { style: fits ? `left: -1px; top: 100%; max-width: ${Math.min(space.right - list.left, INFO_WIDTH)}px` : "display: none" };
}

/** A tooltip about a name under the mouse, or at the cursor when a key is pressed. @param {Ask} ask */
function hints(ask) {
  let isAloud = false;
  /** @param {EditorView} view @param {string} sentence */
  const say = (view, sentence) => view.dispatch({ effects: EditorView.announce.of(sentence) });
  const tooltip = hoverTooltip(
    async (view, at, side) => {
      const [aloud, { state }] = [isAloud, view];
      isAloud = false;
      const word = state.wordAt(at);
      if (!word || NO_CODE.includes(syntaxTree(state).resolveInner(at, side).name)) return null;
      const { signature, doc } = await assistance(ask, state, word.from, true);
      if (view.state.doc !== state.doc) return null;
      if (aloud) setTimeout(() => say(view, signature ? `${signature}. ${doc}` : "Nothing is known about this name."));
      return signature ? { pos: word.from, end: word.to, above: true, create: () => ({ dom: hint(signature, doc) }) } : null;
    },
    { hideOnChange: true },
  );
  /** @param {EditorView} view */
  const describe = (view) => {
    const { head } = view.state.selection.main;
    isAloud = true;
    activateHover(view, head, view.state.wordAt(head)?.to === head ? -1 : 1, { until: (change) => change.docChanged || !!change.selection });
    return true;
  };
  const keys = ["Mod-i", "F1"].map((key) => ({ key, run: describe }));
  return [tooltip, Prec.high(keymap.of(keys))];
}

/** @param {string} signature @param {string} doc */
function hint(signature, doc) {
  const dom = document.createElement("div");
  dom.className = "cm-hint";
  for (const text of [signature, doc].filter(Boolean)) dom.appendChild(document.createElement("p")).textContent = text;
  return dom;
}

// ---- The editor -----------------------------------------------------------------------------------------------------

/**
 * An editor in a shadow root of `host`, whose attribute `data-label` names it and `data-help` says how to leave it.
 * @param {HTMLElement} host an empty element that had no editor before
 * @param {string} doc the text to begin with
 * @param {() => void} onChange called after every change of the text
 * @param {() => void} onCompile called when Control Enter or Command Enter is pressed
 * @param {() => void} onMove called when the cursor has moved
 * @param {() => void} [onFocus] called when the editor gets the focus
 * @param {Ask} [onAsk] helps with what is typed; without it, the text alone does
 */
export function make(host, doc, onChange, onCompile, onMove, onFocus, onAsk) {
  const root = host.attachShadow({ mode: "open" });
  // What describes a text field has to be in its own tree; this is read out, and shown by the page elsewhere.
  const [help, said] = ["help", "problems"].map((id) => {
    const element = document.createElement("p");
    element.id = id;
    element.hidden = true;
    root.append(element);
    return element;
  });
  help.textContent = host.dataset.help ?? "";

  let frame = 0;
  /** Bars of the page hide what is at the edges of the window: the cursor must not be there. @param {EditorView} view */
  function comeOut(view) {
    cancelAnimationFrame(frame);
    // In the first frame CodeMirror scrolls by itself, as far as it knows.
    frame = requestAnimationFrame(() => (frame = requestAnimationFrame(scroll)));
    function scroll() {
      const cursor = view.hasFocus && view.coordsAtPos(view.state.selection.main.head);
      if (!cursor) return;
      const margins = getComputedStyle(host);
      const first = parseFloat(margins.scrollMarginTop);
      const last = (window.visualViewport?.height ?? innerHeight) - parseFloat(margins.scrollMarginBottom);
      if (cursor.bottom > last) scrollBy(0, cursor.bottom - last);
      else if (cursor.top < first) scrollBy(0, cursor.top - first);
    }
  }
  const compile = () => {
    onCompile();
    return true; // and no line is inserted
  };
  /** Tab indents, so that there has to be a way out with the keyboard. @param {EditorView} view */
  const leaveWithTab = (view) => {
    view.setTabFocusMode(FOR_EVER);
    if (hasHoverTooltips(view.state)) view.dispatch({ effects: closeHoverTooltips });
    return false;
  };
  const extensions = [
    Prec.highest(keymap.of([{ key: "Mod-Enter", run: compile }, { key: "Ctrl-Enter", run: compile }, { key: "Escape", run: leaveWithTab }])),
    // CodeMirror itself would wait only two seconds for the Tab: the last to handle Escape keeps it from that.
    Prec.lowest(keymap.of([{ key: "Escape", run: () => true }])),
    lineNumbers(),
    highlightSpecialChars(),
    highlightActiveLine(),
    history(),
    python(),
    indentUnit.of("    "),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    autocompletion({ icons: false, maxRenderedOptions: 8, positionInfo, override: onAsk ? [completion(onAsk)] : null }),
    onAsk ? hints(onAsk) : [],
    search({ top: true }),
    keymap.of([...closeBracketsKeymap, ...completionKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab]),
    indents,
    problemMarks,
    syntaxHighlighting(colours),
    looks,
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({
      "aria-label": host.dataset.label ?? "Code",
      "aria-describedby": "help problems",
      tabindex: "0", // which it has without it, too, but tools that check the page do not know that
      spellcheck: "false",
      autocapitalize: "off",
      autocorrect: "off",
    }),
    EditorView.domEventHandlers({
      focus(_event, view) {
        view.setTabFocusMode(false);
        onFocus?.();
      },
    }),
    EditorView.updateListener.of(({ docChanged, selectionSet, view }) => {
      if (docChanged) onChange();
      if (docChanged || selectionSet) comeOut(view);
      if (selectionSet) onMove();
    }),
  ];
  const view = new EditorView({ state: EditorState.create({ doc, extensions }), root });
  root.prepend(view.dom);
  // The page has keys of its own, such as undo for the drawing.
  const keep = (/** @type {Event} */ event) => event.stopPropagation();
  root.addEventListener("keydown", keep);

  /** @param {string} text */
  function replace(text) {
    view.dispatch({
      changes: { from: 0, to: view.state.doc.length, insert: text },
      selection: EditorSelection.cursor(0),
      annotations: isolateHistory.of("full"),
      scrollIntoView: true,
    });
  }

  return {
    get: () => view.state.doc.toString().replace(HALF_CHARACTERS, "\ufffd"),
    /** Begin with another text: there is nothing to undo. @param {string} text */
    open(text) {
      view.setState(EditorState.create({ doc: text, extensions }));
      said.textContent = "";
    },
    /** Change all of the text, in one step of the undo history. */
    replace,
    /** The text, the cursor and the undo history. */
    save: () => JSON.stringify(view.state.toJSON({ history: historyField })),
    /** Go on from what `save` returned; false if that is damaged. @param {string} saved */
    restore(saved) {
      try {
        view.setState(EditorState.fromJSON(JSON.parse(saved), { extensions }, { history: historyField }));
      } catch {
        return false;
      }
      said.textContent = "";
      return true;
    },
    /** Show problems at their lines, in the place of earlier ones. @param {readonly Problem[]} found */
    setErrors(found) {
      view.dispatch({ effects: showProblems.of(found) });
      said.textContent = found.map(({ message }) => message).join(" ");
    },
    /** Where those problems are by now: the numbers of their lines. */
    errorLines: () => problemLines(view.state).map(({ number }) => number),
    /** The number of the line with the cursor. */
    lineAt: () => view.state.doc.lineAt(view.state.selection.main.head).number,
    /** Put the cursor into a line, and the focus into the editor. @param {number} line */
    goTo(line) {
      const number = Math.min(Math.max(1, line), view.state.doc.lines);
      view.dispatch({ selection: EditorSelection.cursor(view.state.doc.line(number).from), scrollIntoView: true });
      view.focus();
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
