// The service worker: after one visit the page works offline. Files with a hash in their names come from the cache;
// index.html comes from the network if there is one. It never decides what the page shows: that is up to offline.js.
//
// The build puts `const BUILD = {version, files, data}` in front of this text, so that each build has its own worker.

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
/** Other folders of this host may have a tabgrad, too, each with caches of its own. */
const PREFIX = `tabgrad:${new URL("./", worker.location.href).pathname}:`;
const CACHE = PREFIX + BUILD.version;
const INDEX = absolute("index.html");
const PAGES = new Set([absolute("./"), INDEX]);
/** The hash of each file by its address. @type {Map<string, string>} */
const HASHES = new Map(Object.entries({ ...BUILD.files, ...BUILD.data }).map(([url, hash]) => [absolute(url), hash]));
/** A navigation waits this long for the network. Milliseconds. */
const PATIENCE_MS = 3000;

/** @param {string} url relative to this file */
function absolute(url) {
  return new URL(url, worker.location.href).href;
}

/**
 * Fetch a file, and see that it is the right one: a portal or a proxy may answer with a page of its own. What the
 * browser's HTTP cache has may be such a page, or the file of another version, so the second try goes past it.
 * @param {string} url
 */
async function fetchChecked(url) {
  const integrity = /** @type {string} */ (HASHES.get(url));
  return fetch(url, { integrity }).catch(() => fetch(url, { integrity, cache: "reload" }));
}

// Cache everything except the data sets, or fail: a worker that lacks a file is worse than none.
worker.addEventListener("install", (event) => {
  event.waitUntil(store(Object.keys(BUILD.files)));
});

/** @param {string[]} urls relative to this file */
async function store(urls) {
  const cache = await caches.open(CACHE);
  await Promise.all(urls.map(absolute).map(async (url) => cache.put(url, await fetchChecked(url))));
}

// A new worker waits until all pages of the old version are closed, or until one sends the message `activate`. Until
// then the cache keeps the old version's files, because the host may no longer have them.
worker.addEventListener("activate", (event) => {
  event.waitUntil(dropOldCaches().then(() => worker.clients.claim()));
});

async function dropOldCaches() {
  for (const name of await caches.keys()) if (name !== CACHE && (await isOurs(name))) await caches.delete(name);
}

/** Whether a cache is of this folder. Version 0.1 named its caches without the folder. @param {string} name */
async function isOurs(name) {
  if (name.startsWith(PREFIX)) return true;
  return /^tabgrad-/.test(name) && Boolean(await (await caches.open(name)).match(INDEX));
}

worker.addEventListener("message", (event) => {
  if (event.data === "activate") event.waitUntil(worker.skipWaiting());
  if (event.data === "fill") event.waitUntil(fill());
});

/** Fetch the data sets, one block after another, so that training works offline too. */
async function fill() {
  const cache = await caches.open(CACHE);
  for (const url of Object.keys(BUILD.data)) {
    if (await cache.match(url)) continue;
    try {
      await store([url]);
    } catch {
      return; // offline, or the storage is full: the rest is fetched on a later visit, or when a run needs it
    }
  }
}

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  // Folders below this one may have pages of their own.
  if (request.mode === "navigate" && PAGES.has(request.url.replace(/[?#].*/, ""))) event.respondWith(networkFirst(request));
  else if (HASHES.has(request.url)) event.respondWith(cacheFirst(request));
});

/**
 * The page from the network; the cached one if the network fails, answers with an error, or takes too long.
 * @param {Request} request a navigation; the query (`?engine=wasm`) does not change the file
 */
async function networkFirst(request) {
  const cached = await (await caches.open(CACHE)).match(INDEX);
  if (!cached) return fetch(request);
  const late = new Promise((resolve) => setTimeout(() => resolve(cached), PATIENCE_MS));
  return Promise.race([wholePage(request).catch(() => cached), late]);
}

/** All of a page: one that stops in the middle counts as none. @param {Request} request */
async function wholePage(request) {
  const response = await fetch(request);
  if (response.type === "opaqueredirect") return response;
  if (!response.ok) throw new Error(`status ${response.status}`);
  return new Response(await response.blob(), response);
}

/** @param {Request} request a file whose hash is known, so that any copy is the right one */
async function cacheFirst(request) {
  const cache = await caches.open(CACHE).catch(() => null); // no storage: the page still gets the file
  const cached = await cache?.match(request.url);
  if (cached && request.cache !== "reload") return cached;
  try {
    const response = await fetchChecked(request.url);
    // If the storage is full, there is no offline copy.
    await cache?.put(request.url, response.clone()).catch(() => {});
    return response;
  } catch (error) {
    if (cached) return cached;
    throw error;
  }
}
