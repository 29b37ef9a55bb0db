// The shapes of docs/reference/api.md, as TypeScript. A missing value is null; `*_ns` is UTC
// nanoseconds, which a number holds to about 0.25 microseconds.

export type MachineState =
  "critical" | "warn" | "failed" | "stale" | "learning" | "no_model" | "ok" | "recorded" | "no_data";
export type ValueState = "ok" | "warn" | "critical" | "stale" | "recorded" | "no_data";
export type Freshness = "live" | "stale" | "recorded" | "no_data";
export type EventLevel = "info" | "warn" | "critical";

/** One input's part in what a model found; `bound` is where it alone would end it. */
export interface Cause {
  name: string;
  share: number;
  value: number | null;
  expected: number | null;
  bound: number | null;
}

export interface MachineEvent {
  key: string;
  machine: string;
  kind: "limit" | "stale" | "note";
  level: EventLevel;
  name: string;
  rule: string;
  start_ns: number;
  end_ns: number | null;
  value: number | null;
  limit: number | null;
  message: string;
  advice: string | null;
  causes?: Cause[];
}

export interface Value {
  value: number | null;
  age_s: number | null;
  state: ValueState;
  filled: boolean;
}

export interface Machine {
  id: string;
  title: string;
  profile: string;
  profile_title: string;
  place: string | null;
  simulated: boolean;
  inferred: boolean;
  state: MachineState;
  freshness: Freshness;
  headline: string | null;
  last_time_ns: number | null;
  last_arrival_ns: number | null;
  age_s: number | null;
  rate_hz: number | null;
  rows: number;
  rejected: number;
  late: number;
  values: Record<string, Value>;
  /** What its models give, beside its profile's channels and metrics. */
  outputs?: Record<string, SignalSpec>;
  open_events: MachineEvent[];
  source: string | null;
}

export interface Limits {
  warn_below?: number | null;
  warn_above?: number | null;
  critical_below?: number | null;
  critical_above?: number | null;
  hysteresis?: number;
  hold_s?: number;
  advice?: string | null;
  source?: string | null;
}

/** A channel or a metric of a profile; `range` is absent on a metric. */
export interface SignalSpec {
  title: string;
  unit: string;
  unit_symbol?: string;
  range?: [number, number] | null;
  scale?: [number, number] | null;
  normal?: [number, number] | null;
  decimals: number;
  limits?: Limits | null;
  codes?: Record<string, number>;
  function?: string;
  inputs?: string[];
  source?: string | null;
}

export interface Profile {
  id: string;
  title: string;
  description: string;
  channels: Record<string, SignalSpec>;
  metrics: Record<string, SignalSpec>;
  /** Of one machine; see outputs.ts. */
  outputs?: Record<string, SignalSpec>;
  cards: string[];
  charts: string[];
  rate_hz: number;
  stale_after_s: number;
  inferred: boolean;
  /** Where waveforms are measured. */
  points?: Record<string, unknown>;
}

export interface ProfileSummary {
  id: string;
  title: string;
  description: string;
  inferred: boolean;
  channels: number;
  machines: string[];
}

export interface Reason {
  row: number | null;
  field: string | null;
  value: unknown;
  expected: string | null;
  message: string;
}

export interface Accepted {
  machine: string;
  profile: string;
  registered: boolean;
  accepted: number;
  rejected: number;
  rejected_values: number;
  late: number;
  first_time_ns: number | null;
  last_time_ns: number | null;
  unknown: Record<string, string>;
  reasons: Reason[];
}

export interface Telemetry {
  machine: string;
  time_ns: number[];
  columns: Record<string, (number | null)[]>;
  units: Record<string, string>;
  decimated: boolean;
  filled?: Record<string, boolean[]>;
}

export interface Session {
  id: string;
  machine: string;
  title: string | null;
  start_ns: number;
  end_ns: number | null;
  rows: number;
}

export interface Replay {
  id: string;
  state: string;
  paused: boolean;
  speed: number;
  position_s: number;
  duration_s: number | null;
  loop: boolean;
  title: string;
  machine: string;
  played_as: string;
  rows: number;
  detail: string;
}

export interface ImportColumn {
  source: string;
  name: string | null;
  unit: string | null;
  guess: boolean;
  first: unknown[];
  kept: boolean;
  why: string | null;
}

export interface ImportPreview {
  format: string;
  machine: string | null;
  machines: string[];
  profile: string | null;
  profile_fit: number | null;
  time: { column: string | null; unit: string | null; first_ns: number | null; guess: boolean };
  columns: ImportColumn[];
  delimiter: string | null;
  decimal: string | null;
  warnings: string[];
}

export interface ImportJob {
  id: string;
  filename: string;
  state: "running" | "done" | "failed" | "stopped";
  bytes: number;
  bytes_total: number | null;
  rows: number;
  rejected: number;
  rate_rows_s: number | null;
  eta_s: number | null;
  machines: string[];
  first_time_ns: number | null;
  last_time_ns: number | null;
  warnings: string[];
  reasons: Reason[];
  detail: string | null;
}

export interface SourceStatus {
  name: string;
  simulated: boolean;
  state: string;
  rows: number;
  rejected: number;
  dropped: number;
  rate_hz: number | null;
  last_time_ns: number | null;
  detail: string | null;
  reasons: Reason[];
  /** What only this kind of source can tell: text, numbers, and lists or groups of them. */
  details?: Record<string, unknown>;
}

export interface SimulatorFault {
  name: string;
  title: string;
  description: string;
  on: boolean;
  severity: number;
}

export interface Simulator {
  scenario: string | null;
  scenarios: string[];
  faults: SimulatorFault[];
}

/** Problem details (RFC 9457) plus what the error knows. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance?: string;
  reasons?: Reason[];
  allowed?: string[];
  nearest?: string;
}

/** GET /status. `rows_today` counts since `today_since_ns`: midnight UTC, or the start if later. */
export interface Status {
  version: string;
  started_ns: number;
  now_ns: number;
  rows: number;
  rows_today: number;
  today_since_ns: number;
  rate_hz: number;
  rejected: number;
  machines: number;
  viewers: { now: number; dropped_frames: number; missed_events: number };
  store: StoreStatus;
}

export interface StoreStatus {
  rows: number;
  size_bytes: number;
  free_bytes: number;
  bytes_per_day: number | null;
  full_in_days: number | null;
  queue_rows: number;
  queue_limit_rows: number;
  commits: number;
  failed_commits: number;
  problem: string | null;
}
