// Intensities of kinds of fault, the leading one first, each beside its limits.
import { Lamp } from "../lamp";
import { Range } from "../range";
import { faultsPath } from "../router";
import { stateShape, tone } from "../states";
import { specOf, type LiveMachine } from "../store";
import type { Profile } from "../types";
import { saidValue } from "../values";
import { LearntFromSimulated, Progress } from "./parts";
import type { MachineModel } from "./types";
import { isWaiting, leadingFirst, limitOf } from "./words";

const INK = { crit: "ink-crit", warn: "ink-warn", stale: "muted", none: "muted", ok: "" } as const;

interface FaultsProps {
  machine: LiveMachine;
  profile: Profile;
  model: MachineModel;
}

const STEPS = 10; // of an output's limit: rows that differ by less keep their places, so that calm ones stand still

/** A model's outputs as they are now, the leading one first. */
export function rankedOutputs(machine: LiveMachine, { outputs }: Pick<MachineModel, "outputs">): string[] {
  const values = Object.fromEntries(Object.entries(outputs).map(([name, spec]) => {
    const step = (limitOf(spec) ?? 1) / STEPS;
    return [name, Math.round((machine.values[name]?.value ?? -Infinity) / step) * step];
  }));
  return leadingFirst({ outputs, values });
}

export function FaultsPanel({ machine, profile, model }: FaultsProps) {
  const names = rankedOutputs(machine, model);
  const isKnown = names.some((name) => machine.values[name]?.value != null);
  return (
    <section class="panel">
      <header><h2>{model.title}</h2><a class="btn quiet push" href={faultsPath(machine.id)}>What they mean</a></header>
      {isKnown
        ? <ul class="body intensities">{names.map((name) => <li key={name}><Intensity name={name} machine={machine} profile={profile} /></li>)}</ul>
        : <div class="body stack">
            {!isWaiting(model) && model.seen < model.needed && <Progress seen={model.seen} needed={model.needed} label={`${model.title}: samples seen`} />}
            <p class="soft">No intensity yet. {isWaiting(model) ? "It waits for readings." : model.reason}</p>
          </div>}
      {(isKnown || model.is_simulated) && <footer>{isKnown && "An intensity is not a probability."}{model.is_simulated && <LearntFromSimulated />}</footer>}
    </section>
  );
}

/** One row: lamp, name, where it stands within its limits, figure. */
export function Intensity({ name, machine, profile }: { name: string; machine: LiveMachine; profile: Profile }) {
  const spec = specOf(profile, name);
  if (spec === null) return null;
  const value = machine.values[name];
  const state = value?.value == null ? "none" : tone(value.state);
  const { lit } = stateShape(value?.value == null ? "no_data" : value.state);
  return (
    <span class="intensity">
      <Lamp lit={lit} />
      <span class={`name ${state === "warn" || state === "crit" ? "strong" : ""}`} title={spec.title}>{spec.title}</span>
      <Range spec={spec} value={value} />
      <span class={`num strong ${INK[state]}`}>{saidValue(value, spec, machine.freshness === "stale")}</span>
    </span>
  );
}
