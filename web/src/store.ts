// What the page knows: machines with their newest values, profiles, recent events. Each machine is
// its own signal, so a frame redraws only the machines it names.
import { computed, signal, type Signal } from "@preact/signals";
import * as api from "./api";
import { loadProfile, loadSnapshot, saveProfile, saveSnapshot } from "./offline";
import { Ring } from "./ring";
import { worstFirst } from "./states";
import type {
  Machine, MachineEvent, MachineState, Profile, SignalSpec, Status, Value, ValueState, Freshness,
} from "./types";

/** A value with the viewer's time at which it was measured, from which its age follows. */
export interface LiveValue {
  value: number | null;
  state: ValueState;
  filled: boolean;
  atMs: number | null;
}
export interface LiveMachine extends Omit<Machine, "values" | "age_s"> {
  values: Record<string, LiveValue>;
  atMs: number | null; // the newest reading, on the viewer's clock
  arrivedMs: number; // when the page heard of it last
}

/** Seconds pass for ages; changes once a second. */
export const now = signal(Date.now());

const MAX_EVENTS = 200;
const byId = new Map<string, Signal<LiveMachine>>();
const rings = new Map<string, Ring>();
const profileById = new Map<string, Signal<Profile | null>>();

export interface Brief {
  id: string;
  title: string;
  state: MachineState;
  freshness: Freshness;
  simulated: boolean;
}
/** Now, as far as this machine is concerned: the clock ticks once a second, frames come between. */
export const nowFor = (machine: LiveMachine): number => Math.max(now.value, machine.arrivedMs);

/** Every machine in short, worst first; changes only when one of these facts changes. */
export const briefs = signal<readonly Brief[]>([]);
export const recentEvents = signal<readonly MachineEvent[]>([]);
export const loaded = signal(false);
export const loadError = signal<api.ApiError | null>(null);

export const worst = computed<Brief | null>(() => briefs.value[0] ?? null);
export const tally = computed(() => {
  const counts: Partial<Record<MachineState, number>> = {};
  for (const one of briefs.value) counts[one.state] = (counts[one.state] ?? 0) + 1;
  return counts;
});

export const machineSignal = (id: string): Signal<LiveMachine> | null => byId.get(id) ?? null;
export const allMachines = (): LiveMachine[] =>
  briefs.value.flatMap((one) => byId.get(one.id)?.value ?? []);

export function ringOf(id: string): Ring {
  let ring = rings.get(id);
  if (ring === undefined) rings.set(id, (ring = new Ring()));
  return ring;
}

export const since = (age_s: number | null | undefined, arrivedMs: number): number | null =>
  age_s === null || age_s === undefined ? null : arrivedMs - age_s * 1000;

function liveValue(value: Value, arrivedMs: number): LiveValue {
  return { value: value.value, state: value.state, filled: value.filled, atMs: since(value.age_s, arrivedMs) };
}

function liveMachine(machine: Machine, arrivedMs: number): LiveMachine {
  const { values, age_s, ...rest } = machine;
  const entries = Object.entries(values ?? {}).map(([name, value]) => [name, liveValue(value, arrivedMs)]);
  const atMs = since(age_s, arrivedMs);
  return { ...rest, open_events: machine.open_events ?? [], values: Object.fromEntries(entries), atMs, arrivedMs };
}

function sameBriefs(a: readonly Brief[], b: readonly Brief[]): boolean {
  return a.length === b.length && a.every((one, i) => {
    const other = b[i]!;
    return one.id === other.id && one.title === other.title && one.state === other.state && one.freshness === other.freshness && one.simulated === other.simulated;
  });
}

export function refreshBriefs(): void {
  const list = [...byId.values()].map(({ value: m }) => ({
    id: m.id, title: m.title || m.id, state: m.state, freshness: m.freshness, simulated: m.simulated,
  }));
  list.sort(worstFirst);
  if (!sameBriefs(list, briefs.value)) briefs.value = list;
}

