// Learn: somebody names the stretches in which the machine ran as it should, or what is named already teaches.
import { useMemo, useState } from "preact/hooks";
import { checked, isSame, type Range } from "../charts/range";
import { rangeWords } from "../charts/ticks";
import { useMachineEvents, useSignals } from "../charts/trend";
import { Trends } from "../charts/trends";
import { EventRows } from "../events";
import { LabelsPanel } from "../labels/list";
import { LearnForm } from "../learn/form";
import { useKinds } from "../models/kinds";
import { isOver, useTrainings } from "../models/train";
import { TrainingsPanel } from "../models/trainings";
import type { Kind } from "../models/types";
import { place } from "../router";
import { Page } from "../shell";
import { now, specOf, type LiveMachine } from "../store";
import type { MachineEvent, Profile } from "../types";
import { crumbOf, OfMachine } from "./of-machine";
import "../health.css";
import "../models.css";

const USUAL_S = 3600;
const CHARTS_SHOWN = 4;

export const LearnPage = ({ id }: { id: string }) => (
  <OfMachine id={id} where="Learn" lacks="nothing to learn from">{(machine, profile) => <Learn key={id} machine={machine} profile={profile} />}</OfMachine>
);

/** What the address names, else the last hour of what is kept. */
function firstRange(machine: LiveMachine): Range {
  const at = (name: string): number => Date.parse(place.value.query.get(name) ?? "") / 1000;
  const to_s = (machine.last_time_ns ?? 0) / 1e9 + 0.001; // the end is not part of the stretch
  return checked(at("from"), at("to")) ?? { from_s: to_s - USUAL_S, to_s };
}

type Says = [(title: string) => string, string];
const RUNNING: Says = [(title) => `Which stretch shows how ${title} runs?`, "Name one or more with every way in which it runs: what is learnt holds for those."];
const SAYS: Record<Kind["learns_from"], Says> = {
  normal: [(title) => `When did ${title} run as it should?`, "Name a stretch with every way in which it normally runs. What differs from it is told from then on, with the inputs that differ most."],
  faults: [(title) => `Which faults has ${title} had?`, "Zoom to a stretch with a fault, press “Label…” and name it. A model learns to tell the named faults apart."],
  lives: [(title) => `When did ${title} fail?`, "Zoom to a failure, press “Label…” and say “It failed here”. From some failures a model learns how long is left."],
};

function Learn({ machine, profile }: { machine: LiveMachine; profile: Profile }) {
  const { id } = machine;
  const [first] = useState(() => firstRange(machine));
  const [range, setRange] = useState(first);
  const [kind, setKind] = useState(place.value.query.get("kind") ?? "");
  const kinds = useKinds();
  const trainer = kinds?.trainers.find((one) => one.kind === kind);
  const [titleOf, text] = trainer?.learns_from === "normal" && !trainer.has_budget ? RUNNING : SAYS[trainer?.learns_from ?? "normal"];
  const [names] = useState(() => usualNames(machine, profile)); // charts that are shown stay
  const signals = useSignals(profile, names);
  const groups = useMemo(() => signals.map((signal) => [signal]), [signals]);
  const trainings = useTrainings(id);
  const events = useMachineEvents(id, range);
  const disturbing = events.filter((event) => disturbs(event, range));
  const isBusy = (trainings.trainings ?? []).some((one) => !isOver(one));
  return (
    <Page where="Learn" crumb={crumbOf(machine)} finding={titleOf(machine.title)} text={text}>
      <div class="learn-page">
        <div class="stack loose">
          <Trends
            machine={id} groups={groups} window_s={USUAL_S} range={range} onRange={(next) => setRange(next ?? first)} ring={null}
            staleAfter_s={profile.stale_after_s} events={events} titleOf={(name) => specOf(profile, name)?.title ?? name} isWheelFree
            title={<><h2>The stretch</h2><span class="small muted">{rangeWords(range.from_s, range.to_s)}</span></>}
            tools={!isSame(range, first) && <button class="btn quiet" onClick={() => setRange(first)}>Back to the first</button>}
          />
          {disturbing.length > 0 && (
            <section class="panel">
              <header><h2>Not normal in this stretch</h2><span class="push small muted">what is learnt counts as normal: zoom to a stretch without it</span></header>
              <EventRows events={disturbing} nowMs={now.value} />
            </section>
          )}
          <LabelsPanel machine={id} />
        </div>
        <div class="stack loose ask">
          <section class="panel">
            <header><h2>Learn</h2></header>
            <LearnForm
              machine={id} profile={profile} range={range} onRange={setRange} kind={kind} onKind={setKind}
              isBusy={isBusy} problem={trainings.problem} onStart={(wish) => void trainings.start(wish)}
            />
          </section>
          <TrainingsPanel machine={id} all={trainings} />
        </div>
      </div>
    </Page>
  );
}

/** What the profile charts, as far as it is heard. */
function usualNames(machine: LiveMachine, profile: Profile): string[] {
  const listed = [...new Set([...profile.charts, ...Object.keys(profile.channels)])];
  return listed.filter((name) => machine.values[name]?.value != null).slice(0, CHARTS_SHOWN);
}

const disturbs = (event: MachineEvent, range: Range): boolean =>
  event.kind === "limit" && event.level !== "info" && event.start_ns / 1e9 <= range.to_s && (event.end_ns ?? Infinity) / 1e9 >= range.from_s;
