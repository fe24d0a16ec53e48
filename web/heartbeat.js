// Notices when Python has died under a page that works, and says so: without this the page would look alive and never
// answer again. Owns the dialog #stopped. Loaded once; web/boot.js reports failures of the boot.
// @ts-check

export {}; // a module: its names are its own

const page = document.documentElement;
const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("stopped"));
/** Milliseconds between two looks. */
const EVERY_MS = 1000;

/** Say that Python has stopped. The ink is already kept (ui/pad/ink_log.py), and so are runs and drawings. */
function stopped() {
  if (dialog.open) return;
  clearInterval(timer);
  const sentence = /** @type {HTMLElement} */ (dialog.querySelector("p"));
  page.dataset.app = "failed";
  page.dataset.error = sentence.innerText;
  dialog.showModal(); // nothing behind it can be used, for nothing behind it would answer
}

/** Whether an error is the one with which Pyodide ends. @param {any} error */
const isTheEnd = (error) => Boolean(error?.pyodide_fatal_error);

/** After a fatal error, Pyodide throws when one reads any member of it. `interop.page` leaves it here. */
function look() {
  try {
    void Reflect.get(window, "tabgradBoot").pyodide?.runPython;
  } catch (error) {
    console.error("Python has stopped:", error);
    stopped();
  }
}

const timer = setInterval(look, EVERY_MS);
addEventListener("error", ({ error }) => isTheEnd(error) && stopped());
addEventListener("unhandledrejection", ({ reason }) => isTheEnd(reason) && stopped());
dialog.addEventListener("cancel", (event) => event.preventDefault()); // Escape: there is nothing to go back to
/** @type {HTMLElement} */ (dialog.querySelector("button")).addEventListener("click", () => location.reload());
