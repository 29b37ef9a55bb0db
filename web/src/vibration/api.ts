// Shapes and client of the routes about waveforms: measuring points, what was measured, what it says.
import { at, get, send, upload, type Upload } from "../api";

export type Part = "outer_race" | "inner_race" | "ball" | "cage";
export type Answer = Part | "normal" | "unclear" | "gear" | "not_diagnosed";

export interface SpectrumLine {
  part: Part;
  name: string;
  harmonic: number;
  sideband: -1 | 0 | 1;
  expected_hz: number;
  found_hz: number;
  ratio: number; // times the background
  stands_out: boolean;
}

export interface Waveform {
  id: number;
  machine: string;
  point: string;
  time_ns: number;
  reading_time_ns: number | null;
  is_late: boolean;
  samples: number;
  seconds: number;
  rate_hz: number;
  unit: string;
  shaft_rpm: number | null;
  answer: Answer;
  sentence: string;
  warnings: string[];
  statistics: { rms: number; peak: number; crest: number; kurtosis: number; velocity_rms_mm_s: number | null };
  bearing: {
    answer: string;
    shares: Record<Part, number>;
    evidence: Record<Part, number>; // 1 is enough to name a part
    knocking: number; // 1: it knocks
    lines: SpectrumLine[];
  } | null;
  gear: { mesh_hz: number; sideband_ratio: number; score: number | null; learnt_from: number | null; note: string } | null;
}

/** Over its background: 1 is nothing. */
export interface Spectrum {
  step_hz: number;
  hz: number[];
  ratio: number[];
}
export type WholeWaveform = Waveform & { spectrum: Spectrum | null };

export interface Point {
  name: string;
  title: string;
  rate_hz: number | null;
  unit: string;
  shaft_rpm: number | string | null;
  has_bearing: boolean;
  has_gear: boolean;
  columns: Record<string, string>;
  gear: { state: "learning" | "ready"; waveforms: number; needed: number; model: number | null; version: number | null; problem: string | null } | null;
  newest: Waveform | null;
}

export const points = (machine: string) => get<{ points: Point[] }>(`${at(machine)}/points`).then((a) => a.points);
export const waveforms = (machine: string) => get<{ waveforms: Waveform[] }>(`${at(machine)}/waveforms`).then((a) => a.waveforms);
export const waveform = (machine: string, id: number) => get<WholeWaveform>(`${at(machine)}/waveforms/${id}`);
export const removeWaveform = (machine: string, id: number) => send<unknown>("DELETE", `${at(machine)}/waveforms/${id}`);
export const learnNormal = (machine: string, point: string) => send<Point>("POST", `${at(machine)}/points/${encodeURIComponent(point)}/learn-normal`, {});
export const postWaveform = (machine: string, file: File, asked: Record<string, string>, onSent: (bytes: number) => void): Upload<Waveform> =>
  upload<Waveform>(`${at(machine)}/waveforms`, file, asked, onSent);
