// Machine: what is wrong? The finding, every value beside its normal, trends, events, and the
// simulator's switches when a simulator plays it.
import { useEffect, useState } from "preact/hooks";
import { Blank } from "../blank";
import { TrendPanel } from "../charts/trend";
import { Events } from "../events";
import { machineFinding, worstFirst } from "../findings";
import { FirstReading } from "../first-reading";
import { Lamp, Simulated } from "../lamp";
import { later } from "../later";
import { want } from "../live";
import { LoadProblem } from "./fleet";
import { HealthAside, HealthPanel } from "../models/health";
import { useModels } from "../models/machines";
import { profileOf } from "../outputs";
import { faultsPath, historyPath, machinePath, vibrationPath } from "../router";
import { lastMachine, Page } from "../shell";
import { isSimulatorHere, stateShape } from "../states";
import { briefs, loaded, machineSignal, now, recentEvents, ringOf, specOf, type LiveMachine } from "../store";
import { countText, rate } from "../format";
import { DerivedPanel, NowPanel } from "./now";
import type { MachineEvent, Profile } from "../types";

const SimulatorPanel = later(() => import("../simulator").then((it) => it.SimulatorPanel), "part");
const Rename = later(() => import("./rename").then((it) => it.Rename), "part");

const MACHINE_RATE_HZ = 5; // the eye reads no figure faster; the charts ask for every reading again soon after
const BACKFILL_S = 60; // the last minute under each value; the charts ask for themselves
const TREND_S = 600;
const CHARTS_SHOWN = 6;

export function MachinePage({ id }: { id: string }) {
  useEffect(() => {
    lastMachine.value = id;
    want({ machines: [id], channels: ["*"], rateHz: MACHINE_RATE_HZ, backfillS: BACKFILL_S });
  }, [id]);
  // `briefs` tells when a machine that was not known yet has come.
  const known = briefs.value.some((one) => one.id === id);
  const machine = known ? machineSignal(id)?.value : undefined;
  if (machine !== undefined) return <Known machine={machine} />;
  return loaded.value ? <Unknown id={id} /> : <Page where={id} finding={`Asking for ${id}`}><LoadProblem /></Page>;
}

const Unknown = ({ id }: { id: string }) => (
  <Page where={id} crumb="Fleet" finding={`No machine is called ${id}`}>
    <section class="panel">
      <Blank level={2} title="It has not sent anything yet" action={<a class="btn" href="/">See the fleet</a>}>
        This page fills by itself with the first reading sent to {machinePath(id)}.
      </Blank>
    </section>
  </Page>
);

function Known({ machine }: { machine: LiveMachine }) {
  const [isNaming, setNaming] = useState(false);
  const profile = profileOf(machine);
  const models = useModels(machine.id);
  const isHeard = machine.last_time_ns !== null;
  const { lit } = stateShape(machine.state);
  const finding = machineFinding(machine, (name) => specOf(profile, name), now.value);
  return (
    <Page
      where={machine.title}
      crumb={<><a href="/">Fleet</a>{machine.place ? ` / ${machine.place}` : ""}</>}
      finding={finding}
      text={machine.headline ?? undefined}
      lamp={<Lamp lit={lit} size="xl" />}
      actions={<>
        {machine.simulated && <Simulated />}
        <button class="btn" onClick={() => setNaming(!isNaming)} aria-expanded={isNaming}>Rename…</button>
        {Object.keys(profile?.points ?? {}).length > 0 && <a class="btn" href={vibrationPath(machine.id)}>Vibration</a>}
        <a class="btn" href={faultsPath(machine.id)}>Faults</a>
        <a class="btn" href={historyPath(machine.id)}>History</a>
      </>}
    >
      <LoadProblem />
      {isNaming && <Rename machine={machine} onDone={() => setNaming(false)} />}
      {machine.inferred && <Inferred machine={machine} />}
      <div class="machine">
        <div class="stack loose">
          {isHeard ? <NowPanel machine={machine} profile={profile} /> : <Unheard machine={machine} profile={profile} />}
          {isHeard && profile && models && <HealthPanel machine={machine} profile={profile} known={models} />}
          {isHeard && profile && <Trends machine={machine} profile={profile} />}
          {isHeard && profile && <DerivedPanel machine={machine} profile={profile} />}
        </div>
        <aside class="stack loose" aria-label="What it means and what to do">
          {machine.freshness !== "recorded" && <AdvicePanel machine={machine} />}
          {isHeard && profile && models && <HealthAside machine={machine} profile={profile} known={models} />}
          {isSimulatorHere(machine) && <SimulatorPanel id={machine.id} />}
          <Events events={eventsOf(machine)} />
          <FactsPanel machine={machine} />
        </aside>
      </div>
    </Page>
  );
}

