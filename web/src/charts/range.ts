// A stretch of time on the shared axis, and the ways to move it. All times are Unix seconds.

export interface Range {
  from_s: number;
  to_s: number;
}

const MIN_SPAN_S = 0.05; // below this a float64 time of today has too few steps to draw
const MAX_SPAN_S = 40 * 365.25 * 86_400; // older logs exist; wider than this is a slip of the hand

export const span_s = (range: Range): number => range.to_s - range.from_s;

export const isSame = (a: Range, b: Range): boolean => a.from_s === b.from_s && a.to_s === b.to_s;

export const lastOf = (to_s: number, length_s: number): Range => ({ from_s: to_s - length_s, to_s });

/** Scale the range by `factor` about the point `at_s`, which keeps its place on the screen. */
export function zoomed(range: Range, at_s: number, factor: number): Range {
  const span = span_s(range);
  const kept = Math.min(MAX_SPAN_S, Math.max(MIN_SPAN_S, span * factor)) / span;
  return { from_s: at_s - (at_s - range.from_s) * kept, to_s: at_s + (range.to_s - at_s) * kept };
}

/** Move the range by a share of its own length; positive is later. */
export function panned(range: Range, share: number): Range {
  return shifted(range, span_s(range) * share);
}

export function shifted(range: Range, by_s: number): Range {
  return { from_s: range.from_s + by_s, to_s: range.to_s + by_s };
}

/** Two fingers: what was under each of them at the start stays under it. Shares are 0 to 1 of the axis. */
export function pinched(range: Range, start: [number, number], now: [number, number]): Range {
  const span = span_s(range);
  const held: [number, number] = [range.from_s + start[0] * span, range.from_s + start[1] * span];
  const apart = now[1] - now[0];
  if (Math.abs(apart) < 0.02) return range; // fingers on one another: the scale would run away
  const next = (held[1] - held[0]) / apart;
  if (next < MIN_SPAN_S || next > MAX_SPAN_S) return range;
  const from_s = held[0] - now[0] * next;
  return { from_s, to_s: from_s + next };
}

/** Order two instants into a range. */
export const between = (a_s: number, b_s: number): Range => ({ from_s: Math.min(a_s, b_s), to_s: Math.max(a_s, b_s) });

/** Return the range if it can be drawn, else null. */
export function checked(from_s: number, to_s: number): Range | null {
  const span = to_s - from_s;
  return Number.isFinite(span) && span >= MIN_SPAN_S && span <= MAX_SPAN_S ? { from_s, to_s } : null;
}
