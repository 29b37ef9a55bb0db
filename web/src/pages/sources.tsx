// Sources: does every feed deliver? And the switches of those that are simulated.
import { Fragment } from "preact";
import { useEffect, useState } from "preact/hooks";
import * as api from "../api";
import { Blank } from "../blank";
import { detailName, detailWords } from "../details";
import { age, capital, countText, inWords, msOf, rate, tied } from "../format";
import { Reasons } from "../import/progress";
import { Lamp, Simulated, State, type Lit } from "../lamp";
import { machinePath } from "../router";
import { Page } from "../shell";
import { SimulatorPanel } from "../simulator";
import { isSimulatorHere } from "../states";
import { allMachines } from "../store";
import type { SourceStatus } from "../types";

const ASK_EVERY_MS = 2_000;

// States of src/telltale/sources/base.py. "waiting" is a feed that was lost and is tried again.
const SHAPES: Record<string, { lit: Lit; word: string }> = {
  live: { lit: "ok", word: "Live" },
  opening: { lit: "learn", word: "Opening" },
  waiting: { lit: "fail", word: "Retrying" },
  paused: { lit: "shelved", word: "Paused" },
  ended: { lit: "none", word: "Ended" },
  closed: { lit: "none", word: "Closed" },
};
const shapeOf = (state: string) => SHAPES[state] ?? { lit: "none" as Lit, word: capital(state.replaceAll("_", " ")) };

function useSources() {
  const [sources, setSources] = useState<readonly SourceStatus[] | null>(null);
  const [askedMs, setAskedMs] = useState(0); // ages are those of the moment of asking
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    let isOver = false;
    const ask = (): void => {
      if (document.hidden) return;
      api.sources().then(
        (list) => {
          if (isOver) return;
          setSources(list);
          setAskedMs(Date.now());
          setProblem(null);
        },
        (error: unknown) => !isOver && setProblem(error instanceof Error ? error.message : String(error)),
      );
    };
    ask();
    const timer = setInterval(ask, ASK_EVERY_MS);
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, []);
  return { sources, askedMs, problem };
}

const isBroken = (source: SourceStatus): boolean => shapeOf(source.state).lit === "fail";

function finding(sources: readonly SourceStatus[] | null): string {
  if (sources === null) return "Asking for the sources";
  if (sources.length === 0) return "No source is connected";
  const broken = sources.filter(isBroken);
  if (broken.length === 0) return sources.length === 1 ? "The one source delivers" : `All ${inWords(sources.length)} sources are up`;
  if (broken.length === 1) return `${broken[0]!.name} does not deliver`;
  return `${capital(inWords(broken.length))} of ${inWords(sources.length)} sources do not deliver`;
}

export function SourcesPage() {
  const { sources, askedMs, problem } = useSources();
  const simulated = allMachines().filter(isSimulatorHere);
  const broken = sources?.find(isBroken);
  const text = broken?.detail ?? "What a source accepts is kept before it is acknowledged. A broken source is tried again by itself.";
  return (
    <Page where="Sources" crumb="Readings in" finding={finding(sources)} text={text}
      actions={<><a class="btn" href="/entry">Enter readings</a><a class="btn main" href="/import">Import a file</a></>}>
      {problem && <div class="note warn spaced"><Lamp lit="stale" /><span>{problem}</span></div>}
      <div class="grid">
        <section class="panel">
          <header><h2>Sources</h2></header>
          {sources?.length === 0
            ? <Blank title="Nothing feeds telltale by itself">Readings sent over HTTP and WebSocket are taken at any time.</Blank>
            : <SourceTable sources={sources ?? []} askedMs={askedMs} />}
        </section>
        {simulated.map((machine) => (
          <div key={machine.id} class="c4 fill"><SimulatorPanel id={machine.id} title={machine.title} /></div>
        ))}
      </div>
    </Page>
  );
}

const SourceTable = ({ sources, askedMs }: { sources: readonly SourceStatus[]; askedMs: number }) => (
  <div class="scroll" tabIndex={0} role="region" aria-label="Sources">
    <table class="table">
      <thead>
        <tr>
          <th scope="col">Source</th><th scope="col">State</th><th scope="col" class="num">Rate</th>
          <th scope="col" class="num">Newest</th><th scope="col" class="num">Rows</th>
          <th scope="col" class="num">Rejected</th><th scope="col" class="num">Dropped</th><th scope="col">Detail</th>
        </tr>
      </thead>
      <tbody>{sources.map((source) => <SourceRow key={source.name} source={source} askedMs={askedMs} />)}</tbody>
    </table>
  </div>
);

function SourceRow({ source, askedMs }: { source: SourceStatus; askedMs: number }) {
  const { lit, word } = shapeOf(source.state);
  const newest = source.last_time_ns === null ? "never" : age((askedMs - msOf(source.last_time_ns)) / 1000);
  const counted = (n: number) => <td class={`num ${n > 0 ? "strong" : "muted"}`}>{countText(n)}</td>;
  const machine = /^simulator:(.+)$/.exec(source.name)?.[1];
  const told = Object.entries(source.details ?? {}).map(([name, value]) => [capital(detailName(name)), detailWords(value, name)]).filter(([, words]) => words);
  return (
    <>
      <tr>
        <th scope="row" class="nowrap">
          {machine ? <a class="strong" href={machinePath(machine)}>{source.name}</a> : <span class="strong">{source.name}</span>}
        </th>
        <td><span class="row"><State lit={lit} word={word} />{source.simulated && <Simulated />}</span></td>
        <td class="num">{source.rate_hz === null ? "" : rate(source.rate_hz)}</td>
        <td class="num soft">{newest}</td>
        <td class="num">{countText(source.rows)}</td>
        {counted(source.rejected)}
        {counted(source.dropped)}
        <td class="soft detail">{source.detail}<Reasons reasons={source.reasons} nRejected={source.rejected} /></td>
      </tr>
      {told.length > 0 && (
        <tr>
          <td colSpan={8}>
            <dl class="kv left small">{told.map(([name, words]) => <Fragment key={name}><dt>{name}</dt><dd>{tied(words!)}</dd></Fragment>)}</dl>
          </td>
        </tr>
      )}
    </>
  );
}
