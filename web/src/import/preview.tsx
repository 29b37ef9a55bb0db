// How telltale reads a file: machine, profile and time to confirm or change, then every column.

import { useEffect, useId, useState } from "preact/hooks";
import * as api from "../api";
import { bytes, dateTime } from "../format";
import { Lamp, State } from "../lamp";
import { briefs, machineSignal, specOf, profileSignal } from "../store";
import { shown } from "../units";
import type { ImportColumn, ImportPreview, ProfileSummary, SignalSpec } from "../types";

const FIRSTS_SHOWN = 2;

interface PreviewProps {
  file: File;
  preview: ImportPreview;
  problem: string | null;
  onRead: (asked: api.ImportQuery) => void;
  onStart: (asked: api.ImportQuery) => void;
  onDrop: () => void;
}

export function Preview({ file, preview, problem, onRead, onStart, onDrop }: PreviewProps) {
  const [machine, setMachine] = useState(preview.machine ?? "");
  const [profile, setProfile] = useState(preview.profile ?? "");
  const [time, setTime] = useState(preview.time.column ?? "");
  const [start, setStart] = useState("");
  const profiles = useProfiles();
  const known = machineSignal(machine)?.value;
  const [needsStart] = useState(preview.time.guess || preview.time.column === null || preview.time.first_ns === null);
  const asked = (what: { time?: string; start?: string } = {}): api.ImportQuery => {
    const from = what.start ?? start;
    return {
      machine: machine.trim() || undefined,
      time_column: (what.time ?? time) || undefined,
      start: from ? new Date(from).toISOString() : undefined,
    };
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    onStart({ ...asked(), profile: (known?.profile ?? profile) || undefined });
  };
  const changeTime = (next: string): void => {
    setTime(next);
    onRead(asked({ time: next }));
  };
  const changeStart = (next: string): void => {
    setStart(next);
    onRead(asked({ start: next }));
  };
  return (
    <form class="stack loose" onSubmit={submit}>
      <div class="row wrap"><b class="cut">{file.name}</b><span class="muted">{bytes(file.size)}</span><span class="small muted">{formWords(preview)}</span></div>
      {problem && <p class="note crit"><Lamp lit="fail" label="" /><span>{problem}</span></p>}
      {preview.warnings.map((warning) => <p key={warning} class="note warn"><Lamp lit="warn" label="" /><span>{warning}</span></p>)}
      <div class="import-choices">
        <MachineField preview={preview} machine={machine} onMachine={setMachine} />
        <label class="field">
          <span>Profile</span>
          <select value={known?.profile ?? profile} disabled={known !== undefined} onChange={(event) => setProfile(event.currentTarget.value)}>
            <option value="">Inferred from the file</option>
            {profiles.map((one) => <option key={one.id} value={one.id}>{one.title}</option>)}
          </select>
          <span class="hint">{known ? `${known.title} is of this profile already` : fitWords(preview, profile)}</span>
        </label>
        <label class="field">
          <span>Time column</span>
          <select value={time} onChange={(event) => changeTime(event.currentTarget.value)}>
            {preview.time.column === null && <option value="">none found</option>}
            {preview.columns.map((column) => <option key={column.source} value={column.source}>{column.source}</option>)}
          </select>
          <span class="hint">{timeWords(preview)}</span>
        </label>
        {needsStart && (
          <label class="field">
            <span>First row was at</span>
            <input type="datetime-local" step={1} value={start} onChange={(event) => changeStart(event.currentTarget.value)} />
            <span class="hint">Needed only where the times have no date of their own.</span>
          </label>
        )}
      </div>
      <Columns preview={preview} profile={known?.profile ?? profile} />
      <div class="row wrap">
        <button class="btn main">Import {bytes(file.size)}</button>
        <button type="button" class="btn quiet" onClick={onDrop}>Leave it out</button>
        <span class="small muted">Good rows beside bad ones are kept. A second run adds nothing twice.</span>
      </div>
    </form>
  );
}

