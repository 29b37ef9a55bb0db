// Shapes of the routes about models: `/models`, `/machines/{id}/models`, `/evidence`, `/trainings`.
import type { SignalSpec } from "../types";

export type Task = "anomaly" | "fault" | "health" | "remaining_life" | "forecast" | "other";
export type ModelState = "learning" | "ready" | "stale" | "failed";

export interface Threshold {
  value: number;
  method: string;
  alarms_per_week: number | null;
}

/** How two versions differ on the samples that both answered. */
export interface Difference {
  asked: number;
  both: number;
  only_active: number;
  only_shadow: number;
  sum_apart: number;
  most_apart: number;
}

export interface Shadow {
  model: number;
  version: number;
  since_ns: number;
  problem: string | null;
  difference: Difference | null;
}

/** What a forecast is of: `output` says what `channel` will be `horizon_s` after its own time. */
export interface Forecast {
  output: string;
  channel: string;
  horizon_s: number;
}

/** One model that runs on a machine. `model` is 0 for one that telltale brings along. */
export interface MachineModel {
  name: string;
  title: string;
  task: Task;
  state: ModelState;
  reason: string;
  seen: number;
  needed: number;
  model: number;
  version: number;
  origin: string;
  since_ns: number;
  is_simulated: boolean;
  inputs: string[];
  outputs: Record<string, SignalSpec>;
  values: Record<string, number>;
  threshold: Threshold | null;
  failures: number;
  shadow: Shadow | null;
  forecast: Forecast | null;
}

/** How far a machine is from being learnt by itself. */
export interface SelfLearning {
  seen_s: number;
  needed_s: number;
  problem: string;
}

export interface MachineModels {
  models: MachineModel[];
  learning: SelfLearning | null;
  /** Brought along by telltale for the profile, and not running. */
  available?: { name: string; title: string; task: Task; is_simulated: boolean }[];
}

export interface Feature {
  function: string;
  inputs: string[];
  settings: Record<string, unknown>;
}

export interface Card {
  name: string;
  title: string;
  task: Task;
  runtime: string;
  inputs: Record<string, { unit: string }>;
  features: Record<string, Feature>;
  columns: string[];
  window: { samples: number; every_s: number; gap_s: number | null };
  outputs: Record<string, SignalSpec>;
  settings: Record<string, unknown>;
  threshold: Threshold | null;
  normal: Record<string, [number, number]>;
  training: {
    data: string;
    is_simulated: boolean;
    machine: string;
    start_ns: number;
    end_ns: number;
    rows: number;
    sha256: string;
    seconds: number | null;
  };
  quality: { name: string; value: number; protocol: string }[];
  licence: string;
  versions: Record<string, string>;
  files: Record<string, string>;
}

/** One kept version of a model. `machine` is "" for one that may run anywhere. */
export interface ModelVersion {
  number: number;
  machine: string;
  name: string;
  version: number;
  origin: string;
  created_ns: number;
  title: string;
  task: Task;
  is_simulated: boolean;
  licence: string;
  runs_on: { machine: string; role: "active" | "shadow" }[];
  card: Card | null;
}

type Numbers = (number | null)[];

/** m moments, k inputs: which input explains how much of an output. */
export interface Evidence {
  output: string;
  inputs: string[];
  time_ns: number[];
  value: Numbers;
  share: Numbers[];
  input_value: Numbers[];
  expected: Numbers[];
  bound: Numbers[];
}

/** What a version finds of what is named on its machine. */
export interface LabelScore {
  faults: number;
  found: number;
  normal: number;
  false_alarms: number;
}

export interface Training {
  id: string;
  machine: string;
  kind: string;
  name: string;
  start_ns: number;
  end_ns: number;
  state: "waiting" | "running" | "done" | "failed" | "stopped";
  phase: string;
  detail: string;
  /** All that it learns from; start and end are the outermost. */
  stretches?: { start_ns: number; end_ns: number }[];
  origin?: string;
  /** What became of the model. */
  outcome?: "active" | "shadow" | "kept" | "unchanged" | "";
  model: number | null;
  version: number | null;
  report: {
    rows: number;
    seconds: number;
    data: string;
    threshold: Threshold | null;
    compared: Difference | null;
    labels?: { active: LabelScore | null; new: LabelScore; verdict: string; told: string } | null;
  } | null;
}

export interface TrainingWish {
  from?: string;
  to?: string;
  also?: { from: string; to: string }[];
  kind: string;
  settings?: Record<string, unknown>;
  alarms_per_week: number;
  role: "active" | "shadow" | "none";
}

/** A kind of model that can be learnt. `settings` is a JSON schema. */
export interface Kind {
  kind: string;
  title: string;
  use: string;
  learns_from: "normal" | "faults" | "lives";
  has_budget: boolean;
  settings: unknown; // null where it is not installed
}

export interface Kinds {
  default: string;
  trainers: Kind[];
}

export type ModelChange =
  | { action: "activate" | "shadow"; model: number }
  | { action: "activate" | "promote" | "roll_back" | "off" | "unshadow" };

export type DriftVerdict = "as_trained" | "moved" | "drifted" | "unknown";

/** Shift and widening are in spreads of training. */
export interface InputDrift {
  name: string;
  shift: number | null;
  widening: number | null;
  verdict: DriftVerdict;
  sentence: string;
  mean: number | null;
  spread: number | null;
}

export interface Drift {
  name: string;
  version: number;
  verdict: DriftVerdict;
  rows: number;
  start_ns: number;
  end_ns: number;
  inputs: InputDrift[];
}

/** The chance of a failure within so many hours. */
export interface Chance {
  within_h: number;
  chance: number;
}

/** One channel's way to its limit, carried on; without a number the reason says why. */
export interface ChannelLife {
  name: string;
  title: string;
  limit: number | null;
  hours: number | null;
  low_hours: number | null;
  high_hours: number | null;
  reason: string | null;
  chances?: Chance[];
}

export interface Lives {
  machine: string;
  start_ns: number;
  end_ns: number;
  rows: number;
  lives: ChannelLife[];
}

/** How old machines of a profile grew before they failed. */
export interface ProfileLives {
  failures: number;
  running: number;
  reason: string;
  machines: { machine: string; age_h: number; chances: Chance[] }[];
}

export interface FaultCategory {
  title: string;
  symptoms: string[];
  causes: string[];
  advice: string;
  channels: string[];
}

export interface Catalogue {
  source: string;
  categories: Record<string, FaultCategory>;
}

/** How a foreign model is fed, and what it gives. */
export interface Binding {
  name: string;
  title: string;
  task: Task;
  columns: string[];
  outputs: string[];
  samples: number;
  every_s: number;
  warn_above: number | null;
  is_simulated: boolean;
}
