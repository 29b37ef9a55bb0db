// Typed client of the routes about models.
import { at, get, send, upload, url, type Upload } from "../api";
import type { Binding, Catalogue, Drift, Evidence, Kinds, Lives, MachineModels, ModelChange, ModelVersion, ProfileLives, Training, TrainingWish } from "./types";

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

export const drift = (id: string, name: string) => get<Drift>(`${at(id)}/models/${encodeURIComponent(name)}/drift`);
export const lives = (id: string) => get<Lives>(`${at(id)}/lives`);
export const profileLives = (profile: string) => get<ProfileLives>(`/profiles/${encodeURIComponent(profile)}/lives`);
export const faults = (profile: string) => get<Catalogue>(`/profiles/${encodeURIComponent(profile)}/faults`);

/** Whose a model is: one machine's own, or any machine's of a profile. */
export type Owner = { machine: string } | { profile: string } | Record<string, never>;
export const importModel = (file: File, owner: Owner, binding: Binding | null, onSent: (bytes: number) => void): Upload<ModelVersion> =>
  upload<ModelVersion>("/models", file, { filename: file.name, ...owner, binding: binding && JSON.stringify(binding) }, onSent);

export const detectors = () => get<Kinds>("/detectors");
export const startTraining = (id: string, wish: TrainingWish) => send<Training>("POST", `${at(id)}/trainings`, wish);
export const trainings = (machine: string) =>
  get<{ trainings: Training[] }>("/trainings", { machine }).then((a) => a.trainings);
export const training = (id: string) => get<Training>(`/trainings/${encodeURIComponent(id)}`);
export const stopTraining = (id: string) => send<Training>("DELETE", `/trainings/${encodeURIComponent(id)}`);
