// What people said of a machine's time, the newest first; each can be taken back.
import { useState } from "preact/hooks";
import * as api from "../api";
import { Blank } from "../blank";
import { rangeWords } from "../charts/ticks";
import { dateTime, msOf } from "../format";
import { type Label, labelWords, refreshLabels, useLabels } from "../labels";
import { Lamp } from "../lamp";
import { historyPath } from "../router";
import { announce } from "../toast";

const LITS = { normal: "ok", fault: "warn", failure: "crit" } as const;
const AROUND_S = 600; // shown on either side of a failure

export function LabelsPanel({ machine }: { machine: string }) {
  const known = useLabels(machine);
  const [problem, setProblem] = useState<string | null>(null);
  const remove = (label: Label): void => {
    setProblem(null);
    api.send("DELETE", `/labels/${label.id}`).then(
      () => {
        announce("The label is removed.");
        return refreshLabels(machine);
      },
      (error: unknown) => setProblem(error instanceof Error ? error.message : String(error)),
    );
  };
  const labels = known?.labels ?? [];
  return (
    <section class="panel labels" id="labels">
      <header><h2>Labels</h2>{labels.length > 0 && <span class="push small muted">{labels.length}</span>}</header>
      {problem && <p class="note crit">{problem}</p>}
      {known !== null && labels.length === 0 && <Blank title="Nothing is named yet">Zoom a chart to a stretch, or open an event, and say what it was: “This was normal”, “This was a fault”, “It failed here”. Models learn from it.</Blank>}
      <ul>
        {labels.map((label) => (
          <li key={label.id}>
            <Lamp lit={LITS[label.kind]} label="" />
            <span class="strong">{labelWords(label, known!.faults)}</span>
            <button class="btn quiet" aria-label={`Remove: ${labelWords(label, known!.faults)}, ${timeWords(label)}`} onClick={() => remove(label)}>Remove</button>
            <a class="small muted" href={historyOf(label)}>{timeWords(label)}</a>
            {label.note && <span class="small soft">{label.note}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

const timeWords = ({ kind, start_ns, end_ns }: Label): string => (kind === "failure" ? dateTime(msOf(start_ns)) : rangeWords(start_ns / 1e9, end_ns / 1e9));

function historyOf({ machine, start_ns, end_ns }: Label): string {
  const margin_s = start_ns === end_ns ? AROUND_S : 0.25 * (end_ns - start_ns) / 1e9;
  const iso = (at_s: number): string => new Date(at_s * 1000).toISOString();
  return `${historyPath(machine)}?from=${iso(start_ns / 1e9 - margin_s)}&to=${iso(end_ns / 1e9 + margin_s)}`;
}
