// Faults of a machine: which stands out, what each kind means, and why it is thought of.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Blank } from "../blank";
import { TrendPanel } from "../charts/trend";
import { capital, inWords } from "../format";
import { lowerFirst } from "../findings";
import { Lamp } from "../lamp";
import * as api from "../models/api";
import { Intensity, rankedOutputs } from "../models/faults";
import { refreshModels, takeModels, useModels } from "../models/machines";
import { LearntFromSimulated } from "../models/parts";
import type { Catalogue, FaultCategory, MachineModels } from "../models/types";
import { WhyOf } from "../models/why";
import { learnPath, vibrationPath } from "../router";
import { Page } from "../shell";
import { stateShape } from "../states";
import { ringOf, specOf, type LiveMachine } from "../store";
import type { Profile, SignalSpec } from "../types";
import { withUnit } from "../values";
import { crumbOf, OfMachine } from "./of-machine";
import "../health.css";
import "../models.css";

const SHOWN_BESIDE = 3; // channels charted under the leading fault
const RANGE_S = 3600;

export const FaultsPage = ({ id }: { id: string }) => (
  <OfMachine id={id} where="Faults" lacks="nothing to tell faults by">{(machine, profile) => <Faults machine={machine} profile={profile} />}</OfMachine>
);

const isFault = (name: string): boolean => name.startsWith("fault_");
/** `lubrication` of `fault_lubrication_pct`. */
const kindOf = (output: string): string => output.replace(/^fault_/, "").replace(/_[a-z]+$/, "");

/** null: being asked for; false: nothing is written about machines of this profile. */
function useCatalogue(profile: string): Catalogue | false | null {
  const [catalogue, setCatalogue] = useState<Catalogue | false | null>(null);
  useEffect(() => {
    let isWanted = true;
    api.faults(profile).then(
      (found) => isWanted && setCatalogue(Object.keys(found.categories).length > 0 && found),
      () => undefined, // asked again when the page is; what the models say stands without it
    );
    return () => void (isWanted = false);
  }, [profile]);
  return catalogue;
}

function Faults({ machine, profile }: { machine: LiveMachine; profile: Profile }) {
  const known = useModels(machine.id);
  const catalogue = useCatalogue(machine.profile);
  const categories = catalogue ? catalogue.categories : {};
  const models = (known?.models ?? []).filter((model) => Object.keys(model.outputs).some(isFault));
  const outputs = Object.assign({}, ...models.map((model) => model.outputs)) as Record<string, SignalSpec>;
  const names = rankedOutputs(machine, { outputs }).filter(isFault);
  const told = new Set(names.map(kindOf));
  const untold = Object.entries(categories).filter(([kind]) => !told.has(kind));
  const lead = names.find((name) => machine.values[name]?.value != null);
  const { lit, isLit } = litOf(machine, lead);
  return (
    <Page
      where="Faults" crumb={crumbOf(machine)} lamp={isLit && <Lamp lit={lit} size="xl" />}
      finding={finding(machine, profile, lead, isLit, known !== null && models.length > 0)}
      text={models.length > 0 ? "The leading one first. An intensity is not a probability; open a row for what it means and why." : "Here stands which fault it is, what that means and why it is thought of."}
      actions={<>{models.some((model) => model.is_simulated) && <LearntFromSimulated />}<a class="btn" href={vibrationPath(machine.id)}>Vibration</a></>}
    >
      <div class="faults-page">
        <div class="stack loose">
          {known !== null && models.length === 0 && <NoModel machine={machine} known={known} />}
          {names.length > 0 && (
            <section class="panel">
              <header><h2>{capital(inWords(names.length))} {names.length === 1 ? "fault" : "faults"}</h2><span class="push small muted">block: normal · ticks: warn and critical</span></header>
              <ul class="kinds">
                {names.map((name, i) => (
                  <Kind key={name} isOpen={i === 0 && isLit} head={<Intensity name={name} machine={machine} profile={profile} />}>
                    <Meaning category={categories[kindOf(name)]} machine={machine} profile={profile} />
                    <h3>Why</h3>
                    <WhyOf machine={machine} profile={profile} output={name} />
                  </Kind>
                ))}
              </ul>
            </section>
          )}
          {untold.length > 0 && (
            <section class="panel">
              <header><h2>{names.length > 0 ? "Kinds that no model tells here" : "Kinds of fault"}</h2></header>
              <ul class="kinds">
                {untold.map(([kind, category]) => (
                  <Kind key={kind} head={<span class="intensity"><Lamp lit="none" /><span class="name">{category.title}</span></span>}>
                    <Meaning category={category} machine={machine} profile={profile} />
                  </Kind>
                ))}
              </ul>
            </section>
          )}
          {catalogue === false && names.length === 0 && known !== null && models.length === 0 && (
            <section class="panel"><Blank title="Nothing is written about this kind of machine">A fault that you name on a stretch is listed here once a model has learnt it.</Blank></section>
          )}
          {catalogue && <p class="small muted">Kinds: {catalogue.source}.</p>}
        </div>
        {lead !== undefined && <Course key={machine.id} machine={machine} profile={profile} lead={lead} channels={categories[kindOf(lead)]?.channels ?? []} />}
      </div>
    </Page>
  );
}

