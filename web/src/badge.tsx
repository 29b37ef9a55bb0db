// The live badge: same place and same words on every page.
import { age, number } from "./format";
import { Lamp } from "./lamp";
import { droppedFrames, link, retryNow } from "./live";
import { now } from "./store";

const seconds = (ms: number): string => `${Math.max(1, Math.ceil(ms / 1000))} s`;

export function LiveBadge() {
  const state = link.value;
  const nowMs = now.value;
  if (state.state === "live") {
    const delay = state.delayMs === null ? "" : ` · ${number(state.delayMs)} ms`;
    const left = droppedFrames.value > 0 ? `; ${number(droppedFrames.value)} frames left out, since the page was too slow` : "";
    return (
      <span class="live" title={`How long after its measurement the newest value reached this page${left}`}>
        <i />
        <span>Live<span class="wide">{delay}</span></span>
      </span>
    );
  }
  if (state.state === "connecting") return <span class="live lost"><i />Connecting</span>;
  const next = `Next try in ${seconds(state.retryAtMs - nowMs)}. Press to try now.`;
  if (state.state === "reconnecting") {
    return (
      <button class="live lost" title={next} onClick={retryNow}>
        <i />
        <span>Reconnecting<span class="wide">, {seconds(state.retryAtMs - nowMs)}</span></span>
      </button>
    );
  }
  return (
    <button class="live stale" title={next} onClick={retryNow}>
      <Lamp lit="stale" size="s" label="" />
      Stale {age((nowMs - state.sinceMs) / 1000)}
    </button>
  );
}
