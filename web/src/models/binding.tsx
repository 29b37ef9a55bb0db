// How a foreign model is fed: which columns go in, in which order, and what comes out is called.
import { useState } from "preact/hooks";
import { specOf } from "../store";
import type { Profile } from "../types";
import type { Binding, Task } from "./types";
import { taskWords } from "./words";

/** The form as it is filled in: figures are text until all is there. */
export interface Draft {
  name: string;
  title: string;
  task: Task;
  columns: readonly string[];
  outputs: string;
  samples: string;
  every_s: string;
  limit: string;
  is_simulated: boolean;
}

export const EMPTY: Draft = { name: "", title: "", task: "anomaly", columns: [], outputs: "", samples: "1", every_s: "0", limit: "", is_simulated: false };

const TASKS: Task[] = ["anomaly", "fault", "health", "remaining_life", "forecast", "other"];
const MAX_SAMPLES = 100_000;
const wordsIn = (text: string): string[] => text.split(/[\s,;]+/).filter(Boolean);

/** What is sent, or null while something is missing. */
export function bindingOf({ columns, outputs, samples, every_s, limit, ...rest }: Draft): Binding | null {
  const n = Number(samples);
  const isWhole = rest.name !== "" && columns.length > 0 && wordsIn(outputs).length > 0 && Number.isInteger(n) && n >= 1 && n <= MAX_SAMPLES
    && Number(every_s) >= 0 && (limit === "" || Number.isFinite(Number(limit)));
  return isWhole ? { ...rest, columns: [...columns], outputs: wordsIn(outputs), samples: n, every_s: Number(every_s), warn_above: limit === "" ? null : Number(limit) } : null;
}

interface FormProps {
  draft: Draft;
  onDraft: (draft: Draft) => void;
  profile: Profile;
}

export function BindingForm({ draft, onDraft, profile }: FormProps) {
  const put = (change: Partial<Draft>): void => onDraft({ ...draft, ...change });
  const text = (key: "name" | "title" | "outputs" | "samples" | "every_s" | "limit") => ({ value: draft[key], onInput: (event: Event) => put({ [key]: (event.currentTarget as HTMLInputElement).value }) });
  return (
    <>
      <Columns columns={draft.columns} onColumns={(columns) => put({ columns })} profile={profile} />
      <div class="label-fields">
        <label class="field"><span>Name, one word</span><input {...text("name")} required pattern="[a-z][a-z0-9_]{0,62}" autocomplete="off" /><span class="hint">versions of a model share it</span></label>
        <label class="field"><span>Title, if you like</span><input {...text("title")} autocomplete="off" /></label>
        <label class="field"><span>What it does</span>
          <select value={draft.task} onChange={(event) => put({ task: event.currentTarget.value as Task })}>{TASKS.map((task) => <option key={task} value={task}>{taskWords(task)}</option>)}</select>
        </label>
        <label class="field"><span>Outputs, in their order</span><input {...text("outputs")} required autocomplete="off" placeholder="wear_score, wear_rate" /><span class="hint">one word for each number that comes out</span></label>
        <label class="field"><span>Samples in its window</span><input {...text("samples")} required inputMode="numeric" /><span class="hint">1 if it looks at one reading</span></label>
        <label class="field"><span>One sample every, s</span><input {...text("every_s")} required inputMode="decimal" /><span class="hint">0 takes every reading</span></label>
        <label class="field"><span>Warn above, if there is a limit</span><input {...text("limit")} inputMode="decimal" /><span class="hint">of the first output</span></label>
      </div>
      <label class="switch"><input type="checkbox" checked={draft.is_simulated} onChange={(event) => put({ is_simulated: event.currentTarget.checked })} /><span>It learnt from simulated data</span></label>
    </>
  );
}

interface ColumnsProps {
  columns: readonly string[];
  onColumns: (columns: readonly string[]) => void;
  profile: Profile;
}

/** The order counts: a network does not know its inputs by name. */
function Columns({ columns, onColumns, profile }: ColumnsProps) {
  const all = [...Object.keys(profile.channels), ...Object.keys(profile.metrics)];
  const rest = all.filter((name) => !columns.includes(name));
  const [next, setNext] = useState("");
  const chosen = rest.includes(next) ? next : rest[0];
  const titleOf = (name: string): string => specOf(profile, name)?.title ?? name;
  const swap = (a: number, b: number): void => onColumns(columns.map((name, i) => (i === a ? columns[b]! : i === b ? columns[a]! : name)));
  return (
    <fieldset class="columns-in">
      <legend>What goes in, in this order</legend>
      {columns.length > 0 && (
        <ol>
          {columns.map((name, i) => (
            <li key={name}>
              <span class="muted num">{i + 1}</span>
              <span class="cut">{titleOf(name)} <span class="small muted mono">{name}</span></span>
              <button type="button" class="btn quiet" disabled={i === 0} aria-label={`${titleOf(name)}: earlier`} onClick={() => swap(i, i - 1)}>↑</button>
              <button type="button" class="btn quiet" disabled={i === columns.length - 1} aria-label={`${titleOf(name)}: later`} onClick={() => swap(i, i + 1)}>↓</button>
              <button type="button" class="btn quiet" aria-label={`${titleOf(name)}: leave out`} onClick={() => onColumns(columns.filter((one) => one !== name))}>×</button>
            </li>
          ))}
        </ol>
      )}
      {chosen !== undefined && (
        <div class="row wrap">
          <select class="input machine-choice" aria-label="Next column" value={chosen} onChange={(event) => setNext(event.currentTarget.value)}>
            {rest.map((name) => <option key={name} value={name}>{titleOf(name)}</option>)}
          </select>
          <button type="button" class="btn" onClick={() => onColumns([...columns, chosen])}>Add</button>
          {columns.length === 0 && <button type="button" class="btn quiet" onClick={() => onColumns(Object.keys(profile.channels))}>All {Object.keys(profile.channels).length} channels</button>}
        </div>
      )}
    </fieldset>
  );
}
