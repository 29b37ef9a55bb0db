// Fleet: is anything wrong? Every machine, worst first, as tiles, a table or a wall.
import { useEffect } from "preact/hooks";
import { Blank } from "../blank";
import { Events } from "../events";
import { keepSparksOnly } from "../frames";
import { fleetFinding, silence } from "../findings";
import { FirstReading } from "../first-reading";
import { FleetTable } from "./fleet-table";
import { KeptPanel } from "./kept";
import { Lamp } from "../lamp";
import { retryNow, want } from "../live";
import { machinePath } from "../router";
import { fleetView, FLEET_VIEWS } from "../settings";
import { Page } from "../shell";
import { stateShape, stateWord } from "../states";
import { allMachines, briefs, loaded, loadError, machineSignal, now, recentEvents, refresh } from "../store";
import { Tile } from "../tile";
import { Wall } from "./wall";
import { capital } from "../format";

const FLEET_RATE_HZ = 4;

export function FleetPage() {
  useEffect(() => {
    want({ machines: ["*"], channels: ["*"], rateHz: FLEET_RATE_HZ, backfillS: 0 });
    keepSparksOnly(true);
    return () => keepSparksOnly(false);
  }, []);
  const list = briefs.value;
  if (list.length === 0) return <EmptyFleet />;
  const { title, text } = fleetFinding(allMachines());
  const simulated = list.filter((one) => one.simulated).length;
  const crumb = `${list.length} ${list.length === 1 ? "machine" : "machines"}${simulated ? `, ${simulated} simulated` : ""}`;
  if (fleetView.value === "wall") return <Wall finding={title} text={text} />;
  return (
    <Page where="Fleet" crumb={crumb} finding={title} text={text} actions={<ViewSwitch />}>
      <LoadProblem />
      <Annunciator />
      <div class="fleet">
        {fleetView.value === "table" ? <FleetTable /> : <Tiles />}
        <aside class="stack loose" aria-label="Events and readings kept">
          <Events events={recentEvents.value} named />
          <KeptPanel />
        </aside>
      </div>
    </Page>
  );
}

const ViewSwitch = () => (
  <div class="seg" role="group" aria-label="View">
    {FLEET_VIEWS.map((view) => (
      <button key={view} type="button" aria-pressed={fleetView.value === view} onClick={() => (fleetView.value = view)}>
        {capital(view)}
      </button>
    ))}
  </div>
);

export const Annunciator = () => (
  <nav class="ann" aria-label="Annunciator: every machine, worst first">
    {briefs.value.map((one) => {
      const { lit } = stateShape(one.state);
      return (
        <a key={one.id} class={lit === "crit" || lit === "warn" ? lit : ""} href={machinePath(one.id)}>
          <Lamp lit={lit} label="" />
          <span class="cut strong" title={one.title}>{one.title}</span>
          <small class="cut">{stateWord(one)}{one.freshness === "stale" && <SilentFor id={one.id} />}</small>
        </a>
      );
    })}
  </nav>
);

function SilentFor({ id }: { id: string }) {
  const machine = machineSignal(id)?.value;
  return <>{machine ? ` ${silence(machine, now.value)}` : ""}</>;
}

const Tiles = () => (
  <div class="tiles">
    {briefs.value.map((one) => <Tile key={one.id} id={one.id} />)}
    <div class="panel tile add">
      <div class="stack">
        <h2>Add a machine</h2>
        <p class="soft">Drop a log, or point any feed at telltale. It finds the channels, units and time.</p>
        <div class="row wrap">
          <a class="btn" href="/import">Choose a file</a>
          <a class="btn quiet" href="/sources">See the sources</a>
        </div>
      </div>
    </div>
  </div>
);

/** The server does not answer: the last picture stays, this line says since when. */
export function LoadProblem() {
  const problem = loadError.value;
  if (problem === null) return null;
  return (
    <div class="note warn spaced">
      <Lamp lit="stale" />
      <span class="grow">{problem.message} You see what had arrived until then; sources keep sending, and this page catches up.</span>
      <button class="btn" onClick={tryNow}>Try now</button>
    </div>
  );
}

function tryNow(): void {
  retryNow();
  void refresh();
}

function EmptyFleet() {
  const problem = loadError.value;
  if (problem !== null) {
    return (
      <Page where="Fleet" finding="The server does not answer" text={problem.message}>
        <section class="panel">
          <Blank level={2} title="Nothing has arrived on this page yet" action={<button class="btn main" onClick={tryNow}>Try now</button>}>
            Most often telltale is starting or was stopped. The page asks again by itself.
          </Blank>
        </section>
      </Page>
    );
  }
  if (!loaded.value) return <Page where="Fleet" finding="Asking for the machines" />;
  return (
    <Page where="Fleet" finding="No machine yet" text="A machine appears here with its first reading. Nothing has to be set up before.">
      <div class="grid">
        <section class="panel c7 fill">
          <header><h2>Send a first reading</h2></header>
          <div class="body stack">
            <FirstReading machine="pump-1" />
            <p class="soft">The names say the unit. telltale takes the profile that fits them best, or writes one, and says which.</p>
          </div>
        </section>
        <section class="panel c5 fill">
          <Blank level={2} title="Or begin with what you have" action={<><a class="btn main" href="/import">Choose a file</a><a class="btn" href="/entry">Enter readings by hand</a></>}>
            <p>Any log becomes a machine: CSV, long or wide, with or without units.</p>
            <p>To see telltale at work first, start it with <code class="mono">telltale demo</code>.</p>
          </Blank>
        </section>
      </div>
    </Page>
  );
}
