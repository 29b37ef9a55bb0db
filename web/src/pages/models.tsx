// Models: every kept version, and where each runs.
import { useEffect, useState } from "preact/hooks";
import { Blank } from "../blank";
import { dateTime, inWords, msOf, when } from "../format";
import { Lamp, Simulated } from "../lamp";
import * as api from "../models/api";
import { machineTitle } from "../models/machines";
import { UploadPanel } from "../models/upload";
import type { ModelVersion } from "../models/types";
import { taskWords } from "../models/words";
import { go, learnPath, machinePath, modelPath, place } from "../router";
import { lastMachine, Page } from "../shell";
import { briefs, now } from "../store";
import "../models.css";

const ASK_EVERY_MS = 5_000;

interface Asked {
  versions: readonly ModelVersion[] | null;
  problem: string | null;
}
interface Asking extends Asked {
  askNow: () => void;
}

/** All versions, or those that may run on one machine. */
function useVersions(machine: string | null): Asking {
  const [asked, setAsked] = useState<Asked>({ versions: null, problem: null });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let isWanted = true;
    const ask = (): void => {
      api.versions(machine ?? undefined).then(
        (versions) => isWanted && setAsked({ versions, problem: null }),
        (error: unknown) => isWanted && setAsked((was) => ({ ...was, problem: error instanceof Error ? error.message : String(error) })),
      );
    };
    ask();
    const timer = setInterval(() => !document.hidden && ask(), ASK_EVERY_MS);
    return () => {
      isWanted = false;
      clearInterval(timer);
    };
  }, [machine, turn]);
  return { ...asked, askNow: () => setTurn(turn + 1) };
}

export function ModelsPage() {
  const machine = place.value.query.get("machine");
  const { versions, problem, askNow } = useVersions(machine);
  const learner = machine ?? lastMachine.value ?? briefs.value[0]?.id ?? null;
  return (
    <Page
      where="Models" finding={finding(versions)}
      text="Each version is kept as it was made: what it reads, what it learnt from, how its limit was set."
      actions={<>
        <MachineChoice machine={machine} />
        {learner !== null && <a class="btn main" href={learnPath(learner)}>Learn normal…</a>}
      </>}
    >
      {problem !== null && <p class="note spaced"><Lamp lit="fail" label="" /><span>{problem}</span></p>}
      <div class="stack loose">
        <section class="panel">
          {versions === null && problem === null && <Blank title="Asking for the models" level={2} />}
          {versions?.length === 0 && (
            <Blank title="No model is kept" level={2} action={learner === null ? <a class="btn" href="/">See the fleet</a> : <a class="btn" href={learnPath(learner)}>Learn normal from here to here…</a>}>
              Name a stretch in which a machine ran as it should; the first version is made of it. Models that telltale brings along are shown on their machines.
            </Blank>
          )}
          {versions !== null && versions.length > 0 && <Versions versions={versions} />}
        </section>
        <UploadPanel onKept={askNow} />
      </div>
    </Page>
  );
}

function finding(versions: readonly ModelVersion[] | null): string {
  if (versions === null) return "Models";
  if (versions.length === 0) return "Nothing is learnt yet";
  const running = versions.filter((one) => one.runs_on.some(({ role }) => role === "active")).length;
  const kept = `${versions.length === 1 ? "One version is" : `${inWords(versions.length)} versions are`} kept`;
  const said = running === 0 ? "none runs" : running === versions.length ? (running === 1 ? "and it runs" : "and all run") : `${inWords(running)} ${running === 1 ? "runs" : "run"}`;
  return `${kept.charAt(0).toUpperCase()}${kept.slice(1)}, ${said}`;
}

function MachineChoice({ machine }: { machine: string | null }) {
  if (briefs.value.length < 2 && machine === null) return null;
  const choose = (id: string): void => go(id === "" ? "/models" : `/models?machine=${encodeURIComponent(id)}`, true);
  return (
    <select class="input machine-choice" aria-label="Machine" value={machine ?? ""} onChange={(event) => choose(event.currentTarget.value)}>
      <option value="">All machines</option>
      {briefs.value.map((one) => <option key={one.id} value={one.id}>{one.title}</option>)}
    </select>
  );
}

const Versions = ({ versions }: { versions: readonly ModelVersion[] }) => (
  <div class="scroll" tabIndex={0} role="region" aria-label="Versions of models">
    <table class="table versions">
      <thead>
        <tr><th scope="col">Model</th><th scope="col" class="num">Version</th><th scope="col">Learnt on</th><th scope="col">Runs</th><th scope="col">Origin</th><th scope="col">Kept</th></tr>
      </thead>
      <tbody>
        {versions.map((one) => (
          <tr key={one.number}>
            <th scope="row"><a class="strong" href={modelPath(one.number)}>{one.title}</a><div class="small muted">{one.name}, {taskWords(one.task)}</div></th>
            <td class="num">{one.version}</td>
            <td>{one.machine === "" ? "no machine of its own" : machineTitle(one.machine)}</td>
            <td><Runs version={one} /></td>
            <td><span class="row wrap">{one.origin}{one.is_simulated && <Simulated />}</span></td>
            <td class="nowrap"><time dateTime={new Date(msOf(one.created_ns)).toISOString()} title={dateTime(msOf(one.created_ns))}>{when(msOf(one.created_ns), now.value)}</time></td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

function Runs({ version }: { version: ModelVersion }) {
  if (version.runs_on.length === 0) return <span class="muted">nowhere</span>;
  return (
    <ul>
      {version.runs_on.map(({ machine, role }) => (
        <li key={`${machine} ${role}`}><a href={machinePath(machine)}>{machineTitle(machine)}</a>{role === "shadow" ? ", as a shadow" : ""}</li>
      ))}
    </ul>
  );
}
