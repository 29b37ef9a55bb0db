// What runs beside the pages: the clock, the live connection, the icon in the browser's tab, and
// the toasts for events that opened just now.
import { effect } from "@preact/signals";
import { eventTitle, lowerFirst } from "./findings";
import { onEvents, startLive } from "./live";
import { awaitSpec } from "./outputs";
import { startOffline } from "./offline";
import { machinePath, startRouter } from "./router";
import { eventLit, stateShape } from "./states";
import { machineSignal, now, refresh, refreshEvents, refreshStatus, worst } from "./store";
import { startTheme } from "./theme";
import { toast } from "./toast";
import type { MachineEvent } from "./types";

const STATUS_EVERY_MS = 10_000;
const JUST_NOW_NS = 60e9; // an older event is history, not news

// Drawn with fixed colours: the tab is the browser's, not ours.
const ICONS = {
  crit: '<path d="M8 .9 15.1 8 8 15.1 .9 8Z" fill="#c4241b"/><path d="M8 4.6v4.2M8 11.2v.2" stroke="#fff" stroke-width="1.7" stroke-linecap="round"/>',
  warn: '<path d="M8 1.9 14.6 13.6H1.4Z" fill="#eda000" stroke="#b87600" stroke-width="1.3" stroke-linejoin="round"/><path d="M8 6v3.4M8 11.4v.2" stroke="#241800" stroke-width="1.7" stroke-linecap="round"/>',
  ok: '<circle cx="8" cy="8" r="5.5" fill="none" stroke="#78828c" stroke-width="2"/>',
} as const;

function drawIcon(kind: keyof typeof ICONS): void {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${ICONS[kind]}</svg>`;
  const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (icon !== null) icon.href = `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

async function tell(event: MachineEvent): Promise<void> {
  const isNews = event.end_ns === null && event.level !== "info" && Date.now() * 1e6 - event.start_ns < JUST_NOW_NS;
  if (!isNews) return;
  const machine = machineSignal(event.machine)?.value ?? null;
  const spec = await awaitSpec(event.machine, event.name);
  const title = `${machine?.title ?? event.machine}: ${lowerFirst(eventTitle(event, spec))}`;
  toast({ lit: eventLit(event), title, text: event.message, href: machinePath(event.machine) });
}

export function start(): void {
  startTheme();
  startOffline();
  startRouter();
  setInterval(() => !document.hidden && (now.value = Date.now()), 1000);
  setInterval(() => !document.hidden && void refreshStatus(), STATUS_EVERY_MS);
  document.addEventListener("visibilitychange", () => (now.value = Date.now()));
  void refresh();
  void refreshEvents();
  void refreshStatus();
  onEvents((fresh) => fresh.forEach((event) => void tell(event)));
  startLive();
  effect(() => {
    const { lit } = worst.value === null ? { lit: "ok" } : stateShape(worst.value.state);
    drawIcon(lit === "crit" || lit === "warn" ? lit : "ok");
  });
}
