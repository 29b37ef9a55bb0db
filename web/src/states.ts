// Machine and value states in the order, words and shapes of the design.
import type { EventLevel, Freshness, Machine, MachineEvent, MachineState, ValueState } from "./types";
import type { Lit } from "./lamp";

interface Shape {
  rank: number; // everywhere the same order: worst first
  lit: Lit;
  word: string;
}

export const STATES: Record<MachineState, Shape> = {
  critical: { rank: 0, lit: "crit", word: "Critical" },
  warn: { rank: 1, lit: "warn", word: "Warning" },
  failed: { rank: 2, lit: "fail", word: "Failed" },
  stale: { rank: 3, lit: "stale", word: "Stale" },
  learning: { rank: 4, lit: "learn", word: "Learning" },
  no_model: { rank: 5, lit: "none", word: "No model" },
  no_data: { rank: 6, lit: "none", word: "No readings yet" },
  ok: { rank: 7, lit: "ok", word: "Normal" },
  recorded: { rank: 8, lit: "rec", word: "Recorded" },
};

/** A state that a newer server knows and this page does not is shown as failed, never as normal. */
export const stateShape = (state: string): Shape =>
  STATES[state as MachineState] ?? { rank: 2, lit: "fail", word: state };

/** A machine's state in a word; of one that fell silent in a bad state, both. */
export const stateWord = ({ state, freshness }: { state: MachineState; freshness: Freshness }): string =>
  stateShape(state).word + (freshness === "stale" && state !== "stale" ? ", silent" : "");

export function worstFirst(a: { state: MachineState; title: string }, b: { state: MachineState; title: string }): number {
  return stateShape(a.state).rank - stateShape(b.state).rank || a.title.localeCompare(b.title, undefined, { numeric: true });
}

const LEVELS: Record<EventLevel, Lit> = { critical: "crit", warn: "warn", info: "ok" };

/** Lamp of an event: a note and an episode that is over are unlit. */
export function eventLit(event: MachineEvent): Lit {
  if (event.end_ns !== null) return "ok";
  if (event.kind === "stale") return "stale";
  return LEVELS[event.level] ?? "ok";
}

/** The class that colours cells, ranges and tiles. */
export const tone = (state: MachineState | ValueState): "crit" | "warn" | "stale" | "none" | "ok" => {
  const { lit } = stateShape(state);
  return lit === "crit" || lit === "warn" || lit === "stale" || lit === "none" ? lit : "ok";
};

/** A simulated machine whose simulator does not run now (a recording of it, say) has no switches. */
export const isSimulatorHere = (machine: Pick<Machine, "simulated" | "source">): boolean =>
  machine.simulated && (machine.source ?? "").startsWith("simulator:");
