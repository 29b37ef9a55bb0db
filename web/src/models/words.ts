// How models, their states and their reasons are said. Pure.
import { age, inWords, number } from "../format";
import type { Lit } from "../lamp";
import type { SignalSpec } from "../types";
import type { Difference, MachineModel, ModelState, SelfLearning, Task, Threshold } from "./types";

export const MODEL_STATES: Record<ModelState, { lit: Lit; word: string }> = {
  learning: { lit: "learn", word: "Learning" },
  ready: { lit: "ok", word: "Ready" },
  stale: { lit: "stale", word: "Stale" },
  failed: { lit: "fail", word: "Failed" },
};

/** True of a learnt model that a single reading would let answer: none has come since it runs. */
export const isWaiting = ({ state, seen, needed }: Pick<MachineModel, "state" | "seen" | "needed">): boolean =>
  state === "learning" && seen === 0 && needed === 1;

const TASKS: Record<Task, string> = {
  anomaly: "finds what is not normal",
  fault: "tells faults apart",
  health: "says how healthy it is",
  remaining_life: "estimates the remaining life",
  forecast: "forecasts",
  other: "gives further values",
};
export const taskWords = (task: Task): string => TASKS[task] ?? task;

/** True for an end of an interval: its name without "_low" or "_high" is an output too. */
export const isBound = (name: string, outputs: Record<string, unknown>): boolean =>
  /_(low|high)(_|$)/.test(name) && outputs[name.replace(/_(low|high)(?=_|$)/, "")] !== undefined;

/** Outputs that stand for themselves: ends of an interval belong to the output between them. */
export const mainOutputs = ({ outputs }: Pick<MachineModel, "outputs">): string[] =>
  Object.keys(outputs).filter((name) => !isBound(name, outputs));

/** The mildest limit of an output, in whose multiples it is read; null if it has none. */
export const limitOf = (spec: SignalSpec | null): number | null => spec?.limits?.warn_above ?? spec?.limits?.critical_above ?? null;

/** How far an output is towards its limit; without one, its own size. */
const nearness = (spec: SignalSpec, value: number | undefined): number => (value ?? -Infinity) / (limitOf(spec) ?? 1e6);

/** Outputs of several kinds of fault, the leading one first. */
export const leadingFirst = ({ outputs, values }: Pick<MachineModel, "outputs" | "values">): string[] =>
  mainOutputs({ outputs }).sort((a, b) => nearness(outputs[b]!, values[b]) - nearness(outputs[a]!, values[a]));

/** "at most 1 false alarm a week". */
export function alarmWords(threshold: Threshold): string {
  const { alarms_per_week } = threshold;
  if (alarms_per_week === null) return "false alarms were not estimated";
  const figure = alarms_per_week === 0 ? "no false alarm" : alarms_per_week === 1 ? "one false alarm" : `${number(alarms_per_week, alarms_per_week < 10 ? 1 : 0)} false alarms`;
  return `${figure} a week expected`;
}

/** What a shadow would have done otherwise, in sentences. */
export function differenceWords(difference: Difference | null, [one, other] = ["The active one", "the new one"]): string {
  if (difference === null || difference.asked === 0) return "No sample has been answered by both yet.";
  const { asked, both, only_active, only_shadow, sum_apart, most_apart } = difference;
  const differ = only_active + only_shadow;
  const verdict = differ === 0
    ? both === 0 ? "Both stayed within their limits throughout" : `Both were beyond their limits at the same ${number(both)} samples`
    : `${one} alone was beyond its limit at ${number(only_active)}, ${other} alone at ${number(only_shadow)}, both at ${number(both)}`;
  return `${number(asked)} samples answered by both. ${verdict}. On average ${number(sum_apart / asked, 2)} apart, at most ${number(most_apart, 2)}.`;
}

const unitOf = (hours: number): [number, string] => (hours >= 48 ? [1 / 24, "days"] : hours >= 2 ? [1, "h"] : [60, "min"]);
const inUnit = (hours: number, like = hours): string => number(hours * unitOf(like)[0]);
export const hoursWords = (hours: number): string => `${inUnit(hours)} ${unitOf(hours)[1]}`;

/** "in 20 to 27 min"; "in about 27 min" where both ends round alike. */
export function lifeWords(low: number, high: number | null): string {
  if (high === null) return `in ${hoursWords(low)} at the earliest`;
  const from = inUnit(low, high);
  return from === inUnit(high) ? `in about ${hoursWords(high)}` : `in ${from} to ${hoursWords(high)}`;
}

/** What follows beside models that answer already. */
export const anewWords = ({ seen_s, needed_s, problem }: SelfLearning): string =>
  `What is normal is learnt anew after ${age(needed_s)} of calm readings; ${age(seen_s)} heard. ${problem}`.trim();

/** How far a machine is from being learnt by itself. */
export function learningWords({ seen_s, needed_s, problem }: SelfLearning): string {
  const heard = `${age(seen_s)} of ${age(needed_s)} of calm readings heard. A crossed limit begins anew; pauses do not count.`;
  return problem === "" ? heard : `${heard} ${problem}`;
}

/** "one ready, two learning". */
export function healthWords(models: readonly Pick<MachineModel, "state">[]): string {
  const count = (state: ModelState): number => models.filter((one) => one.state === state).length;
  const said = (["failed", "stale", "learning", "ready"] as const).filter((state) => count(state) > 0);
  return said.map((state) => `${inWords(count(state))} ${MODEL_STATES[state].word.toLowerCase()}`).join(", ");
}
