// Any range of any machine, several channels, two ranges over each other; the address keeps it all.

import { useEffect, useMemo, useState } from "preact/hooks";
import * as api from "../api";
import { Blank } from "../blank";
import type { Signal } from "../charts/model";
import type { Range } from "../charts/range";
import { rangeWords } from "../charts/ticks";
import { useMachineEvents, useSignals } from "../charts/trend";
import { Trends } from "../charts/trends";
import { EventRows } from "../events";
import { Channels } from "../history/channels";
import { type ReplaySource, Replays } from "../history/replays";
import { Sessions, sessionRange, sessionTitle } from "../history/sessions";
import { Under } from "../history/under";
import { readView, type View, viewPath } from "../history/view";
import { When } from "../history/when";
import { Simulated } from "../lamp";
import { want } from "../live";
import { profileOf } from "../outputs";
import { go, learnPath, place } from "../router";
import { Page } from "../shell";
import { briefs, loaded, loadError, machineSignal, now, refresh, ringOf, specOf } from "../store";
import type { Profile, Session } from "../types";
import "../history.css";

const LIVE_RATE_HZ = 4; // for the end of a range that follows the machine
const USUAL_CHARTS = 4;
const MAX_SHARED = 5; // lines in one chart

export function HistoryPage({ machine }: { machine: string | null }) {
  const id = machine ?? briefs.value[0]?.id ?? null;
  useEffect(() => {
    if (id !== null) want({ machines: [id], channels: ["*"], rateHz: LIVE_RATE_HZ, backfillS: 0 });
  }, [id]);
  const live = id === null ? null : machineSignal(id)?.value ?? null;
  const profile = live === null ? null : profileOf(live);
  if (id === null || live === null || profile === null) return <Empty id={id} isMissing={loaded.value && (id === null || live === null)} />;
  return <History key={id} id={id} title={live.title || id} isSimulated={live.simulated} profile={profile} />;
}

function Empty({ id, isMissing }: { id: string | null; isMissing: boolean }) {
  const title = !isMissing ? "History" : id === null ? "No machine yet" : `No machine called ${id}`;
  return (
    <Page where="History" finding={title}>
      <section class="panel">
        {isMissing
          ? <Blank title="Nothing to look back on" action={<a class="btn" href="/import">Import a log</a>}>A machine appears here with its first reading, or with the first file that is imported.</Blank>
          : loadError.value
            ? <Blank title="The server does not answer" action={<button class="btn" onClick={() => void refresh()}>Try now</button>}>{loadError.value.message}</Blank>
            : <Blank title="Loading…" />}
      </section>
    </Page>
  );
}

interface HistoryProps {
  id: string;
  title: string;
  isSimulated: boolean;
  profile: Profile;
}

