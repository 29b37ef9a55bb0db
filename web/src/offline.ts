// The page without its server: the shell from the service worker's cache, the machines as they were
// last seen. What comes from here is marked stale and carries its age; it is never shown as live.

import type { Machine, Profile, Value } from "./types";

const KEY = "telltale.last-seen";
const MAX_MACHINES = 60;
const MAX_CHARS = 400_000; // browsers give about five million for all keys together
const SAVE_EVERY_MS = 5_000;

export interface Snapshot {
  saved_ms: number;
  machines: Machine[];
}

let saved_ms = -Infinity;

/** Keep the newest values, at most every five seconds and as many machines as fit. */
export function saveSnapshot(machines: readonly Machine[]): void {
  const now_ms = Date.now();
  if (now_ms - saved_ms < SAVE_EVERY_MS) return;
  saved_ms = now_ms;
  let kept = machines.slice(0, MAX_MACHINES).map((machine) => ({ ...machine, open_events: machine.open_events.slice(0, 5) }));
  let text = JSON.stringify({ saved_ms: now_ms, machines: kept });
  while (text.length > MAX_CHARS && kept.length > 1) {
    kept = kept.slice(0, kept.length >> 1);
    text = JSON.stringify({ saved_ms: now_ms, machines: kept });
  }
  try {
    localStorage.setItem(KEY, text);
  } catch {
    /* no room or private mode: offline, the page then says that nothing was kept */
  }
}

/** What was last seen, every state stale and every age grown by the time since; null if nothing was kept. */
export function loadSnapshot(now_ms = Date.now()): Snapshot | null {
  try {
    const text = localStorage.getItem(KEY);
    if (text === null) return null;
    const kept = JSON.parse(text) as Snapshot;
    if (!Number.isFinite(kept.saved_ms) || !Array.isArray(kept.machines)) return null;
    const passed_s = Math.max(0, (now_ms - kept.saved_ms) / 1000);
    return { saved_ms: kept.saved_ms, machines: kept.machines.map((machine) => aged(machine, passed_s)) };
  } catch {
    return null;
  }
}

const older = (age_s: number | null, passed_s: number): number | null => (age_s === null ? null : age_s + passed_s);

/** What is not heard cannot be normal; what was bad or a recording is that still. */
const unheard = <T extends string>(state: T) => (state === "ok" || state === "live" ? "stale" as const : state);

function aged(machine: Machine, passed_s: number): Machine {
  const values = Object.entries(machine.values).map(([name, value]): [string, Value] => [
    name, { ...value, age_s: older(value.age_s, passed_s), state: unheard(value.state) },
  ]);
  return { ...machine, state: unheard(machine.state), freshness: unheard(machine.freshness), age_s: older(machine.age_s, passed_s), rate_hz: null, values: Object.fromEntries(values) };
}

const PROFILE_KEY = "telltale.profile.";
const MAX_PROFILES = 20;

/** Keep a profile: without titles, units and ranges, last values mean little. */
export function saveProfile(profile: Profile): void {
  try {
    const known = Object.keys(localStorage).filter((key) => key.startsWith(PROFILE_KEY));
    if (known.length >= MAX_PROFILES) localStorage.removeItem(known[0] ?? "");
    localStorage.setItem(PROFILE_KEY + profile.id, JSON.stringify(profile));
  } catch {
    /* no room or private mode */
  }
}

export function loadProfile(id: string): Profile | null {
  try {
    return JSON.parse(localStorage.getItem(PROFILE_KEY + id) ?? "null") as Profile | null;
  } catch {
    return null;
  }
}

/** Install the service worker. Without one (plain HTTP beyond this computer) the page needs its server. */
export function startOffline(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  addEventListener("load", () => void navigator.serviceWorker.register("/sw.js").catch(() => undefined));
}
