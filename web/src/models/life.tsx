// An estimate with its interval, interval first: remaining life, or what is forecast.
import type { CSSProperties } from "preact";
import { brief, interval } from "../format";
import { specOf, type LiveMachine } from "../store";
import { shown, toShown } from "../units";
import type { Profile, SignalSpec } from "../types";
import { withUnit } from "../values";
import { LearntFromSimulated, Progress } from "./parts";
import type { MachineModel } from "./types";
import { boundsOf } from "./bounds";
import { isWaiting, mainOutputs } from "./words";

const SECONDS: Record<string, number> = { s: 1, min: 60, h: 3600, d: 86_400 };
const TIMES: [number, string][] = [[2 * 86_400, "days"], [2 * 3600, "h"], [120, "min"], [0, "s"]];

/** Times in the unit that people would say them in, all else in the viewer's own. */
function scaled(spec: SignalSpec, high: number): [string, (value: number) => number] {
  const second = SECONDS[spec.unit];
  if (second === undefined) {
    const as = shown(spec);
    return [as.symbol, (value) => toShown(value, as)];
  }
  const [, unit] = TIMES.find(([from]) => high * second >= from)!;
  const size = unit === "days" ? 86_400 : SECONDS[unit]!;
  return [unit, (value) => (value * second) / size];
}

interface LifeProps {
  machine: LiveMachine;
  profile: Profile;
  model: MachineModel;
}

export function LifePanel({ machine, profile, model }: LifeProps) {
  return (
    <section class="panel first">
      <header><h2>{model.title}</h2></header>
      <div class="body stack loose">
        {mainOutputs(model).map((name) => <Estimate key={name} name={name} machine={machine} spec={specOf(profile, name) ?? model.outputs[name]!} model={model} />)}
      </div>
      {model.is_simulated && <footer><LearntFromSimulated /></footer>}
    </section>
  );
}

function Estimate({ name, machine, spec, model }: { name: string; machine: LiveMachine; spec: SignalSpec; model: MachineModel }) {
  const read = (one: string | undefined): number | null => (one === undefined ? null : machine.values[one]?.value ?? null);
  const ends = boundsOf(name, model.outputs);
  const [value, low, high] = [read(name), read(ends?.low), read(ends?.high)];
  if (value === null) {
    return (
      <div class="stack">
        <h3>{spec.title}</h3>
        {!isWaiting(model) && model.seen < model.needed && <Progress seen={model.seen} needed={model.needed} label={`${spec.title}: samples seen`} />}
        <p class="small soft">No estimate yet. {isWaiting(model) ? "It waits for readings." : model.reason}</p>
      </div>
    );
  }
  if (low === null || high === null) return <div class="row base"><h3>{spec.title}</h3><span class="push figure">{withUnit(value, spec)}</span></div>;
  const [unit, put] = scaled(spec, high);
  const decimals = put(high) - put(low) >= 10 ? 0 : put(high) - put(low) >= 1 ? 1 : 2;
  const range = interval(put(low), put(high), decimals).replace("–", " to ");
  return (
    <div class="stack tight">
      <div class="row base wrap"><h3>{spec.title}</h3><span class="push small muted">most likely {brief(put(value), decimals)} {unit}</span></div>
      <div class="figure">{range}<span class="unit"> {unit}</span></div>
      <Scale low={put(low)} mid={put(value)} high={put(high)} decimals={decimals} unit={unit} isLife={model.task === "remaining_life"} label={`${spec.title}: ${range} ${unit}, most likely ${brief(put(value), decimals)}`} />
    </div>
  );
}

interface ScaleProps {
  low: number;
  mid: number;
  high: number;
  decimals: number;
  unit: string;
  isLife: boolean;
  label: string;
}

/** The interval as a bar; a life's axis begins now. */
function Scale({ low, mid, high, decimals, unit, isLife, label }: ScaleProps) {
  const margin = (high - low || Math.abs(high) || 1) * 0.5;
  const [from, to] = isLife ? [0, Math.max(high + margin, 1e-9)] : [low - margin, high + margin];
  const at = (value: number): string => `${(Math.max(0, Math.min(1, (value - from) / (to - from))) * 100).toFixed(1)}%`;
  return (
    <div class="life" role="img" aria-label={label} style={{ "--a": at(low), "--b": at(high), "--m": at(mid) } as CSSProperties}>
      <i class="axis" /><i class="span" /><i class="mid" />
      <span class="tick first">{isLife ? "now" : brief(from, decimals)}</span>
      <span class="tick last" style={{ left: "100%" }}>{brief(to, decimals)} {unit}</span>
    </div>
  );
}
