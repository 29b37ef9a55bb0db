// How an import goes and how it ended.

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { age, bytes, countText, number } from "../format";
import { Lamp, type Lit } from "../lamp";
import { historyPath, machinePath } from "../router";
import { briefs } from "../store";
import type { ImportJob, Reason } from "../types";

const REASONS_SHOWN = 5;

interface BarProps {
  name: string;
  size_bytes: number;
  share: number | null;
  facts: readonly string[];
  aside?: string;
  onStop: () => void;
}

function Bar({ name, size_bytes, share, facts, aside, onStop }: BarProps) {
  const percent = share === null ? null : Math.floor(share * 100);
  return (
    <div class="drop running">
      <div class="grow stack">
        <div class="row"><b class="cut">{name}</b><span class="muted nowrap">{bytes(size_bytes)}</span>{percent !== null && <span class="push strong">{percent} %</span>}</div>
        <div class="progress" role="progressbar" aria-label={`Import of ${name}`} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent ?? undefined}>
          <i style={{ width: `${percent ?? 0}%` }} />
        </div>
        <div class="row small muted wrap">{facts.map((fact) => <span key={fact}>{fact}</span>)}{aside && <span class="push">{aside}</span>}</div>
      </div>
      <button class="btn" onClick={onStop}>Stop</button>
    </div>
  );
}

export function Sending({ file, sent_bytes, started_ms, onStop }: { file: File; sent_bytes: number; started_ms: number; onStop: () => void }) {
  const passed_s = (Date.now() - started_ms) / 1000;
  const rate = passed_s > 0.5 ? sent_bytes / passed_s : 0;
  const left = rate > 0 ? [`${bytes(Math.round(rate))} a second`, `${age((file.size - sent_bytes) / rate)} left`] : [];
  return <Bar name={file.name} size_bytes={file.size} share={file.size ? sent_bytes / file.size : null} facts={[`${bytes(sent_bytes)} sent`, ...left]} onStop={onStop} />;
}

export function Running({ job, size_bytes, onStop }: { job: ImportJob; size_bytes: number; onStop: () => void }) {
  const [isStopping, setStopping] = useState(false);
  useEffect(() => setStopping(false), [job.id]);
  const total = job.bytes_total ?? size_bytes;
  const facts = [
    `${countText(job.rows)} rows`,
    ...(job.rate_rows_s ? [`${number(Math.round(job.rate_rows_s))} a second`] : []),
    ...(job.eta_s !== null ? [`${age(job.eta_s)} left`] : []),
    ...(isStopping ? ["stopping"] : []),
  ];
  const stop = (): void => {
    setStopping(true);
    onStop();
  };
  return <Bar name={job.filename} size_bytes={total} share={total ? Math.min(1, job.bytes / total) : null} facts={facts} aside={`${number(job.rejected)} rejected so far`} onStop={stop} />;
}

const ENDS: Record<string, [Lit, string]> = {
  done: ["ok", "Kept"], stopped: ["shelved", "Stopped; what was kept stays"], failed: ["fail", "Failed; what was kept stays"],
};

export function Ended({ job, children }: { job: ImportJob; children: ComponentChildren }) {
  const [lit, word] = ENDS[job.state] ?? ["fail", job.state];
  return (
    <div class="stack ended">
      <div class="row wrap">
        <span class={`state ${lit}`}><Lamp lit={lit} label="" />{word}</span>
        <span><b>{number(job.rows)}</b> {job.rows === 1 ? "row" : "rows"}{job.rejected > 0 && <>, <b>{number(job.rejected)}</b> rejected</>}</span>
        <span class="muted cut">{job.filename}</span>
      </div>
      {job.detail && job.state !== "done" && <p class="soft">{job.detail}</p>}
      <div class="row wrap">{job.rows > 0 && job.machines.map((id) => <Result key={id} id={id} job={job} />)}{children}</div>
      {job.warnings.map((warning) => <p key={warning} class="note warn"><Lamp lit="warn" label="" /><span>{warning}</span></p>)}
      <Reasons reasons={job.reasons} nRejected={job.rejected} />
    </div>
  );
}

function Result({ id, job }: { id: string; job: ImportJob }) {
  const title = briefs.value.find((one) => one.id === id)?.title ?? id;
  const iso = (ns: number): string => new Date(ns / 1e6).toISOString();
  const range = job.first_time_ns !== null && job.last_time_ns !== null && job.last_time_ns > job.first_time_ns
    ? `?from=${iso(job.first_time_ns)}&to=${iso(job.last_time_ns + 1e6)}` : "";
  return (
    <>
      <a class="btn main" href={historyPath(id) + range}>History of {title}</a>
      <a class="btn" href={machinePath(id)}>{title}</a>
    </>
  );
}

/** Why rows were left out, the first few in full. */
export function Reasons({ reasons, nRejected }: { reasons: readonly Reason[]; nRejected: number }) {
  const [isAll, setAll] = useState(false);
  if (reasons.length === 0) return null;
  const shown = isAll ? reasons : reasons.slice(0, REASONS_SHOWN);
  return (
    <div class="reasons">
      <h3>Left out{nRejected > reasons.length ? `, the first ${reasons.length} of ${number(nRejected)}` : ""}</h3>
      <ul>{shown.map((reason, i) => <li key={i} class="small">{reason.message}{reason.expected && !reason.message.includes(reason.expected) && <span class="muted"> Expected {reason.expected}.</span>}</li>)}</ul>
      {reasons.length > shown.length && <button class="btn quiet" onClick={() => setAll(true)}>All {reasons.length}</button>}
    </div>
  );
}
