// Event rows: newest first, one row an episode; what, when, then why with its numbers.
import { useState } from "preact/hooks";
import { Blank } from "./blank";
import { age, capital, dateTime, msOf, tied, when } from "./format";
import { eventTitle, lowerFirst } from "./findings";
import { Lamp } from "./lamp";
import { profileOf } from "./outputs";
import { causeWords, signedShare } from "./models/cause";
import { LabelForm } from "./labels";
import { machinePath } from "./router";
import { eventLit } from "./states";
import { machineSignal, now, specOf } from "./store";
import type { MachineEvent } from "./types";

interface EventRowsProps {
  events: readonly MachineEvent[];
  nowMs: number;
  /** Name the machine in each row and lead to it. */
  named?: boolean | undefined;
}

const SHOWN = 8;

/** The panel of events: the newest, and all of them at the press of a button. */
export function Events({ events, named }: Omit<EventRowsProps, "nowMs">) {
  const [hasAll, setAll] = useState(false);
  const shown = hasAll ? events : events.slice(0, SHOWN);
  return (
    <section class="panel">
      <header>
        <h2>Events</h2>
        <span class="muted small">last 24 h</span>
        {events.length > SHOWN && (
          <button class="btn quiet push" aria-expanded={hasAll} onClick={() => setAll(!hasAll)}>{hasAll ? "Newest" : `All ${events.length}`}</button>
        )}
      </header>
      {events.length > 0 ? <EventRows events={shown} nowMs={now.value} named={named} /> : <Blank title="Nothing in the last 24 hours">Crossed limits and silence are told here.</Blank>}
    </section>
  );
}

export const EventRows = ({ events, nowMs, named = false }: EventRowsProps) => (
  <ul class="events">
    {events.map((event) => <EventRow key={event.key} event={event} nowMs={nowMs} named={named} />)}
  </ul>
);

function EventRow({ event, nowMs, named }: { event: MachineEvent; nowMs: number; named: boolean }) {
  const startMs = msOf(event.start_ns);
  const what = eventWords(event, named);
  const [isLabelling, setLabelling] = useState(false);
  return (
    <li>
      <Lamp lit={isRecorded(event) ? "rec" : eventLit(event)} label={event.kind === "note" ? "Note" : event.end_ns === null ? undefined : "Over"} />
      {named ? <a class="what" href={machinePath(event.machine)}>{what}</a> : <span class="what">{what}</span>}
      <time dateTime={new Date(startMs).toISOString()} title={dateTime(startMs)}>{when(startMs, nowMs)}</time>
      <span class="why">{tied(why(event, nowMs))}</span>
      {event.causes !== undefined && event.causes.length > 0 && <Causes event={event} />}
      {!named && event.kind === "limit" && <button class="btn quiet label-it" aria-expanded={isLabelling} onClick={() => setLabelling(!isLabelling)}>Say what it was…</button>}
      {isLabelling && <LabelForm machine={event.machine} range={rangeOf(event, nowMs)} kind="fault" fault={faultOf(event)} onDone={() => setLabelling(false)} />}
    </li>
  );
}

const rangeOf = ({ start_ns, end_ns }: MachineEvent, nowMs: number) => ({ from_s: start_ns / 1e9, to_s: end_ns === null ? nowMs / 1000 : end_ns / 1e9 });

/** The kind that a fault model names: `lubrication` of `fault_lubrication_pct`. */
const faultOf = ({ name }: MachineEvent): string => /^fault_(.+)_[a-z]+$/.exec(name)?.[1]?.replaceAll("_", " ") ?? "";

/** Which inputs explained most of it when it was told first. */
function Causes({ event }: { event: MachineEvent }) {
  const machine = machineSignal(event.machine)?.value ?? null;
  const profile = machine === null ? null : profileOf(machine);
  return (
    <ul class="causes" aria-label="Causes">
      {event.causes!.map((cause) => {
        const spec = specOf(profile, cause.name);
        return <li key={cause.name}><b>{spec?.title ?? cause.name}</b> {signedShare(cause.share)}: {tied(causeWords(cause, spec, cause.name))}</li>;
      })}
    </ul>
  );
}

/** Open when a recording ends: nothing goes on now. */
const isRecorded = (event: MachineEvent): boolean =>
  event.end_ns === null && machineSignal(event.machine)?.value.freshness === "recorded";

function eventWords(event: MachineEvent, named: boolean): string {
  const machine = machineSignal(event.machine)?.value ?? null;
  const profile = machine === null ? null : profileOf(machine);
  const title = eventTitle(event, specOf(profile, event.name));
  return named ? `${machine?.title ?? event.machine}: ${lowerFirst(title)}` : capital(title);
}

function why(event: MachineEvent, nowMs: number): string {
  const lasted = (end_ns: number) => age((end_ns - event.start_ns) / 1e9);
  if (event.kind === "note") return "";
  const message = event.message.trim();
  if (event.end_ns !== null) return `${message} Over after ${lasted(event.end_ns)}.`.trim();
  if (isRecorded(event)) return `${message} Open when the recording ends.`;
  return `${message} Open for ${age((nowMs - msOf(event.start_ns)) / 1000)}.`.trim();
}
