// Trainings of a machine: how far each is, and what came of it.
import { Blank } from "../blank";
import { rangeWords } from "../charts/ticks";
import { age, capital, number, tied } from "../format";
import { State, type Lit } from "../lamp";
import { machinePath, modelPath } from "../router";
import { isOver, type Trainings } from "./train";
import type { Training } from "./types";
import { kindTitle, useKinds } from "./kinds";
import { alarmWords, differenceWords } from "./words";

const SHAPES: Record<Training["state"], [Lit, string]> = {
  waiting: ["learn", "Waiting"], running: ["learn", "Learning"], done: ["ok", "Learnt"], failed: ["fail", "Failed"], stopped: ["shelved", "Stopped"],
};
const SHOWN = 5;

export function TrainingsPanel({ machine, all }: { machine: string; all: Trainings }) {
  const shown = (all.trainings ?? []).slice(0, SHOWN);
  return (
    <section class="panel trainings">
      <header><h2>Trainings</h2><span class="push small muted">since telltale started</span></header>
      {shown.length === 0
        ? <Blank title="None yet">Progress and what came of it are told here. Readings go on meanwhile, and so does the model that runs.</Blank>
        : <ul>{shown.map((one, i) => <Row key={one.id} one={one} machine={machine} isNewest={i === 0} onStop={() => void all.stop(one.id)} />)}</ul>}
    </section>
  );
}

interface RowProps {
  one: Training;
  machine: string;
  isNewest: boolean;
  onStop: () => void;
}

function Row({ one, machine, isNewest, onStop }: RowProps) {
  const [lit, word] = SHAPES[one.state] ?? ["fail", one.state];
  const kinds = useKinds();
  return (
    <li>
      <div class="row wrap">
        <State lit={lit} word={word} />
        <span class="small muted push">{one.start_ns > 0 ? rangeWords(one.start_ns / 1e9, one.end_ns / 1e9) : "all that is kept"}{(one.stretches?.length ?? 1) > 1 && `, ${one.stretches!.length} stretches`}</span>
        {!isOver(one) && <button class="btn" onClick={onStop}>Stop</button>}
      </div>
      <p class="small soft">{kindTitle(kinds, one.kind)}{one.origin === "update" ? ", taught by labels" : ""}{!isOver(one) && one.phase ? `: ${one.phase}` : ""}</p>
      {one.detail && <p class={one.state === "failed" ? "note crit" : "small soft"}>{one.detail}</p>}
      {one.report && (isNewest
        ? <Report one={one} report={one.report} />
        : <details><summary>What came of it</summary><Report one={one} report={one.report} /></details>)}
      {one.state === "done" && (
        <div class="row wrap">
          {one.model !== null && <a class="btn" href={modelPath(one.model)}>Version {one.version}</a>}
          <a class="btn quiet" href={machinePath(machine)}>See its health</a>
        </div>
      )}
    </li>
  );
}

const Report = ({ one, report }: { one: Training; report: NonNullable<Training["report"]> }) => (
  <dl class="report">
    <dt>Learnt from</dt><dd>{tied(capital(report.data))}</dd>
    {report.threshold && <><dt>Limit</dt><dd>{tied(capital(report.threshold.method))} {capital(alarmWords(report.threshold))}.</dd></>}
    {report.labels && <><dt>What is named on this machine</dt><dd><Found labels={report.labels} />{tied(report.labels.told)}</dd></>}
    {one.outcome && <><dt>Afterwards</dt><dd>{OUTCOMES[one.outcome] ?? one.outcome}</dd></>}
    {one.outcome !== "unchanged" && <><dt>Against the active one</dt><dd>{report.compared ? tied(differenceWords(report.compared, ["The active one", `version ${one.version}`])) : "There was none."}</dd></>}
    <dt>Took</dt><dd>{age(report.seconds)}, {number(report.rows)} samples</dd>
  </dl>
);

const OUTCOMES: Record<string, string> = {
  active: "It runs.", shadow: "It is tried as a shadow beside the active one.", kept: "It is kept and runs nowhere.", unchanged: "Nothing new was kept: what runs goes on.",
};

/** The new version beside the active one. */
const Found = ({ labels }: { labels: NonNullable<NonNullable<Training["report"]>["labels"]> }) => (
  <table class="found">
    <thead><tr><td /><th scope="col">Faults found</th><th scope="col">False alarms</th></tr></thead>
    <tbody>
      {([["active one", labels.active], ["new version", labels.new]] as const).map(([title, score]) => score && (
        <tr key={title}><th scope="row">{title}</th><td>{score.found} of {score.faults}</td><td>{score.false_alarms} of {score.normal}</td></tr>
      ))}
    </tbody>
  </table>
);
