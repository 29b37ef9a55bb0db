// What one chart of the panel shows, worked out from samples, profile and events. Pure: no DOM, no clock.

import { number } from "../format";
import type { SignalSpec, Limits } from "../types";
import { shown, toShown, type Shown } from "../units";
import type { Extent, Gap, Line } from "./series";
import type { Range } from "./range";
import { extent, firstAfter, gapsIn, longestPause_s, moved } from "./series";
import { roundStep } from "./ticks";

/** A channel or metric as the chart needs it: everything in the viewer's units. */
export interface Signal {
  name: string;
  title: string;
  as: Shown;
  normal: [number, number] | null;
  limits: Limits | null;
  words: ReadonlyMap<number, string>; // of a coded channel
  band?: Band<Signal>; // what an estimate lies between
  ahead?: Ahead; // what is forecast of it
}

/** A forecast's columns: each is of the time `by_s` after its own. */
export interface Ahead {
  by_s: number;
  mid: Signal;
  band: Band<Signal> | null;
}

export interface Band<T> {
  low: T;
  high: T;
}

const LIMIT_KEYS = ["warn_below", "warn_above", "critical_below", "critical_above"] as const;

/** Read one signal of a profile. A name that the profile does not know is shown as it is. */
export function signalOf(name: string, spec: SignalSpec | null): Signal {
  if (!spec) return { name, title: name, as: { symbol: "", factor: 1, offset: 0, decimals: 2 }, normal: null, limits: null, words: new Map() };
  const as = shown(spec);
  const put = (v: number): number => Number(toShown(v, as).toPrecision(6));
  const limits = spec.limits ? Object.fromEntries(LIMIT_KEYS.flatMap((key) => {
    const value = spec.limits?.[key];
    return value === null || value === undefined ? [] : [[key, put(value)]];
  })) : null;
  const normal: [number, number] | null = spec.normal ? [put(spec.normal[0]), put(spec.normal[1])] : null;
  const words = new Map(Object.entries(spec.codes ?? {}).map(([word, code]) => [code, word]));
  return { name, title: spec.title, as, normal, limits, words };
}

/** The signals that must be read to draw these. */
export const allSignals = (signals: readonly Signal[]): readonly Signal[] =>
  signals.flatMap((signal) => [signal, ...endsOf(signal.band), ...(signal.ahead ? [signal.ahead.mid, ...endsOf(signal.ahead.band)] : [])]);

export const endsOf = <T>(band: Band<T> | null | undefined): T[] => (band ? [band.low, band.high] : []);

/** How far beyond now the furthest forecast of these reaches; 0 without one. */
export const horizon_s = (signals: readonly Signal[]): number => Math.max(0, ...signals.map((signal) => signal.ahead?.by_s ?? 0));

/** A value as the signal's captions and tables write it, without its unit. */
export const written = (value: number, { words, as }: Signal): string => words.get(value) ?? number(value, as.decimals);

export interface LimitLine {
  value: number;
  level: "warn" | "critical";
}

/** Something that began at an instant: drawn as a line through all charts. */
export interface Mark {
  at_s: number;
  level: string;
  label: string;
}

/** A stretch that somebody named: an instant where both ends are one. */
export interface NamedStretch extends Range {
  tone: "normal" | "warn" | "crit";
  label: string;
}

/** Forecasts, moved to the time that they are of. */
export interface DrawnAhead {
  by_s: number;
  signal: Signal;
  line: Line;
  band: Band<Line> | null;
}

export interface DrawnLine {
  signal: Signal;
  line: Line;
  under: Line | null; // the second range, moved onto the first
  band: Band<Line> | null;
  ahead: DrawnAhead | null;
  pause_s: number;
  series: number; // 1 to 5, which colour and dash
}

export interface ChartModel {
  lines: DrawnLine[];
  range: Range;
  bounds: Extent;
  normal: [number, number] | null;
  limits: LimitLine[];
  gaps: Gap[];
  now_s: number; // nothing is measured beyond
}

export interface ChartInput {
  signals: readonly Signal[];
  lineOf: (name: string) => Line;
  underOf: ((name: string) => Line) | null;
  offset_s: number; // how much earlier the second range is
  range: Range;
  staleAfter_s: number;
  bucket_s: number; // how much time one drawn sample stands for; 0 when every sample is there
  now_s: number;
}

const TICKS_WANTED = 4;
const LABEL_ROOM = 0.1; // above the highest limit, for its name

export function limitLines(limits: Limits | null | undefined): LimitLine[] {
  if (!limits) return [];
  const all: [number | null | undefined, LimitLine["level"]][] = [
    [limits.warn_below, "warn"], [limits.warn_above, "warn"],
    [limits.critical_below, "critical"], [limits.critical_above, "critical"],
  ];
  return all.flatMap(([value, level]) => (value === null || value === undefined ? [] : [{ value, level }]));
}

