// `TrendPanel`: the charts of a machine as they run, with a choice of how far back. Zooming stands still;
// "Back to newest" follows again.

import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { age } from "../format";
import { boundsOf } from "../models/bounds";
import type { Forecast } from "../models/types";
import type { Ring } from "../ring";
import { recentEvents, specOf } from "../store";
import { units } from "../settings";
import type { MachineEvent, Profile } from "../types";
import { horizon_s, type Signal, signalOf } from "./model";
import { useEvents } from "./query";
import type { Range } from "./range";
import { Trends, type TrendsProps } from "./trends";
import { rangeWords } from "./ticks";

export interface TrendPanelProps {
  machine: string;
  profile: Profile;
  /** Channels and metrics, one chart each. */
  names: readonly string[];
  live: Ring;
  rangeSeconds?: number;
  /** What is forecast of them is drawn beside what came. */
  forecasts?: readonly Forecast[];
  /** Said before the range. */
  heading?: ComponentChildren;
  foot?: TrendsProps["foot"];
}

const NONE: readonly Forecast[] = [];
const WINDOWS: [number, string, string][] = [
  [60, "1 min", "Last minute"],
  [600, "10 min", "Last 10 minutes"],
  [3600, "1 h", "Last hour"],
  [86_400, "24 h", "Last 24 hours"],
  [604_800, "7 d", "Last 7 days"],
];

/** The shortest window of the choice that reaches back so far, with room before what lies there. */
export const windowFor = (back_s: number): number => WINDOWS.find(([length_s]) => length_s >= back_s * 1.1)?.[0] ?? WINDOWS.at(-1)![0];

export function TrendPanel({ machine, profile, names, live, rangeSeconds = 3600, forecasts = NONE, heading, foot }: TrendPanelProps) {
  const [window_s, setWindow] = useState(rangeSeconds);
  const [range, setRange] = useState<Range | null>(null);
  const [shown, setShown] = useState<Range | null>(null);
  const signals = useSignals(profile, names, forecasts);
  const groups = useMemo(() => signals.map((signal) => [signal]), [signals]);
  const events = useMachineEvents(machine, shown);
  const follow = (length_s: number): void => {
    setRange(null);
    setWindow(length_s);
  };
  const ahead_s = Math.min(window_s, horizon_s(signals));
  const said = `${WINDOWS.find(([length]) => length === window_s)?.[2] ?? "Trends"}${ahead_s > 0 ? `, next ${age(ahead_s)}` : ""}`;
  return (
    <Trends
      machine={machine} groups={groups} window_s={window_s} range={range} onRange={setRange} ring={live}
      staleAfter_s={profile.stale_after_s} events={events} titleOf={(name) => specOf(profile, name)?.title ?? name} onShown={setShown}
      title={<Title heading={heading} words={range ? rangeWords(range.from_s, range.to_s) : said} />} {...(foot ? { foot } : {})}
      tools={
        <div class="seg windows" role="group" aria-label="How far back">
          {WINDOWS.map(([length_s, label]) => (
            <button key={label} aria-pressed={!range && length_s === window_s} onClick={() => follow(length_s)}>{label}</button>
          ))}
        </div>
      }
    />
  );
}

const Title = ({ heading, words }: { heading: ComponentChildren; words: string }) =>
  heading ? <>{heading}<span class="small muted">{words}</span></> : <h2>{words}</h2>;

/** The named signals of a profile, in the viewer's units; a new list only when one of these changes. */
export function useSignals(profile: Profile | null, names: readonly string[], forecasts: readonly Forecast[] = NONE): readonly Signal[] {
  return useMemo(() => names.map((name) => {
    const of = forecasts.find((one) => one.channel === name);
    const mid = of && specOf(profile, of.output) ? withBand(profile, of.output) : null;
    return { ...withBand(profile, name), ...(of && mid ? { ahead: { by_s: of.horizon_s, mid, band: mid.band ?? null } } : {}) };
  }), [profile, names.join("\n"), units.value, forecasts.map((one) => one.output).join()]);
}

/** An estimate comes with its interval. */
function withBand(profile: Profile | null, name: string): Signal {
  const read = (one: string): Signal => signalOf(one, specOf(profile, one));
  const ends = boundsOf(name, profile?.outputs);
  return ends ? { ...read(name), band: { low: read(ends.low), high: read(ends.high) } } : read(name);
}

/** Events of the range from the store, with those that happened since they were asked for. */
export function useMachineEvents(machine: string, range: Range | null): readonly MachineEvent[] {
  const asked = useEvents(machine, range);
  const recent = recentEvents.value;
  return useMemo(() => {
    const byKey = new Map(asked.map((event) => [event.key, event]));
    for (const event of recent) if (event.machine === machine) byKey.set(event.key, event);
    return [...byKey.values()].sort((a, b) => b.start_ns - a.start_ns);
  }, [asked, recent, machine]);
}
