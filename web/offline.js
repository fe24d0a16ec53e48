// Registers the service worker once the page works, and offers the next version when one is ready. Owns the button
// #new-version, if the page has one; never reloads unasked, as a drawing or a training run may be open.

const root = document.documentElement;

/** Resolve when Python has finished its boot: the worker's downloads must not slow it down. */
function whenReady() {
  return new Promise((resolve) => {
    const check = () => root.dataset.app === "ready" && resolve(undefined);
    new MutationObserver(check).observe(root, { attributeFilter: ["data-app"] });
    check();
  });
}

/** @param {ServiceWorker} waiting the worker of a newer version */
function offer(waiting) {
  const button = document.getElementById("new-version");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    waiting.postMessage("activate");
  });
}

/** @param {ServiceWorkerRegistration} registration */
function watch(registration) {
  if (registration.waiting) offer(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const next = registration.installing;
    next?.addEventListener("statechange", () => {
      // Without a controller this is the first visit: there is no older version to leave.
      if (next.state === "installed" && navigator.serviceWorker.controller) offer(next);
    });
  });
}

/** Data sets are fetched in the background unless the visitor saves data. @param {ServiceWorkerRegistration} registration */
function fill(registration) {
  const connection = /** @type {{saveData?: boolean} | undefined} */ (Reflect.get(navigator, "connection"));
  if (!connection?.saveData) registration.active?.postMessage("fill");
}

async function start() {
  await whenReady();
  try {
    watch(await navigator.serviceWorker.register("sw.js"));
    fill(await navigator.serviceWorker.ready);
  } catch (error) {
    // A private window or a full disk: the page works, only not offline.
    console.info("The page will not work offline:", error);
  }
}

// Absent in private windows of some browsers and on pages that are not served over https or from localhost.
if ("serviceWorker" in navigator) start();
