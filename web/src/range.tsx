// Analog range indicator: where the value stands on its scale, beside its normal and its limits.
import type { CSSProperties } from "preact";
import { limitsText } from "./findings";
import { tone } from "./states";
import { saidValue, scaleOf } from "./values";
import type { LiveValue } from "./store";
import type { SignalSpec } from "./types";

interface RangeProps {
  spec: SignalSpec;
  value: LiveValue | undefined;
  /** Lowest and highest of the last minute. */
  seen?: [number, number] | null;
}

type Vars = Record<`--${string}`, string>;

function placer([low, high]: readonly [number, number]): (at: number) => string {
  return (at) => `${(Math.max(0, Math.min(1, (at - low) / (high - low))) * 100).toFixed(1)}%`;
}

export function Range({ spec, value, seen = null }: RangeProps) {
  const scale = scaleOf(spec, seen);
  if (scale === null || spec.codes !== undefined && Object.keys(spec.codes).length > 0) return <div class="range-none" />;
  const place = placer(scale);
  const reading = value?.value ?? null;
  const vars: Vars = { "--v": place(reading ?? scale[0]) };
  if (spec.normal) Object.assign(vars, { "--n0": place(spec.normal[0]), "--n1": place(spec.normal[1]) });
  if (seen) Object.assign(vars, { "--e0": place(seen[0]), "--e1": place(seen[1]) });
  const state = reading === null ? "none" : tone(value!.state);
  const label = [saidValue(value, spec), limitsText(spec)].filter(Boolean).join(", ");
  return (
    <div class={`range ${state}`} role="img" aria-label={label} style={vars as CSSProperties}>
      {spec.normal && <i class="norm" />}
      {seen && state !== "stale" && state !== "none" && <i class="seen" />}
      {ticks(spec, scale).map(([at, kind]) => <i key={`${kind}${at}`} class={`lim ${kind}`} style={{ "--at": place(at) } as CSSProperties} />)}
      <i class="ptr" />
    </div>
  );
}

function ticks(spec: SignalSpec, [low, high]: readonly [number, number]): [number, "" | "crit"][] {
  const { warn_below, warn_above, critical_below, critical_above } = spec.limits ?? {};
  const all: [number | null | undefined, "" | "crit"][] = [
    [warn_below, ""], [warn_above, ""], [critical_below, "crit"], [critical_above, "crit"],
  ];
  return all.flatMap(([at, kind]) => (at == null || at < low || at > high ? [] : [[at, kind] as [number, "" | "crit"]]));
}
