// Which stretches or labels are learnt from, what learns, and how it runs afterwards.
import { useEffect, useState } from "preact/hooks";
import { checked, isSame, type Range } from "../charts/range";
import { rangeWords } from "../charts/ticks";
import { age, inWords } from "../format";
import { fieldSeconds, fieldTime } from "../history/when";
import { useLabels } from "../labels";
import { settingsOf, settingsTyped, useKinds } from "../models/kinds";
import type { Kind, TrainingWish } from "../models/types";
import type { Profile } from "../types";
import { Settings } from "./settings";

type Role = TrainingWish["role"];
const ROLES: [Role, string, string][] = [
  ["active", "Let it run", "in place of the model that runs now, if there is one"],
  ["shadow", "Try it as a shadow", "beside the active one; it raises no event"],
  ["none", "Only keep it", "it runs nowhere until somebody says so"],
];
const ALARMS: [number, string][] = [[0.1, "one in ten weeks"], [0.25, "one a month"], [1, "one a week"], [7, "one a day"]];
const USUAL_BUDGET = 1; // a week; a kind without a score takes no other
const SOURCES: [Kind["learns_from"], string][] = [["normal", "From normal running"], ["faults", "From named faults"], ["lives", "From failures"]];
const iso = (at_s: number): string => new Date(at_s * 1000).toISOString();

interface FormProps {
  machine: string;
  profile: Profile;
  range: Range;
  onRange: (range: Range) => void;
  kind: string;
  onKind: (kind: string) => void;
  isBusy: boolean;
  problem: string | null;
  onStart: (wish: TrainingWish) => void;
}

export function LearnForm({ machine, profile, range, onRange, kind: wished, onKind, isBusy, problem, onStart }: FormProps) {
  const kinds = useKinds();
  const [more, setMore] = useState<readonly Range[]>([]);
  const [alarms, setAlarms] = useState(USUAL_BUDGET);
  const [role, setRole] = useState<Role>("active");
  const [typed, setTyped] = useState<Record<string, string>>({});
  const kind = wished || kinds?.default || "";
  const trainer = kinds?.trainers.find((one) => one.kind === kind) ?? null;
  const settings = settingsOf(trainer?.settings);
  const fields = useTyped(range);
  const isOfNormal = trainer === null || trainer.learns_from === "normal";
  const submit = (event: Event): void => {
    event.preventDefault();
    if (isOfNormal && !fields.typed) return;
    const spans = [...more.filter((one) => !isSame(one, fields.typed ?? one)), ...(fields.typed ? [fields.typed] : [])].map((one) => ({ from: iso(one.from_s), to: iso(one.to_s) }));
    onStart({
      ...(isOfNormal ? { ...spans[0], ...(spans.length > 1 ? { also: spans.slice(1) } : {}) } : {}),
      kind, role, alarms_per_week: trainer?.has_budget === false ? USUAL_BUDGET : alarms, settings: settingsTyped(settings, typed),
    });
  };
  const choose = (next: string): void => {
    setTyped({});
    onKind(next);
  };
  return (
    <form class="body learn-form" onSubmit={submit}>
      <label class="field">
        <span>Kind of model</span>
        <select value={kind} onChange={(event) => choose(event.currentTarget.value)}>
          {SOURCES.map(([from, words]) => {
            const all = (kinds?.trainers ?? []).filter((one) => one.learns_from === from);
            return all.length > 0 && <optgroup key={from} label={words}>{all.map((one) => <option key={one.kind} value={one.kind} disabled={one.settings === null}>{one.title}{one.kind === kinds?.default ? " (usual)" : one.settings === null ? " (not installed)" : ""}</option>)}</optgroup>;
          })}
        </select>
        {trainer && <span class="hint">{trainer.use}</span>}
      </label>
      {isOfNormal
        ? <Stretches fields={fields} onRange={onRange} more={more} onMore={setMore} />
        : <Labelled machine={machine} from={trainer.learns_from} />}
      <Settings key={kind} settings={settings} typed={typed} onTyped={setTyped} profile={profile} />
      {trainer?.has_budget !== false && (
        <label class="field">
          <span>False alarms allowed</span>
          <select value={alarms} onChange={(e) => setAlarms(Number(e.currentTarget.value))}>
            {ALARMS.map(([a_week, words]) => <option key={a_week} value={a_week}>{words}</option>)}
          </select>
          <span class="hint">Fewer alarms: the limit lies higher, and small changes are told later.</span>
        </label>
      )}
      <fieldset>
        <legend>Afterwards</legend>
        {ROLES.map(([value, word, hint]) => (
          <label key={value} class="choice"><input type="radio" name="role" checked={role === value} onChange={() => setRole(value)} /><span>{word}</span><small>{hint}</small></label>
        ))}
      </fieldset>
      {problem && <p class="note crit">{problem}</p>}
      <div class="row wrap"><button class="btn main" disabled={isBusy || kinds === null || (isOfNormal && !fields.typed)}>{isBusy ? "Learning…" : !isOfNormal ? "Learn from labels" : trainer?.has_budget === false ? "Learn from this stretch" : "Learn what is normal"}</button></div>
    </form>
  );
}

