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
  model: number | null;
  version: number | null;
  report: {
    rows: number;
    seconds: number;
    data: string;
    threshold: Threshold | null;
    compared: Difference | null;
  } | null;
}

export interface TrainingWish {
  from: string;
  to: string;
  kind: string;
  alarms_per_week: number;
  role: "active" | "shadow" | "none";
}

export type ModelChange =
  | { action: "activate" | "shadow"; model: number }
  | { action: "promote" | "roll_back" | "off" | "unshadow" };
