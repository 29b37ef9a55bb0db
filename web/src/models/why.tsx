// "Why": the newest evidence in a sentence, signed shares of the inputs, and which model says so.
import { Lamp } from "../lamp";
import { modelPath } from "../router";
import { specOf, type LiveMachine } from "../store";
import type { Profile, SignalSpec } from "../types";
import { unknownSpec, withUnit } from "../values";
import { clock, tied } from "../format";
import { lowerFirst } from "../findings";
import { causeWords, signedShare } from "./cause";
import { useNewestEvidence } from "./evidence";
import { leading } from "./heat";
import { LearntFromSimulated } from "./parts";
import type { Evidence, MachineModel } from "./types";
import { alarmWords, limitOf } from "./words";

const NAMED = 3;

interface WhyProps {
  machine: LiveMachine;
  profile: Profile;
  model: MachineModel;
  output: string;
}

/** The newest evidence, read. */
interface Why {
  evidence: Evidence;
  moment: number;
  named: readonly number[];
  spec: SignalSpec;
  value: number;
  limit: number | null;
}

function useWhy(machine: string, profile: Profile, output: string): Why | null {
  const { evidence } = useNewestEvidence(machine, output);
  const moment = lastKnown(evidence);
  if (evidence === null || moment < 0) return null;
  const spec = specOf(profile, output) ?? unknownSpec(output);
  return { evidence, moment, named: leading(evidence, moment, NAMED), spec, value: evidence.value[moment]!, limit: limitOf(spec) };
}

export function WhyPanel({ machine, profile, model, output }: WhyProps) {
  const why = useWhy(machine.id, profile, output);
  if (why === null) return null;
  const { spec, value, limit } = why;
  const isBeyond = limit !== null && value > limit;
  return (
    <section class={`panel ${isBeyond ? "first" : ""}`}>
      <header>
        {isBeyond && <Lamp lit={machine.values[output]?.state === "critical" ? "crit" : "warn"} label="" />}
        <h2>{isBeyond ? "Why" : `What moves ${lowerFirst(spec.title)}`}</h2>
        <span class="push small muted">at {clock(why.evidence.time_ns[why.moment]! / 1e6)}</span>
      </header>
      <div class="body stack why-body">
        <Because why={why} profile={profile} />
        <p class="small soft">
          {model.title}, version {model.version}{model.threshold ? `; ${alarmWords(model.threshold)}` : ""}. {model.model > 0 && <a href={modelPath(model.model)}>Model card</a>}
        </p>
        {model.is_simulated && <div><LearntFromSimulated /></div>}
      </div>
    </section>
  );
}

/** Why one output is what it is, without a frame. */
export function WhyOf({ machine, profile, output }: Omit<WhyProps, "model">) {
  const why = useWhy(machine.id, profile, output);
  return why === null ? <p class="small muted asking">Asking why.</p> : <div class="stack why-body"><Because why={why} profile={profile} /></div>;
}

function Because({ why, profile }: { why: Why; profile: Profile }) {
  const { evidence, moment, named } = why;
  return (
    <>
      <p class="say">{tied(sentence(why, profile))}</p>
      {named.length === 0
        ? <p class="small soft">This model does not say which of its inputs moves it.</p>
        : <ul class="shares">
            {named.map((k) => <ShareOf key={evidence.inputs[k]} evidence={evidence} moment={moment} input={k} profile={profile} />)}
            <Rest evidence={evidence} moment={moment} named={named} />
          </ul>}
    </>
  );
}

function lastKnown(evidence: Evidence | null): number {
  for (let i = (evidence?.time_ns.length ?? 0) - 1; i >= 0; i--) if (evidence!.value[i] != null) return i;
  return -1;
}

function sentence({ evidence, moment, named, spec, value, limit }: Why, profile: Profile): string {
  const k = named[0];
  const title = k === undefined ? "" : specOf(profile, evidence.inputs[k]!)?.title ?? evidence.inputs[k]!;
  const measured = `${spec.title} is ${withUnit(value, spec)}`;
  if (limit === null) return title === "" ? `${measured}.` : `${measured}, mostly by ${lowerFirst(title)}.`;
  if (value <= limit) return `${measured}, within its limit of ${withUnit(limit, spec)}.`;
  const input = k === undefined ? null : specOf(profile, evidence.inputs[k]!);
  const bound = k === undefined ? null : evidence.bound[moment]?.[k] ?? null;
  const now = k === undefined ? null : evidence.input_value[moment]?.[k] ?? null;
  const end = bound === null || now === null || input === null ? "" : ` It would end with ${lowerFirst(title)} ${bound > now ? "above" : "below"} ${withUnit(bound, input)}.`;
  return `${measured}, beyond its limit of ${withUnit(limit, spec)}${title === "" ? "" : `: mostly ${lowerFirst(title)}`}.${end}`;
}

function ShareOf({ evidence, moment, input, profile }: { evidence: Evidence; moment: number; input: number; profile: Profile }) {
  const name = evidence.inputs[input]!;
  const spec = specOf(profile, name);
  const share = evidence.share[moment]?.[input] ?? 0;
  const at = (rows: (number | null)[][]): number | null => rows[moment]?.[input] ?? null;
  return (
    <li class="lead">
      <span class="cut" title={spec?.title}>{spec?.title ?? name}</span>
      <Track share={share} />
      <span class="v">{signedShare(share)}</span>
      <span class="about small muted">{causeWords({ value: at(evidence.input_value), expected: at(evidence.expected), bound: at(evidence.bound) }, spec, name)}</span>
    </li>
  );
}

function Rest({ evidence, moment, named }: { evidence: Evidence; moment: number; named: readonly number[] }) {
  const others = (evidence.share[moment] ?? []).filter((share, k): share is number => share !== null && !named.includes(k));
  if (others.length === 0) return null;
  const sum = others.reduce((a, b) => a + b, 0);
  return <li><span>{others.length} {others.length === 1 ? "other" : "others"}</span><Track share={sum} /><span class="v">{signedShare(sum)}</span></li>;
}

/** Its size; one that speaks against the finding is hollow. */
const Track = ({ share }: { share: number }) => (
  <span class={`track ${share < 0 ? "against" : ""}`}><i style={{ width: `${Math.min(100, Math.abs(share) * 100).toFixed(1)}%` }} /></span>
);
