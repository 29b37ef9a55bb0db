// A waveform by hand: a file, where it was measured, and what the file does not say itself.
import { useState } from "preact/hooks";
import { bytes } from "../format";
import { fieldSeconds } from "../history/when";
import { DropZone } from "../import/drop";
import { Lamp } from "../lamp";
import { announce } from "../toast";
import { postWaveform, type Point, type Waveform } from "./api";
import { answerWords } from "./words";
import "../import.css";

type Field = [key: string, label: string, hint: string];
const FIELDS: Field[] = [
  ["sample_rate_hz", "Samples a second", "WAV files say it themselves"],
  ["shaft_rpm", "Shaft speed, rpm", "without it no part can be named"],
  ["channel", "Column or track", "1 is the first"],
  ["scale", "Times", "what one unit of the file is, in g"],
];
const GEOMETRY: Field[] = [
  ["balls", "Balls or rollers", ""], ["ball_mm", "Their diameter, mm", ""], ["pitch_mm", "Pitch diameter, mm", ""], ["angle_deg", "Contact angle, °", "0 in most"], ["teeth", "Teeth of the gear", ""],
];

interface UploadProps {
  machine: string;
  points: readonly Point[];
  point: string | null;
  onKept: (waveform: Waveform) => void;
}

export function WaveformUpload({ machine, points, point, onKept }: UploadProps) {
  const [file, setFile] = useState<File | null>(null);
  const [name, setName] = useState<string | null>(null);
  const [time, setTime] = useState("");
  const [typed, setTyped] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState<string | null>(null);
  const [sent, setSent] = useState<number | null>(null);
  const known = points.length > 0;
  const chosen = name ?? point ?? points[0]?.name ?? "";
  const at = points.find((one) => one.name === chosen);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (file === null) return;
    setProblem(null);
    setSent(0);
    const asked = { point: chosen, ...Object.fromEntries(Object.entries(typed).filter(([, text]) => text.trim() !== "")), ...(time === "" ? {} : { time: new Date(fieldSeconds(time) * 1000).toISOString() }) };
    postWaveform(machine, file, asked, setSent).job.then(
      (kept) => {
        setFile(null);
        announce(`${answerWords(kept.answer)}. ${kept.sentence}`);
        onKept(kept);
      },
      (error: unknown) => {
        const words = error instanceof Error ? error.message : String(error);
        setProblem(words);
        announce(words, true);
      },
    ).finally(() => setSent(null));
  };
  const field = ([key, label, hint]: Field) => (
    <label class="field" key={key}>
      <span>{label}</span>
      <input inputMode="decimal" autocomplete="off" value={typed[key] ?? ""} placeholder={key === "sample_rate_hz" && at?.rate_hz ? String(at.rate_hz) : ""} onInput={(event) => setTyped({ ...typed, [key]: event.currentTarget.value })} />
      {hint && <span class="hint">{hint}</span>}
    </label>
  );
  return (
    <section class="panel">
      <header><h2>Bring in a waveform</h2></header>
      <form class="body stack loose" onSubmit={submit}>
        {file === null
          ? <DropZone isSingle onFiles={([one]) => { if (one) { setFile(one); setProblem(null); } }} title="Drop a waveform here" button="Choose a file…" hint="WAV, NumPy .npy, CSV with one column or a JSON list, at most 16 MB" />
          : <div class="row wrap"><b class="cut">{file.name}</b><span class="muted nowrap">{bytes(file.size)}</span><button class="btn quiet push" type="button" onClick={() => setFile(null)}>Another file</button></div>}
        {file !== null && (
          <>
            <div class="label-fields small">
              <label class="field"><span>Measuring point</span>
                {known
                  ? <select value={chosen} onChange={(event) => setName(event.currentTarget.value)}>{points.map((one) => <option key={one.name} value={one.name}>{one.title}</option>)}</select>
                  : <input value={chosen} required pattern="[a-z][a-z0-9_]*" placeholder="drive_end" onInput={(event) => setName(event.currentTarget.value)} />}
              </label>
              <label class="field"><span>Measured at</span><input type="datetime-local" step={1} value={time} onInput={(event) => setTime(event.currentTarget.value)} /><span class="hint">empty: now</span></label>
              {FIELDS.map(field)}
            </div>
            <details class="more"><summary>Bearing and gear{at?.has_bearing || at?.has_gear ? ", where they differ from the profile" : ""}</summary><div class="label-fields small">{GEOMETRY.map(field)}</div></details>
          </>
        )}
        {problem && <p class="note crit"><Lamp lit="fail" label="" /><span>{problem}</span></p>}
        {file !== null && <div class="row wrap"><button class="btn main" disabled={sent !== null || chosen === ""}>{sent === null ? "Judge it" : sent < file.size ? `${bytes(sent)} sent` : "Judging…"}</button></div>}
      </form>
    </section>
  );
}
