// One input's part in a finding, in words. Pure.
import type { Cause, SignalSpec } from "../types";
import { unknownSpec, withUnit } from "../values";

const MINUS = "\u2212";
/** "+62 %" of a finding; a negative share speaks against it. */
export const signedShare = (share: number): string => {
  const percent = Math.round(Math.abs(share) * 100);
  return `${percent === 0 ? "" : share < 0 ? MINUS : "+"}${percent} %`;
};

export const usualWords = (expected: number, spec: SignalSpec | null, name = ""): string => `usually ${withUnit(expected, spec ?? unknownSpec(name))}`;

/** "260 L/min, usually 300", then where it alone would end the finding. */
export function causeWords({ value, expected, bound }: Omit<Cause, "name" | "share">, spec: SignalSpec | null, name = ""): string {
  const as = spec ?? unknownSpec(name);
  const said = [value === null ? "not known" : withUnit(value, as)];
  if (expected !== null) said.push(usualWords(expected, as));
  if (bound !== null && value !== null && bound !== value) said.push(`normal ${bound > value ? "above" : "below"} ${withUnit(bound, as)}`);
  return said.join(", ");
}
