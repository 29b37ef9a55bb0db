// What the server said to a reading that was entered by hand.

import { dateTime, number } from "../format";
import { Reasons } from "../import/progress";
import { Lamp, State } from "../lamp";
import { machinePath } from "../router";
import type { Accepted } from "../types";

export type Answer = { kind: "accepted"; accepted: Accepted } | { kind: "refused"; message: string };

/** The answer in one sentence, for the live region. */
export function answerWords(answer: Answer, title: string): string {
  if (answer.kind === "refused") return `Not kept. ${answer.message}`;
  const { accepted, rejected_values: nLeftOut } = answer.accepted;
  const left = nLeftOut > 0 ? ` ${nLeftOut} ${nLeftOut === 1 ? "value was" : "values were"} left out.` : "";
  return accepted > 0 ? `Kept for ${title}.${left}` : `Nothing kept.${left}`;
}

export function AnswerPanel({ answer, title, id }: { answer: Answer | null; title: string; id: string }) {
  return (
    <section class="panel">
      <header><h2>Answer</h2></header>
      <div class="body stack">{answer === null ? <p class="muted">Each reading is answered after it is kept.</p> : <Said answer={answer} title={title} id={id} />}</div>
    </section>
  );
}

function Said({ answer, title, id }: { answer: Answer; title: string; id: string }) {
  if (answer.kind === "refused") {
    return <><State lit="fail" word="Not kept" /><p class="say">{answer.message}</p></>;
  }
  const { accepted } = answer;
  const unknown = Object.entries(accepted.unknown ?? {});
  return (
    <>
      <span class="state ok"><Lamp lit="ok" label="" />{accepted.accepted > 0 ? `Kept for ${title}` : "Nothing kept"}</span>
      {accepted.registered && <p class="small soft">{title} is a new machine.</p>}
      {accepted.last_time_ns !== null && <p class="small soft">Time {dateTime(accepted.last_time_ns / 1e6)}</p>}
      {accepted.rejected_values > 0 && <p class="small">{number(accepted.rejected_values)} {accepted.rejected_values === 1 ? "value was" : "values were"} left out.</p>}
      {unknown.map(([name, hint]) => <p key={name} class="small"><code>{name}</code> is no channel of this machine. {hint}</p>)}
      <Reasons reasons={accepted.reasons} nRejected={accepted.rejected} />
      <div class="row"><a class="btn" href={machinePath(id)}>{title}</a></div>
    </>
  );
}
