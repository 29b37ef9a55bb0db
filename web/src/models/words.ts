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

const TASKS: Record<Task, string> = {
  anomaly: "finds what is not normal",
  fault: "tells faults apart",
  health: "says how healthy it is",
  remaining_life: "estimates the remaining life",
  forecast: "forecasts",
  other: "gives further values",
};
export const taskWords = (task: Task): string => TASKS[task] ?? task;

const KINDS: Record<string, string> = {
  normal: "Distance from usual ways of running",
  mahalanobis: "Distance from the mean, correlations counted",
  residual: "Each channel foretold from the others",
  t2q: "Principal components, T² and Q",
  course: "Each channel foretold from its own course",
  ewma: "Smoothed level of each channel",
  cusum: "Small lasting shifts of each channel",
  noise: "Spread of each channel",
  isolation_forest: "Isolation forest",
  autoencoder: "Autoencoder, a small network",
};
/** A kind of detector; a newer server's kinds are shown under their own names. */
export const kindWords = (kind: string): string => KINDS[kind] ?? kind.replaceAll("_", " ");

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

/** How far a machine is from being learnt by itself. */
export function learningWords({ seen_s, needed_s, problem }: SelfLearning): string {
  const heard = `${age(seen_s)} of ${age(needed_s)} of calm readings heard. A crossed limit or a pause begins anew.`;
  return problem === "" ? heard : `${heard} The last attempt failed: ${problem}`;
}

/** "one ready, two learning". */
export function healthWords(models: readonly Pick<MachineModel, "state">[]): string {
  const count = (state: ModelState): number => models.filter((one) => one.state === state).length;
  const said = (["failed", "stale", "learning", "ready"] as const).filter((state) => count(state) > 0);
  return said.map((state) => `${inWords(count(state))} ${MODEL_STATES[state].word.toLowerCase()}`).join(", ");
}