/** A range as two fields hold it; `typed` is null while the end comes before the start. */
function useTyped(range: Range) {
  const [from, setFrom] = useState(fieldTime(range.from_s));
  const [to, setTo] = useState(fieldTime(range.to_s));
  useEffect(() => {
    setFrom(fieldTime(range.from_s));
    setTo(fieldTime(range.to_s));
  }, [range.from_s, range.to_s]);
  // Fields hold whole seconds; the chart's own ends are kept where nothing was typed.
  const at = (text: string, was_s: number): number => (fieldTime(was_s) === text ? was_s : fieldSeconds(text));
  return { from, to, setFrom, setTo, typed: checked(at(from, range.from_s), at(to, range.to_s)) };
}

interface StretchesProps {
  fields: ReturnType<typeof useTyped>;
  onRange: (range: Range) => void;
  more: readonly Range[];
  onMore: (more: readonly Range[]) => void;
}

/** What the charts show, and the stretches that were put aside before. */
function Stretches({ fields: { from, to, setFrom, setTo, typed }, onRange, more, onMore }: StretchesProps) {
  const leave = (): void => {
    if (typed) onRange(typed);
  };
  const isKept = typed !== null && more.some((one) => isSame(one, typed));
  return (
    <div class="stack">
      <label class="field"><span>From</span><input type="datetime-local" step={1} value={from} required onInput={(e) => setFrom(e.currentTarget.value)} onBlur={leave} /></label>
      <label class={`field ${typed ? "" : "bad"}`}>
        <span>To</span>
        <input type="datetime-local" step={1} value={to} required aria-invalid={!typed} onInput={(e) => setTo(e.currentTarget.value)} onBlur={leave} />
      </label>
      <p class={`small ${typed ? "muted" : "ink-crit"}`}>{typed ? `${age(typed.to_s - typed.from_s)}. Or zoom the charts: what they show is the stretch.` : "The end must come after the start."}</p>
      {more.length > 0 && <p class="small soft">Learnt from as well:</p>}
      {more.length > 0 && (
        <ul class="stretches" aria-label="Further stretches">
          {more.map((one) => (
            <li key={one.from_s}>
              <button type="button" class="btn quiet cut" onClick={() => onRange(one)}>{rangeWords(one.from_s, one.to_s)}</button>
              <button type="button" class="btn quiet" aria-label={`Leave out ${rangeWords(one.from_s, one.to_s)}`} onClick={() => onMore(more.filter((other) => other !== one))}>×</button>
            </li>
          ))}
        </ul>
      )}
      <div class="row wrap"><button type="button" class="btn" disabled={!typed || isKept} onClick={() => typed && onMore([...more, typed])}>Keep this one, choose another</button></div>
    </div>
  );
}

/** Kinds that learn from labels need none named here. */
function Labelled({ machine, from }: { machine: string; from: Kind["learns_from"] }) {
  const known = useLabels(machine);
  const labels = (known?.labels ?? []).filter((one) => one.kind === (from === "faults" ? "fault" : "failure"));
  const n = labels.length;
  const what = from === "faults" ? (n === 1 ? "fault is" : "faults are") : n === 1 ? "failure is" : "failures are";
  return <p class="note">{n === 0 ? "No" : inWords(n).replace(/^./, (c) => c.toUpperCase())} {what} named on this machine. Labels of all machines of its profile are learnt from.</p>;
}
