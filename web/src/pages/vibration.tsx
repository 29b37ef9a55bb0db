// Vibration of a machine: what its waveforms say, which lines say so, and how it came.
import { useEffect, useState } from "preact/hooks";
import { Blank } from "../blank";
import { TrendPanel, windowFor } from "../charts/trend";
import { brief, dateTime, msOf, number } from "../format";
import { lowerFirst } from "../findings";
import { Lamp } from "../lamp";
import { Page } from "../shell";
import { ringOf, specOf, type LiveMachine } from "../store";
import type { Profile } from "../types";
import * as api from "../vibration/api";
import { Earlier, Gear, Lines, Verdict } from "../vibration/panels";
import { SpectrumChart } from "../vibration/spectrum";
import { WaveformUpload } from "../vibration/upload";
import { answerLit, findingWords } from "../vibration/words";
import { crumbOf, OfMachine } from "./of-machine";
import "../health.css";
import "../models.css";

const ASK_EVERY_MS = 5_000;
const LEAST_S = 540; // charted at first: what just came stays in sight while more readings come
const TRENDS = ["acceleration_rms", "crest_factor", "kurtosis", "bearing_evidence", "gear_score"];

export const VibrationPage = ({ id }: { id: string }) => (
  <OfMachine id={id} where="Vibration" lacks="no reading">{(machine, profile) => <Vibration machine={machine} profile={profile} />}</OfMachine>
);

interface Known {
  points: readonly api.Point[];
  waveforms: readonly api.Waveform[];
}

function useKnown(machine: string): { known: Known | null; problem: string | null; askNow: () => void } {
  const [known, setKnown] = useState<Known | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let isWanted = true;
    const ask = (): void => {
      Promise.all([api.points(machine), api.waveforms(machine)]).then(
        ([points, waveforms]) => {
          if (!isWanted) return;
          setKnown({ points, waveforms });
          setProblem(null);
        },
        (error: unknown) => isWanted && setProblem(error instanceof Error ? error.message : String(error)),
      );
    };
    ask();
    const timer = setInterval(() => !document.hidden && ask(), ASK_EVERY_MS);
    return () => {
      isWanted = false;
      clearInterval(timer);
    };
  }, [machine, turn]);
  return { known, problem, askNow: () => setTurn(turn + 1) };
}

/** One waveform with its spectrum; the last one stays until the next is there. */
function useWhole(machine: string, id: number | null): api.WholeWaveform | null {
  const [whole, setWhole] = useState<api.WholeWaveform | null>(null);
  useEffect(() => {
    let isWanted = true;
    if (id === null) setWhole(null);
    else api.waveform(machine, id).then((found) => isWanted && setWhole(found), () => undefined); // the list says what is left
    return () => void (isWanted = false);
  }, [machine, id]);
  return whole;
}

function Vibration({ machine, profile }: { machine: LiveMachine; profile: Profile }) {
  const { known, problem, askNow } = useKnown(machine.id);
  const [pointName, setPoint] = useState<string | null>(null);
  const [chosen, setChosen] = useState<number | null>(null);
  const points = known?.points ?? [];
  const newest = known?.waveforms[0] ?? null;
  const name = pointName ?? newest?.point ?? points[0]?.name ?? null;
  const point = points.find((one) => one.name === name) ?? null;
  const own = (known?.waveforms ?? []).filter((one) => one.point === name);
  const waveform = own.find((one) => one.id === chosen) ?? own[0] ?? null;
  const whole = useWhole(machine.id, waveform?.id ?? null);
  const names = [...new Set([...points.map((one) => one.name), ...(known?.waveforms ?? []).map((one) => one.point)])];
  const titleOf = (one: string): string => points.find((other) => other.name === one)?.title ?? one.replaceAll("_", " ");
  const show = (one: api.Waveform): void => {
    setPoint(one.point);
    setChosen(one.id);
    askNow();
  };
  const lit = waveform === null ? "none" : answerLit(waveform.answer);
  return (
    <Page
      where="Vibration" crumb={crumbOf(machine)} lamp={lit === "warn" && <Lamp lit={lit} size="xl" />}
      finding={waveform === null ? `${machine.title}: no waveform yet` : `${machine.title}, ${lowerFirst(titleOf(waveform.point))}: ${findingWords(waveform.answer)}`}
      text={waveform === null ? "A waveform is a second or more of vibration, some thousand samples a second: enough to name the part that is damaged." : `${dateTime(msOf(waveform.time_ns))}${waveform.id === own[0]?.id ? ", the newest" : ""}. ${brief(waveform.seconds, 2)} s at ${brief(waveform.rate_hz / 1000, 2)} kHz${waveform.shaft_rpm === null ? "" : `, ${number(waveform.shaft_rpm)} rpm`}.`}
      actions={names.length > 1 && (
        <div class="seg" role="group" aria-label="Measuring point">
          {names.map((one) => <button key={one} aria-pressed={one === name} onClick={() => { setPoint(one); setChosen(null); }}>{titleOf(one)}</button>)}
        </div>
      )}
    >
      {problem !== null && <p class="note spaced"><Lamp lit="fail" label="" /><span>{problem}</span></p>}
      <div class="vibration">
        <div class="stack loose">
          {known !== null && waveform === null && <section class="panel"><Blank title={points.length === 0 ? "No measuring point is known" : "Nothing was measured here yet"}>{points.length === 0 ? "The machine’s profile names none. A waveform that is brought in with a point’s name is judged all the same." : "Send one, or bring one in: it is judged at once."}</Blank></section>}
          {waveform && <Verdict waveform={waveform} />}
          {whole?.spectrum && (
            <section class="panel">
              <header><h2>Envelope spectrum</h2><span class="small muted push">times the background, by Hz</span></header>
              <div class="body"><SpectrumChart spectrum={whole.spectrum} lines={whole.bearing?.lines ?? []} answer={whole.answer} /></div>
              {whole.bearing && whole.bearing.lines.length > 0 && <Lines lines={whole.bearing.lines} answer={whole.answer} />}
            </section>
          )}
          {point && <Trend key={point.name} machine={machine} profile={profile} point={point} waveforms={own} />}
        </div>
        <div class="stack loose">
          <WaveformUpload machine={machine.id} points={points} point={name} onKept={show} />
          {point?.gear && <Gear machine={machine.id} point={point} onChanged={askNow} />}
          {own.length > 0 && <Earlier all={own} shown={waveform?.id ?? null} onShow={show} onRemoved={askNow} />}
        </div>
      </div>
    </Page>
  );
}

interface TrendProps {
  machine: LiveMachine;
  profile: Profile;
  point: api.Point;
  waveforms: readonly api.Waveform[];
}

/** Begins with a range that holds the oldest kept waveform, as far back as there is a choice. */
function Trend({ machine, profile, point, waveforms }: TrendProps) {
  const newest_ns = machine.last_time_ns ?? 0;
  const oldest_ns = Math.min(newest_ns, ...waveforms.map((one) => one.reading_time_ns ?? one.time_ns));
  const names = TRENDS.flatMap((key) => point.columns[key] ?? []).filter((name) => specOf(profile, name) !== null && machine.values[name]?.value != null);
  return names.length === 0 ? null : <TrendPanel machine={machine.id} profile={profile} names={names} live={ringOf(machine.id)} rangeSeconds={windowFor(Math.max(LEAST_S, (newest_ns - oldest_ns) / 1e9))} heading={<h2>How it came</h2>} />;
}
