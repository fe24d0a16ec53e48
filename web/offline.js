// Registers the service worker once the page works, and offers a new version when one is ready. Owns the button
// #new-version, if the page has one. Never reloads unasked: a drawing or a training run may be open.

const root = document.documentElement;

/** Resolve when Python has booted, because the service worker's downloads would slow the boot down. */
function whenReady() {
  return new Promise((resolve) => {
    const check = () => root.dataset.app === "ready" && resolve(undefined);
    new MutationObserver(check).observe(root, { attributeFilter: ["data-app"] });
    check();
  });
}

/** @param {ServiceWorker} waiting the service worker of the new version */
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
      // Without a controller this is the first visit, and there is no old version to replace.
      if (next.state === "installed" && navigator.serviceWorker.controller) offer(next);
    });
  });
}

/** Fetch the data sets, except in data-saving mode. @param {ServiceWorkerRegistration} registration */
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
    // A private window or a full disk: the page works, but not offline.
    console.info("The page will not work offline:", error);
  }
}

// Some browsers have no service worker in private windows; no browser has one without https, except on localhost.
if ("serviceWorker" in navigator) start();
