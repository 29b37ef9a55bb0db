// One version of a model: its card, where it runs, what can be done with it.
import { useEffect, useState } from "preact/hooks";
import { Blank } from "../blank";
import { rangeWords } from "../charts/ticks";
import { age, brief, capital, dateTime, msOf, number, tied } from "../format";
import { Simulated } from "../lamp";
import { ActionsPanel, RemovePanel } from "../models/actions";
import * as api from "../models/api";
import { DriftOf } from "../models/drift";
import { machineTitle } from "../models/machines";
import type { Card, ModelVersion } from "../models/types";
import { kindTitle, useKinds } from "../models/kinds";
import { alarmWords, taskWords } from "../models/words";
import { profileOf } from "../outputs";
import { machinePath } from "../router";
import { Page } from "../shell";
import { briefs, machineSignal, specOf } from "../store";
import type { Profile } from "../types";
import { limitsText } from "../findings";
import "../health.css";
import "../models.css";

interface Asked {
  version: ModelVersion | null;
  problem: string | null;
}

export function ModelPage({ number: id }: { number: number }) {
  const [{ version, problem }, setAsked] = useState<Asked>({ version: null, problem: null });
  const ask = (): void => {
    api.version(id).then(
      (found) => setAsked({ version: found, problem: null }),
      (error: unknown) => setAsked({ version: null, problem: error instanceof Error ? error.message : String(error) }),
    );
  };
  useEffect(ask, [id]);
  if (version === null) {
    return (
      <Page where="Model" crumb={<a href="/models">Models</a>} finding={problem === null ? `Asking for model ${id}` : `Model ${id} is not shown`}>
        {problem !== null && <section class="panel"><Blank level={2} title={problem} action={<a class="btn" href="/models">All versions</a>} /></section>}
      </Page>
    );
  }
  const { card } = version;
  const roles = version.runs_on.map((one) => one.role);
  const stands = roles.includes("active") ? "runs" : roles.includes("shadow") ? "is tried as a shadow" : "runs nowhere";
  return (
    <Page
      where={version.title} crumb={<a href="/models">Models</a>}
      finding={`${version.title}: version ${version.version} ${stands}`}
      text={`${capital(taskWords(version.task))}. Model ${version.number}, ${version.origin}, kept ${dateTime(msOf(version.created_ns))}.`}
      actions={version.is_simulated && <Simulated />}
    >
      <div class="model">
        <div class="stack loose">
          {card && <CardPanels card={card} profile={profileFor(version)} />}
          {card && version.runs_on.filter((one) => one.role === "active").map(({ machine }) => <DriftPanel key={machine} machine={machine} version={version} />)}
        </div>
        <div class="stack loose act">
          <ActionsPanel version={version} onChanged={ask} />
          <RemovePanel version={version} />
        </div>
      </div>
    </Page>
  );
}

/** Whether a machine that it runs on still runs as it did in training. */
function DriftPanel({ machine: id, version }: { machine: string; version: ModelVersion }) {
  const machine = machineSignal(id)?.value;
  return (
    <section class="panel">
      <header><h2>Still as it learnt?</h2><span class="push small muted"><a href={machinePath(id)}>{machineTitle(id)}</a></span></header>
      <div class="body"><DriftOf machine={id} name={version.name} profile={machine === undefined ? null : profileOf(machine)} /></div>
    </section>
  );
}

/** Titles of inputs are those of the machine that it learnt on, or runs on. */
function profileFor(version: ModelVersion): Profile | null {
  const id = version.machine || version.runs_on[0]?.machine;
  const isKnown = id !== undefined && briefs.value.some((one) => one.id === id);
  const machine = isKnown ? machineSignal(id)?.value : undefined;
  return machine === undefined ? null : profileOf(machine);
}

const CardPanels = ({ card, profile }: { card: Card; profile: Profile | null }) => (
  <>
    <section class="panel">
      <header><h2>What it gives</h2><span class="push small muted">{<KindOf card={card} />}</span></header>
      <dl class="body kv">
        {Object.entries(card.outputs).map(([name, spec]) => (
          <div key={name} style={{ display: "contents" }}><dt>{spec.title}</dt><dd><span class="mono">{name}</span>{spec.unit !== "1" && `, ${profile?.outputs?.[name]?.unit_symbol ?? spec.unit}`}<div class="small soft">{limitsText({ ...spec, unit_symbol: "" }) || "no limit"}</div></dd></div>
        ))}
        {card.threshold && <><dt>Limit</dt><dd>{tied(capital(card.threshold.method))}<div class="small soft">{capital(alarmWords(card.threshold))}. In its own terms {brief(card.threshold.value, 4)}; 1 is the limit of the score.</div></dd></>}
        <dt>Window</dt><dd>{windowWords(card)}</dd>
      </dl>
    </section>
    <Training card={card} />
    <Inputs card={card} profile={profile} />
    <Quality card={card} />
    <section class="panel">
      <header><h2>Licence and files</h2></header>
      <dl class="body kv">
        <dt>Licence</dt><dd>{card.licence}</dd>
        <dt>Made with</dt><dd>{Object.entries(card.versions).map(([name, version]) => `${name} ${version}`).join(", ") || "not said"}</dd>
        <dt>Files</dt><dd>{Object.keys(card.files).join(", ") || "none"}</dd>
      </dl>
    </section>
  </>
);

