// The heat map's arithmetic: which input explains how much, when. Pure: no DOM, no clock.
import type { Evidence } from "./types";

export interface HeatRow {
  name: string;
  /** Part in the finding at each moment: share times the output in multiples of its limit. */
  parts: (number | null)[];
  /** Index among the evidence's inputs. */
  input: number;
}

export interface HeatModel {
  rows: HeatRow[]; // the heaviest first
  time_s: number[];
  /** Where each moment's cell begins and ends on the time axis. */
  cells: [number, number][];
  steps: readonly number[];
}

/** Where a level begins; in multiples of the limit, so that calm stays pale. 1: this input alone is at it. */
export const LIMIT_STEPS = [0.1, 0.25, 0.5, 1, 2] as const;
export const SHARE_STEPS = [0.1, 0.2, 0.35, 0.5, 0.75] as const;
const WIDEST = 3; // a pause longer than so many usual steps stays empty

export function heatModel(evidence: Evidence, limit: number | null): HeatModel {
  const time_s = evidence.time_ns.map((t) => t / 1e9);
  const weight = (i: number): number | null => (limit === null ? 1 : evidence.value[i] == null ? null : evidence.value[i] / limit);
  const rows = evidence.inputs.map((name, k): HeatRow => ({
    name,
    input: k,
    parts: time_s.map((_, i) => {
      const share = evidence.share[i]?.[k] ?? null;
      const by = weight(i);
      return share === null || by === null ? null : share * by;
    }),
  }));
  const heat = ({ parts }: HeatRow): number => parts.reduce<number>((sum, part) => sum + Math.max(0, part ?? 0), 0);
  rows.sort((a, b) => heat(b) - heat(a));
  return { rows, time_s, cells: cellsOf(time_s), steps: limit === null ? SHARE_STEPS : LIMIT_STEPS };
}

/** 0 to 5: how strong a part is drawn. What speaks against the finding is 0. */
export const levelOf = (part: number | null, steps: readonly number[]): number =>
  part === null ? 0 : steps.filter((step) => part >= step).length;

/** Each cell reaches half way to its neighbours, but not across a pause. */
export function cellsOf(time_s: readonly number[]): [number, number][] {
  const gaps = time_s.slice(1).map((t, i) => t - time_s[i]!);
  const usual = [...gaps].sort((a, b) => a - b)[gaps.length >> 1] ?? 1;
  const half = (gap: number | undefined): number => (gap === undefined || gap > usual * WIDEST ? usual : gap) / 2;
  return time_s.map((t, i) => [t - half(gaps[i - 1]), t + half(gaps[i])]);
}

/** Index of the moment nearest to an instant, or -1. */
export function nearestMoment(time_s: readonly number[], at_s: number): number {
  let best = -1;
  time_s.forEach((t, i) => {
    if (best < 0 || Math.abs(t - at_s) < Math.abs(time_s[best]! - at_s)) best = i;
  });
  return best;
}

/** Where a key puts the cursor; undefined when it means nothing here. */
export function keyMoment(key: string, times_s: readonly number[], at_s: number | null): number | null | undefined {
  if (key === "Escape") return null;
  if (key === "Home") return times_s[0];
  if (key === "End") return times_s.at(-1);
  if (key !== "ArrowLeft" && key !== "ArrowRight") return undefined;
  if (at_s === null) return times_s.at(-1);
  const next = nearestMoment(times_s, at_s) + (key === "ArrowRight" ? 1 : -1);
  return times_s[Math.min(times_s.length - 1, Math.max(0, next))];
}

/** The heaviest inputs at one moment, by size of their share: what to name first. */
export function leading(evidence: Evidence, moment: number, most = 3): number[] {
  const shares = evidence.share[moment] ?? [];
  return shares
    .map((share, k): [number, number] => [Math.abs(share ?? 0), k])
    .filter(([size]) => size > 0)
    .sort((a, b) => b[0] - a[0])
    .slice(0, most)
    .map(([, k]) => k);
}
