// The models of one machine, each with its state in words; what is tried beside them.
import { useState } from "preact/hooks";
import { clock, dateTime, msOf, number, tied, when } from "../format";
import { State } from "../lamp";
import { learnPath, modelPath } from "../router";
import { later } from "../later";
import { now } from "../store";
import type { Profile } from "../types";
import { LearntFromSimulated, Progress } from "./parts";
import type { MachineModel, MachineModels, Shadow } from "./types";
import { anewWords, differenceWords, isWaiting, learningWords, MODEL_STATES } from "./words";

const DriftOf = later(() => import("./drift").then((it) => it.DriftOf), "part");

interface RunningProps {
  machine: string;
  profile: Profile;
  known: MachineModels;
}

export function RunningPanel({ machine, profile, known: { models, learning } }: RunningProps) {
  const isReady = models.some((model) => model.task === "anomaly" && model.state === "ready");
  return (
    <section class="panel running-models">
      <header><h2>Models</h2><a class="btn quiet push" href={`/models?machine=${encodeURIComponent(machine)}`}>All versions</a></header>
      <ul>
        {models.map((model) => <Running key={model.name} model={model} machine={machine} profile={profile} />)}
        {learning && (
          <li>
            <div class="row wrap"><span class="strong">What is normal</span><span class="push"><State lit="learn" {...(isReady ? { word: "Learns anew" } : {})} /></span></div>
            <Progress seen={learning.seen_s} needed={learning.needed_s} label="Calm readings heard" />
            <p class="small soft">{tied(isReady ? anewWords(learning) : learningWords(learning))}</p>
          </li>
        )}
      </ul>
      <footer><a class="btn" href={learnPath(machine)}>Learn normal…</a></footer>
    </section>
  );
}

function Running({ model, machine, profile }: { model: MachineModel; machine: string; profile: Profile }) {
  const [isAsked, setAsked] = useState(false);
  const { lit, word } = MODEL_STATES[model.state] ?? { lit: "fail", word: model.state };
  const isCounting = model.state === "learning" && model.needed > 1 && model.seen < model.needed;
  return (
    <li>
      <div class="row wrap">
        {model.model > 0 ? <a class="strong" href={modelPath(model.model)}>{model.title}</a> : <span class="strong">{model.title}</span>}
        <span class="push"><State lit={lit} word={isWaiting(model) ? "Waits for readings" : word} /></span>
      </div>
      {isCounting && <Progress seen={model.seen} needed={model.needed} label={`${model.title}: samples seen`} />}
      <p class="small soft">{tied(about(model))}</p>
      {model.is_simulated && <div><LearntFromSimulated /></div>}
      {model.shadow && <ShadowWords shadow={model.shadow} />}
      {model.state !== "failed" && (
        <details class="more" onToggle={(event) => setAsked(event.currentTarget.open)}>
          <summary>Still as it learnt?</summary>
          {isAsked && <DriftOf machine={machine} name={model.name} profile={profile} />}
        </details>
      )}
    </li>
  );
}

function about(model: MachineModel): string {
  const version = model.model === 0 ? "Comes with telltale" : `Version ${number(model.version)}`;
  const since = model.since_ns > 0 ? ` since ${when(msOf(model.since_ns), now.value)}` : "";
  const reads = `reads ${model.inputs.length} ${model.inputs.length === 1 ? "input" : "inputs"}`;
  return [isWaiting(model) ? "" : model.reason, `${version}${since}, ${reads}.`].filter(Boolean).join(" ");
}

const ShadowWords = ({ shadow }: { shadow: Shadow }) => (
  <div class="shadow stack tight">
    <span class="small"><a href={modelPath(shadow.model)}>Version {shadow.version}</a> is tried as a shadow since <time dateTime={new Date(msOf(shadow.since_ns)).toISOString()} title={dateTime(msOf(shadow.since_ns))}>{clock(msOf(shadow.since_ns), false)}</time></span>
    <p class="small soft">{shadow.problem ?? tied(differenceWords(shadow.difference, ["The active one", "the shadow"]))}</p>
  </div>
);
