// The finding in words: titles and sentences that a page says first. Pure.
import { age, brief, capital, inWords } from "./format";
import { stateShape } from "./states";
import { shown, toShown } from "./units";
import type { LiveMachine } from "./store";
import type { MachineEvent, MachineState, SignalSpec } from "./types";

export interface Finding {
  title: string;
  text: string;
}
type Named = Pick<LiveMachine, "title" | "state" | "headline">;

function list(names: readonly string[]): string {
  if (names.length <= 1) return names[0] ?? "";
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)!}`;
}

// Up to two are named; more are counted, since a title is read at a glance.
function who(machines: readonly Named[], one: string, many: string): string {
  if (machines.length === 1) return `${machines[0]!.title} ${one}`;
  if (machines.length === 2) return `${list(machines.map((m) => m.title))} ${many}`;
  return `${capital(inWords(machines.length))} machines ${many}`;
}

const TITLES: [MachineState, string, string][] = [
  ["critical", "needs you", "need you"],
  ["warn", "wants a look today", "want a look today"],
  ["failed", "cannot be worked out", "cannot be worked out"],
  ["stale", "has gone silent", "have gone silent"],
];

function allNormal(count: number, only: Named): string {
  if (count === 1) return `${only.title} is normal`;
  return count === 2 ? "Both machines are normal" : `All ${inWords(count)} machines are normal`;
}

/** The fleet in one title and one line: who needs someone, then what of the rest. */
export function fleetFinding(machines: readonly Named[]): Finding {
  if (machines.length === 0) return { title: "No machine yet", text: "Send a first reading, or drop a log file." };
  const of = (state: MachineState) => machines.filter((m) => m.state === state);
  const lead = TITLES.find(([state]) => of(state).length > 0);
  if (lead === undefined) {
    const isAllOk = machines.every((m) => m.state === "ok");
    const title = isAllOk ? allNormal(machines.length, machines[0]!) : "No machine needs you";
    return { title, text: isAllOk ? "Every value is within its limits." : restOf(machines, null) };
  }
  const [state, one, many] = lead;
  const leaders = of(state);
  const reason = leaders.length === 1 ? leaders[0]!.headline ?? "" : "";
  return { title: who(leaders, one, many), text: [reason, restOf(machines, state)].filter(Boolean).join(" ") };
}

function restOf(machines: readonly Named[], led: MachineState | null): string {
  const rest = machines.filter((m) => m.state !== led);
  const normal = rest.filter((m) => m.state === "ok");
  const others = rest.filter((m) => m.state !== "ok");
  const wordOf = (m: Named) => stateShape(m.state).word.toLowerCase();
  const told = others.length > 3
    ? `${capital(inWords(others.length))} others: ${[...new Set(others.map(wordOf))].join(", ")}.`
    : others.map((m) => `${m.title}: ${wordOf(m)}.`).join(" ");
  return [told, normalRest(normal, rest.length === machines.length && others.length === 0)].filter(Boolean).join(" ");
}

function normalRest(normal: readonly Named[], isAll: boolean): string {
  if (normal.length === 0 || isAll) return "";
  if (normal.length === 1) return `${normal[0]!.title} is normal.`;
  return `The other ${inWords(normal.length)} are normal.`;
}

const DIRECTIONS: [RegExp, string][] = [[/above$/, "too high"], [/below$/, "too low"]];

/** "vibration too high", "no readings": an event without machine, numbers and time. */
export function eventTitle(event: MachineEvent, spec: SignalSpec | null): string {
  const name = spec?.title ?? event.name;
  if (event.kind === "stale") return event.name === "" ? "no readings" : `${name}: no readings`;
  if (event.kind === "note") return event.message;
  const direction = DIRECTIONS.find(([rule]) => rule.test(event.rule))?.[1] ?? event.rule.replaceAll("_", " ");
  return `${name} ${direction}`;
}

export const lowerFirst = (text: string): string =>
  /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;

const STATE_TITLES: Partial<Record<MachineState, string>> = {
  ok: "is normal",
  learning: "is learning what is normal",
  no_model: "is within its limits; nothing is learnt yet",
  no_data: "has not been heard of yet",
  failed: "cannot be worked out",
  recorded: "is known from a recording",
};

/** "for 3 min", by when readings came, not by when they were measured. */
export function silence(machine: LiveMachine, nowMs: number): string {
  const { last_arrival_ns } = machine;
  return last_arrival_ns === null ? "since telltale started" : `for ${age((nowMs - last_arrival_ns / 1e6) / 1000)}`;
}

/** A machine's page title. */
export function machineFinding(machine: LiveMachine, specOf: (name: string) => SignalSpec | null, nowMs: number): string {
  const worst = worstEvent(machine.open_events);
  if (["critical", "warn", "ok"].includes(machine.state) && worst !== null) {
    return `${machine.title}: ${lowerFirst(eventTitle(worst, specOf(worst.name)))}`;
  }
  if (machine.state === "stale") {
    return `${machine.title} has been silent ${silence(machine, nowMs)}`;
  }
  return `${machine.title} ${STATE_TITLES[machine.state] ?? `is ${stateShape(machine.state).word.toLowerCase()}`}`;
}

/** As `worst_first` in events.py: the gravest, findings before silences, the oldest. */
export const worstFirst = (a: MachineEvent, b: MachineEvent): number =>
  stateShape(a.level).rank - stateShape(b.level).rank || Number(a.kind === "stale") - Number(b.kind === "stale") || a.start_ns - b.start_ns;

/** The event that the headline is about. */
export const worstEvent = (events: readonly MachineEvent[]): MachineEvent | null =>
  events.filter((one) => one.end_ns === null && one.name !== "").sort(worstFirst)[0] ?? null;

/** "normal 1–3", "warning above 4.5", for those who do not see the range. */
export function limitsText(spec: SignalSpec): string {
  const as = shown(spec);
  const at = (value: number) => brief(toShown(value, as), as.decimals);
  const { warn_below, warn_above, critical_below, critical_above } = spec.limits ?? {};
  const said: string[] = [];
  if (spec.normal) said.push(`normal ${at(spec.normal[0])} to ${at(spec.normal[1])}`);
  if (warn_below != null) said.push(`warning below ${at(warn_below)}`);
  if (warn_above != null) said.push(`warning above ${at(warn_above)}`);
  if (critical_below != null) said.push(`critical below ${at(critical_below)}`);
  if (critical_above != null) said.push(`critical above ${at(critical_above)}`);
  return said.join(", ");
}