function MachineField({ preview, machine, onMachine }: { preview: ImportPreview; machine: string; onMachine: (id: string) => void }) {
  const list = useId();
  const isSplit = preview.machines.length > 1;
  return (
    <label class="field">
      <span>Machine</span>
      <input value={machine} list={list} required={!isSplit} placeholder={isSplit ? "as the file says" : "an id, e.g. pump-3"} onInput={(event) => onMachine(event.currentTarget.value)} />
      <datalist id={list}>{briefs.value.map((one) => <option key={one.id} value={one.id}>{one.title}</option>)}</datalist>
      <span class="hint">{isSplit ? `The file holds ${preview.machines.length}: ${preview.machines.slice(0, 3).join(", ")}${preview.machines.length > 3 ? "…" : ""}` : briefs.value.some((one) => one.id === machine) ? "Adds to this machine's history" : "A new machine"}</span>
    </label>
  );
}

function useProfiles(): readonly ProfileSummary[] {
  const [profiles, setProfiles] = useState<readonly ProfileSummary[]>([]);
  useEffect(() => {
    api.profiles().then(setProfiles, () => undefined);
  }, []);
  return profiles;
}

const SEPARATORS: Record<string, string> = { ";": "semicolons", ",": "commas", "\t": "tabs", " ": "spaces", "|": "bars" };

function formWords({ format, delimiter, decimal }: ImportPreview): string {
  return [format, delimiter && (SEPARATORS[delimiter] ?? `separated by ${delimiter}`), decimal === "," && "decimal comma"].filter(Boolean).join(", ");
}

function fitWords({ profile, profile_fit }: ImportPreview, chosen: string): string {
  if (chosen !== (profile ?? "")) return "Columns are matched by this profile when the import runs";
  if (!profile) return "No profile fits; one is written from the columns";
  return profile_fit === null ? "Fits best" : `Fits best: ${Math.round(profile_fit * 100)} % of the columns`;
}

function timeWords({ time }: ImportPreview): string {
  const first = time.first_ns === null ? "" : `, first row ${dateTime(time.first_ns / 1e6)}`;
  return time.column === null ? "No column looks like a time" : `${time.guess ? "A guess: " : ""}${time.unit === "absolute" ? "date and time" : (time.unit ?? "time")}${first}`;
}

/** Every column: what it becomes, and what was guessed. */
function Columns({ preview, profile }: { preview: ImportPreview; profile: string }) {
  const known = profile ? profileSignal(profile).value : null;
  const nKept = preview.columns.filter((column) => column.kept).length;
  return (
    <div>
      <div class="row wrap columns-head"><h3>How telltale reads it</h3><span class="small muted">{nKept} of {preview.columns.length} columns are kept</span></div>
      <div class="scroll" tabIndex={0} role="region" aria-label="Columns of the file">
        <table class="table small">
          <thead><tr><th scope="col">Column</th><th scope="col">Read as</th><th scope="col">Unit</th><th scope="col" class="num">First</th><th scope="col">Note</th></tr></thead>
          <tbody>{preview.columns.map((column) => {
            const spec = column.name ? specOf(known, column.name) : null;
            return <ColumnRow key={column.source} column={column} isTime={column.source === preview.time.column} title={spec?.title ?? column.name} unit={unitWords(column, spec)} />;
          })}</tbody>
        </table>
      </div>
    </div>
  );
}

/** The unit it is shown in, and the file's own where that is another. */
function unitWords(column: ImportColumn, spec: SignalSpec | null): string {
  const own = column.unit === null ? "" : shown({ unit: column.unit, decimals: 0 }).symbol;
  const target = spec ? shown(spec).symbol : own;
  return own && own !== target ? `${target} from ${own}` : target;
}

function ColumnRow({ column, isTime, title, unit }: { column: ImportColumn; isTime: boolean; title: string | null; unit: string }) {
  const isGuess = column.guess && column.kept;
  return (
    <tr class={column.kept || isTime ? "" : "left-out"}>
      <td class="mono">{column.source}</td>
      <td>{isTime ? "time" : column.kept ? title : <span class="muted">left out</span>}</td>
      <td>{unit}</td>
      <td class="num mono">{column.first.slice(0, isTime ? 1 : FIRSTS_SHOWN).map((v) => (v === null ? "–" : String(v))).join("  ")}</td>
      <td>{isGuess ? <State lit="warn" word={column.why ? `Guess: ${column.why}` : "Guess"} /> : <span class="muted">{column.why}</span>}</td>
    </tr>
  );
}
