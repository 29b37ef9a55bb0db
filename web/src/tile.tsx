// Machine tile: the same fact in the same slot on each, so that a row of them reads as a table.
import { useEffect, useRef } from "preact/hooks";
import * as api from "./api";
import { useSeen } from "./charts/measure";
import { age, rate, short, tied } from "./format";
import { noteSpark } from "./frames";
import { Lamp, Simulated, State } from "./lamp";
import { Range } from "./range";
import type { Ring } from "./ring";
import { profileOf } from "./outputs";
import { machinePath } from "./router";
import { Spark } from "./spark";
import { stateShape, stateWord, tone } from "./states";
import { machineSignal, nowFor, ringOf, specOf, type LiveMachine } from "./store";
import { worstEvent } from "./findings";
import { saidValue, unknownSpec } from "./values";
import type { Profile } from "./types";

const RANGES_SHOWN = 3;
const LAMPS_SHOWN = 8;
const LAMPS_SHOWN_BESIDE_TAG = 4;
const SPARK_S = 300;
const SPARK_POINTS = 240;

/** Names of a machine's values, abnormal first, then as its profile lists them. */
export function leadingNames(machine: LiveMachine, profile: Profile | null): string[] {
  const rank = (name: string): number => {
    const value = machine.values[name];
    return value === undefined ? 9 : stateShape(value.state).rank;
  };
  const listed = profile?.cards.length ? profile.cards : Object.keys(profile?.channels ?? machine.values);
  const abnormal = Object.keys(machine.values).filter((name) => rank(name) <= 1);
  const names = [...new Set([...abnormal, ...listed])];
  const heard = names.filter((name) => machine.values[name]?.value != null);
  return (heard.length > 0 ? heard : names).sort((a, b) => Math.min(rank(a), 2) - Math.min(rank(b), 2));
}

export function Tile({ id, wide = false }: { id: string; wide?: boolean }) {
  const machine = machineSignal(id)?.value;
  if (machine === undefined) return null;
  const profile = profileOf(machine);
  const names = leadingNames(machine, profile);
  const spark = worstEvent(machine.open_events)?.name || names[0];
  const { lit } = stateShape(machine.state);
  const edge = lit === "crit" || lit === "warn" ? lit : "";
  return (
    <a class={`panel tile ${edge} ${wide ? "wide" : ""}`} href={machinePath(id)} aria-label={`${machine.title}: ${stateWord(machine)}. ${machine.headline ?? ""}`}>
      <TileHead machine={machine} />
      <p class="find">{tied(machine.headline ?? (machine.state === "ok" ? "Every value is within its limits." : ""))}</p>
      <div class="stack trace">
        {spark !== undefined && <SparkOf machine={machine} profile={profile} name={spark} />}
        <div class="mini">
          {names.slice(0, RANGES_SHOWN).map((name) => <Mini key={name} machine={machine} profile={profile} name={name} />)}
        </div>
      </div>
      <TileFoot machine={machine} />
    </a>
  );
}

function TileHead({ machine }: { machine: LiveMachine }) {
  const { lit } = stateShape(machine.state);
  const heard = machine.atMs === null ? "never" : `${age((nowFor(machine) - machine.atMs) / 1000)} ago`;
  const about = [machine.inferred ? "Inferred profile" : machine.profile_title, machine.place].filter(Boolean).join(" · ");
  return (
    <div class="stack tight">
      <div class="row">
        <span class="strong cut name" title={machine.title}>{machine.title}</span>
        <span class="push" />
        <State lit={lit} word={stateWord(machine)} />
      </div>
      <div class="row small muted">
        <span class="cut">{about}</span>
        <span class="push nowrap">{heard}</span>
      </div>
    </div>
  );
}

interface ValueProps {
  machine: LiveMachine;
  profile: Profile | null;
  name: string;
}

const loadedNames = new WeakMap<Ring, string>(); // the signal changes when the profile comes, or something turns abnormal

/** Ask for what was before this page: one signal, at most as many points as the drawing has. */
async function loadSpark(machine: LiveMachine, name: string): Promise<void> {
  const ring = ringOf(machine.id);
  const endMs = machine.last_time_ns === null ? null : machine.last_time_ns / 1e6;
  const isThere = ring.firstTime_s < (endMs ?? 0) / 1000 - SPARK_S * 0.9 && loadedNames.get(ring) === name;
  if (endMs === null || isThere) return;
  loadedNames.set(ring, name);
  try {
    const past = await api.telemetry(machine.id, { fromMs: endMs - SPARK_S * 1000, toMs: endMs, channels: [name], points: SPARK_POINTS });
    ring.load(past.time_ns.map((ns) => ns / 1e9), past.columns);
  } catch {
    loadedNames.delete(ring); // the line grows with what arrives, and is asked for again when it is seen again
  }
}

function SparkOf({ machine, profile, name }: ValueProps) {
  const box = useRef<HTMLDivElement>(null);
  const isSeen = useSeen(box, false); // forty tiles do not ask at once
  const hasReadings = machine.last_time_ns !== null;
  useEffect(() => noteSpark(machine.id, name), [machine.id, name]);
  useEffect(() => {
    if (isSeen && hasReadings) void loadSpark(machine, name);
  }, [machine.id, name, isSeen, hasReadings]);
  const value = machine.values[name];
  const shape = value === undefined ? "none" : tone(value.state);
  return <div ref={box}><Spark ring={ringOf(machine.id)} name={name} spec={specOf(profile, name)} windowS={SPARK_S} tone={shape} nowMs={nowFor(machine)} /></div>;
}

const INK = { crit: "ink-crit", warn: "ink-warn", stale: "muted", none: "muted", ok: "" } as const;

function Mini({ machine, profile, name }: ValueProps) {
  const spec = specOf(profile, name) ?? unknownSpec(name);
  const value = machine.values[name];
  return (
    <>
      <span class="k cut" title={spec.title}>{short(spec.title)}</span>
      <Range spec={spec} value={value} />
      <span class={`v ${value === undefined || value.value === null ? "muted" : INK[tone(value.state)]}`}>{saidValue(value, spec, machine.freshness === "stale")}</span>
    </>
  );
}

function TileFoot({ machine }: { machine: LiveMachine }) {
  const heard = Object.values(machine.values).filter((value) => value.state !== "no_data");
  const lamps = heard.map((value) => stateShape(value.state)).sort((a, b) => a.rank - b.rank);
  const room = machine.simulated ? LAMPS_SHOWN_BESIDE_TAG : LAMPS_SHOWN;
  const abnormal = lamps.filter(({ lit }) => lit !== "ok" && lit !== "rec").length;
  const label = lamps.length === 0 ? "No reading yet" : `${lamps.length} values, ${abnormal === 0 ? machine.state === "recorded" ? "recorded" : "all normal" : `${abnormal} not normal`}`;
  return (
    <div class="meta">
      <span class="lamps" role="img" aria-label={label}>
        {lamps.slice(0, room).map((shape, i) => <Lamp key={i} lit={shape.lit} size="s" label="" />)}
        {lamps.length > room && <span class="age">+{lamps.length - room}</span>}
      </span>
      {machine.simulated ? <span class="push"><Simulated /></span> : <span class="push" />}
      <span class="nowrap">{machine.rate_hz ? rate(machine.rate_hz) : ""}</span>
    </div>
  );
}
