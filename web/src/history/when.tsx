// How far back, or from when to when.

import { useState } from "preact/hooks";
import { checked, type Range } from "../charts/range";
import { Popover } from "../popover";

const LASTS: [number, string][] = [[3600, "1 h"], [86_400, "24 h"], [604_800, "7 d"], [2_592_000, "30 d"]];

interface WhenProps {
  last_s: number | null; // null: a range that stands still
  shown: Range | null;
  all: Range | null;
  onLast: (last_s: number) => void;
  onRange: (range: Range) => void;
}

export function When({ last_s, shown, all, onLast, onRange }: WhenProps) {
  return (
    <div class="row when">
      <div class="seg" role="group" aria-label="Range">
        {LASTS.map(([length_s, label]) => (
          <button key={label} aria-pressed={length_s === last_s} onClick={() => onLast(length_s)}>{label}</button>
        ))}
        {all && <button aria-pressed={last_s === null && shown?.from_s === all.from_s} onClick={() => onRange(all)}>All</button>}
      </div>
      <Popover label="From, to…" buttonClass="btn">
        {(close) => <RangeForm start={shown} verb="Show" onRange={(range) => { close(); onRange(range); }} />}
      </Popover>
    </div>
  );
}

/** The value of a datetime-local field for an instant, in the viewer's zone. */
export function fieldTime(at_s: number): string {
  const d = new Date(at_s * 1000);
  return new Date(d.getTime() - d.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
export const fieldSeconds = (text: string): number => new Date(text).getTime() / 1000;

export function RangeForm({ start, verb, onRange }: { start: Range | null; verb: string; onRange: (range: Range) => void }) {
  const [from, setFrom] = useState(start ? fieldTime(start.from_s) : "");
  const [to, setTo] = useState(start ? fieldTime(start.to_s) : "");
  const [isTried, setTried] = useState(false);
  const range = checked(fieldSeconds(from), fieldSeconds(to));
  const submit = (event: Event): void => {
    event.preventDefault();
    setTried(true);
    if (range) onRange(range);
  };
  return (
    <form class="range-form" onSubmit={submit}>
      <label class="field"><span>From</span><input type="datetime-local" step={1} value={from} onInput={(e) => setFrom(e.currentTarget.value)} required /></label>
      <label class={`field ${isTried && !range ? "bad" : ""}`}>
        <span>To</span>
        <input type="datetime-local" step={1} value={to} onInput={(e) => setTo(e.currentTarget.value)} required aria-invalid={isTried && !range} />
        {isTried && !range && <span class="hint">The end must come after the start.</span>}
      </label>
      <button class="btn main">{verb}</button>
    </form>
  );
}
