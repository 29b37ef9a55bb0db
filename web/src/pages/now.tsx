// "Now": each value beside its normal, as cells or as their table twin; derived metrics likewise.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Blank } from "../blank";
import { Cell } from "../cell";
import { age, rate } from "../format";
import { limitsText } from "../findings";
import { State } from "../lamp";
import { stateShape } from "../states";
import { nowFor, ringOf, specOf, type LiveMachine } from "../store";
import { saidValue, unknownSpec } from "../values";
import type { Profile } from "../types";

const SEEN_S = 60;
const CELLS_SHOWN = 16; // of a profile that names no cards

interface PanelProps {
  machine: LiveMachine;
  profile: Profile | null;
}

/** Cards of the profile, or the first channels; what is abnormal is never left out. */
function leading(machine: LiveMachine, profile: Profile | null): string[] {
  const cards = (profile?.cards ?? []).filter((name) => specOf(profile, name) !== null);
  const usual = cards.length > 0 ? cards : heardChannels(machine, profile).slice(0, CELLS_SHOWN);
  const abnormal = Object.keys(machine.values).filter((name) => ["warn", "critical"].includes(machine.values[name]!.state));
  return [...new Set([...usual, ...abnormal])];
}

function heardChannels(machine: LiveMachine, profile: Profile | null): string[] {
  return Object.keys(profile?.channels ?? machine.values).filter((name) => machine.values[name]?.value != null);
}

export function NowPanel({ machine, profile }: PanelProps) {
  const [hasAll, setAll] = useState(false);
  const heard = heardChannels(machine, profile);
  const first = leading(machine, profile);
  const others = heard.filter((name) => !first.includes(name));
  const total = profile === null ? heard.length : Object.keys(profile.channels).length;
  const about = [machine.rate_hz ? rate(machine.rate_hz) : null, `${heard.length} of ${total} channels`].filter(Boolean).join(", ");
  const more = others.length > 0 && (
    <footer>
      <button class="btn quiet" aria-expanded={hasAll} onClick={() => setAll(!hasAll)}>
        {hasAll ? "Show fewer" : `Show ${others.length} more`}
      </button>
    </footer>
  );
  return (
    <ValuesPanel title={machine.freshness === "recorded" ? "Last values" : "Now"} about={about} hint="grey block: normal · line: last minute · ticks: warn and critical"
      machine={machine} profile={profile} names={hasAll ? [...first, ...others] : first} more={more} />
  );
}

export function DerivedPanel({ machine, profile }: PanelProps) {
  const names = Object.keys(profile?.metrics ?? {}).filter((name) => !profile!.cards.includes(name));
  if (names.length === 0) return null;
  return (
    <ValuesPanel title="Worked out" about={`${names.length} derived`} hint="computed from the channels, by the rules of the profile"
      machine={machine} profile={profile} names={names} />
  );
}

interface ValuesProps extends PanelProps {
  title: string;
  about: string;
  hint: string;
  names: readonly string[];
  more?: ComponentChildren;
}

function ValuesPanel({ title, about, hint, machine, profile, names, more }: ValuesProps) {
  const [isTable, setTable] = useState(false);
  return (
    <section class="panel">
      <header>
        <h2>{title}</h2>
        <span class="small muted hide-s">{hint}</span>
        <span class="push small muted">{about}</span>
        <button class="btn quiet" aria-pressed={isTable} onClick={() => setTable(!isTable)}>Table</button>
      </header>
      {names.length === 0 && (machine.state === "failed"
        ? <Blank title="No channel is known">The values come back with the profile.</Blank>
        : <Blank title="No reading yet">The values appear with the first reading.</Blank>)}
      {isTable ? <ValueTable machine={machine} profile={profile} names={names} /> : <Cells machine={machine} profile={profile} names={names} />}
      {more}
    </section>
  );
}

type ListProps = PanelProps & { names: readonly string[] };

function Cells({ machine, profile, names }: ListProps) {
  const ring = ringOf(machine.id);
  const nowMs = nowFor(machine);
  return (
    <div class={`cells ${machine.freshness === "stale" ? "silent" : ""}`}>
      {names.map((name) => (
        <Cell key={name} name={name} spec={specOf(profile, name) ?? unknownSpec(name)} value={machine.values[name]}
          seen={ring.extent(name, ring.lastTime_s - SEEN_S)} nowMs={nowMs} />
      ))}
    </div>
  );
}

const ValueTable = ({ machine, profile, names }: ListProps) => (
  <div class="scroll" tabIndex={0} role="region" aria-label="Values">
    <table class="table">
      <thead>
        <tr>
          <th scope="col">Signal</th><th scope="col">State</th><th scope="col" class="num">Value</th>
          <th scope="col" class="num">Age</th><th scope="col">Normal and limits</th>
        </tr>
      </thead>
      <tbody>
        {names.map((name) => {
          const spec = specOf(profile, name) ?? unknownSpec(name);
          const value = machine.values[name];
          const { lit, word } = stateShape(value?.value == null ? "no_data" : value.state);
          return (
            <tr key={name}>
              <th scope="row">{spec.title}<div class="small muted mono">{name}</div></th>
              <td><State lit={lit} word={word} /></td>
              <td class="num">{saidValue(value, spec, machine.freshness === "stale")}</td>
              <td class="num">{value?.atMs == null ? "never" : age((nowFor(machine) - value.atMs) / 1000)}</td>
              <td class="soft">{limitsText(spec)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  </div>
);
