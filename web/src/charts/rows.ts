// The table behind the charts: the same samples, one row a sample or one row a step of time.

import { levelOf, type Signal } from "./model";
import type { Range } from "./range";
import { span_s } from "./range";
import { type Extent, firstAfter, type Line } from "./series";
import { TIME_STEPS_S } from "./ticks";

const MAX_ROWS = 500; // more cannot be read; the export has every sample

export interface TableColumn {
  signal: Signal;
  line: Line;
  isUnder: boolean;
}

export interface TableRow {
  at_s: number;
  cells: (Extent | null)[];
  level: "ok" | "warn" | "critical";
}

export interface Table {
  rows: TableRow[]; // newest first
  step_s: number; // 0: each row is one sample
}

export function tableOf(columns: readonly TableColumn[], range: Range, bucket_s: number): Table {
  const times = new Set<number>();
  for (const { line } of columns) {
    for (let i = firstAfter(line.time_s, range.from_s); i < line.time_s.length && (line.time_s[i] ?? 0) <= range.to_s; i++) {
      if (times.size > MAX_ROWS) break;
      times.add(line.time_s[i] ?? 0);
    }
  }
  const isAlone = columns.every((column) => !column.isUnder); // two ranges seldom have samples at the same instants
  const isEach = bucket_s === 0 && isAlone && times.size <= MAX_ROWS;
  return isEach ? eachSample(columns, [...times].sort((a, b) => b - a)) : stepped(columns, range, bucket_s);
}

function eachSample(columns: readonly TableColumn[], times: readonly number[]): Table {
  const rows = times.map((at_s) => rowOf(columns, at_s, (line) => {
    const i = firstAfter(line.time_s, at_s) - 1;
    const value = line.time_s[i] === at_s ? line.value[i] : undefined;
    return value === undefined ? null : { low: value, high: value };
  }));
  return { rows, step_s: 0 };
}

function stepped(columns: readonly TableColumn[], range: Range, bucket_s: number): Table {
  const least_s = Math.max(span_s(range) / (MAX_ROWS / 2), bucket_s);
  const step_s = TIME_STEPS_S.find((s) => s >= least_s) ?? least_s;
  const zone_s = new Date(range.from_s * 1000).getTimezoneOffset() * 60;
  const first = Math.floor((range.from_s - zone_s) / step_s);
  const last = Math.floor((range.to_s - zone_s) / step_s);
  const rows: TableRow[] = [];
  for (let k = last; k >= first; k--) {
    const at_s = k * step_s + zone_s;
    const row = rowOf(columns, at_s, (line) => stepExtent(line, at_s, step_s, range));
    if (row.cells.some((cell) => cell !== null)) rows.push(row);
  }
  return { rows, step_s };
}

function stepExtent(line: Line, at_s: number, step_s: number, range: Range): Extent | null {
  const from = Math.max(at_s, range.from_s);
  const to = Math.min(at_s + step_s, range.to_s);
  let low = Infinity;
  let high = -Infinity;
  const start = firstAfter(line.time_s, from);
  for (let i = line.time_s[start - 1] === from ? start - 1 : start; i < line.time_s.length && (line.time_s[i] ?? 0) < to; i++) {
    const v = line.value[i] ?? NaN;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return low <= high ? { low, high } : null;
}

function rowOf(columns: readonly TableColumn[], at_s: number, cellOf: (line: Line) => Extent | null): TableRow {
  const cells = columns.map(({ line }) => cellOf(line));
  const levels = columns.flatMap(({ signal, isUnder }, k) => {
    const cell = cells[k];
    return cell && !isUnder ? [levelOf(cell.low, signal.limits), levelOf(cell.high, signal.limits)] : [];
  });
  const level = levels.includes("critical") ? "critical" : levels.includes("warn") ? "warn" : "ok";
  return { at_s, cells, level };
}
