// Addresses of the page (History API). A route is a value; links are plain <a href>, so that
// opening in a new tab, copying and going back work as everywhere.
import { signal } from "@preact/signals";

export type Route =
  | { page: "fleet" }
  | { page: "machine"; machine: string }
  | { page: "learn" | "faults" | "vibration"; machine: string }
  | { page: "history"; machine: string | null }
  | { page: "models" }
  | { page: "model"; model: number }
  | { page: "import" }
  | { page: "entry" }
  | { page: "sources" }
  | { page: "states" }
  | { page: "lost"; path: string };

export interface Place {
  route: Route;
  query: URLSearchParams;
}

const PLAIN = ["models", "import", "entry", "sources", "states"] as const;

export function parse(path: string, query: URLSearchParams): Route {
  const parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  const [first, second, third] = parts;
  if (first === undefined) return { page: "fleet" };
  if (first === "machines" && second !== undefined) {
    if (third === undefined) return { page: "machine", machine: second };
    if (third === "history") return { page: "history", machine: second };
    if (third === "learn" || third === "faults" || third === "vibration") return { page: third, machine: second };
  }
  if (first === "history" && parts.length === 1) return { page: "history", machine: query.get("machine") };
  if (first === "models" && /^\d+$/.test(second ?? "")) return { page: "model", model: Number(second) };
  const plain = PLAIN.find((name) => name === first);
  return plain !== undefined && parts.length === 1 ? { page: plain } : { page: "lost", path };
}

function here(): Place {
  const query = new URLSearchParams(location.search);
  try {
    return { route: parse(location.pathname, query), query };
  } catch {
    return { route: { page: "lost", path: location.pathname }, query }; // %-escapes that are none
  }
}

export const place = signal<Place>(here());

export const machinePath = (id: string): string => `/machines/${encodeURIComponent(id)}`;
export const historyPath = (id?: string | null): string => (id ? `${machinePath(id)}/history` : "/history");

export const faultsPath = (id: string): string => `${machinePath(id)}/faults`;
export const vibrationPath = (id: string): string => `${machinePath(id)}/vibration`;

export const learnPath = (id: string, range?: { from_s: number; to_s: number } | null): string =>
  `${machinePath(id)}/learn${range ? `?from=${iso(range.from_s)}&to=${iso(range.to_s)}` : ""}`;
export const modelPath = (number: number): string => `/models/${number}`;
const iso = (at_s: number): string => new Date(at_s * 1000).toISOString();

export function go(path: string, replace = false): void {
  if (replace) history.replaceState(null, "", path);
  else history.pushState(null, "", path);
  const before = place.value.route;
  place.value = here();
  if (JSON.stringify(before) === JSON.stringify(place.value.route)) return;
  scrollTo(0, 0);
  // A screen reader must hear that the page is another one: focus goes to the content.
  requestAnimationFrame(() => document.getElementById("main")?.focus({ preventScroll: true }));
}

function isOurs(event: MouseEvent, link: HTMLAnchorElement): boolean {
  const changed = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
  if (event.defaultPrevented || event.button !== 0 || changed) return false;
  if (link.target || link.hasAttribute("download") || link.origin !== location.origin) return false;
  return !/^\/(api|docs|openapi\.json|metrics|healthz|readyz)(\/|$)/.test(link.pathname);
}

/** Take clicks on our own links; call once. */
export function startRouter(): void {
  addEventListener("popstate", () => (place.value = here()));
  document.addEventListener("click", (event) => {
    const link = (event.target as Element | null)?.closest?.("a[href]");
    if (!(link instanceof HTMLAnchorElement) || !isOurs(event, link)) return;
    if (link.hash && link.pathname === location.pathname) return;
    event.preventDefault();
    go(link.pathname + link.search + link.hash);
  });
}
