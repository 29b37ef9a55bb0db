// Live frames into the store: the newest values of each machine, and each reading once into its ring.
import { machineSignal, refreshBriefs, ringOf, since, type LiveMachine } from "./store";
import type { Ring } from "./ring";
import type { Freshness, MachineState, ValueState } from "./types";

/** One machine in a live frame. */
export interface FrameMachine {
  time_ns: number | null;
  age_s: number | null;
  state: MachineState;
  freshness: Freshness;
  rate_hz: number | null;
  values: Record<string, number | null>;
  states: Record<string, ValueState>;
  ages_s: Record<string, number>;
}

/** Merge a frame; false when it names a machine that is not known yet. */
export function takeFrame(machines: Record<string, FrameMachine>, arrivedMs: number): boolean {
  let allKnown = true;
  let changed = false;
  for (const [id, frame] of Object.entries(machines)) {
    const known = machineSignal(id);
    if (frame.time_ns) pushNew(ringOf(id), frame, isSparksOnly ? sparkNames.get(id) : undefined);
    if (known === null) {
      allKnown = false;
      continue;
    }
    changed ||= known.value.state !== frame.state || known.value.freshness !== frame.freshness;
    known.value = merged(known.value, frame, arrivedMs);
  }
  if (changed) refreshBriefs();
  return allKnown;
}

const sparkNames = new Map<string, string>();
let isSparksOnly = false;

/** While only sparklines are drawn, a machine's ring takes the one signal of its sparkline. */
export function keepSparksOnly(isOn: boolean): void {
  isSparksOnly = isOn;
}
export const noteSpark = (id: string, name: string): void => void sparkNames.set(id, name);

/** A frame repeats values that are older than its time; each reading goes into the ring once. */
function pushNew(ring: Ring, frame: FrameMachine, only: string | undefined): void {
  const time_s = frame.time_ns! / 1e9;
  const before_s = ring.lastTime_s;
  const values: Record<string, number | null> = {};
  for (const [name, value] of Object.entries(frame.values)) {
    if (only !== undefined && name !== only) continue;
    const older_s = Math.max(0, (frame.ages_s[name] ?? 0) - (frame.age_s ?? 0));
    values[name] = frame.ages_s[name] === undefined || time_s - older_s > before_s ? value : null;
  }
  ring.push(time_s, values);
}

function merged(machine: LiveMachine, frame: FrameMachine, arrivedMs: number): LiveMachine {
  const values = { ...machine.values };
  for (const [name, value] of Object.entries(frame.values)) {
    const atMs = since(frame.ages_s[name] ?? frame.age_s, arrivedMs);
    values[name] = { value, state: frame.states[name] ?? "ok", filled: false, atMs };
  }
  return {
    ...machine, values, state: frame.state, freshness: frame.freshness, rate_hz: frame.rate_hz ?? machine.rate_hz,
    atMs: since(frame.age_s, arrivedMs) ?? machine.atMs, last_time_ns: frame.time_ns || machine.last_time_ns,
    arrivedMs,
  };
}
