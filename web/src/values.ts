// How one value is written and placed: text, unit, position on its scale.
import { brief, number } from "./format";
import { shown, toShown, type Shown } from "./units";
import type { LiveValue } from "./store";
import type { SignalSpec } from "./types";

/** A name that no profile knows still has a value; it is shown under its own name, without unit. */
export const unknownSpec = (name: string): SignalSpec => ({ title: name, unit: "", decimals: 2 });

/** The word of a coded channel, else the number in the viewer's units. */
export function valueText(value: number, spec: SignalSpec, as: Shown = shown(spec)): string {
  const word = Object.entries(spec.codes ?? {}).find(([, code]) => code === value)?.[0];
  return word ?? number(toShown(value, as), as.decimals);
}

export function withUnit(value: number, spec: SignalSpec): string {
  const as = shown(spec);
  const text = valueText(value, spec, as);
  return as.symbol === "" || spec.codes?.[text] !== undefined ? text : `${text} ${as.symbol}`;
}

/** A value as a cell of a table or tile says it, age and all states included. */
export function saidValue(value: LiveValue | undefined, spec: SignalSpec, isSilent = false): string {
  if (value === undefined || value.value === null) return "no reading";
  return isSilent || value.state === "stale" ? `last ${withUnit(value.value, spec)}` : withUnit(value.value, spec);
}

/** Ends of the analog scale, in the store's units; null when nothing says where they are. */
export function scaleOf(spec: SignalSpec, seen: readonly [number, number] | null): [number, number] | null {
  const given = spec.scale ?? spec.range;
  if (given) return [given[0], given[1]];
  const limits = Object.entries(spec.limits ?? {}).flatMap(([name, value]) =>
    /(above|below)$/.test(name) && typeof value === "number" ? [value] : []);
  const known = [...(spec.normal ?? []), ...limits];
  if (known.length === 0) return null; // a scale made of the values themselves would say nothing
  const points = [...known, ...(seen ?? [])];
  const low = Math.min(...points);
  const high = Math.max(...points);
  const margin = (high - low) * 0.1;
  return high > low ? [low >= 0 ? Math.max(0, low - margin) : low - margin, high + margin] : null;
}

export function scaleEnds(scale: readonly [number, number], as: Shown): [string, string] {
  const decimals = Math.min(as.decimals, 2);
  return [brief(toShown(scale[0], as), decimals), brief(toShown(scale[1], as), decimals)];
}
