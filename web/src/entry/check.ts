// What a person typed into a field, as a value in the store's unit or as what is wrong with it.

import { brief } from "../format";
import type { SignalSpec } from "../types";
import { fromShown, type Shown, toShown } from "../units";

export type Typed =
  | { kind: "empty" }
  | { kind: "value"; value: number } // in the store's unit
  | { kind: "bad"; message: string; suggestion: string | null };

/** Allowed values in the viewer's unit; null when the profile sets none. */
export function allowed(spec: SignalSpec, as: Shown): [number, number] | null {
  if (!spec.range) return null;
  const [a, b] = [toShown(spec.range[0], as), toShown(spec.range[1], as)];
  return [Math.min(a, b), Math.max(a, b)];
}

export function checkTyped(text: string, spec: SignalSpec, as: Shown): Typed {
  const plain = text.trim().replace("\u2212", "-");
  if (plain === "") return { kind: "empty" };
  const value = Number(/^[^.]*,[^,.]*$/.test(plain) ? plain.replace(",", ".") : plain); // 7,4 is a decimal comma
  if (!Number.isFinite(value)) {
    const figure = /-?\d+(?:[.,]\d+)?/.exec(plain)?.[0].replace(",", ".") ?? null;
    return { kind: "bad", message: `"${text.trim()}" is not a number.`, suggestion: figure };
  }
  const range = allowed(spec, as);
  if (range && !isIn(value, range)) {
    const says = `${brief(value)} is beyond the sensor's range, ${brief(range[0])} to ${brief(range[1])}.`;
    return { kind: "bad", message: says, suggestion: slipOf(value, range) };
  }
  return { kind: "value", value: fromShown(value, as) };
}

const isIn = (value: number, [low, high]: readonly [number, number]): boolean => value >= low && value <= high;

/** The likeliest slip that gives an allowed value: a lost point, a lost sign, then rarer ones. */
function slipOf(value: number, range: readonly [number, number]): string | null {
  const slip = [value / 10, -value, value / 100, value * 10, value / 1000].find((candidate) => isIn(candidate, range));
  return slip === undefined ? null : String(Number(slip.toPrecision(6)));
}
