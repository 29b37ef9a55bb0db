// The frame of a page about one machine: heard live, asked for, or said to be unknown.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Blank } from "../blank";
import { FirstReading } from "../first-reading";
import { want } from "../live";
import { profileOf } from "../outputs";
import { machinePath } from "../router";
import { lastMachine, Page } from "../shell";
import { briefs, loaded, machineSignal, type LiveMachine } from "../store";
import type { Profile } from "../types";
import { LoadProblem } from "./fleet";

interface OfMachineProps {
  id: string;
  where: string;
  /** What is missing as long as nothing was heard: "nothing to learn from". */
  lacks: string;
  children: (machine: LiveMachine, profile: Profile) => ComponentChildren;
}

export function OfMachine({ id, where, lacks, children }: OfMachineProps) {
  useEffect(() => {
    lastMachine.value = id;
    want({ machines: [id], channels: ["*"], rateHz: 1, backfillS: 0 });
  }, [id]);
  const isKnown = briefs.value.some((one) => one.id === id);
  const machine = isKnown ? machineSignal(id)?.value : undefined;
  const profile = machine === undefined ? null : profileOf(machine);
  if (machine !== undefined && profile !== null) {
    return machine.last_time_ns === null ? <Unheard machine={machine} profile={profile} where={where} lacks={lacks} /> : <>{children(machine, profile)}</>;
  }
  const isMissing = loaded.value && machine === undefined;
  return (
    <Page where={where} crumb={id} finding={isMissing ? `No machine is called ${id}` : `Asking for ${id}`}>
      <LoadProblem />
      {isMissing && <section class="panel"><Blank level={2} title="There is nothing to show" action={<a class="btn" href="/">See the fleet</a>}>A machine is known from its first reading on.</Blank></section>}
    </Page>
  );
}

export const crumbOf = (machine: LiveMachine) => <><a href="/">Fleet</a> / <a href={machinePath(machine.id)}>{machine.title}</a></>;

const Unheard = ({ machine, profile, where, lacks }: { machine: LiveMachine; profile: Profile; where: string; lacks: string }) => (
  <Page where={where} crumb={crumbOf(machine)} finding={`${machine.title} has ${lacks} yet`}>
    <section class="panel"><header><h2>Send its first reading</h2></header><div class="body"><FirstReading machine={machine.id} profile={profile} /></div></section>
  </Page>
);
