// A model of one's own: telltale's folder as a zip file, or a foreign file with how it is fed.
import { useEffect, useRef, useState } from "preact/hooks";
import { profiles } from "../api";
import { bytes } from "../format";
import { DropZone } from "../import/drop";
import { Lamp, Simulated } from "../lamp";
import { modelPath } from "../router";
import { awaitProfile, briefs, machineSignal } from "../store";
import { announce } from "../toast";
import type { Profile, ProfileSummary } from "../types";
import { ActionsPanel } from "./actions";
import * as api from "./api";
import { BindingForm, bindingOf, EMPTY, type Draft } from "./binding";
import type { ModelVersion } from "./types";
import "../import.css";

type Stage = { at: "form"; problem: string | null } | { at: "sending"; sent_bytes: number } | { at: "kept"; version: ModelVersion };

export function UploadPanel({ onKept }: { onKept: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  return (
    <section class="panel upload">
      <header><h2>Bring in a model</h2></header>
      <div class="body">
        {file === null
          ? <DropZone isSingle onFiles={([one]) => one && setFile(one)} title="Drop a model here" button="Choose a file…" hint="telltale’s own folder as .zip, or .onnx, .keras, .h5, .json (XGBoost, LightGBM), .pkl, .joblib (scikit-learn)" />
          : <FileForm key={`${file.name} ${file.lastModified}`} file={file} onKept={onKept} onClose={() => setFile(null)} />}
      </div>
    </section>
  );
}

interface FileFormProps {
  file: File;
  onKept: () => void;
  onClose: () => void;
}

function FileForm({ file, onKept, onClose }: FileFormProps) {
  const isZip = /\.zip$/i.test(file.name);
  const [stage, setStage] = useState<Stage>({ at: "form", problem: null });
  const [isForeign, setForeign] = useState(!isZip);
  const [owner, setOwner] = useState("");
  const [draft, setDraft] = useState<Draft>({ ...EMPTY, name: wordOf(file.name) });
  const abort = useRef<(() => void) | null>(null);
  useEffect(() => () => abort.current?.(), []);
  const choices = useOwners();
  const chosen = owner || (isForeign ? choices[0]?.value ?? "" : "");
  const profile = useOwnersProfile(chosen);
  const binding = isForeign ? bindingOf(draft) : null;
  const submit = (event: Event): void => {
    event.preventDefault();
    setStage({ at: "sending", sent_bytes: 0 });
    const { job, abort: stop } = api.importModel(file, ownerOf(chosen), binding, (sent_bytes) => setStage({ at: "sending", sent_bytes }));
    abort.current = stop;
    job.then(
      (version) => {
        abort.current = null;
        setStage({ at: "kept", version });
        announce(`${version.title} is kept as version ${version.version}.`);
        onKept();
      },
      (error: unknown) => {
        abort.current = null;
        const problem = error instanceof DOMException ? "Stopped. Nothing was kept." : error instanceof Error ? error.message : String(error);
        setStage({ at: "form", problem });
        announce(problem, true);
      },
    );
  };
  if (stage.at === "kept") return <Kept first={stage.version} onClose={onClose} onChanged={onKept} />;
  const isSending = stage.at === "sending";
  return (
    <form class="stack loose" onSubmit={submit}>
      <div class="row wrap"><b class="cut">{file.name}</b><span class="muted nowrap">{bytes(file.size)}</span></div>
      {isZip && (
        <div class="seg" role="group" aria-label="What the archive holds">
          <button type="button" aria-pressed={!isForeign} onClick={() => setForeign(false)}>telltale’s folder</button>
          <button type="button" aria-pressed={isForeign} onClick={() => setForeign(true)}>A SavedModel</button>
        </div>
      )}
      <label class="field owner">
        <span>For</span>
        <select value={chosen} onChange={(event) => setOwner(event.currentTarget.value)}>
          {!isForeign && <option value="">any machine</option>}
          {choices.map((one) => <option key={one.value} value={one.value}>{one.title}</option>)}
        </select>
      </label>
      {isForeign && profile !== null && <BindingForm draft={draft} onDraft={setDraft} profile={profile} />}
      {stage.at === "form" && stage.problem && <p class="note crit"><Lamp lit="fail" label="" /><span>{stage.problem}</span></p>}
      {isSending && <Sent sent={stage.sent_bytes} whole={file.size} name={file.name} />}
      <div class="row wrap">
        <button class="btn main" disabled={isSending || (isForeign && binding === null)}>{isSending ? "Checking…" : "Bring it in"}</button>
        {isSending
          ? <button class="btn quiet" type="button" onClick={() => abort.current?.()}>Stop</button>
          : <button class="btn quiet" type="button" onClick={onClose}>Another file</button>}
        <span class="small muted">It is checked and tried before it is kept. It runs when you say so.</span>
      </div>
    </form>
  );
}

function Sent({ sent, whole, name }: { sent: number; whole: number; name: string }) {
  const percent = whole > 0 ? Math.min(100, Math.floor((sent / whole) * 100)) : 0;
  return (
    <div class="stack tight">
      <div class="progress" role="progressbar" aria-label={`${name} sent`} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}><i style={{ width: `${percent}%` }} /></div>
      <span class="small muted">{percent < 100 ? `${bytes(sent)} sent` : "Sent. It is read, checked and asked for answers; large ones take a minute."}</span>
    </div>
  );
}

