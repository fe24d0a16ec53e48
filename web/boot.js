// What must not wait for Python: the theme, a pad that takes ink from the first paint, and the progress of the download.
// Owns the page until tabgrad.ui.app calls `takeOver`, and nothing after it. Ink is a log of actions, as plain data:
// {tool: "pen" | "eraser" | "clear", width, points: [x0, y0, x1, y1, …]} in pad units.
// @ts-check

const page = document.documentElement;

/** @param {string} id @returns {any} */
const element = (id) => document.getElementById(id);

try {
  const theme = localStorage.getItem("theme");
  if (theme) page.dataset.theme = theme;
} catch {
  // Storage is switched off: the system's theme it is.
}

// ---- Ink -----------------------------------------------------------------------------------------------------------

/** @typedef {{tool: string, width: number, points: number[]}} Action */

const canvas = /** @type {HTMLCanvasElement} */ (element("pad"));
const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
const [size, pen, eraser] = ["size", "pen", "eraser"].map((name) => Number(canvas.dataset[name]));
// A line of no length is not painted, not even its round ends: so that a dot is one, each piece starts this much aside.
const DOT = 0.01;
/** @type {Action[]} */
let log = [];
/** @type {{pointer: number, action: Action} | null} */
let active = null;
const listening = new AbortController();

/** Draw an action from its point number `from` on. @param {Action} action @param {number} from */
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

/** @param {PointerEvent} event */
function press(event) {
  if (active || event.button !== 0) return;
  try {
    canvas.setPointerCapture(event.pointerId);
  } catch {
    // The pointer is gone already, or a script made it up: the stroke then ends at the edge.
  }
  const tool = /** @type {HTMLElement} */ (document.querySelector("[data-tool][aria-pressed=true]")).dataset.tool;
  active = { pointer: event.pointerId, action: { tool: tool ?? "pen", width: Number(element("brush").value), points: [] } };
  log.push(active.action);
  extend(event);
  showTools();
}

/** @param {PointerEvent} event */
function release(event) {
  if (event.pointerId !== active?.pointer) return;
  active = null;
  redraw(); // one smooth line in place of its pieces
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
}

const { signal } = listening;
canvas.addEventListener("pointerdown", press, { signal });
canvas.addEventListener("pointermove", extend, { signal });
for (const end of ["pointerup", "pointercancel"])
  canvas.addEventListener(end, (event) => release(/** @type {PointerEvent} */ (event)), { signal });
element("draw").addEventListener("click", useTool, { signal });
const resizing = new ResizeObserver(redraw);
resizing.observe(canvas);

// A boot that failed must not cost the drawing: it comes back with the reload that the message asks for.
const SAVED = "tabgrad.ink";
addEventListener("pagehide", () => {
  if (page.dataset.app === "failed") sessionStorage.setItem(SAVED, JSON.stringify(log));
});
try {
  log = JSON.parse(sessionStorage.getItem(SAVED) ?? "[]");
  sessionStorage.removeItem(SAVED);
} catch {
  // No storage, or nothing usable in it: an empty pad.
}
redraw();
showTools();

// ---- Download ------------------------------------------------------------------------------------------------------

const { sizes, pyodide, python } = JSON.parse(element("manifest").textContent);
const total = Object.values(sizes).reduce((sum, bytes) => sum + bytes, 0);
/** What is missing without these is Python itself. @param {string} url */
const isVital = (url) => url.startsWith(pyodide.index_url) || url === python.tabgrad;
const browserFetch = window.fetch;
/** Downloads begun here, before anybody asked for them. @type {Map<string, Promise<Response>>} */
const early = new Map();
let loaded = 0;
let shown = 0;

/** @param {number} bytes */
function count(bytes) {
  loaded += bytes;
  const now = performance.now();
  if (page.dataset.app !== "booting" || (now - shown < 60 && loaded < total)) return;
  shown = now;
  const share = Math.min(1, loaded / total);
  const bar = element("boot-bar");
  bar.setAttribute("aria-valuenow", String(Math.round(share * 100)));
  bar.firstElementChild.style.setProperty("--progress", String(share));
  element("boot-bytes").textContent = `${(Math.min(loaded, total) / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`;
}

/** The page stays as it is, says what happened, and keeps the ink. @param {string} what */
function fail(what) {
  if (page.dataset.app !== "booting") return;
  const sentence = `Python could not be loaded (${what}). Check the connection and reload the page; your drawing is kept.`;
  page.dataset.app = "failed";
  page.dataset.error = sentence;
  element("status").dataset.kind = "error";
  element("status").textContent = sentence;
  element("boot-bytes").textContent = "";
  element("verdict-title").textContent = "No answer";
  element("verdict-note").textContent = "Python is not there to give one.";
}

/**
 * Count a response's bytes as they arrive, on a copy: the original goes on unchanged, because the browser keeps compiled
 * WebAssembly only for a response that is the network's own. @param {string} url @param {Response} response
 */
function watch(url, response) {
  if (!response.ok && isVital(url)) fail(`${url.split("/").pop()}: status ${response.status}`);
  const write = (/** @type {Uint8Array} */ chunk) => count(chunk.byteLength);
  response.clone().body?.pipeTo(new WritableStream({ write })).catch(() => {}); // who reads the original is told
  return response;
}

for (const url of Object.keys(sizes)) {
  if (/\.m?js$/.test(url)) continue; // modules are fetched by the browser itself, see the observer below
  const response = browserFetch(url).then((answer) => watch(url, answer));
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

/** @param {ErrorEvent} event */
function onError(event) {
  const { target } = event;
  if (target instanceof HTMLScriptElement) fail(`${target.src.split("/").pop()} did not arrive`);
}
addEventListener("error", onError, { capture: true, signal });
addEventListener("unhandledrejection", (event) => fail(String(event.reason?.message ?? event.reason).split("\n")[0]), { signal });
if (typeof WebAssembly === "undefined") fail("this browser has no WebAssembly");

// ---- Hand over -----------------------------------------------------------------------------------------------------

Reflect.set(window, "tabgradBoot", {
  fail,
  /** Stop listening; the ink so far, and the pointer that is drawing (or -1), are Python's. */
  takeOver() {
    listening.abort();
    resizing.disconnect();
    modules.disconnect();
    window.fetch = browserFetch;
    return JSON.stringify({ log, pointer: active?.pointer ?? -1 });
  },
});