/** Which side of its limits a value is on. */
export function levelOf(value: number, limits: Limits | null): "ok" | "warn" | "critical" {
  const beyond = (above?: number | null, below?: number | null): boolean =>
    (above !== null && above !== undefined && value > above) || (below !== null && below !== undefined && value < below);
  if (beyond(limits?.critical_above, limits?.critical_below)) return "critical";
  return beyond(limits?.warn_above, limits?.warn_below) ? "warn" : "ok";
}

export function chartModel(input: ChartInput): ChartModel {
  const { signals, range } = input;
  const lines = signals.map((signal, k) => drawnLine(signal, k, input));
  const alone = signals.length === 1 ? signals[0] : undefined;
  const normal = alone?.normal ?? null;
  const limits = limitLines(alone?.limits);
  const seen = lines.flatMap(({ line, under, band, ahead }) =>
    [line, under, ...endsOf(band), ahead?.line, ...endsOf(ahead?.band)].map((one) => (one ? extent(one, range) : null)));
  const bounds = yBounds(seen.filter((e) => e !== null), normal, limits);
  const gaps = sharedGaps(lines, range, input.now_s);
  return { lines, range, bounds, normal, limits: limits.filter((l) => l.value >= bounds.low && l.value <= bounds.high), gaps, now_s: input.now_s };
}

/** Where no line of the chart has a sample. */
function sharedGaps([leader, ...others]: readonly DrawnLine[], range: Range, now_s: number): Gap[] {
  if (!leader) return [];
  const isEmpty = (line: Line, gap: Gap): boolean => firstAfter(line.time_s, gap.from_s) === firstAfter(line.time_s, gap.to_s - 1e-6);
  return gapsIn(leader.line, range, leader.pause_s, now_s).filter((gap) => others.every(({ line }) => isEmpty(line, gap)));
}

function drawnLine(signal: Signal, k: number, input: ChartInput): DrawnLine {
  const line = input.lineOf(signal.name);
  const under = input.underOf ? moved(input.underOf(signal.name), input.offset_s) : null;
  const linesOf = (band: Band<Signal> | null | undefined, by_s = 0): Band<Line> | null =>
    band ? { low: moved(input.lineOf(band.low.name), by_s), high: moved(input.lineOf(band.high.name), by_s) } : null;
  const ahead = signal.ahead && {
    by_s: signal.ahead.by_s, signal: signal.ahead.mid, line: moved(input.lineOf(signal.ahead.mid.name), signal.ahead.by_s), band: linesOf(signal.ahead.band, signal.ahead.by_s),
  };
  return { signal, line, under, band: linesOf(signal.band), ahead: ahead ?? null, pause_s: longestPause_s(line, input.staleAfter_s, input.bucket_s), series: (k % 5) + 1 };
}

/** Ends of the vertical axis: the samples, their normal range, and the limits that are in reach. */
export function yBounds(seen: readonly Extent[], normal: readonly [number, number] | null, limits: readonly LimitLine[]): Extent {
  let low = Math.min(...seen.map((e) => e.low), ...(normal ? [normal[0]] : []));
  let high = Math.max(...seen.map((e) => e.high), ...(normal ? [normal[1]] : []));
  if (!(low <= high)) [low, high] = limits.length ? hull(limits) : [0, 1];
  const reach = high - low || Math.abs(high) * 0.1 || 1;
  for (const { value } of limits) {
    if (value > high && value - high <= reach) high = value;
    if (value < low && low - value <= reach) low = value;
  }
  const isLabelled = limits.some(({ value }) => value === high);
  return rounded(low, isLabelled ? high + (high - low) * LABEL_ROOM : high);
}

const hull = (limits: readonly LimitLine[]): [number, number] => [
  Math.min(...limits.map((l) => l.value)),
  Math.max(...limits.map((l) => l.value)),
];

/** Outwards to round numbers, with room for a line at the very edge. */
function rounded(low: number, high: number): Extent {
  const span = high - low || Math.abs(high) * 0.1 || 1;
  const step = roundStep(span / TICKS_WANTED) / 2;
  const floor = Math.floor((low - span * 0.06) / step) * step;
  return { low: low >= 0 && floor < 0 ? 0 : floor, high: Math.ceil((high + span * 0.08) / step) * step };
}

/** One sentence for those who do not see the chart. */
export function summary(model: ChartModel): string {
  const said = model.lines.map(({ signal, line, ahead }) => {
    const e = extent(line, model.range);
    const f = ahead && extent(ahead.line, { from_s: model.now_s, to_s: model.range.to_s });
    if (!e) return `${signal.title}: no readings`;
    const seen = `${signal.title}: lowest ${written(e.low, signal)}, highest ${written(e.high, signal)} ${signal.as.symbol}`.trim();
    return f ? `${seen}, forecast ${written(f.low, signal)} to ${written(f.high, signal)}` : seen;
  });
  const gaps = model.gaps.length ? `, ${model.gaps.length} without data` : "";
  return `${said.join("; ")}${gaps}.`;
}
