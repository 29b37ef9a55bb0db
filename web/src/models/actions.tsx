// What can be done with a version: let it run, try it, go back, switch it off, remove it.
import { useState } from "preact/hooks";
import { Lamp } from "../lamp";
import { go, machinePath } from "../router";
import { briefs } from "../store";
import { announce } from "../toast";
import * as api from "./api";
import { machineTitle, takeModels, useModels } from "./machines";
import type { ModelChange, ModelVersion } from "./types";
import { differenceWords } from "./words";

type Act = (change: ModelChange) => void;

interface ActionsProps {
  version: ModelVersion;
  onChanged: () => void;
}

/** One block a machine: where it runs, or where it may run. */
export function ActionsPanel({ version, onChanged }: ActionsProps) {
  const running = [...new Set(version.runs_on.map((one) => one.machine))];
  const may = version.machine === "" ? briefs.value.map((one) => one.id) : [version.machine];
  const others = may.filter((id) => !running.includes(id));
  const [other, setOther] = useState("");
  const chosen = others.includes(other) ? other : others[0];
  return (
    <section class="panel">
      <header><h2>Where it runs</h2></header>
      <div class="body">
        <ul class="runs">
          {running.map((id) => <li key={id}><OnMachine id={id} version={version} onChanged={onChanged} /></li>)}
          {chosen !== undefined && (
            <li class="stack">
              {others.length > 1 && (
                <label class="field"><span>On another machine</span>
                  <select value={chosen} onChange={(event) => setOther(event.currentTarget.value)}>{others.map((id) => <option key={id} value={id}>{machineTitle(id)}</option>)}</select>
                </label>
              )}
              <OnMachine key={chosen} id={chosen} version={version} onChanged={onChanged} />
            </li>
          )}
          {running.length === 0 && chosen === undefined && <li class="soft">No machine is known that it could run on.</li>}
        </ul>
      </div>
    </section>
  );
}

function OnMachine({ id, version, onChanged }: ActionsProps & { id: string }) {
  const known = useModels(id);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const roles = version.runs_on.filter((one) => one.machine === id).map((one) => one.role);
  const active = known?.models.find((one) => one.name === version.name) ?? null;
  const shadow = active?.shadow?.model === version.number ? active.shadow : null;
  const act: Act = (change) => {
    setBusy(true);
    setProblem(null);
    api.changeModel(id, version.name, change).then(
      (models) => {
        takeModels(id, models);
        announce(`${version.title}: done.`);
        onChanged();
      },
      (error: unknown) => setProblem(error instanceof Error ? error.message : String(error)),
    ).finally(() => setBusy(false));
  };
  return (
    <div class="stack">
      <div class="row wrap"><a class="strong" href={machinePath(id)}>{machineTitle(id)}</a><span class="push soft">{stands(roles, active?.version ?? null)}</span></div>
      {shadow && <p class="small soft">{shadow.problem ?? differenceWords(shadow.difference, ["The active one", "this one"])}</p>}
      {problem && <p class="note crit"><Lamp lit="fail" label="" /><span>{problem}</span></p>}
      <div class="row wrap">
        {roles.includes("active")
          ? <><Do act={act} isBusy={isBusy} change={{ action: "roll_back" }}>Roll back</Do><Do act={act} isBusy={isBusy} change={{ action: "off" }}>Switch off</Do></>
          : roles.includes("shadow")
            ? <><Do act={act} isBusy={isBusy} change={{ action: "promote" }} isMain>Promote</Do><Do act={act} isBusy={isBusy} change={{ action: "unshadow" }}>End the trial</Do></>
            : <>
                <Do act={act} isBusy={isBusy} change={{ action: "activate", model: version.number }} isMain>Activate</Do>
                {active !== null && <Do act={act} isBusy={isBusy} change={{ action: "shadow", model: version.number }}>Try as a shadow</Do>}
              </>}
      </div>
    </div>
  );
}

function stands(roles: readonly string[], activeVersion: number | null): string {
  if (roles.includes("active")) return "active";
  if (roles.includes("shadow")) return `shadow beside version ${activeVersion ?? ""}`.trim();
  return activeVersion === null ? "no version runs" : `version ${activeVersion} runs`;
}

interface DoProps {
  act: Act;
  change: ModelChange;
  isBusy: boolean;
  isMain?: boolean;
  children: string;
}
const Do = ({ act, change, isBusy, isMain = false, children }: DoProps) => (
  <button class={`btn ${isMain ? "main" : ""}`} disabled={isBusy} onClick={() => act(change)}>{children}</button>
);

/** Removing cannot be taken back, so it is asked twice. */
export function RemovePanel({ version }: { version: ModelVersion }) {
  const [isAsked, setAsked] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const runs = version.runs_on.length > 0;
  const remove = (): void => {
    api.removeVersion(version.number).then(
      () => {
        announce(`Version ${version.version} of ${version.title} is removed.`);
        go("/models");
      },
      (error: unknown) => setProblem(error instanceof Error ? error.message : String(error)),
    );
  };
  return (
    <section class="panel">
      <header><h2>Folder</h2></header>
      <div class="body stack">
        <p class="small soft">Card, parameters and samples with their answers: all that the model is.</p>
        {problem && <p class="note crit">{problem}</p>}
        <div class="row wrap">
          <a class="btn" href={api.folderUrl(version.number)} download>Download</a>
          {!isAsked && <button class="btn" disabled={runs} onClick={() => setAsked(true)}>Remove…</button>}
          {isAsked && <><button class="btn main" onClick={remove}>Remove version {version.version} for good</button><button class="btn quiet" onClick={() => setAsked(false)}>Keep it</button></>}
        </div>
        {runs && <p class="small muted">It can be removed when it runs nowhere.</p>}
      </div>
    </section>
  );
}
