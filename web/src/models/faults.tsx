// Intensities of kinds of fault, the leading one first, each beside its limits.
import { Lamp } from "../lamp";
import { Range } from "../range";
import { stateShape, tone } from "../states";
import { specOf, type LiveMachine } from "../store";
import type { Profile } from "../types";
import { saidValue } from "../values";
import { LearntFromSimulated, Progress } from "./running";
import type { MachineModel } from "./types";
import { leadingFirst } from "./words";

const INK = { crit: "ink-crit", warn: "ink-warn", stale: "muted", none: "muted", ok: "" } as const;

interface FaultsProps {
  machine: LiveMachine;
  profile: Profile;
  model: MachineModel;
}

export function FaultsPanel({ machine, profile, model }: FaultsProps) {
  const values = Object.fromEntries(Object.keys(model.outputs).map((name) => [name, machine.values[name]?.value ?? -Infinity]));
  const names = leadingFirst({ outputs: model.outputs, values });
  const isKnown = names.some((name) => machine.values[name]?.value != null);
  return (
    <section class="panel">
      <header><h2>{model.title}</h2></header>
      {isKnown
        ? <ul class="body intensities">{names.map((name) => <Intensity key={name} name={name} machine={machine} profile={profile} />)}</ul>
        : <div class="body stack">
            {model.seen < model.needed && <Progress seen={model.seen} needed={model.needed} label={`${model.title}: samples seen`} />}
            <p class="soft">No intensity yet. {model.reason}</p>
          </div>}
      <footer>{isKnown && "An intensity is not a probability."}{model.is_simulated && <LearntFromSimulated />}</footer>
    </section>
  );
}

function Intensity({ name, machine, profile }: { name: string; machine: LiveMachine; profile: Profile }) {
  const spec = specOf(profile, name);
  if (spec === null) return null;
  const value = machine.values[name];
  const state = value?.value == null ? "none" : tone(value.state);
  const { lit } = stateShape(value?.value == null ? "no_data" : value.state);
  return (
    <li>
      <Lamp lit={lit} />
      <span class={`name ${state === "warn" || state === "crit" ? "strong" : ""}`} title={spec.title}>{spec.title}</span>
      <Range spec={spec} value={value} />
      <span class={`num strong ${INK[state]}`}>{saidValue(value, spec, machine.freshness === "stale")}</span>
    </li>
  );
}
