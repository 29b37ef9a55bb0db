// Typed client of the routes about models.
import { at, get, send, url } from "../api";
import type { Evidence, MachineModels, ModelChange, ModelVersion, Training, TrainingWish } from "./types";

export const machineModels = (id: string) => get<MachineModels>(`${at(id)}/models`);
export const changeModel = (id: string, name: string, change: ModelChange) =>
  send<MachineModels>("PATCH", `${at(id)}/models/${encodeURIComponent(name)}`, change);

export const versions = (machine?: string) =>
  get<{ models: ModelVersion[] }>("/models", { machine }).then((a) => a.models);
export const version = (number: number) => get<ModelVersion>(`/models/${number}`);
export const removeVersion = (number: number) => send<unknown>("DELETE", `/models/${number}`);
export const folderUrl = (number: number): string => url(`/models/${number}/folder`);

interface EvidenceQuery {
  output: string;
  fromMs: number;
  toMs: number;
  points: number;
}
export const evidence = (id: string, { output, fromMs, toMs, points }: EvidenceQuery, signal?: AbortSignal) =>
  get<Evidence>(`${at(id)}/evidence`, { output, from: Math.round(fromMs), to: Math.round(toMs), points }, signal);

export const detectors = () => get<{ kinds: string[]; default: string }>("/detectors");
export const startTraining = (id: string, wish: TrainingWish) => send<Training>("POST", `${at(id)}/trainings`, wish);
export const trainings = (machine: string) =>
  get<{ trainings: Training[] }>("/trainings", { machine }).then((a) => a.trainings);
export const training = (id: string) => get<Training>(`/trainings/${encodeURIComponent(id)}`);
export const stopTraining = (id: string) => send<Training>("DELETE", `/trainings/${encodeURIComponent(id)}`);
