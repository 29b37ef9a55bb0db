// States: what each lamp and mark on the pages means.
import { Lamp, type Lit } from "../lamp";
import { Range } from "../range";
import { Page } from "../shell";
import type { LiveValue } from "../store";
import type { SignalSpec } from "../types";

const LAMPS: [Lit, string, string][] = [
  ["ok", "Normal", "Unlit ring. Nothing to do."],
  ["learn", "Learning", "The arc fills; no score yet."],
  ["warn", "Warning", "Look today."],
  ["crit", "Critical", "Act now."],
  ["stale", "Stale", "Was live; is silent."],
  ["rec", "Recorded", "History only; nothing is awaited."],
  ["none", "No model, no reading", "Never known."],
  ["fail", "Failed", "A part of telltale itself broke."],
  ["shelved", "Paused", "Someone stopped it."],
];

// The scale of an example; no machine's reading.
const EXAMPLE: SignalSpec = {
  title: "Vibration", unit: "mm/s", decimals: 1, range: [0, 10], normal: [1, 3],
  limits: { warn_above: 4.5, critical_above: 7.1 },
};
const value = (reading: number | null, state: LiveValue["state"]): LiveValue => ({ value: reading, state, filled: false, atMs: null });
const RANGES: [string, LiveValue, [number, number] | null][] = [
  ["Normal", value(2.1, "ok"), [1.7, 2.6]],
  ["Warning", value(5.2, "warn"), [4.8, 5.5]],
  ["Critical", value(7.6, "critical"), [7, 7.9]],
  ["Stale", value(2.1, "stale"), null],
  ["No reading", value(null, "no_data"), null],
];

export const StatesPage = () => (
  <Page where="States" crumb="Help" finding="What the lamps mean" text="A good panel is dark: colour appears only where someone should look. Shape and word say the same without colour.">
    <div class="grid">
      <section class="panel">
        <header><h2>The lamps</h2><span class="small muted">filled: needs someone · grey: nothing is wrong, or nothing is known</span></header>
        <div class="legend-grid">
          {LAMPS.map(([lit, word, text]) => (
            <div key={word} class="stack tight">
              <div class="row"><Lamp lit={lit} size="xl" label="" /></div>
              <span class={`state ${lit}`}>{word}</span>
              <span class="small muted">{text}</span>
            </div>
          ))}
        </div>
      </section>
      <section class="panel c6 fill">
        <header><h2>The scale under a value</h2></header>
        <div class="body stack">
          {RANGES.map(([word, reading, seen]) => (
            <div key={word} class="scale-row">
              <span class="soft">{word}</span>
              <Range spec={EXAMPLE} value={reading} seen={seen} />
            </div>
          ))}
          <p class="small muted">Block: normal range. Thin line: the last minute. Amber and red ticks: limits. Dashed: the last known value, too old to trust.</p>
        </div>
      </section>
      <section class="panel c6 fill">
        <header><h2>The badge at the top</h2></header>
        <dl class="body kv left">
          <dt><span class="live"><i />Live · 38 ms</span></dt>
          <dd>The newest value reached this page that long after it was measured.</dd>
          <dt><span class="live lost"><i />Reconnecting, 3 s</span></dt>
          <dd>The connection broke. Nothing is lost: the server keeps every reading, and the page catches up.</dd>
          <dt><span class="live stale"><Lamp lit="stale" size="s" label="" />Stale 2 min</span></dt>
          <dd>The page shows the last picture; its age stands beside each value.</dd>
          <dt><span class="tag sim">Simulated</span></dt>
          <dd>No real machine: a simulator plays it, and every page and export says so.</dd>
        </dl>
      </section>
    </div>
  </Page>
);
