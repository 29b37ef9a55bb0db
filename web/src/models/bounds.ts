// An output with two others beside it that say what it lies between: x_low and x_high, the unit last.
import type { Band } from "../charts/model";

/** The names of the ends of an output's interval: "life_low_s", "life_high_s" of "life_s"; null without. */
export function boundsOf(name: string, outputs: Record<string, unknown> | undefined): Band<string> | null {
  if (outputs?.[name] === undefined) return null;
  const parts = name.split("_");
  for (let at = parts.length; at > 0; at--) {
    const named = (end: string): string => [...parts.slice(0, at), end, ...parts.slice(at)].join("_");
    if (outputs[named("low")] !== undefined && outputs[named("high")] !== undefined) return { low: named("low"), high: named("high") };
  }
  return null;
}
