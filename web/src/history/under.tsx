// A second range laid under the first, its start on the first one's start.

import { useState } from "preact/hooks";
import { type Range, shifted, span_s } from "../charts/range";
import { rangeWords } from "../charts/ticks";
import { age } from "../format";
import { Fold } from "./fold";
import { fieldSeconds, fieldTime } from "./when";

const DAY_S = 86_400;

interface UnderProps {
  shown: Range | null;
  offset_s: number | null;
  onOffset: (offset_s: number | null) => void;
}

export function Under({ shown, offset_s, onOffset }: UnderProps) {
  const [isAsking, setAsking] = useState(false);
  if (!shown) return null;
  const length_s = span_s(shown);
  const offers: [string, number][] = [
    ["The stretch before", length_s],
    ...(length_s < 0.9 * DAY_S ? [["A day earlier", DAY_S] as [string, number]] : []),
    ...(length_s < 6 * DAY_S ? [["A week earlier", 7 * DAY_S] as [string, number]] : []),
  ];
  const under = offset_s === null ? null : shifted(shown, -offset_s);
  return (
    <Fold title="Laid over" says={under ? "on" : "none"}>
      <div class="body stack">
        {under && (
          <>
            <div class="row small"><i class="swatch under" />{rangeWords(under.from_s, under.to_s)}</div>
            <p class="small muted">{offsetWords(offset_s ?? 0)} Dashed in every chart.</p>
            <button class="btn" onClick={() => onOffset(null)}>Take it away</button>
          </>
        )}
        {!under && offers.map(([title, offer_s]) => <button key={title} class="btn" onClick={() => onOffset(offer_s)}>{title}</button>)}
        {isAsking
          ? <StartForm start_s={(under ?? shown).from_s} onStart={(at_s) => { setAsking(false); onOffset(shown.from_s - at_s || null); }} />
          : <button class="btn quiet" onClick={() => setAsking(true)}>Another start…</button>}
      </div>
    </Fold>
  );
}

function offsetWords(offset_s: number): string {
  const weeks = offset_s / (7 * DAY_S);
  if (Number.isInteger(weeks) && weeks > 0) return weeks === 1 ? "Same weekdays and hours, one week earlier." : `Same weekdays and hours, ${weeks} weeks earlier.`;
  return `${age(Math.abs(offset_s))} ${offset_s > 0 ? "earlier" : "later"}, its start on this one's start.`;
}

function StartForm({ start_s, onStart }: { start_s: number; onStart: (at_s: number) => void }) {
  const [start, setStart] = useState(fieldTime(start_s));
  const submit = (event: Event): void => {
    event.preventDefault();
    if (Number.isFinite(fieldSeconds(start))) onStart(fieldSeconds(start));
  };
  return (
    <form class="stack" onSubmit={submit}>
      <label class="field"><span>Starts at</span><input type="datetime-local" step={1} value={start} onInput={(e) => setStart(e.currentTarget.value)} required /></label>
      <button class="btn">Lay over</button>
    </form>
  );
}
