// Readings kept: how many, how fast, what was rejected, and when the disk is full.
import { bytes, clock, count, countText, msOf, number } from "../format";
import { keptRates, serverStatus } from "../store";
import type { StoreStatus } from "../types";

export function KeptPanel() {
  const status = serverStatus.value;
  if (status === null) return null;
  const [figure, letter] = count(status.rows_today);
  return (
    <section class="panel">
      <header>
        <h2>Readings kept</h2>
        <span class="push muted small">since {clock(msOf(status.today_since_ns), false)}</span>
      </header>
      <div class="body stack">
        <div class="row base">
          <span class="figure">{figure}{letter && <span class="unit"> {letter}</span>}</span>
          <span class="push small muted">{status.rejected === 0 ? "none rejected" : `${countText(status.rejected)} rejected`}</span>
        </div>
        <Rates rates={keptRates.value} />
        <p class="small muted">{number(Math.round(status.rate_hz))} a second now; {diskText(status.store)}.</p>
        {status.store.problem && <p class="small ink-crit">{status.store.problem}</p>}
      </div>
    </section>
  );
}

function diskText(store: StoreStatus): string {
  const full = store.full_in_days === null ? "" : `, full in ${fullText(store.full_in_days)}`;
  return `${bytes(store.size_bytes)} on disk, ${bytes(store.free_bytes)} free${full}`;
}

function fullText(days: number): string {
  if (days < 60) return `${number(Math.round(days))} days`;
  return days < 730 ? `${number(Math.round(days / 30.4))} months` : "over 2 years";
}

const WIDTH = 240;
const HEIGHT = 30; // px, as the style says

function Rates({ rates }: { rates: readonly number[] }) {
  if (rates.length < 3) return null;
  const top = Math.max(...rates, 1);
  const points = rates.map((rate, i) => `${((i / (rates.length - 1)) * WIDTH).toFixed(1)} ${(HEIGHT - 3 - (rate / top) * (HEIGHT - 6)).toFixed(1)}`);
  return (
    <div class="spark" style="height: 30px" aria-hidden="true">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} height={HEIGHT} preserveAspectRatio="none"><path class="line ink" d={`M${points.join("L")}`} /></svg>
    </div>
  );
}