/** Take the whole truth from GET /machines: machines no longer named are dropped. */
export function takeMachines(machines: readonly Machine[], arrivedMs: number): void {
  const named = new Set(machines.map((m) => m.id));
  for (const id of [...byId.keys()]) {
    if (named.has(id)) continue;
    byId.delete(id);
    rings.delete(id);
  }
  for (const machine of machines) takeMachine(machine, arrivedMs, false);
  loaded.value = true;
  loadError.value = null;
  refreshBriefs();
}

export function takeMachine(machine: Machine, arrivedMs: number, sort = true): void {
  const live = liveMachine(machine, arrivedMs);
  const known = byId.get(machine.id);
  if (known === undefined) byId.set(machine.id, signal(live));
  else known.value = live;
  if (sort) refreshBriefs();
}

const newestFirst = (a: MachineEvent, b: MachineEvent): number => b.start_ns - a.start_ns;

/** Merge events by key: one row per episode. Returns those that were not known before. */
export function takeEvents(events: readonly MachineEvent[]): MachineEvent[] {
  const byKey = new Map(recentEvents.value.map((one) => [one.key, one]));
  const fresh = events.filter((one) => !byKey.has(one.key));
  for (const event of events) byKey.set(event.key, event);
  recentEvents.value = [...byKey.values()].sort(newestFirst).slice(0, MAX_EVENTS);
  for (const event of events) openOrClose(event);
  return fresh;
}

function openOrClose(event: MachineEvent): void {
  const known = byId.get(event.machine);
  if (known === undefined) return;
  const others = known.value.open_events.filter((one) => one.key !== event.key);
  const isOpen = event.end_ns === null && event.kind !== "note";
  known.value = { ...known.value, open_events: isOpen ? [event, ...others] : others };
}

/** The profile, fetched the first time it is asked for; null until it is there. */
export function profileSignal(id: string): Signal<Profile | null> {
  let known = profileById.get(id);
  if (known === undefined) {
    profileById.set(id, (known = signal<Profile | null>(null)));
    void fetchProfile(id, known);
  }
  return known;
}

/** The profile, waited for; null when it cannot be had now. */
export async function awaitProfile(id: string): Promise<Profile | null> {
  const known = profileSignal(id);
  if (known.value === null) await fetchProfile(id, known);
  return known.value;
}

async function fetchProfile(id: string, into: Signal<Profile | null>): Promise<void> {
  try {
    into.value = await api.profile(id);
    saveProfile(into.value);
  } catch {
    into.value ??= loadProfile(id); // still null: asked again when the server answers again
  }
}

export const specOf = (profile: Profile | null, name: string): SignalSpec | null =>
  profile?.channels[name] ?? profile?.metrics?.[name] ?? profile?.outputs?.[name] ?? null;

/** A page opened without its server shows what it saw last, all of it marked stale. */
function showLastSeen(): void {
  const kept = loaded.value ? null : loadSnapshot();
  if (kept !== null) takeMachines(kept.machines, Date.now());
}

/** Ask for everything anew. Failure keeps the last picture and says so. */
export async function refresh(): Promise<void> {
  try {
    const arrived = await api.machines();
    takeMachines(arrived, Date.now());
    saveSnapshot(arrived);
    for (const [id, known] of profileById) if (known.value === null) void fetchProfile(id, known);
  } catch (error) {
    showLastSeen();
    loadError.value = error instanceof api.ApiError ? error : api.unreachable();
  }
}

export async function refreshEvents(): Promise<void> {
  try {
    takeEvents(await api.events({ fromMs: Date.now() - 86_400_000, limit: MAX_EVENTS }));
  } catch {
    /* the machines' own error says it; events come with the next attempt */
  }
}

export const serverStatus = signal<Status | null>(null);
/** Rows kept per second at the last few askings, for the panel "Readings kept". */
export const keptRates = signal<readonly number[]>([]);
const MAX_RATES = 60;

export async function refreshStatus(): Promise<void> {
  try {
    const status = await api.status();
    serverStatus.value = status;
    keptRates.value = [...keptRates.value, status.rate_hz].slice(-MAX_RATES);
  } catch {
    /* the badge already says that the server does not answer */
  }
}