function KindOf({ card }: { card: Card }) {
  const kinds = useKinds();
  return <>{typeof card.settings["detector"] === "string" ? kindTitle(kinds, card.settings["detector"]) : `runs by ${card.runtime}`}</>;
}

function windowWords({ window: { samples, every_s, gap_s } }: Card): string {
  const what = samples === 1 ? "each sample by itself" : `${number(samples)} successive samples`;
  const step = every_s > 0 ? `, one every ${age(every_s)}` : "";
  return `${capital(what)}${step}${gap_s === null ? "" : `; a pause longer than ${age(gap_s)} begins anew`}.`;
}

function Training({ card: { training, threshold } }: { card: Card }) {
  const title = briefs.value.find((one) => one.id === training.machine)?.title;
  return (
    <section class="panel">
      <header><h2>What it learnt from</h2><span class="push">{training.is_simulated ? <Simulated /> : <span class="tag">Measured</span>}</span></header>
      <dl class="body kv">
        <dt>Data</dt><dd>{tied(capital(training.data))}</dd>
        {training.machine && <><dt>Machine</dt><dd>{title === undefined ? training.machine : <a href={machinePath(training.machine)}>{title}</a>}</dd></>}
        {training.end_ns > 0 && <><dt>Stretch</dt><dd>{rangeWords(training.start_ns / 1e9, training.end_ns / 1e9)}</dd></>}
        {training.rows > 0 && <><dt>Samples</dt><dd>{number(training.rows)}{training.seconds !== null && <span class="muted">, learnt in {age(training.seconds)}</span>}</dd></>}
        {training.sha256 && <><dt>Hash of the data</dt><dd class="mono small hash">{training.sha256}</dd></>}
        {!threshold && <><dt>Limit</dt><dd>The card names none.</dd></>}
      </dl>
    </section>
  );
}

function Inputs({ card, profile }: { card: Card; profile: Profile | null }) {
  const names = Object.keys(card.inputs);
  const hasNormal = names.some((name) => card.normal[name] !== undefined);
  return (
    <section class="panel">
      <header><h2>What it reads</h2><span class="push small muted">{names.length} {names.length === 1 ? "input" : "inputs"}{Object.keys(card.features).length > 0 ? `, ${Object.keys(card.features).length} worked out` : ""}</span></header>
      <div class="scroll" tabIndex={0} role="region" aria-label="Inputs">
        <table class="table">
          <thead><tr><th scope="col">Input</th><th scope="col">Unit</th>{hasNormal && <><th scope="col" class="num">Mean in training</th><th scope="col" class="num">Spread</th></>}</tr></thead>
          <tbody>
            {names.map((name) => (
              <tr key={name}>
                <th scope="row">{specOf(profile, name)?.title ?? name}<div class="small muted mono">{name}</div></th>
                <td>{unitOf(card.inputs[name]!.unit, profile, name)}</td>
                {hasNormal && <><td class="num">{figure(card.normal[name]?.[0])}</td><td class="num">{figure(card.normal[name]?.[1])}</td></>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function unitOf(unit: string, profile: Profile | null, name: string): string {
  const spec = specOf(profile, name);
  return (spec?.unit === unit ? spec.unit_symbol ?? unit : unit) === "1" ? "none" : spec?.unit === unit ? spec.unit_symbol || "none" : unit;
}

/** Four figures, whatever the size. */
const figure = (value: number | undefined): string => (value === undefined ? "not said" : brief(value, value === 0 ? 0 : Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value))))));

const Quality = ({ card }: { card: Card }) => (
  <section class="panel">
    <header><h2>What was measured of it</h2></header>
    {card.quality.length === 0
      ? <p class="body soft">Nothing was measured on data with known faults. How it does on this machine shows as a shadow, or in its events.</p>
      : <div class="scroll" tabIndex={0} role="region" aria-label="Quality">
          <table class="table">
            <thead><tr><th scope="col">Quality</th><th scope="col" class="num">Measured</th><th scope="col">Protocol</th></tr></thead>
            <tbody>{card.quality.map((one) => <tr key={one.name}><th scope="row">{one.name.replaceAll("_", " ")}</th><td class="num strong">{figure(one.value)}</td><td class="detail soft">{tied(one.protocol)}</td></tr>)}</tbody>
          </table>
        </div>}
  </section>
);