const Inferred = ({ machine }: { machine: LiveMachine }) => (
  <div class="note learn spaced">
    <Lamp lit="learn" label="" />
    <span>Profile inferred from the first readings ({machine.profile}); check its units and ranges. No limits are watched until it has some.</span>
  </div>
);

const Unheard = ({ machine, profile }: { machine: LiveMachine; profile: Profile | null }) => (
  <section class="panel">
    <header><h2>Send its first reading</h2></header>
    <div class="body stack">
      <FirstReading machine={machine.id} profile={profile} />
      <p class="soft">Values, charts and limits appear here with it. Or bring in what was recorded before.</p>
      <div class="row wrap"><a class="btn" href="/import">Choose a file</a><a class="btn" href={`/entry?machine=${encodeURIComponent(machine.id)}`}>Enter a reading</a></div>
    </div>
  </section>
);

function Trends({ machine, profile }: { machine: LiveMachine; profile: Profile }) {
  const listed = profile.charts.length > 0 ? profile.charts : Object.keys(profile.channels);
  const abnormal = [...machine.open_events].sort(worstFirst).map((event) => event.name)
    .filter((name) => specOf(profile, name) !== null && profile.outputs?.[name] === undefined); // Health charts what models give
  // Abnormal signals come first, but a chart that is shown stays: the page must not jump.
  const [names] = useState(() => [...new Set([...abnormal, ...listed])].slice(0, CHARTS_SHOWN));
  return <TrendPanel machine={machine.id} profile={profile} names={names} live={ringOf(machine.id)} rangeSeconds={TREND_S} />;
}

function AdvicePanel({ machine }: { machine: LiveMachine }) {
  const open = machine.open_events.filter((event) => event.advice).sort(worstFirst);
  const advice = [...new Map(open.map((event) => [event.advice, event])).values()];
  if (advice.length === 0) return null;
  return (
    <section class="panel first">
      <header><h2>What to do</h2></header>
      <ul class="body stack">
        {advice.map((event) => (
          <li key={event.key} class="row top-aligned">
            <Lamp lit={event.level === "critical" ? "crit" : "warn"} />
            <p class="say">{event.advice}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}

function eventsOf(machine: LiveMachine): MachineEvent[] {
  const byKey = new Map<string, MachineEvent>();
  for (const event of [...machine.open_events, ...recentEvents.value]) {
    if (event.machine === machine.id) byKey.set(event.key, event);
  }
  return [...byKey.values()].sort((a, b) => b.start_ns - a.start_ns);
}

const FactsPanel = ({ machine }: { machine: LiveMachine }) => (
  <section class="panel">
    <header><h2>Readings</h2></header>
    <dl class="body kv">
      <dt>Profile</dt><dd>{machine.profile_title}</dd>
      <dt>Source</dt><dd>{machine.source || "none yet"}</dd>
      <dt>Rate</dt><dd>{machine.rate_hz ? rate(machine.rate_hz) : "none now"}</dd>
      <dt>Rows kept</dt><dd>{countText(machine.rows)}</dd>
      <dt>Rejected</dt><dd>{countText(machine.rejected)}</dd>
      <dt>Late</dt><dd>{countText(machine.late)}</dd>
      <dt>Id</dt><dd class="mono">{machine.id}</dd>
    </dl>
  </section>
);

