// "Now": each value beside its normal, as cells or as their table twin; derived metrics likewise.
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

interface PanelProps {
  machine: LiveMachine;
  profile: Profile | null;
}

/** Cards of the profile first, then every other channel; without profile what has arrived. */
function channelNames(machine: LiveMachine, profile: Profile | null): string[] {
  if (profile === null) return Object.keys(machine.values);
  const channels = Object.keys(profile.channels);
  const cards = profile.cards.filter((name) => specOf(profile, name) !== null);
  const heard = channels.filter((name) => machine.values[name]?.value != null);
  return [...new Set([...cards, ...heard])];
}

export function NowPanel({ machine, profile }: PanelProps) {
  const names = channelNames(machine, profile);
  const total = profile === null ? names.length : Object.keys(profile.channels).length;
  const heard = Object.keys(profile?.channels ?? machine.values).filter((name) => machine.values[name]?.value != null).length;
  const about = [machine.rate_hz ? rate(machine.rate_hz) : null, `${heard} of ${total} channels`].filter(Boolean).join(", ");
  return (
    <ValuesPanel title="Now" about={about} hint="grey block: normal · line: last minute · ticks: warn and critical"
      machine={machine} profile={profile} names={names} />
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
}

function ValuesPanel({ title, about, hint, machine, profile, names }: ValuesProps) {
  const [isTable, setTable] = useState(false);
  return (
    <section class="panel">
      <header>
        <h2>{title}</h2>
        <span class="small muted hide-s">{hint}</span>
        <span class="push small muted">{about}</span>
        <button class="btn quiet" aria-pressed={isTable} onClick={() => setTable(!isTable)}>Table</button>
      </header>
      {names.length === 0 && <Blank title="No reading yet">The values appear with the first reading.</Blank>}
      {isTable ? <ValueTable machine={machine} profile={profile} names={names} /> : <Cells machine={machine} profile={profile} names={names} />}
    </section>
  );
}

type ListProps = PanelProps & { names: readonly string[] };

function Cells({ machine, profile, names }: ListProps) {
  const ring = ringOf(machine.id);
  const nowMs = nowFor(machine);
  return (
    <div class="cells">
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
              <td class="num">{saidValue(value, spec)}</td>
              <td class="num">{value?.atMs == null ? "never" : age((nowFor(machine) - value.atMs) / 1000)}</td>
              <td class="soft">{limitsText(spec)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  </div>
);
