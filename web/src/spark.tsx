// Sparkline: the last minutes of one signal on its normal band; drawn anew once a second.
import { useMemo } from "preact/hooks";
import type { Ring } from "./ring";
import type { SignalSpec } from "./types";

interface SparkProps {
  ring: Ring;
  name: string;
  spec: SignalSpec | null;
  windowS: number;
  tone: "ok" | "warn" | "crit" | "stale" | "none";
  nowMs: number;
  height?: number;
}

const BUCKETS = 120;
const WIDTH = 240; // of the drawing; the picture stretches, its line does not
const LINES = { ok: "ink", warn: "warn", crit: "crit", stale: "ghost", none: "ghost" } as const;

interface Bucket {
  x: number;
  low: number;
  high: number;
  sum: number;
  n: number;
}

function buckets(time_s: readonly number[], values: readonly (number | null)[]): (Bucket | null)[] {
  const first = time_s[0]!;
  const span = time_s.at(-1)! - first || 1;
  const out: (Bucket | null)[] = new Array<Bucket | null>(BUCKETS).fill(null);
  values.forEach((value, i) => {
    if (value === null) return;
    const at = Math.min(BUCKETS - 1, Math.floor(((time_s[i]! - first) / span) * BUCKETS));
    const bucket = (out[at] ??= { x: (at / (BUCKETS - 1)) * WIDTH, low: value, high: value, sum: 0, n: 0 });
    bucket.low = Math.min(bucket.low, value);
    bucket.high = Math.max(bucket.high, value);
    bucket.sum += value;
    bucket.n += 1;
  });
  return out;
}

const MAX_EMPTY = 6; // a longer run of empty buckets is a gap, a shorter one a slow sensor

/** Runs of buckets without a gap in them. */
function runs(drawn: readonly (Bucket | null)[]): Bucket[][] {
  const out: Bucket[][] = [];
  let empty = MAX_EMPTY + 1;
  for (const bucket of drawn) {
    if (bucket === null) {
      empty += 1;
      continue;
    }
    if (empty > MAX_EMPTY) out.push([]);
    out.at(-1)!.push(bucket);
    empty = 0;
  }
  return out;
}

type Place = (value: number) => number;
const point = (bucket: Bucket, y: number): string => `${bucket.x.toFixed(1)} ${y.toFixed(1)}`;

/** The mean as a line; lowest to highest as a shade around it, so that no peak is lost. */
const lineOf = (run: readonly Bucket[], y: Place): string =>
  `M${run.map((one) => point(one, y(one.sum / one.n))).join("L")}`;
const shadeOf = (run: readonly Bucket[], y: Place): string =>
  `M${run.map((one) => point(one, y(one.high))).join("L")}L${run.toReversed().map((one) => point(one, y(one.low))).join("L")}Z`;

interface Drawing {
  line: string;
  shade: string;
  end: { x: number; y: number };
  band: { top: number; height: number } | null;
  limit: number | null;
}

function draw(props: SparkProps, height: number): Drawing | null {
  const { ring, name, spec, windowS } = props;
  const { time_s, columns } = ring.since(ring.lastTime_s - windowS, [name]);
  const values = columns[name] ?? [];
  const present = values.filter((value) => value !== null);
  if (present.length < 2) return null;
  const drawn = buckets(time_s, values);
  const normal = spec?.normal ?? null;
  let low = Math.min(...present, normal?.[0] ?? Infinity);
  let high = Math.max(...present, normal?.[1] ?? -Infinity);
  const limit = limitInReach(spec, low, high);
  if (limit !== null) [low, high] = [Math.min(low, limit), Math.max(high, limit)];
  const y = (value: number): number => height - 3 - ((value - low) / (high - low || 1)) * (height - 6);
  const parts = runs(drawn);
  const last = parts.at(-1)!.at(-1)!;
  return {
    line: parts.map((run) => lineOf(run, y)).join(""),
    shade: parts.map((run) => shadeOf(run, y)).join(""),
    end: { x: (last.x / WIDTH) * 100, y: (y(last.sum / last.n) / height) * 100 },
    band: normal ? { top: y(normal[1]), height: Math.max(1, y(normal[0]) - y(normal[1])) } : null,
    limit: limit === null ? null : y(limit),
  };
}

// A far limit would press the line flat; it is drawn only when the values come near it.
function limitInReach(spec: SignalSpec | null, low: number, high: number): number | null {
  const { warn_above, warn_below } = spec?.limits ?? {};
  const reach = (high - low) * 0.6;
  if (warn_above != null && warn_above <= high + reach) return warn_above;
  if (warn_below != null && warn_below >= low - reach) return warn_below;
  return null;
}

export function Spark(props: SparkProps) {
  const height = props.height ?? 34;
  const { ring, name, tone, spec } = props;
  const second = Math.floor(props.nowMs / 1000);
  const drawing = useMemo(() => draw(props, height), [ring, name, spec, second, ring.length > 1]);
  if (drawing === null) return <div class="spark empty" style={{ height: `${height}px` }} />;
  return (
    <div class={`spark ${tone}`} style={{ height: `${height}px` }} aria-hidden="true">
      <svg viewBox={`0 0 ${WIDTH} ${height}`} height={height} preserveAspectRatio="none">
        {drawing.band && <rect class="bandfill" x={0} width={WIDTH} y={drawing.band.top} height={drawing.band.height} />}
        {drawing.limit !== null && <path class="limit warn" vector-effect="non-scaling-stroke" d={`M0 ${drawing.limit}H${WIDTH}`} />}
        <path class={`shade ${LINES[tone]}`} d={drawing.shade} />
        <path class={`line ${LINES[tone]}`} d={drawing.line} />
      </svg>
      <i class="end" style={{ left: `${drawing.end.x}%`, top: `${drawing.end.y}%` }} />
    </div>
  );
}
