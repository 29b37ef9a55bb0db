// The lines of the panel: what the server answered, continued by what came live since.

import { useMemo } from "preact/hooks";
import type { Ring } from "../ring";
import { toShown } from "../units";
import type { Signal } from "./model";
import type { Answer } from "./query";
import { continued, EMPTY_LINE, type Line, present } from "./series";

export type Lines = ReadonlyMap<string, Line>;

const NO_LINES: Lines = new Map();

/** Answered samples in the viewer's units, by signal. */
export function useLines(answer: Answer | null, signals: readonly Signal[]): Lines {
  return useMemo(() => {
    if (!answer) return NO_LINES;
    const { time_ns, columns } = answer.telemetry;
    return new Map(signals.map((signal) => [signal.name, inUnits(present(time_ns, columns[signal.name] ?? []), signal)]));
  }, [answer, signals]);
}

/** Append what the ring holds beyond the last answered sample. */
export function withTail(lines: Lines, ring: Ring, signals: readonly Signal[]): Lines {
  const ends = [...lines.values()].map((line) => line.time_s.at(-1) ?? -Infinity);
  const recent = ring.since(Math.max(-Infinity, ...ends), signals.map((s) => s.name));
  if (recent.time_s.length === 0) return lines;
  const time_s = Float64Array.from(recent.time_s);
  return new Map(signals.map((signal) => {
    const tail = inUnits(presentAt(time_s, recent.columns[signal.name] ?? []), signal);
    return [signal.name, continued(lines.get(signal.name) ?? EMPTY_LINE, tail)];
  }));
}

function presentAt(time_s: Float64Array, column: readonly (number | null)[]): Line {
  const kept = time_s.map((_, i) => i).filter((i) => typeof column[i] === "number");
  return { time_s: kept.map((i) => time_s[i] ?? 0), value: kept.map((i) => column[i] ?? NaN) };
}

function inUnits(line: Line, { as }: Signal): Line {
  if (as.factor === 1 && as.offset === 0) return line;
  return { time_s: line.time_s, value: line.value.map((v) => toShown(v, as)) };
}