function History({ id, title, isSimulated, profile }: HistoryProps) {
  const view = useMemo(() => readView(place.value.query), [place.value.query]);
  const change = (what: Partial<View>, replace = false): void => go(viewPath(id, { ...view, ...what }), replace);
  const names = useMemo(() => view.names ?? usualNames(profile), [view.names?.join(), profile]);
  const signals = useSignals(profile, names);
  const groups = useMemo(() => grouped(signals, view.isJoined), [signals, view.isJoined]);
  const [shown, setShown] = useState<Range | null>(view.range);
  const [asked, setAsked] = useState<ReplaySource | null>(null);
  const { sessions, renamed } = useSessions(id);
  const events = useMachineEvents(id, shown);
  const inRange = events.filter((event) => shown && event.start_ns / 1e9 <= shown.to_s && (event.end_ns ?? Infinity) / 1e9 >= shown.from_s);
  const show = (range: Range): void => change({ range });

  return (
    <Page
      where="History" crumb={title}
      finding={shown ? `${title}, ${rangeWords(shown.from_s, shown.to_s)}` : title}
      text={<>{inRange.length === 0 ? "Nothing happened in this range." : `${inRange.length} ${inRange.length === 1 ? "event" : "events"} in this range.`} {isSimulated && <Simulated />}</>}
      actions={
        <div class="row tools">
          <MachineChoice id={id} view={view} />
          <When last_s={view.range ? null : view.last_s} shown={shown} all={allOf(sessions)} onRange={show} onLast={(last_s) => change({ last_s, range: null })} />
          {shown && <a class="btn" href={learnPath(id, shown)}>Learn normal…</a>}
        </div>
      }
    >
      <div class="history">
        <div class="side first">
          <Channels profile={profile} chosen={names} onChoose={(chosen) => change({ names: chosen }, true)} isJoined={view.isJoined} onJoin={(isJoined) => change({ isJoined }, true)} />
          <Under shown={shown} offset_s={view.offset_s} onOffset={(offset_s) => change({ offset_s })} />
        </div>
        <div class="middle stack loose">
          {names.length === 0
            ? <section class="panel"><Blank title="No channel chosen">Choose at least one under Channels.</Blank></section>
            : <Trends
                machine={id} groups={groups} window_s={view.last_s} range={view.range} onRange={(range) => change({ range })} ring={ringOf(id)}
                staleAfter_s={profile.stale_after_s} events={events} titleOf={(name) => specOf(profile, name)?.title ?? name} offset_s={view.offset_s} onShown={setShown} isWheelFree
                form={view.form} onForm={(form) => change({ form }, true)} title={<Hint />}
              />}
          <section class="panel">
            <header><h2>Events in this range</h2><span class="small muted">{inRange.length || "none"}</span></header>
            {inRange.length > 0 && <EventRows events={inRange} nowMs={now.value} />}
          </section>
        </div>
        <div class="side second">
          <Sessions
            sessions={sessions} shown={view.range} onShow={show} onRenamed={renamed}
            onUnder={(range) => shown && change({ range: shown, offset_s: shown.from_s - range.from_s || null })}
            onReplay={(session) => setAsked({ title: sessionTitle(session), machine: id, what: { session: session.id } })}
          />
          <Replays asked={asked} onAsked={setAsked} ofRange={() => shown && rangeSource(id, shown)} />
        </div>
      </div>
    </Page>
  );
}

const Hint = () => (
  <>
    <h2 class="sr">Charts</h2>
    <span class="small muted hint fine">drag or wheel: zoom · shift-drag: pan · arrows: cursor · Esc: back</span>
    <span class="small muted hint coarse">pinch: zoom · two fingers: pan · tap: values · double tap: back</span>
  </>
);

function MachineChoice({ id, view }: { id: string; view: View }) {
  const choose = (next: string): void => go(viewPath(next, { ...view, names: null }));
  return (
    <select class="input machine-choice" aria-label="Machine" value={id} onChange={(event) => choose(event.currentTarget.value)}>
      {briefs.value.map((one) => <option key={one.id} value={one.id}>{one.title}</option>)}
    </select>
  );
}

function useSessions(machine: string): { sessions: readonly Session[]; renamed: (session: Session) => void } {
  const [sessions, setSessions] = useState<readonly Session[]>([]);
  useEffect(() => {
    let isWanted = true;
    api.sessions(machine).then((all) => isWanted && setSessions(all), () => undefined);
    return () => void (isWanted = false);
  }, [machine]);
  const renamed = (session: Session): void => setSessions(sessions.map((one) => (one.id === session.id ? session : one)));
  return { sessions, renamed };
}

function usualNames(profile: Profile): string[] {
  const listed = profile.charts?.length ? profile.charts : profile.cards?.length ? profile.cards : Object.keys(profile.channels);
  return listed.slice(0, USUAL_CHARTS);
}

/** One chart a signal, or one a unit: at most five lines share a chart. */
function grouped(signals: readonly Signal[], isJoined: boolean): Signal[][] {
  if (!isJoined) return signals.map((signal) => [signal]);
  const groups: Signal[][] = [];
  for (const signal of signals) {
    const home = groups.find((group) => group[0]?.as.symbol === signal.as.symbol && group.length < MAX_SHARED);
    if (home) home.push(signal);
    else groups.push([signal]);
  }
  return groups;
}

function allOf(sessions: readonly Session[]): Range | null {
  const ranges = sessions.map(sessionRange);
  if (ranges.length === 0) return null;
  return { from_s: Math.min(...ranges.map((r) => r.from_s)), to_s: Math.max(...ranges.map((r) => r.to_s)) };
}

function rangeSource(machine: string, range: Range): ReplaySource {
  const [from, to] = [range.from_s, range.to_s].map((at_s) => new Date(at_s * 1000).toISOString());
  return { title: rangeWords(range.from_s, range.to_s), machine, what: { machine, from, to } };
}

