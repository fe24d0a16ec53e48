// The parts of the page that cannot wait for Python: the theme, a pad that accepts ink from the first paint, and the
// download progress. Owns the page until tabgrad.ui.app calls `takeOver`, and nothing after that. Ink is a log of
// actions as plain data: {tool: "pen" | "eraser" | "clear", width, points: [x0, y0, x1, y1, …]}, in pad units.
// @ts-check

const page = document.documentElement;

/** @param {string} id @returns {any} */
const element = (id) => document.getElementById(id);

/** Pages in other folders of this host share its storage, so that all names begin with this folder's. */
const NAMES = `tabgrad:${new URL(".", document.baseURI).pathname}:`;
/** A stored text. Earlier versions stored it for all folders. @param {Storage} storage @param {string} key */
const stored = (storage, key) => storage.getItem(NAMES + key) ?? storage.getItem(key);

try {
  const theme = stored(localStorage, "theme");
  if (theme) page.dataset.theme = theme;
} catch {
  // Storage is disabled: use the system's theme.
}

// ---- Ink -----------------------------------------------------------------------------------------------------------

/** @typedef {{tool: string, width: number, points: number[]}} Action */

const canvas = /** @type {HTMLCanvasElement} */ (element("pad"));
const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
const [size, pen, eraser] = ["size", "pen", "eraser"].map((name) => Number(canvas.dataset[name]));
// A canvas paints nothing for a line of length zero. Each piece starts this far to the left, so that a dot is visible.
const DOT = 0.01;
/** @type {Action[]} */
let log = [];
/** @type {{pointer: number, type: string, action: Action} | null} */
let active = null;
const listening = new AbortController();

/** Draw an action, starting at its point number `from`. @param {Action} action @param {number} from */
function draw(action, from = 0) {
  if (action.tool === "clear") return context.clearRect(0, 0, size, size);
  const { points } = action;
  context.globalCompositeOperation = action.tool === "eraser" ? "destination-out" : "source-over";
  context.lineWidth = (action.tool === "eraser" ? 2 * eraser : pen) * action.width;
  context.beginPath();
  context.moveTo(points[2 * from] - DOT, points[2 * from + 1]);
  for (let i = 2 * from; i < points.length; i += 2) context.lineTo(points[i], points[i + 1]);
  context.stroke();
}

function redraw() {
  const scale = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
  canvas.width = canvas.height = scale;
  context.setTransform(scale / size, 0, 0, scale / size, 0, 0);
  context.lineCap = context.lineJoin = "round";
  context.strokeStyle = getComputedStyle(canvas).color;
  for (const action of log) draw(action);
}

/** @param {PointerEvent} event */
function extend(event) {
  if (!active || event.pointerId !== active.pointer) return;
  const box = canvas.getBoundingClientRect();
  const { points } = active.action;
  const known = points.length / 2;
  const events = event.getCoalescedEvents?.() ?? [];
  for (const { clientX, clientY } of events.length ? events : [event])
    points.push(((clientX - box.x) / box.width) * size, ((clientY - box.y) / box.height) * size);
  draw(active.action, Math.max(0, known - 1));
}

/**
 * Whether the stroke that is being drawn, if there is one, ends for this press: a pen takes the place of a palm, and a
 * second finger means a pinch, in which neither of the two draws. @param {PointerEvent} event
 */
function makesWay(event) {
  if (!active) return event.isPrimary || event.pointerType !== "touch";
  if (active.type !== "touch" || !["touch", "pen"].includes(event.pointerType)) return false;
  log.splice(log.indexOf(active.action), 1);
  active = null;
  redraw();
  showTools();
  return event.pointerType === "pen";
}

/** @param {PointerEvent} event */
function press(event) {
  if (event.button !== 0 || !makesWay(event)) return;
  getSelection()?.removeAllRanges(); // a press on selected text would drag the text
  canvas.focus({ preventScroll: true });
  try {
    canvas.setPointerCapture(event.pointerId);
  } catch {
    // The pointer is already gone, or a script created the event. Without capture, the stroke ends at the pad's edge.
  }
  const tool = /** @type {HTMLElement} */ (document.querySelector("[data-tool][aria-pressed=true]")).dataset.tool;
  active = { pointer: event.pointerId, type: event.pointerType, action: { tool: tool ?? "pen", width: Number(element("brush").value), points: [] } };
  log.push(active.action);
  extend(event);
  showTools();
}

/** @param {PointerEvent} event */
function release(event) {
  if (event.pointerId !== active?.pointer) return;
  active = null;
  redraw(); // replaces the pieces by one smooth line
  keepInk();
}

