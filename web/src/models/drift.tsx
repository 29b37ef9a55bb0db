// Whether a machine still runs as it did when its model learnt: a sentence first, then each input.
import { useEffect, useState } from "preact/hooks";
import { rangeWords } from "../charts/ticks";
import { capital, inWords, number } from "../format";
import { lowerFirst } from "../findings";
import { Lamp, type Lit } from "../lamp";
import { learnPath } from "../router";
import { specOf } from "../store";
import type { Profile } from "../types";
import { shown, toShown } from "../units";
import { unknownSpec } from "../values";
import * as api from "./api";
import type { Drift, DriftVerdict, InputDrift } from "./types";

const VERDICTS: Record<DriftVerdict, [Lit, string]> = {
  as_trained: ["ok", "As in training"], moved: ["warn", "Moved"], drifted: ["crit", "Beyond training"], unknown: ["none", "Not known"],
};

interface Asked {
  drift: Drift | null;
  problem: string | null;
}

export function DriftOf({ machine, name, profile }: { machine: string; name: string; profile: Profile | null }) {
  const [{ drift, problem }, setAsked] = useState<Asked>({ drift: null, problem: null });
  useEffect(() => {
    let isWanted = true;
    api.drift(machine, name).then(
      (found) => isWanted && setAsked({ drift: found, problem: null }),
      (error: unknown) => isWanted && setAsked({ drift: null, problem: error instanceof Error ? error.message : String(error) }),
    );
    return () => void (isWanted = false);
  }, [machine, name]);
  if (problem !== null) return <p class="note"><Lamp lit="fail" label="" /><span>{problem}</span></p>;
  if (drift === null) return <p class="small muted">Comparing the last hour with the training.</p>;
  const range = { from_s: drift.start_ns / 1e9, to_s: drift.end_ns / 1e9 };
  const isOff = drift.verdict === "moved" || drift.verdict === "drifted";
  return (
    <div class="stack">
      <p class="say">{driftWords(drift, (one) => specOf(profile, one)?.title ?? one)}</p>
      <p class="small muted">{rangeWords(range.from_s, range.to_s)}, {number(drift.rows)} {drift.rows === 1 ? "reading" : "readings"}.</p>
      {drift.verdict !== "unknown" && <Inputs drift={drift} profile={profile} />}
      {isOff && (
        <div class="row wrap">
          <a class="btn" href={learnPath(machine, range)}>Learn anew from this stretch…</a>
          <span class="small soft">If the machine runs as it should; else find out first what has changed.</span>
        </div>
      )}
    </div>
  );
}

/** What the comparison means, with the inputs that differ most. */
export function driftWords({ verdict, inputs }: Pick<Drift, "verdict" | "inputs">, titleOf: (name: string) => string): string {
  if (verdict === "unknown") return inputs[0] === undefined ? "Not known: the model reads nothing." : `Not known. ${inputs[0].sentence}`;
  const off = inputs.filter((one) => one.verdict === "drifted" || one.verdict === "moved");
  if (off.length === 0) return "The machine runs as it did when the model learnt.";
  const [first, second] = off.map((one) => lowerFirst(titleOf(one.name)));
  const named = off.length === 1 ? first! : off.length === 2 ? `${first} and ${second}` : `${inWords(off.length)} inputs, ${first} most,`;
  const [have, be] = off.length === 1 ? ["has", "is"] : ["have", "are"];
  return verdict === "drifted"
    ? `${capital(named)} ${be} beyond what the model has learnt from, so what it says rests on nothing that it has seen.`
    : `${capital(named)} ${have} moved since the model learnt; what it says counts less.`;
}

const Inputs = ({ drift, profile }: { drift: Drift; profile: Profile | null }) => (
  <div class="scroll" tabIndex={0} role="region" aria-label="Inputs now and in training">
    <table class="table drift">
      <thead><tr><th scope="col">Input</th><th scope="col" class="num">In training</th><th scope="col" class="num">Now</th></tr></thead>
      <tbody>{drift.inputs.map((one) => <Row key={one.name} one={one} profile={profile} />)}</tbody>
    </table>
  </div>
);

function Row({ one, profile }: { one: InputDrift; profile: Profile | null }) {
  const { mean, spread, shift, widening } = one;
  const [lit, word] = VERDICTS[one.verdict];
  const spec = specOf(profile, one.name) ?? unknownSpec(one.name);
  const as = shown(spec);
  const about = (at: number, by: number) => <>{number(toShown(at, as), as.decimals)} <span class="muted">± {number(toShown(by, as) - toShown(0, as), as.decimals)}</span></>;
  const isKnown = mean !== null && spread !== null && shift !== null && widening !== null;
  return (
    <tr title={one.sentence}>
      <th scope="row"><span class="row"><Lamp lit={lit} label={word} /><span>{spec.title}{as.symbol && <span class="muted">, {as.symbol}</span>}</span></span></th>
      <td class="num">{mean === null || spread === null ? "not said" : about(mean, spread)}</td>
      <td class={`num ${lit === "ok" ? "" : "strong"}`}>{isKnown ? about(mean + shift * spread, widening * spread) : "not known"}</td>
    </tr>
  );
}
