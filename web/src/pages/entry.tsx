// A reading typed by hand, for machines that nobody has wired.

import { useState } from "preact/hooks";
import { AnswerPanel, answerWords, type Answer } from "../entry/answer";
import { EntryForm } from "../entry/form";
import { NewMachine } from "../entry/new-machine";
import { go, place } from "../router";
import { Page } from "../shell";
import { briefs, machineSignal, profileSignal } from "../store";
import { announce } from "../toast";
import { Blank } from "../blank";
import "../import.css";

const NEW = "\u0000new"; // no id of a machine

export function EntryPage() {
  const asked = place.value.query.get("machine");
  const [isNew, setNew] = useState(false);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const real = briefs.value.filter((one) => !one.simulated || one.id === asked); // a simulator's readings stay its own
  const id = isNew ? null : asked ?? real[0]?.id ?? null;
  const machine = id === null ? null : machineSignal(id)?.value ?? null;
  const profile = machine === null ? null : profileSignal(machine.profile).value;
  const choose = (next: string): void => {
    setNew(next === NEW);
    setAnswer(null);
    if (next !== NEW) go(`/entry?machine=${encodeURIComponent(next)}`, true);
  };
  const title = machine?.title ?? id ?? "";
  const told = (said: Answer): void => {
    setAnswer(said);
    announce(answerWords(said, title), said.kind === "refused");
  };
  return (
    <Page
      where="Manual entry" crumb={title} finding={id === null ? "Enter a reading" : `Enter a reading of ${title}`}
      text="It is checked, kept and judged like every other reading."
      actions={
        <select class="input" aria-label="Machine" value={isNew || id === null ? NEW : id} onChange={(event) => choose(event.currentTarget.value)}>
          {real.map((one) => <option key={one.id} value={one.id}>{one.title}</option>)}
          <option value={NEW}>New machine…</option>
        </select>
      }
    >
      <div class="entry">
        {isNew || id === null ? <NewMachine onMade={choose} />
          : machine !== null && profile !== null ? <EntryForm key={id} id={id} title={title} profile={profile} onAnswer={told} />
          : <section class="panel"><Blank title="Loading…" /></section>}
        <AnswerPanel answer={answer} title={title} id={id ?? ""} />
      </div>
    </Page>
  );
}
