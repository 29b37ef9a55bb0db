// From columns of the server to what one chart draws: missing samples left out, pauses kept as gaps.

import type { Range } from "./range";

/** One signal over time; times rise, values are all present. */
export interface Line {
  time_s: Float64Array;
  value: Float64Array;
}

export interface Gap {
  from_s: number;
  to_s: number;
}

export interface Extent {
  low: number;
  high: number;
}

export const EMPTY_LINE: Line = { time_s: new Float64Array(0), value: new Float64Array(0) };

/** What uPlot takes: a gap is null, a time that belongs to the other line is undefined. */
export type Column = (number | null | undefined)[];

const GAP_STEPS = 4; // a pause is a gap when it is this many usual steps long, and stale besides

/** Keep the samples that are there. A machine's channels need not come at the same rate. */
export function present(time_ns: readonly number[], column: readonly (number | null)[]): Line {
  const time_s = new Float64Array(time_ns.length);
  const value = new Float64Array(time_ns.length);
  let n = 0;
  for (let i = 0; i < time_ns.length; i++) {
    const sample = column[i];
    if (sample === null || sample === undefined) continue;
    time_s[n] = (time_ns[i] ?? 0) / 1e9;
    value[n++] = sample;
  }
  return { time_s: time_s.subarray(0, n), value: value.subarray(0, n) };
}

/** The line with what came live since its end. */
export function continued(line: Line, tail: Line): Line {
  const end_s = line.time_s.at(-1) ?? -Infinity;
  const first = firstAfter(tail.time_s, end_s);
  if (first === tail.time_s.length) return line;
  return {
    time_s: joinedArrays(line.time_s, tail.time_s.subarray(first)),
    value: joinedArrays(line.value, tail.value.subarray(first)),
  };
}

function joinedArrays(a: Float64Array, b: Float64Array): Float64Array {
  const both = new Float64Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

export function moved(line: Line, by_s: number): Line {
  if (by_s === 0) return line;
  return { time_s: line.time_s.map((t) => t + by_s), value: line.value };
}

/** Index of the first time beyond `at_s`. */
export function firstAfter(time_s: Float64Array, at_s: number): number {
  let low = 0;
  let high = time_s.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if ((time_s[mid] ?? 0) > at_s) high = mid;
    else low = mid + 1;
  }
  return low;
}

/** Index of the sample nearest to `at_s`, or -1 for an empty line. */
export function nearest(time_s: Float64Array, at_s: number): number {
  const after = firstAfter(time_s, at_s);
  if (after === 0) return time_s.length === 0 ? -1 : 0;
  if (after === time_s.length) return after - 1;
  return at_s - (time_s[after - 1] ?? 0) <= (time_s[after] ?? 0) - at_s ? after - 1 : after;
}

/**
 * The longest pause that is still the signal's own rhythm. Where a bucket gives its lowest and its highest,
 * half of the steps lie within one, and those between two neighbours are up to two buckets long.
 */
export function longestPause_s(line: Line, staleAfter_s: number, bucket_s = 0): number {
  const n = line.time_s.length;
  const least_s = Math.max(staleAfter_s, 2 * bucket_s);
  if (n < 3) return least_s;
  const steps = new Float64Array(n - 1);
  for (let i = 1; i < n; i++) steps[i - 1] = (line.time_s[i] ?? 0) - (line.time_s[i - 1] ?? 0);
  steps.sort();
  return Math.max(least_s, GAP_STEPS * (steps[steps.length >> 1] ?? 0));
}

/** Where nothing was heard inside the range, its edges included, up to `now_s`. */
export function gapsIn(line: Line, range: Range, pause_s: number, now_s: number): Gap[] {
  const end_s = Math.min(range.to_s, now_s);
  const gaps: Gap[] = [];
  let last_s = range.from_s;
  for (const t of line.time_s) {
    if (t > last_s + pause_s && t > range.from_s) gaps.push({ from_s: last_s, to_s: Math.min(t, end_s) });
    if (t > range.to_s) return gaps;
    last_s = Math.max(last_s, t);
  }
  if (end_s > last_s + pause_s) gaps.push({ from_s: last_s, to_s: end_s });
  return gaps;
}

/** Lay lines on one time column; between two samples that are a pause apart stands a null. */
export function columns(lines: readonly Line[], pauses_s: readonly number[]): [number[], ...Column[]] {
  const broken = lines.map((line, k) => withBreaks(line, pauses_s[k] ?? Infinity));
  const [only] = broken;
  if (broken.length === 1 && only) return [only.time_s, only.value];
  const times = [...new Set(broken.flatMap((line) => line.time_s))].sort((a, b) => a - b);
  return [times, ...broken.map((line) => spread(line, times))];
}

interface BrokenLine {
  time_s: number[];
  value: (number | null)[];
}

function withBreaks(line: Line, pause_s: number): BrokenLine {
  const time_s: number[] = [];
  const value: (number | null)[] = [];
  let last_s = Infinity;
  for (let i = 0; i < line.time_s.length; i++) {
    const t = line.time_s[i] ?? 0;
    if (t - last_s > pause_s) {
      time_s.push((t + last_s) / 2);
      value.push(null);
    }
    time_s.push(t);
    value.push(line.value[i] ?? null);
    last_s = t;
  }
  return { time_s, value };
}

/** Inside a pause, times of the other lines are part of the gap: uPlot ends a gap at what is undefined. */
function spread(line: BrokenLine, times: readonly number[]): Column {
  let i = 0;
  return times.map((t) => {
    if (line.time_s[i] === t) return line.value[i++];
    return line.value[i] === null || line.value[i - 1] === null ? null : undefined;
  });
}

/** Lowest and highest value inside the range, or null if there is none. */
export function extent(line: Line, range: Range): Extent | null {
  let low = Infinity;
  let high = -Infinity;
  for (let i = Math.max(0, firstAfter(line.time_s, range.from_s) - 1); i < line.time_s.length; i++) {
    if ((line.time_s[i] ?? 0) > range.to_s) break;
    const v = line.value[i] ?? NaN;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return low <= high ? { low, high } : null;
}
