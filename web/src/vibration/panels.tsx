// Panels about one measuring point: the verdict, its lines, its gear, earlier waveforms.
import { useState } from "preact/hooks";
import { brief, dateTime, msOf, number, tied, when } from "../format";
import { Lamp, State } from "../lamp";
import { Progress } from "../models/parts";
import { modelPath } from "../router";
import { now } from "../store";
import { announce } from "../toast";
import * as api from "./api";
import { answerLit, answerWords, lineWords, PARTS, standing } from "./words";

const LINES_SHOWN = 8;

export const Verdict = ({ waveform: { answer, sentence, warnings, bearing, gear, statistics, unit, is_late } }: { waveform: api.Waveform }) => (
  <section class="panel">
    <header><h2>What it says</h2><span class="push"><State lit={answerLit(answer)} word={answerWords(answer)} /></span></header>
    <div class="body stack loose">
      <p class="say">{tied(sentence)}</p>
      {warnings.map((one) => <p key={one} class="note"><Lamp lit="warn" label="" /><span>{one}</span></p>)}
      {is_late && <p class="small soft">It is older than the newest reading: kept in the history, not held against limits.</p>}
      {bearing && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Evidence by part">
          <table class="table parts">
            <thead><tr><th scope="col">Part</th><th scope="col" class="num">Evidence, limit 1</th><th scope="col" class="num">Share</th></tr></thead>
            <tbody>{PARTS.map((part) => <tr key={part}><th scope="row">{answerWords(part)}</th><td class={`num ${bearing.evidence[part] >= 1 ? "strong" : ""}`}>{number(bearing.evidence[part], 2)}</td><td class="num">{number(bearing.shares[part] * 100)} %</td></tr>)}</tbody>
          </table>
        </div>
      )}
      {bearing && isExplained(bearing) && <p class="small soft">Evidence above its limit with a share of 0 %: another part explains the same lines.</p>}
      <dl class="chances">
        <Figure title="RMS" value={`${brief(statistics.rms, 3)} ${unitWords(unit)}`} />
        <Figure title="Peak" value={`${brief(statistics.peak, 3)} ${unitWords(unit)}`} />
        <Figure title="Crest" value={brief(statistics.crest, 1)} />
        <Figure title="Kurtosis" value={brief(statistics.kurtosis, 1)} />
        {statistics.velocity_rms_mm_s !== null && <Figure title="Velocity" value={`${brief(statistics.velocity_rms_mm_s, 2)} mm/s`} />}
        {bearing && <Figure title="Knocking, limit 1" value={brief(bearing.knocking, 2)} />}
        {gear && <Figure title={`Sidebands of ${brief(gear.mesh_hz, 0)} Hz`} value={brief(gear.sideband_ratio, 2)} />}
        {gear?.score != null && <Figure title="Gear, 1 is the limit" value={brief(gear.score, 2)} />}
      </dl>
      {gear?.note && <p class="small soft">{gear.note}</p>}
    </div>
  </section>
);

/** True where a part is above its limit although none of the damage is put down to it. */
const isExplained = ({ evidence, shares }: NonNullable<api.Waveform["bearing"]>): boolean =>
  PARTS.some((part) => evidence[part] >= 1 && shares[part] < 0.005) && PARTS.some((part) => shares[part] >= 0.005);

const unitWords = (unit: string): string => (unit === "m/s2" ? "m/s²" : unit);
const Figure = ({ title, value }: { title: string; value: string }) => <div><dt>{title}</dt><dd>{value}</dd></div>;

