// Recordings of the machine: show, name, replay, lay under.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import * as api from "../api";
import { type Range, span_s } from "../charts/range";
import { rangeWords } from "../charts/ticks";
import { age, countText, when } from "../format";
import { Popover } from "../popover";
import { now } from "../store";
import { toast } from "../toast";
import type { Session } from "../types";
import { Fold } from "./fold";

const SHOWN = 8;

export const sessionRange = (session: Session): Range => ({
  from_s: session.start_ns / 1e9,
  to_s: Math.max((session.end_ns ?? Date.now() * 1e6) / 1e9, session.start_ns / 1e9 + 1),
});
export const sessionTitle = (session: Session): string => session.title || `From ${when(session.start_ns / 1e6, now.value)}`;

interface SessionsProps {
  sessions: readonly Session[];
  shown: Range | null;
  onShow: (range: Range) => void;
  onUnder: (range: Range) => void;
  onReplay: (session: Session) => void;
  onRenamed: (session: Session) => void;
}

export function Sessions({ sessions, ...rest }: SessionsProps) {
  const [isAll, setAll] = useState(false);
  const rows = isAll ? sessions : sessions.slice(0, SHOWN);
  return (
    <Fold title="Sessions" says={String(sessions.length)}>
      {sessions.length === 0 && <p class="body small muted">No recording yet. One begins with the first reading and ends with a long pause.</p>}
      <ul class="sessions">{rows.map((session) => <Row key={session.id} session={session} {...rest} />)}</ul>
      {sessions.length > rows.length && <button class="btn quiet" onClick={() => setAll(true)}>All {sessions.length}</button>}
    </Fold>
  );
}

function Row({ session, shown, onShow, onUnder, onReplay, onRenamed }: Omit<SessionsProps, "sessions"> & { session: Session }) {
  const [isNaming, setNaming] = useState(false);
  const range = sessionRange(session);
  if (isNaming) return <li><NameForm session={session} onDone={(named) => { setNaming(false); if (named) onRenamed(named); }} /></li>;
  const isShown = shown !== null && Math.abs(shown.from_s - range.from_s) < 1 && Math.abs(shown.to_s - range.to_s) < 1;
  return (
    <li aria-current={isShown ? "true" : undefined}>
      <button class="show" onClick={() => onShow(range)} title={`${rangeWords(range.from_s, range.to_s)}, ${countText(session.rows)} readings`}>
        <span class="cut">{sessionTitle(session)}</span>
        <span class="small muted nowrap">{age(span_s(range))}</span>
      </button>
      <Popover label="⋯" name={`More for ${sessionTitle(session)}`} buttonClass="btn quiet">
        {(close) => (
          <ul class="links">
            <li><button onClick={() => { close(); setNaming(true); }}>Rename…</button></li>
            <li><button onClick={() => { close(); onReplay(session); }}>Replay…</button></li>
            <li><button onClick={() => { close(); onUnder(range); }}>Lay over</button></li>
          </ul>
        )}
      </Popover>
    </li>
  );
}

function NameForm({ session, onDone }: { session: Session; onDone: (named: Session | null) => void }) {
  const [title, setTitle] = useState(session.title ?? "");
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => input.current?.select(), []);
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      onDone(await api.renameSession(session.id, title.trim()));
    } catch (error) {
      toast({ lit: "fail", title: "The name was not kept", text: error instanceof Error ? error.message : String(error) });
      onDone(null);
    }
  };
  return (
    <form class="row name-form" onSubmit={(event) => void save(event)} onKeyDown={(event) => event.key === "Escape" && onDone(null)}>
      <input ref={input} class="input" aria-label="Name of the session" maxLength={120} value={title} onInput={(event) => setTitle(event.currentTarget.value)} />
      <button class="btn">Save</button>
    </form>
  );
}
