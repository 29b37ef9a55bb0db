// One file on its way in: read, looked at, sent, followed until it is done or stopped.

import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "../api";
import { number } from "../format";
import { announce } from "../toast";
import type { ImportJob, ImportPreview } from "../types";

const POLL_MS = 500;
const POLL_TRIES = 20; // ten seconds of silence, then it is said

export type Stage =
  | { at: "reading" }
  | { at: "preview"; preview: ImportPreview; problem: string | null }
  | { at: "sending"; sent_bytes: number; started_ms: number }
  | { at: "running"; job: ImportJob }
  | { at: "ended"; job: ImportJob }
  | { at: "refused"; problem: string }
  | { at: "given_up" };

export interface FileImport {
  stage: Stage;
  start(asked: api.ImportQuery): void;
  stop(): void;
  read(asked?: api.ImportQuery): void;
}

/** What a screen reader hears of a file: when it waits for an answer, and how it ended. */
function stageWords(name: string, stage: Stage): string | null {
  if (stage.at === "refused") return `${name} was refused. ${stage.problem}`;
  if (stage.at === "preview") return stage.problem ?? `${name} is read: look how, then import it.`;
  if (stage.at !== "ended") return null;
  const { rows, rejected, state } = stage.job;
  return `Import of ${name} ${state}: ${number(rows)} rows kept${rejected > 0 ? `, ${number(rejected)} rejected` : ""}.`;
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export function useFileImport(file: File): FileImport {
  const [stage, setStage] = useState<Stage>({ at: "reading" });
  const abort = useRef<(() => void) | null>(null);
  const jobId = stage.at === "running" ? stage.job.id : null;
  const preview = useRef<ImportPreview | null>(null);

  const read = (asked: api.ImportQuery = {}): void => {
    if (!preview.current) setStage({ at: "reading" }); // else the last reading stays until the new one
    readHead(file, asked).then(
      (found) => {
        preview.current = found;
        setStage({ at: "preview", preview: found, problem: null });
      },
      (error: unknown) => setStage(preview.current
        ? { at: "preview", preview: preview.current, problem: words(error) }
        : { at: "refused", problem: words(error) }),
    );
  };
  useEffect(() => read(), [file]);
  useEffect(() => {
    const said = stageWords(file.name, stage);
    if (said !== null) announce(said, stage.at === "refused");
  }, [stage.at, stage.at === "preview" && stage.problem]);
  useEffect(() => () => abort.current?.(), []);
  useFollowed(jobId, setStage);

  const start = (asked: api.ImportQuery): void => {
    const started_ms = Date.now();
    setStage({ at: "sending", sent_bytes: 0, started_ms });
    const upload = api.startImport(file, asked, (sent_bytes) => setStage({ at: "sending", sent_bytes, started_ms }));
    abort.current = upload.abort;
    upload.job.then(
      (job) => {
        abort.current = null;
        setStage({ at: job.state === "running" ? "running" : "ended", job });
      },
      (error: unknown) => {
        abort.current = null;
        if (error instanceof DOMException) setStage({ at: "given_up" });
        else if (preview.current) setStage({ at: "preview", preview: preview.current, problem: words(error) });
        else setStage({ at: "refused", problem: words(error) });
      },
    );
  };
  const stop = (): void => {
    if (jobId === null) abort.current?.();
    else api.stopImport(jobId).catch(() => undefined); // the next poll says how it ended
  };
  return { stage, start, stop, read };
}

const readHead = (file: File, { machine, start, time_column }: api.ImportQuery): Promise<ImportPreview> =>
  api.request<ImportPreview>("POST", api.url("/imports/preview", { filename: file.name, modified: file.lastModified, machine, start, time_column }), {
    body: file.slice(0, api.PREVIEW_BYTES),
  });

/** Ask how it goes until it is over. */
function useFollowed(id: string | null, setStage: (stage: Stage) => void): void {
  useEffect(() => {
    if (id === null) return;
    let timer = 0;
    let failures = 0;
    let isWanted = true;
    const ask = async (): Promise<void> => {
      try {
        const job = await api.importJob(id);
        failures = 0;
        if (isWanted) setStage({ at: job.state === "running" ? "running" : "ended", job });
        if (job.state !== "running") return;
      } catch (error) {
        failures += 1;
        if (failures > POLL_TRIES && isWanted) {
          setStage({ at: "refused", problem: `${words(error)} What was kept stays; open Sources to see whether the import goes on.` });
          return;
        }
      }
      if (isWanted) timer = window.setTimeout(() => void ask(), POLL_MS);
    };
    timer = window.setTimeout(() => void ask(), POLL_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [id]);
}
