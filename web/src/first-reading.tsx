// The command that sends a first reading: for a fleet without machines, and a machine without readings.
import { machinePath } from "./router";
import type { Profile } from "./types";

const USUAL = { bearing_temp_c: 61.2, vibration_mm_s: 2.1 };
const NAMES_SHOWN = 2;

export function FirstReading({ machine, profile = null }: { machine: string; profile?: Profile | null }) {
  const body = JSON.stringify(exampleOf(profile)).replaceAll(":", ": ").replaceAll(",", ", ");
  return <pre class="code">{`curl ${location.origin}/api/v1${machinePath(machine)}/telemetry \\\n  -H 'content-type: application/json' \\\n  -d '${body}'`}</pre>;
}

/** The first channels of a profile, in the middle of their normal ranges. */
function exampleOf(profile: Profile | null): Record<string, number> {
  if (profile === null) return USUAL;
  const names = [...new Set([...profile.cards, ...Object.keys(profile.channels)])].filter((name) => name in profile.channels);
  return Object.fromEntries(names.slice(0, NAMES_SHOWN).map((name) => {
    const { normal, decimals } = profile.channels[name]!;
    return [name, normal ? Number(((normal[0] + normal[1]) / 2).toFixed(decimals)) : 0];
  }));
}
