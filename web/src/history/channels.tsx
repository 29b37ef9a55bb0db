// Which channels and metrics are drawn: by profile, with search.

import { useId, useState } from "preact/hooks";
import type { Profile, SignalSpec } from "../types";
import { shown } from "../units";
import { Fold } from "./fold";

const MAX_CHARTS = 12; // more do not fit a screen, and each is a line the server must read
const SEARCH_FROM = 9;

interface ChannelsProps {
  profile: Profile;
  chosen: readonly string[];
  onChoose: (names: readonly string[]) => void;
  isJoined: boolean;
  onJoin: (isJoined: boolean) => void;
}

export function Channels({ profile, chosen, onChoose, isJoined, onJoin }: ChannelsProps) {
  const [search, setSearch] = useState("");
  const groups: [string, [string, SignalSpec][]][] = [
    ["Measured", Object.entries(profile.channels)],
    ["Derived", Object.entries(profile.metrics ?? {})],
    ["From models", Object.entries(profile.outputs ?? {})],
  ];
  const all = groups.flatMap(([, signals]) => signals.map(([name]) => name));
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = ([name, spec]: [string, SignalSpec]): boolean => words.every((word) => `${spec.title} ${name} ${spec.unit}`.toLowerCase().includes(word));
  const toggle = (name: string): void => onChoose(chosen.includes(name) ? chosen.filter((n) => n !== name) : all.filter((n) => n === name || chosen.includes(n)));
  const found = groups.map(([title, signals]): [string, [string, SignalSpec][]] => [title, signals.filter(fits)]).filter(([, signals]) => signals.length > 0);
  return (
    <Fold title="Channels" says={`${chosen.length} of ${all.length}`}>
      {all.length >= SEARCH_FROM && (
        <div class="find"><input class="input" type="search" placeholder="Search" aria-label="Search channels" value={search} onInput={(event) => setSearch(event.currentTarget.value)} /></div>
      )}
      <div class="picks">
        {found.map(([title, signals]) => (
          <fieldset key={title}>
            <legend>{title}</legend>
            {signals.map(([name, spec]) => (
              <Pick key={name} spec={spec} isOn={chosen.includes(name)} isFull={chosen.length >= MAX_CHARTS} onToggle={() => toggle(name)} />
            ))}
          </fieldset>
        ))}
        {found.length === 0 && <p class="small muted none">No channel of {profile.title} is called that.</p>}
      </div>
      <label class="pick joined"><input type="checkbox" checked={isJoined} onChange={() => onJoin(!isJoined)} /><span>One chart per unit</span></label>
      {chosen.length >= MAX_CHARTS && <p class="small muted none">At most {MAX_CHARTS} at once.</p>}
    </Fold>
  );
}

function Pick({ spec, isOn, isFull, onToggle }: { spec: SignalSpec; isOn: boolean; isFull: boolean; onToggle: () => void }) {
  const id = useId();
  return (
    <div class="pick">
      <input type="checkbox" id={id} checked={isOn} disabled={isFull && !isOn} onChange={onToggle} />
      <label for={id} class={`cut ${isOn ? "" : "soft"}`} title={spec.title}>{spec.title}</label>
      <span class="small muted push">{shown(spec).symbol}</span>
    </div>
  );
}
