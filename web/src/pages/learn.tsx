// Learn normal: somebody names a stretch in which the machine ran as it should.
import { useEffect, useMemo, useState } from "preact/hooks";
import { Blank } from "../blank";
import { checked, isSame, type Range } from "../charts/range";
import { rangeWords } from "../charts/ticks";
import { useMachineEvents, useSignals } from "../charts/trend";
import { Trends } from "../charts/trends";
import { EventRows } from "../events";
import { FirstReading } from "../first-reading";
import { LearnForm } from "../learn/form";
import { want } from "../live";
import { isOver, useTrainings } from "../models/train";
import { TrainingsPanel } from "../models/trainings";
import { profileOf } from "../outputs";
import { machinePath, place } from "../router";
import { lastMachine, Page } from "../shell";
import { briefs, loaded, machineSignal, now, specOf, type LiveMachine } from "../store";
import type { MachineEvent, Profile } from "../types";
import { LoadProblem } from "./fleet";
import "../models.css";

const USUAL_S = 3600;
const CHARTS_SHOWN = 4;

export function LearnPage({ id }: { id: string }) {
  useEffect(() => {
    lastMachine.value = id;
    want({ machines: [id], channels: ["*"], rateHz: 1, backfillS: 0 });
  }, [id]);
  const isKnown = briefs.value.some((one) => one.id === id);
  const machine = isKnown ? machineSignal(id)?.value : undefined;
  const profile = machine === undefined ? null : profileOf(machine);
  if (machine !== undefined && profile !== null) {
    return machine.last_time_ns === null ? <Unheard machine={machine} profile={profile} /> : <Learn machine={machine} profile={profile} />;
  }
  const isMissing = loaded.value && machine === undefined;
  return (
    <Page where="Learn normal" crumb={id} finding={isMissing ? `No machine is called ${id}` : `Asking for ${id}`}>
      <LoadProblem />
      {isMissing && <section class="panel"><Blank level={2} title="There is nothing to learn from" action={<a class="btn" href="/">See the fleet</a>}>A machine is known from its first reading on.</Blank></section>}
    </Page>
  );
}

const crumbOf = (machine: LiveMachine) => <><a href="/">Fleet</a> / <a href={machinePath(machine.id)}>{machine.title}</a></>;

const Unheard = ({ machine, profile }: { machine: LiveMachine; profile: Profile }) => (
  <Page where="Learn normal" crumb={crumbOf(machine)} finding={`${machine.title} has nothing to learn from yet`}>
    <section class="panel"><header><h2>Send its first reading</h2></header><div class="body"><FirstReading machine={machine.id} profile={profile} /></div></section>
  </Page>
);

/** What the address names, else the last hour of what is kept. */
function firstRange(machine: LiveMachine): Range {
  const at = (name: string): number => Date.parse(place.value.query.get(name) ?? "") / 1000;
  const to_s = (machine.last_time_ns ?? 0) / 1e9 + 0.001; // the end is not part of the stretch
  return checked(at("from"), at("to")) ?? { from_s: to_s - USUAL_S, to_s };
}

function Learn({ machine, profile }: { machine: LiveMachine; profile: Profile }) {
  const { id } = machine;
  const [first] = useState(() => firstRange(machine));
  const [range, setRange] = useState(first);
  const [names] = useState(() => usualNames(machine, profile)); // charts that are shown stay
  const signals = useSignals(profile, names);
  const groups = useMemo(() => signals.map((signal) => [signal]), [signals]);
  const trainings = useTrainings(id);
  const events = useMachineEvents(id, range);
  const disturbing = events.filter((event) => disturbs(event, range));
  const isBusy = (trainings.trainings ?? []).some((one) => !isOver(one));
  return (
    <Page
      where="Learn normal" crumb={crumbOf(machine)}
      finding={`When did ${machine.title} run as it should?`}
      text="Name a stretch with every way in which it normally runs. What differs from it is told from then on, with the inputs that differ most."
    >
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
        </div>
        <div class="stack loose ask">
          <section class="panel">
            <header><h2>Learn normal</h2></header>
            <LearnForm range={range} onRange={setRange} isBusy={isBusy} problem={trainings.problem} onStart={(wish) => void trainings.start(wish)} />
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
