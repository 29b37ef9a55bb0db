// Typed client of /api/v1. Every failure is an ApiError whose message can be shown as it is.
import type {
  Accepted, ImportJob, ImportPreview, Machine, MachineEvent, Problem, Profile, ProfileSummary,
  Replay, Session, Simulator, SourceStatus, Status, Telemetry,
} from "./types";

export const API = "/api/v1";
export const PREVIEW_BYTES = 1_048_576; // the server reads no more than this for a preview

/** What the server said, or that it did not answer (status 0). */
export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
    this.name = "ApiError";
  }
  get status(): number {
    return this.problem.status;
  }
}

type Query = Record<string, string | number | boolean | null | undefined>;

export function url(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `${API}${path}${text ? `?${text}` : ""}`;
}

function problemOf(status: number, statusText: string, body: unknown): Problem {
  const given = (typeof body === "object" && body !== null ? body : {}) as Partial<Problem>;
  const title = given.title ?? (statusText || `HTTP ${status}`);
  return { ...given, type: given.type ?? "about:blank", title, status, detail: given.detail ?? title };
}

export const unreachable = (): ApiError =>
  new ApiError({
    type: "about:blank",
    title: "The server does not answer",
    status: 0,
    detail: "The server does not answer. The page tries again by itself.",
  });

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export async function request<T>(method: string, target: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(target, { ...init, method });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw unreachable();
  }
  const body = parsed(await response.text());
  if (!response.ok) throw new ApiError(problemOf(response.status, response.statusText, body));
  return body as T;
}

export const get = <T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> =>
  request<T>("GET", url(path, query), signal ? { signal } : {});

export const send = <T>(method: string, path: string, body?: unknown): Promise<T> =>
  request<T>(method, url(path), body === undefined ? {} : {
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

export const at = (id: string): string => `/machines/${encodeURIComponent(id)}`;

export const machines = () => get<{ machines: Machine[] }>("/machines").then((a) => a.machines);
export const machine = (id: string) => get<Machine>(at(id));
export const changeMachine = (id: string, change: { title?: string; place?: string; profile?: string }) =>
  send<Machine>("PATCH", at(id), change);
export const registerMachine = (id: string, as: { profile: string; title?: string; place?: string }) =>
  send<Machine>("PUT", at(id), as);
export const postReading = (id: string, reading: Record<string, unknown>) =>
  send<Accepted>("POST", `${at(id)}/telemetry`, reading);

export const profiles = () =>
  get<{ profiles: ProfileSummary[] }>("/profiles").then((a) => a.profiles);
export const profile = (id: string) => get<Profile>(`/profiles/${encodeURIComponent(id)}`);

export interface TelemetryQuery {
  fromMs?: number;
  toMs?: number;
  channels?: string[];
  points?: number;
  fill?: boolean;
}

// Whole milliseconds, so that the server reads them as such and not as seconds.
const span = (fromMs?: number, toMs?: number) => ({
  from: fromMs === undefined ? undefined : Math.round(fromMs),
  to: toMs === undefined ? undefined : Math.round(toMs),
});

export const telemetry = (id: string, asked: TelemetryQuery = {}, signal?: AbortSignal) =>
  get<Telemetry>(`${at(id)}/telemetry`, {
    ...span(asked.fromMs, asked.toMs),
    channels: asked.channels?.join(","),
    points: asked.points,
    fill: asked.fill,
  }, signal);

export const exportUrl = (
  id: string,
  format: "csv" | "json" | "ndjson" | "parquet",
  asked: Pick<TelemetryQuery, "fromMs" | "toMs" | "channels"> = {},
): string =>
  url("/exports", {
    machine: id, ...span(asked.fromMs, asked.toMs), channels: asked.channels?.join(","), format,
  });

export interface EventQuery {
  machine?: string;
  fromMs?: number;
  toMs?: number;
  open?: boolean;
  limit?: number;
}
export const events = (asked: EventQuery = {}) =>
  get<{ events: MachineEvent[] }>("/events", {
    machine: asked.machine, ...span(asked.fromMs, asked.toMs), open: asked.open, limit: asked.limit,
  }).then((a) => a.events);

export const sessions = (machineId?: string) =>
  get<{ sessions: Session[] }>("/sessions", { machine: machineId }).then((a) => a.sessions);
export const renameSession = (id: string, title: string) =>
  send<Session>("PATCH", `/sessions/${encodeURIComponent(id)}`, { title });

export const replays = () => get<{ replays: Replay[] }>("/replays").then((a) => a.replays);
export const startReplay = (what: Record<string, unknown>) => send<Replay>("POST", "/replays", what);
export const changeReplay = (id: string, change: { paused?: boolean; speed?: number; position_s?: number }) =>
  send<Replay>("PATCH", `/replays/${encodeURIComponent(id)}`, change);
export const stopReplay = (id: string) => send<unknown>("DELETE", `/replays/${encodeURIComponent(id)}`);

export const previewImport = (file: File) =>
  request<ImportPreview>("POST", url("/imports/preview", { filename: file.name }), {
    body: file.slice(0, PREVIEW_BYTES),
  });

export interface ImportQuery {
  machine?: string;
  profile?: string;
  start?: string;
  time_column?: string;
}

export interface Upload<T> {
  job: Promise<T>;
  abort: () => void;
}

/** Send a whole file. XMLHttpRequest, because fetch does not tell how much has been sent. */
export function upload<T>(path: string, file: File, asked: Query, onSent?: (bytes: number) => void): Upload<T> {
  const xhr = new XMLHttpRequest();
  const job = new Promise<T>((resolve, reject) => {
    xhr.open("POST", url(path, asked));
    xhr.upload.onprogress = (sent) => onSent?.(sent.loaded);
    xhr.onerror = () => reject(unreachable());
    xhr.onabort = () => reject(new DOMException("stopped", "AbortError"));
    xhr.onload = () => {
      const body = parsed(xhr.responseText);
      if (xhr.status < 300) resolve(body as T);
      else reject(new ApiError(problemOf(xhr.status, xhr.statusText, body)));
    };
    xhr.send(file);
  });
  return { job, abort: () => xhr.abort() };
}
export const startImport = (file: File, asked: ImportQuery = {}, onSent?: (bytes: number) => void): Upload<ImportJob> =>
  upload<ImportJob>("/imports", file, { filename: file.name, modified: file.lastModified, ...asked }, onSent);
export const importJob = (id: string) => get<ImportJob>(`/imports/${encodeURIComponent(id)}`);
export const stopImport = (id: string) => send<ImportJob>("DELETE", `/imports/${encodeURIComponent(id)}`);

export const sources = () => get<{ sources: SourceStatus[] }>("/sources").then((a) => a.sources);
export const simulator = (id: string) => get<Simulator>(`${at(id)}/simulator`);
export const changeSimulator = (id: string, change: { scenario?: string; faults?: Record<string, number> }) =>
  send<Simulator>("PATCH", `${at(id)}/simulator`, change);
export const status = () => get<Status>("/status");
