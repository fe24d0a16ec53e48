// The service worker: after one visit the page works offline. Files with a hash in their names come from the cache;
// index.html comes from the network if there is one. It never decides what the page shows: that is up to offline.js.
//
// The build puts `const BUILD = {version, files, data}` in front of this text, so that each build has its own worker.

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const PREFIX = "tabgrad-";
const CACHE = PREFIX + BUILD.version;
const KNOWN = new Set([...BUILD.files, ...BUILD.data].map(absolute));
const INDEX = absolute("index.html");

/** @param {string} url relative to this file */
function absolute(url) {
  return new URL(url, worker.location.href).href;
}

// Cache everything except the data sets, or fail: a worker that lacks a file is worse than none. Files that the page
// has just fetched come from the browser's HTTP cache.
worker.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(BUILD.files)));
});

// A new worker waits until all pages of the old version are closed, or until one sends the message `activate`. Until
// then the cache keeps the old version's files, because the host may no longer have them.
worker.addEventListener("activate", (event) => {
  event.waitUntil(dropOldCaches().then(() => worker.clients.claim()));
});

async function dropOldCaches() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)));
}

worker.addEventListener("message", (event) => {
  if (event.data === "activate") event.waitUntil(worker.skipWaiting());
  if (event.data === "fill") event.waitUntil(fill());
});

/** Fetch the data sets, one block after another, so that training works offline too. */
async function fill() {
  const cache = await caches.open(CACHE);
  for (const url of BUILD.data) {
    if (await cache.match(url)) continue;
    try {
      await cache.add(url);
    } catch {
      return; // offline, or the storage is full: the rest is fetched on a later visit, or when a run needs it
    }
  }
}

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(networkFirst(request));
  else if (KNOWN.has(request.url)) event.respondWith(cacheFirst(request));
});

/** @param {Request} request a navigation; the query (`?engine=wasm`) does not change the file */
async function networkFirst(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const cached = await caches.match(INDEX);
    if (cached) return cached;
    throw error;
  }
}

/** @param {Request} request a file with a hash in its name, so that any copy is the right one */
async function cacheFirst(request) {
  const cached = await caches.match(request.url);
  if (cached) return cached;
  const response = await fetch(request);
  if (response.ok) {
    const cache = await caches.open(CACHE);
    // If the storage is full, there is no offline copy, but the page still gets the file.
    await cache.put(request, response.clone()).catch(() => {});
  }
  return response;
}
