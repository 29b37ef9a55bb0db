// Health: scores against their limits over time, what moves them, and what to do where nothing is learnt.
import { useState } from "preact/hooks";
import { Blank } from "../blank";
import { TrendPanel } from "../charts/trend";
import { tied } from "../format";
import { learnPath, modelPath } from "../router";
import { Lamp, Simulated } from "../lamp";
import { ringOf, specOf, type LiveMachine } from "../store";
import type { Profile } from "../types";
import { FaultsPanel } from "./faults";
import { HeatMap } from "./heat-map";
import { LifePanel } from "./life";
import { later } from "../later";
import { Progress } from "./parts";
import { RunningPanel } from "./running";
import type { MachineModel, MachineModels, SelfLearning } from "./types";
import { WhyPanel } from "./why";
import { healthWords, isWaiting, leadingFirst, learningWords } from "./words";
import "../health.css";

const Lives = later(() => import("./lives").then((it) => it.Lives), "part");

const RANGE_S = 600;
const MAX_CHARTS = 3;
const CHARTED_OF: Partial<Record<MachineModel["task"], number>> = { fault: 1, health: 1, anomaly: 1 }; // the leading one

interface HealthProps {
  machine: LiveMachine;
  profile: Profile;
  known: MachineModels;
}

export function HealthPanel({ machine, profile, known }: HealthProps) {
  if (known.models.length === 0) return <NothingLearnt machine={machine} learning={known.learning} />;
  const answering = known.models.filter((model) => Object.keys(model.outputs).some((name) => machine.values[name]?.value != null));
  if (answering.length === 0) return <NoAnswerYet models={known.models} />;
  // Another version or model is another picture; while they stay, so do the charts.
  return <Scores key={answering.map((model) => `${model.name} ${model.version}`).join()} machine={machine} profile={profile} models={answering}
    problem={known.learning?.problem ?? ""} />;
}

interface ScoresProps {
  machine: LiveMachine;
  profile: Profile;
  models: readonly MachineModel[];
  problem: string; // of what is learnt by itself
}

function Scores({ machine, profile, models, problem }: ScoresProps) {
  const [names] = useState(() => charted(models));
  const explained = models.find((model) => model.task === "anomaly") ?? models[0]!;
  const output = leadingFirst(explained)[0]!;
  const known = names.filter((name) => specOf(profile, name) !== null);
  if (known.length === 0) return null;
  return (
    <TrendPanel machine={machine.id} profile={profile} names={known} live={ringOf(machine.id)} rangeSeconds={RANGE_S}
      forecasts={models.flatMap((model) => model.forecast ?? [])}
      heading={<><h2>Health</h2>{models.some((model) => model.is_simulated) && <Simulated />}</>}
      foot={(drawn) => (
        <>
          {problem && <p class="note warn"><Lamp lit="warn" label="" /><span>{problem}</span></p>}
          <HeatMap {...drawn} machine={machine.id} profile={profile} output={output} />
        </>
      )} />
  );
}

/** One score or leading fault a model, the channel that is forecast, else all that is estimated. */
function charted(models: readonly MachineModel[]): string[] {
  const rank = (model: MachineModel): number => ["anomaly", "remaining_life", "forecast", "health", "fault", "other"].indexOf(model.task);
  const sorted = [...models].sort((a, b) => rank(a) - rank(b));
  return sorted.flatMap((model) => (model.forecast ? [model.forecast.channel] : leadingFirst(model)).slice(0, CHARTED_OF[model.task] ?? MAX_CHARTS)).slice(0, MAX_CHARTS);
}

function NothingLearnt({ machine, learning }: { machine: LiveMachine; learning: SelfLearning | null }) {
  return (
    <section class="panel">
      <header><h2>Health</h2></header>
      <Blank title={learning ? `telltale is learning what is normal on ${machine.title}` : `Nothing is learnt about ${machine.title} yet`}
        action={<a class="btn main" href={learnPath(machine.id)}>Learn normal from here to here…</a>}>
        {learning
          ? <>
              <p>{tied(learningWords(learning))}</p>
              <Progress seen={learning.seen_s} needed={learning.needed_s} label="Calm readings heard" />
            </>
          : <p>There is no score without a model. Name a stretch in which the machine ran as it should; what differs from it is told from then on. Limits of the profile are watched meanwhile.</p>}
      </Blank>
    </section>
  );
}

function NoAnswerYet({ models }: { models: readonly MachineModel[] }) {
  const lead = models.find((model) => model.state === "failed") ?? models[0]!;
  const isFailed = lead.state === "failed";
  return (
    <section class="panel">
      <header><h2>Health</h2><span class="push small muted">{healthWords(models)}</span></header>
      <Blank title={isFailed ? `${lead.title} cannot answer` : `${lead.title}: no answer yet`}
        action={isFailed && <a class="btn" href={lead.model > 0 ? modelPath(lead.model) : "/models"}>See the model</a>}>
        <p>{(isWaiting(lead) ? "It waits for readings." : lead.reason) || "The first answer comes with the next readings."}</p>
        {!isFailed && lead.needed > 1 && <Progress seen={lead.seen} needed={lead.needed} label={`${lead.title}: samples seen`} />}
      </Blank>
    </section>
  );
}

/** What stands beside the charts: why, how long, which fault, and the models themselves. */
export function HealthAside({ machine, profile, known }: HealthProps) {
  const running = known.models.filter((model) => model.state !== "failed"); // Health and Models say why
  const anomaly = running.find((model) => model.task === "anomaly");
  const output = anomaly === undefined ? undefined : leadingFirst(anomaly)[0];
  return (
    <>
      {anomaly && output && machine.values[output]?.value != null && <WhyPanel machine={machine} profile={profile} model={anomaly} output={output} />}
      {running.filter((model) => model.task === "remaining_life" || model.task === "forecast").map((model) => (
        <LifePanel key={model.name} machine={machine} profile={profile} model={model} />
      ))}
      {running.filter((model) => model.task === "fault").map((model) => <FaultsPanel key={model.name} machine={machine} profile={profile} model={model} />)}
      {hasLimits(profile) && (
        <section class="panel lives">
          <header><h2>Time to a limit</h2><span class="push small muted">by 30 days’ trends</span></header>
          <Lives machine={machine} profile={profile} />
        </section>
      )}
      {known.models.length > 0 && <RunningPanel machine={machine.id} profile={profile} known={known} />}
    </>
  );
}

const hasLimits = ({ channels, metrics }: Profile): boolean => [...Object.values(channels), ...Object.values(metrics)].some((spec) => spec.limits);