/** What was kept, and where it may run. */
function Kept({ first, onClose, onChanged }: { first: ModelVersion; onClose: () => void; onChanged: () => void }) {
  const [version, setVersion] = useState(first);
  const renew = (): void => {
    api.version(version.number).then(setVersion, () => undefined);
    onChanged();
  };
  const names = Object.keys(version.card?.inputs ?? {});
  return (
    <div class="stack loose">
      <div class="stack tight">
        <p class="say"><b>{version.title}</b>, version {version.version}, is kept. {version.is_simulated && <Simulated />}</p>
        <p class="small soft">Reads {names.slice(0, 6).join(", ")}{names.length > 6 ? ` and ${names.length - 6} more` : ""}; gives {Object.keys(version.card?.outputs ?? {}).join(", ")}. {version.card?.training.data}</p>
      </div>
      <ActionsPanel version={version} onChanged={renew} />
      <div class="row wrap"><a class="btn" href={modelPath(version.number)}>Its card</a><button class="btn quiet" onClick={onClose}>Another file</button></div>
    </div>
  );
}

interface OwnerChoice {
  value: string;
  title: string;
}

/** A machine, or all machines of a profile. */
function useOwners(): OwnerChoice[] {
  const [all, setAll] = useState<readonly ProfileSummary[]>([]);
  useEffect(() => void profiles().then(setAll, () => undefined), []);
  return [
    ...briefs.value.map((one) => ({ value: `m:${one.id}`, title: one.title })),
    ...all.map((one) => ({ value: `p:${one.id}`, title: `any ${one.title}` })),
  ];
}

const ownerOf = (value: string): api.Owner => (value === "" ? {} : value.startsWith("m:") ? { machine: value.slice(2) } : { profile: value.slice(2) });

function useOwnersProfile(value: string): Profile | null {
  const [profile, setProfile] = useState<Profile | null>(null);
  const id = value.startsWith("m:") ? machineSignal(value.slice(2))?.value.profile ?? "" : value.slice(2);
  useEffect(() => {
    let isWanted = true;
    setProfile(null);
    if (id !== "") void awaitProfile(id).then((found) => isWanted && setProfile(found));
    return () => void (isWanted = false);
  }, [id]);
  return profile;
}

/** "Pump AE (2).onnx" may be called pump_ae_2. */
const wordOf = (name: string): string => name.replace(/\.[^.]*$/, "").toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^[^a-z]+|_+$/g, "").slice(0, 63);