function showTools() {
  canvas.parentElement?.toggleAttribute("data-inked", log.length > 0);
  for (const name of ["undo", "clear"])
    /** @type {any} */ (document.querySelector(`[data-action=${name}]`)).disabled = !log.length;
}

/** @param {MouseEvent} event */
function useTool(event) {
  const button = /** @type {HTMLElement} */ (event.target).closest("button");
  if (!button || active) return;
  if (button.dataset.tool)
    for (const other of document.querySelectorAll("[data-tool]")) other.setAttribute("aria-pressed", String(other === button));
  if (button.dataset.action === "undo") log.pop();
  if (button.dataset.action === "clear") log.push({ tool: "clear", width: 1, points: [] });
  redraw();
  showTools();
  keepInk();
}

const { signal } = listening;
canvas.addEventListener("pointerdown", press, { signal });
canvas.addEventListener("pointermove", extend, { signal });
// What browsers do with a press by themselves: drag selected text, select, open a menu after a long one.
for (const name of ["mousedown", "dragstart", "selectstart", "contextmenu"])
  canvas.addEventListener(name, (event) => event.preventDefault(), { signal });
for (const end of ["pointerup", "pointercancel"])
  canvas.addEventListener(end, (event) => release(/** @type {PointerEvent} */ (event)), { signal });
element("draw").addEventListener("click", useTool, { signal });
const resizing = new ResizeObserver(redraw);
resizing.observe(canvas);

// Keep the drawing if the page is reloaded before Python has it, as a message asks for when the boot fails. Later, Python
// keeps it (ui/pad/ink_log.py).
const SAVED = "tabgrad.ink";
function keepInk() {
  try {
    sessionStorage.setItem(NAMES + SAVED, JSON.stringify(log));
  } catch {
    // No storage: the drawing is lost with the page.
  }
}
addEventListener("pagehide", keepInk, { signal });
document.addEventListener("visibilitychange", keepInk, { signal }); // a phone may end a page that is hidden
/** Whether a stored value is an action: the tab's storage may hold anything. @param {any} value */
const isAction = (value) =>
  ["pen", "eraser", "cells", "clear"].includes(value?.tool) &&
  Number.isFinite(value.width) &&
  Array.isArray(value.points) &&
  value.points.length % 2 === 0 &&
  value.points.every(Number.isFinite);
try {
  const saved = JSON.parse(stored(sessionStorage, SAVED) ?? "[]");
  sessionStorage.removeItem(SAVED); // of an earlier version: it is kept under this folder's name from now on
  log = Array.isArray(saved) ? saved.filter(isAction) : [];
} catch {
  // No storage, or no usable drawing in it: start with an empty pad.
}
redraw();
showTools();

// ---- Download ------------------------------------------------------------------------------------------------------

const { sizes, pyodide, python } = JSON.parse(element("manifest").textContent);
const total = Object.values(sizes).reduce((sum, bytes) => sum + bytes, 0);
/** Whether Python cannot run without this file. @param {string} url */
const isVital = (url) => url.startsWith(pyodide.index_url) || url === python.tabgrad;
const browserFetch = window.fetch;
/** Downloads that start here, before PyScript asks for them. @type {Map<string, Promise<Response>>} */
const early = new Map();
let loaded = 0;
let shown = 0;
/** Nothing has come for so long: the visitor is told what to do. Milliseconds. */
const STALLED_MS = 20_000;
let stalled = setTimeout(sayStalled, STALLED_MS);

function sayStalled() {
  if (page.dataset.app !== "booting") return;
  element("status").textContent =
    "Python is slow to start here. If nothing happens, check the connection and reload the page; your drawing is kept.";
}

/** @param {number} bytes */
function count(bytes) {
  loaded += bytes;
  clearTimeout(stalled);
  stalled = setTimeout(sayStalled, STALLED_MS);
  const now = performance.now();
  if (page.dataset.app !== "booting" || (now - shown < 60 && loaded < total)) return;
  shown = now;
  const share = Math.min(1, loaded / total);
  const bar = element("boot-bar");
  bar.setAttribute("aria-valuenow", String(Math.round(share * 100)));
  bar.firstElementChild.style.setProperty("--progress", String(share));
  element("boot-bytes").textContent = `${(Math.min(loaded, total) / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`;
}

/**
 * Say what happened; the page and the ink stay as they are.
 * @param {string} what the cause, in a few words @param {string} advice what the visitor can do
 */
