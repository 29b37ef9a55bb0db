// Service worker: keeps the page itself, so that it opens without its server. It never touches /api:
// readings are either from the server or not shown as live.

const worker = self as unknown as ServiceWorkerGlobalScope;

const SHELL = "telltale-shell";
const PAGE = "/";
const ASSET = /^\/(assets\/|icon|manifest\.webmanifest$)/;
const PATIENCE_MS = 3_000; // a server that is slower than this is treated as away

worker.addEventListener("install", (event) => {
  event.waitUntil(fetch(PAGE, { cache: "no-store" }).then(keepShell).then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(worker.clients.claim());
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== worker.location.origin) return;
  if (request.mode === "navigate" && isPage(url.pathname)) event.respondWith(page(event));
  else if (ASSET.test(url.pathname)) event.respondWith(asset(request));
});

const isPage = (path: string): boolean => !/^\/(api|docs|redoc|openapi\.json|metrics|healthz|readyz)(\/|$)/.test(path);

/** The server's page if it comes in time, else the kept one. */
async function page(event: FetchEvent): Promise<Response> {
  const kept = await (await caches.open(SHELL)).match(PAGE);
  const fresh = fetch(event.request).then((response) => {
    if (response.ok) event.waitUntil(keepShell(response.clone()));
    return response;
  });
  if (!kept) return fresh;
  const late = new Promise<Response>((resolve) => setTimeout(() => resolve(kept.clone()), PATIENCE_MS));
  return Promise.race([fresh.catch(() => kept.clone()), late]);
}

/** Files under /assets carry a hash in their names: what is kept is never out of date. */
async function asset(request: Request): Promise<Response> {
  const cache = await caches.open(SHELL);
  const kept = await cache.match(request);
  if (kept) return kept;
  const fresh = await fetch(request);
  if (fresh.ok) await cache.put(request, fresh.clone());
  return fresh;
}

/** Keep a page with all it names, and drop the files of the one before. */
async function keepShell(response: Response): Promise<void> {
  if (!response.ok || !(response.headers.get("content-type") ?? "").includes("text/html")) return;
  const cache = await caches.open(SHELL);
  const html = await response.clone().text();
  const paths = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1] ?? "");
  const named = [...new Set(paths)].filter((path) => ASSET.test(path)); // twice, it could not be kept at all
  const missing: string[] = [];
  for (const path of named) if (!(await cache.match(path))) missing.push(path);
  await cache.addAll(missing);
  await cache.put(PAGE, response);
  const wanted = new Set([PAGE, ...named]);
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url);
    if (!wanted.has(pathname) && pathname.startsWith("/assets/")) await cache.delete(request);
  }
}

export {};
