// Which stretch is normal, what learns from it, and how it runs afterwards.
import { useEffect, useState } from "preact/hooks";
import { checked, type Range } from "../charts/range";
import { age } from "../format";
import { fieldSeconds, fieldTime } from "../history/when";
import { detectors } from "../models/api";
import type { TrainingWish } from "../models/types";
import { kindWords } from "../models/words";

type Role = TrainingWish["role"];
const ROLES: [Role, string, string][] = [
  ["active", "Let it run", "in place of the model that runs now, if there is one"],
  ["shadow", "Try it as a shadow", "beside the active one; it raises no event"],
  ["none", "Only keep it", "it runs nowhere until somebody says so"],
];
const ALARMS: [number, string][] = [[0.1, "one in ten weeks"], [0.25, "one a month"], [1, "one a week"], [7, "one a day"]];

interface FormProps {
  range: Range;
  onRange: (range: Range) => void;
  isBusy: boolean;
  problem: string | null;
  onStart: (wish: TrainingWish) => void;
}

export function LearnForm({ range, onRange, isBusy, problem, onStart }: FormProps) {
  const [from, setFrom] = useState(fieldTime(range.from_s));
  const [to, setTo] = useState(fieldTime(range.to_s));
  useEffect(() => {
    setFrom(fieldTime(range.from_s));
    setTo(fieldTime(range.to_s));
  }, [range.from_s, range.to_s]);
  const kinds = useKinds();
  const [kind, setKind] = useState("");
  const [alarms, setAlarms] = useState(1);
  const [role, setRole] = useState<Role>("active");
  const typed = checked(fieldSeconds(from), fieldSeconds(to));
  const leave = (): void => {
    if (typed && (fieldTime(range.from_s) !== from || fieldTime(range.to_s) !== to)) onRange(typed);
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!typed) return;
    const iso = (at_s: number): string => new Date(at_s * 1000).toISOString();
    // Fields hold whole seconds; the chart's own ends are kept where nothing was typed.
    const [from_s, to_s] = [fieldTime(range.from_s) === from ? range.from_s : typed.from_s, fieldTime(range.to_s) === to ? range.to_s : typed.to_s];
    onStart({ from: iso(from_s), to: iso(to_s), kind: kind || kinds.usual, alarms_per_week: alarms, role });
  };
  return (
    <form class="body learn-form" onSubmit={submit}>
      <div class="stack">
        <label class="field"><span>From</span><input type="datetime-local" step={1} value={from} required onInput={(e) => setFrom(e.currentTarget.value)} onBlur={leave} /></label>
        <label class={`field ${typed ? "" : "bad"}`}>
          <span>To</span>
          <input type="datetime-local" step={1} value={to} required aria-invalid={!typed} onInput={(e) => setTo(e.currentTarget.value)} onBlur={leave} />
        </label>
        <p class={`small ${typed ? "muted" : "ink-crit"}`}>{typed ? `${age(typed.to_s - typed.from_s)}. Or zoom the charts: what they show is the stretch.` : "The end must come after the start."}</p>
      </div>
      <label class="field">
        <span>Kind of detector</span>
        <select value={kind || kinds.usual} onChange={(e) => setKind(e.currentTarget.value)}>
          {kinds.names.map((name) => <option key={name} value={name}>{kindWords(name)}{name === kinds.usual ? " (usual)" : ""}</option>)}
        </select>
      </label>
      <label class="field">
        <span>False alarms allowed</span>
        <select value={alarms} onChange={(e) => setAlarms(Number(e.currentTarget.value))}>
          {ALARMS.map(([a_week, words]) => <option key={a_week} value={a_week}>{words}</option>)}
        </select>
        <span class="hint">Fewer alarms: the limit lies higher, and small changes are told later.</span>
      </label>
      <fieldset>
        <legend>Afterwards</legend>
        {ROLES.map(([value, word, hint]) => (
          <label key={value} class="choice"><input type="radio" name="role" checked={role === value} onChange={() => setRole(value)} /><span>{word}</span><small>{hint}</small></label>
        ))}
      </fieldset>
      {problem && <p class="note crit">{problem}</p>}
      <div class="row wrap"><button class="btn main" disabled={!typed || isBusy || kinds.names.length === 0}>{isBusy ? "Learning…" : "Learn what is normal"}</button></div>
    </form>
  );
}

function useKinds(): { names: readonly string[]; usual: string } {
  const [kinds, setKinds] = useState<{ names: readonly string[]; usual: string }>({ names: [], usual: "" });
  useEffect(() => {
    let isWanted = true;
    const take = (found: { kinds: string[]; default: string }): void => {
      if (isWanted) setKinds({ names: [found.default, ...found.kinds.filter((name) => name !== found.default)], usual: found.default });
    };
    detectors().then(take, () => undefined); // the button stays off; the badge says that the server is away
    return () => void (isWanted = false);
  }, []);
  return kinds;
}
