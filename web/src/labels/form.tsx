// Naming a stretch: it was normal, it was a fault, or it failed here. Models learn from what is said.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import * as api from "../api";
import { checked, type Range } from "../charts/range";
import { fieldSeconds, fieldTime } from "../history/when";
import { type Label, type LabelKind, labelWords, refreshLabels, useLabels } from "../labels";
import type { Training } from "../models/types";
import { learnPath } from "../router";
import { announce } from "../toast";

const KINDS: [LabelKind, string][] = [["normal", "This was normal"], ["fault", "This was a fault"], ["failure", "It failed here"]];
const MAX_NOTE = 500; // letters, as the server keeps

interface Answer {
  label: Label;
  hint: string;
  update: Training | null;
  told: string;
}

interface FormProps {
  machine: string;
  range: Range;
  kind?: LabelKind;
  fault?: string;
  onDone: () => void;
}

export function LabelForm({ machine, range, kind: first = "normal", fault: guess = "", onDone }: FormProps) {
  const known = useLabels(machine);
  const [kind, setKind] = useState<LabelKind>(first);
  const [from, setFrom] = useState(fieldTime(range.from_s));
  const [to, setTo] = useState(fieldTime(range.to_s));
  const [fault, setFault] = useState(guess);
  const [note, setNote] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const id = useId();
  const faults = known?.faults ?? [];
  const isInstant = kind === "failure";
  const typed = checked(fieldSeconds(from), fieldSeconds(to));
  const isWhole = (isInstant ? Number.isFinite(fieldSeconds(from)) : typed !== null) && (kind !== "fault" || fault.trim() !== "");
  const submit = (event: Event): void => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    // Fields hold whole seconds; the chart's own ends are kept where nothing was typed.
    const at = (text: string, was_s: number): string => new Date((fieldTime(was_s) === text ? was_s : fieldSeconds(text)) * 1000).toISOString();
    const named = faults.find((one) => one.title.toLowerCase() === fault.trim().toLowerCase())?.name ?? fault.trim();
    const said = { kind, from: at(from, range.from_s), ...(isInstant ? {} : { to: at(to, range.to_s) }), ...(kind === "normal" ? {} : { fault: named }), note: note.trim() };
    api.send<Answer>("POST", `${api.at(machine)}/labels`, said).then(
      (kept) => {
        setAnswer(kept);
        announce(`Kept: ${labelWords(kept.label, faults)}. ${kept.told}`);
        void refreshLabels(machine);
      },
      (error: unknown) => setProblem(error instanceof Error ? error.message : String(error)),
    ).finally(() => setBusy(false));
  };
  if (answer !== null) return <Kept answer={answer} faults={faults} machine={machine} onDone={onDone} onAgain={() => setAnswer(null)} />;
  return (
    <form class="label-form" aria-label="Name this stretch" onSubmit={submit} onKeyDown={(event) => event.key === "Escape" && onDone()}>
      <div class="seg" role="group" aria-label="What it was">
        {KINDS.map(([value, words]) => <button key={value} type="button" aria-pressed={kind === value} onClick={() => setKind(value)}>{words}</button>)}
      </div>
      <div class="label-fields">
        <label class="field"><span>{isInstant ? "At" : "From"}</span><input type="datetime-local" step={1} value={from} required onInput={(e) => setFrom(e.currentTarget.value)} /></label>
        {!isInstant && (
          <label class={`field ${typed ? "" : "bad"}`}>
            <span>To</span>
            <input type="datetime-local" step={1} value={to} required aria-invalid={!typed} onInput={(e) => setTo(e.currentTarget.value)} />
            {!typed && <span class="hint">The end must come after the start.</span>}
          </label>
        )}
        {kind !== "normal" && (
          <label class="field">
            <span>{isInstant ? "What failed, if it is known" : "Which fault"}</span>
            <input list={id} value={fault} required={kind === "fault"} maxLength={40} autocomplete="off" placeholder={faults[0] ? `${faults[0].title}, …` : "worn bearing, …"} onInput={(e) => setFault(e.currentTarget.value)} />
            <datalist id={id}>{faults.map((one) => <option key={one.name} value={one.title} />)}</datalist>
          </label>
        )}
        <label class="field"><span>Note, if you like</span><input value={note} maxLength={MAX_NOTE} onInput={(e) => setNote(e.currentTarget.value)} /></label>
      </div>
      {problem && <p class="note crit">{problem}</p>}
      <div class="row wrap">
        <button class="btn main" disabled={!isWhole || isBusy}>{isBusy ? "Keeping…" : "Keep this label"}</button>
        <button class="btn quiet" type="button" onClick={onDone}>Cancel</button>
        <span class="small muted">Models of this machine learn from it.</span>
      </div>
    </form>
  );
}

interface KeptProps {
  answer: Answer;
  faults: { name: string; title: string }[];
  machine: string;
  onDone: () => void;
  onAgain: () => void;
}

/** What was kept and what it set going; a slip is taken back here. */
function Kept({ answer: { label, hint, told }, faults, machine, onDone, onAgain }: KeptProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), []); // the button that was pressed is gone
  const takeBack = async (): Promise<void> => {
    await api.send("DELETE", `/labels/${label.id}`).catch(() => undefined); // the list says whether it is gone
    void refreshLabels(machine);
    onAgain();
  };
  return (
    <div class="label-form" ref={box} tabIndex={-1}>
      <p class="say">Kept: <b>{labelWords(label, faults)}</b>. {told}</p>
      {hint && <p class="note">{hint}</p>}
      <div class="row wrap">
        <button class="btn" onClick={onDone}>Close</button>
        <a class="btn" href={`${learnPath(machine)}#labels`}>All labels</a>
        <button class="btn quiet" onClick={() => void takeBack()}>Take it back</button>
      </div>
    </div>
  );
}