function litOf(machine: LiveMachine, lead: string | undefined) {
  const state = lead === undefined ? "no_data" : machine.values[lead]!.state;
  return { lit: stateShape(state).lit, isLit: state === "warn" || state === "critical" };
}

function finding(machine: LiveMachine, profile: Profile, lead: string | undefined, isLit: boolean, hasModel: boolean): string {
  if (!hasModel) return `Faults of ${machine.title} are not told apart yet`;
  if (lead === undefined) return `${machine.title}: no intensity yet`;
  return isLit ? `${machine.title}: ${lowerFirst(specOf(profile, lead)?.title ?? lead)} is the leading fault` : `${machine.title}: no fault stands out`;
}

interface KindProps {
  head: ComponentChildren;
  isOpen?: boolean;
  children: ComponentChildren;
}

/** What is in it is made when it is opened: each "why" is a question to the server. */
function Kind({ head, isOpen: first = false, children }: KindProps) {
  const [isOpen, setOpen] = useState(first);
  return (
    <li>
      <details open={first} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{head}</summary>
        {isOpen && <div class="stack meaning">{children}</div>}
      </details>
    </li>
  );
}

function Meaning({ category, machine, profile }: { category: FaultCategory | undefined; machine: LiveMachine; profile: Profile }) {
  if (category === undefined) return <p class="soft">Nothing is written about this kind: it was named on a stretch of this machine, or came with the model.</p>;
  return (
    <>
      <p class="say">{category.advice}</p>
      <div class="two">
        <div><h3>What shows</h3><ul class="plain">{category.symptoms.map((one) => <li key={one}>{one}</li>)}</ul></div>
        <div><h3>What may lie behind it</h3><ul class="plain">{category.causes.map((one) => <li key={one}>{one}</li>)}</ul></div>
      </div>
      <p class="small soft">Seen in {category.channels.map((name, i) => <span key={name}>{i > 0 && ", "}{channelNow(name, machine, profile)}</span>)}.</p>
    </>
  );
}

/** "ultrasound level 38 dB". */
function channelNow(name: string, machine: LiveMachine, profile: Profile): string {
  const spec = specOf(profile, name);
  const value = machine.values[name]?.value ?? null;
  return `${lowerFirst(spec?.title ?? name)}${spec !== null && value !== null ? ` ${withUnit(value, spec).replace(" ", "\u00a0")}` : ""}`;
}

/** How the leading fault came, with the channels that it shows in. Charts that are shown stay. */
function Course({ machine, profile, lead, channels }: { machine: LiveMachine; profile: Profile; lead: string; channels: readonly string[] }) {
  const [first] = useState(lead);
  const beside = channels.filter((name) => machine.values[name]?.value != null && specOf(profile, name) !== null).slice(0, SHOWN_BESIDE);
  const names = [first, ...(first === lead ? beside : [])];
  return <TrendPanel machine={machine.id} profile={profile} names={names} live={ringOf(machine.id)} rangeSeconds={RANGE_S} heading={<h2>How it came</h2>} />;
}

/** What would fill the place: a model that telltale brings along, or labels to learn from. */
function NoModel({ machine, known }: { machine: LiveMachine; known: MachineModels }) {
  const [problem, setProblem] = useState<string | null>(null);
  const start = (name: string): void => {
    api.changeModel(machine.id, name, { action: "activate" }).then(
      (models) => takeModels(machine.id, models),
      (error: unknown) => {
        setProblem(error instanceof Error ? error.message : String(error));
        void refreshModels(machine.id);
      },
    );
  };
  const available = (known.available ?? []).filter((one) => one.task === "fault");
  return (
    <section class="panel">
      <Blank title="No model tells faults apart here" action={<>
        {available.map((one) => <button key={one.name} class="btn main" onClick={() => start(one.name)}>Run “{one.title}”</button>)}
        <a class="btn" href={`${learnPath(machine.id)}?kind=faults`}>Learn from named faults…</a>
      </>}>
        <p>Name stretches in which the machine had a fault, in its charts or under an event; a model learns to tell them apart from that.{available.length > 0 && " Or let one run that telltale brings along."}</p>
        {available.some((one) => one.is_simulated) && <p class="small">It learnt from simulated machines.</p>}
      </Blank>
      {problem && <p class="note crit">{problem}</p>}
    </section>
  );
}
