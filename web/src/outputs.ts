// What the models of a machine give, beside the channels and metrics of its profile: an output is shown,
// charted and limited as a metric is.
import { awaitProfile, machineSignal, profileSignal, refresh, specOf, type LiveMachine } from "./store";
import type { Profile, SignalSpec } from "./types";

interface Merged {
  profile: Profile;
  outputs: string;
  whole: Profile;
}
const byMachine = new Map<string, Merged>();

type WithOutputs = Pick<LiveMachine, "id" | "profile" | "outputs">;

/** A machine's profile with what its models give; the same object while nothing of it changes. */
export function profileOf(machine: WithOutputs): Profile | null {
  const profile = profileSignal(machine.profile).value;
  return profile === null ? null : withOutputs(profile, machine);
}

/** How a channel, metric or output of a machine is shown, waited for when it is not known yet. */
export async function awaitSpec(id: string, name: string): Promise<SignalSpec | null> {
  const known = await lookedUp(id, name);
  if (known !== null || name === "") return known;
  await refresh(); // its model may run since a moment ago
  return lookedUp(id, name);
}

async function lookedUp(id: string, name: string): Promise<SignalSpec | null> {
  const machine = machineSignal(id)?.value;
  const profile = machine === undefined ? null : await awaitProfile(machine.profile);
  return profile === null ? null : specOf(withOutputs(profile, machine!), name);
}

function withOutputs(profile: Profile, { id, outputs: given = {} }: WithOutputs): Profile {
  if (Object.keys(given).length === 0) return profile;
  const outputs = JSON.stringify(given);
  const merged = byMachine.get(id);
  if (merged?.profile === profile && merged.outputs === outputs) return merged.whole;
  const whole = { ...profile, outputs: given };
  byMachine.set(id, { profile, outputs, whole });
  return whole;
}