function fail(what, advice = "Check the connection and reload the page; your drawing is kept.") {
  if (page.dataset.app !== "booting") return;
  const wayOut = origin === "null" ? "This frame keeps the page from its own files: open the page in a tab of its own." : advice;
  const sentence = `Python could not be loaded (${what}). ${wayOut}`;
  page.dataset.app = "failed";
  page.dataset.error = sentence;
  try {
    sessionStorage.setItem(NAMES + FAILED, "yes");
  } catch {
    // No storage: the next boot is like this one.
  }
  element("status").dataset.kind = "error";
  element("status").textContent = sentence;
  element("boot-bytes").textContent = "";
  element("verdict-title").textContent = "No answer";
  element("verdict-note").textContent = "The network cannot answer without Python.";
}

/**
 * Count a response's bytes as they arrive. Reads a clone and returns the original, because the browser caches compiled
 * WebAssembly only for an original network response. @param {string} url @param {Response} response
 */
function watch(url, response) {
  if (!response.ok && isVital(url)) fail(`${url.split("/").pop()}: status ${response.status}`);
  const write = (/** @type {Uint8Array} */ chunk) => count(chunk.byteLength);
  response.clone().body?.pipeTo(new WritableStream({ write })).catch(() => {}); // the original reports it
  return response;
}

/** The last boot in this tab failed: what the browser's cache has may be a portal's page. */
const FAILED = "tabgrad.failed";
let cache = /** @type {RequestCache} */ ("default");
try {
  if (sessionStorage.getItem(NAMES + FAILED)) cache = "reload";
  sessionStorage.removeItem(NAMES + FAILED);
} catch {
  // No storage: the cache is trusted.
}

for (const url of Object.keys(sizes)) {
  const isModule = /\.m?js$/.test(url); // the browser fetches modules itself; the observer below counts them
  if (isModule && cache === "reload") browserFetch(url, { cache }).catch(() => {}); // for the next boot, if this one fails
  if (isModule) continue;
  const response = browserFetch(url, { cache }).then((answer) => watch(url, answer));
  response.catch((error) => isVital(url) && fail(`${url.split("/").pop()}: ${error.message}`));
  early.set(new URL(url, document.baseURI).href, response);
}

window.fetch = (input, init) => {
  const url = new URL(input instanceof Request ? input.url : String(input), document.baseURI).href;
  const response = early.get(url);
  early.delete(url);
  return response ?? browserFetch(input, init);
};

const modules = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const path = entry.name.slice(new URL(".", document.baseURI).href.length);
    if (/\.m?js$/.test(path) && path in sizes) count(sizes[path]);
  }
});
modules.observe({ type: "resource", buffered: true });

// Only what comes from our own files counts: a browser's extensions run scripts in this page, too, and theirs fail.
const home = new URL(".", document.baseURI).href;

/** @param {ErrorEvent} event */
function onError(event) {
  const { target } = event;
  if (target instanceof HTMLScriptElement && target.src.startsWith(home)) fail(`${target.src.split("/").pop()} was not downloaded`);
}
addEventListener("error", onError, { capture: true, signal });

/** @param {PromiseRejectionEvent} event */
function onRejection({ reason }) {
  if (String(reason?.stack).includes(home)) fail(String(reason.message ?? reason).split("\n")[0]);
}
addEventListener("unhandledrejection", onRejection, { signal });
if (typeof WebAssembly === "undefined") fail("this browser has no WebAssembly", "Another browser, or another setting of this one, may have it.");

// The site's host may forbid what Python needs with a policy of its own.
addEventListener(
  "securitypolicyviolation",
  ({ effectiveDirective, blockedURI, disposition }) => {
    if (disposition !== "enforce" || !effectiveDirective.startsWith("script-src")) return;
    if (["eval", "wasm-eval"].includes(blockedURI)) fail("this site’s host forbids it", "Its security policy has to allow 'wasm-unsafe-eval' and 'unsafe-eval'.");
  },
  { signal },
);

// Chromium starts no module worker in a frame with the attribute `sandbox`. PyScript's text also runs as a classic one.
if (origin === "null")
  window.Worker = class extends Worker {
    /** @param {string | URL} url @param {WorkerOptions} [options] */
    constructor(url, options) {
      super(url, { ...options, type: "classic" });
    }
  };

// ---- Hand over -----------------------------------------------------------------------------------------------------

Reflect.set(window, "tabgradBoot", {
  fail,
  /** Stop listening, and return the ink so far and the pointer that is drawing (or -1) as JSON. */
  takeOver() {
    keepInk();
    listening.abort();
    resizing.disconnect();
    modules.disconnect();
    window.fetch = browserFetch;
    return JSON.stringify({ log, pointer: active?.pointer ?? -1 });
  },
});