/** What was looked for, what stands out first. */
export function Lines({ lines, answer }: { lines: readonly api.SpectrumLine[]; answer: api.Answer }) {
  const [hasAll, setAll] = useState(false);
  const told = standing(lines, answer);
  const ranked = [...told, ...lines.filter((line) => !told.includes(line)).sort((a, b) => b.ratio - a.ratio)];
  const shown = hasAll ? ranked : ranked.slice(0, LINES_SHOWN);
  return (
    <>
      <div class="scroll" tabIndex={0} role="region" aria-label="Lines looked for">
        <table class="table">
          <thead><tr><th scope="col">Looked for</th><th scope="col">Part</th><th scope="col" class="num">Expected</th><th scope="col" class="num">Found</th><th scope="col" class="num">Times background</th><th scope="col">Stands out</th></tr></thead>
          <tbody>
            {shown.map((line) => (
              <tr key={`${line.part} ${lineWords(line)}`}>
                <th scope="row" class="nowrap">{lineWords(line)}</th><td class="nowrap">{answerWords(line.part)}</td>
                <td class="num">{brief(line.expected_hz, 1)} Hz</td><td class="num">{brief(line.found_hz, 1)} Hz</td>
                <td class={`num ${told.includes(line) ? "strong" : ""}`}>{number(line.ratio, 1)}</td><td>{told.includes(line) ? <State lit="warn" word="Yes" /> : line.stands_out ? <span class="soft nowrap">Yes, another part</span> : <span class="muted">No</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {ranked.length > LINES_SHOWN && <footer><button class="btn quiet" aria-expanded={hasAll} onClick={() => setAll(!hasAll)}>{hasAll ? "Fewer lines" : `All ${ranked.length} lines`}</button></footer>}
    </>
  );
}

/** What is normal of a gear is learnt from its own waveforms. */
export function Gear({ machine, point, onChanged }: { machine: string; point: api.Point; onChanged: () => void }) {
  const [problem, setProblem] = useState<string | null>(null);
  const { state, waveforms, needed, model, version } = point.gear!;
  const learn = (): void => {
    setProblem(null);
    api.learnNormal(machine, point.name).then(
      () => {
        announce("What is normal of the gear is learnt.");
        onChanged();
      },
      (error: unknown) => setProblem(error instanceof Error ? error.message : String(error)),
    );
  };
  return (
    <section class="panel">
      <header><h2>Gear</h2><span class="push">{state === "ready" ? <State lit="ok" word="Learnt" /> : <State lit="learn" />}</span></header>
      <div class="body stack">
        {state === "learning"
          ? <><Progress seen={waveforms} needed={needed} label="Waveforms of the gear" /><p class="small soft">{number(waveforms)} of {number(needed)} waveforms from which what is normal can be learnt.</p></>
          : <p class="small soft">What is normal is learnt from its own waveforms. {model !== null && <a href={modelPath(model)}>Version {version}</a>}</p>}
        {(problem ?? point.gear!.problem) && <p class="note crit">{problem ?? point.gear!.problem}</p>}
        <div class="row wrap"><button class="btn" onClick={learn}>{state === "ready" ? "Learn normal anew" : "Learn normal now"}</button></div>
      </div>
    </section>
  );
}

interface EarlierProps {
  all: readonly api.Waveform[];
  shown: number | null;
  onShow: (waveform: api.Waveform) => void;
  onRemoved: () => void;
}

export function Earlier({ all, shown, onShow, onRemoved }: EarlierProps) {
  const remove = (one: api.Waveform): void => {
    api.removeWaveform(one.machine, one.id).then(() => {
      announce("The waveform is removed.");
      onRemoved();
    }, () => undefined); // the list, asked for again, says whether it is gone
  };
  return (
    <section class="panel earlier">
      <header><h2>Waveforms</h2><span class="push small muted">{all.length === 1 ? "one" : all.length} kept</span></header>
      <ul>
        {all.map((one) => (
          <li key={one.id}>
            <button class={`btn quiet ${one.id === shown ? "strong" : ""}`} aria-pressed={one.id === shown} onClick={() => onShow(one)}>
              <Lamp lit={answerLit(one.answer)} label="" /><span class="cut">{answerWords(one.answer)}</span><time class="push small muted" dateTime={new Date(msOf(one.time_ns)).toISOString()} title={dateTime(msOf(one.time_ns))}>{when(msOf(one.time_ns), now.value)}</time>
            </button>
            <button class="btn quiet" aria-label={`Remove the waveform of ${dateTime(msOf(one.time_ns))}`} onClick={() => remove(one)}>×</button>
          </li>
        ))}
      </ul>
    </section>
  );
}
