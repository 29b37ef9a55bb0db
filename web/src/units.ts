// Display units. The store's units are canonical; here, at the edge, values, scales and limits are
// turned into what the viewer chose. Everything that shows a number of a signal goes through `shown`.
import { units, type Units } from "./settings";
import type { SignalSpec } from "./types";

/** How a signal's values are shown: shown = value * factor + offset. */
export interface Shown {
  symbol: string;
  factor: number;
  offset: number;
  decimals: number;
}

interface Step {
  symbol: string;
  factor: number;
  offset?: number;
  more?: number; // digits more or fewer, so that the shown figure is worth as much as the sensor's
}

// Keys are unit ids of telltale's unit table (src/telltale/units.py).
const TO_IMPERIAL: Record<string, Step> = {
  degC: { symbol: "°F", factor: 1.8, offset: 32 },
  "degC/s": { symbol: "°F/s", factor: 1.8 },
  "degC/min": { symbol: "°F/min", factor: 1.8 },
  bar: { symbol: "psi", factor: 14.503774, more: -1 },
  mbar: { symbol: "psi", factor: 0.014503774, more: 2 },
  Pa: { symbol: "psi", factor: 0.00014503774, more: 4 },
  hPa: { symbol: "psi", factor: 0.014503774, more: 2 },
  kPa: { symbol: "psi", factor: 0.14503774, more: 1 },
  MPa: { symbol: "psi", factor: 145.03774, more: -2 },
  "bar/s": { symbol: "psi/s", factor: 14.503774, more: -1 },
  "bar/krpm": { symbol: "psi/1000 rpm", factor: 14.503774, more: -1 },
  "bar/rpm": { symbol: "psi/rpm", factor: 14.503774, more: -1 },
  "km/h": { symbol: "mph", factor: 0.62137119 },
  "m/s": { symbol: "ft/s", factor: 3.2808399 },
  "mm/s": { symbol: "in/s", factor: 0.03937008, more: 2 },
  "m/s2": { symbol: "ft/s²", factor: 3.2808399 },
  "l/min": { symbol: "gpm", factor: 0.26417205, more: 1 },
  "l/h": { symbol: "gal/h", factor: 0.26417205, more: 1 },
  "m3/h": { symbol: "gpm", factor: 4.4028675 },
  "g/s": { symbol: "lb/min", factor: 0.13227736, more: 1 },
  "kg/h": { symbol: "lb/h", factor: 2.2046226 },
  l: { symbol: "gal", factor: 0.26417205, more: 1 },
  um: { symbol: "mil", factor: 0.03937008, more: 2 },
  mm: { symbol: "in", factor: 0.03937008, more: 2 },
  cm: { symbol: "in", factor: 0.3937008, more: 1 },
  m: { symbol: "ft", factor: 3.2808399 },
  km: { symbol: "mi", factor: 0.62137119 },
  kg: { symbol: "lb", factor: 2.2046226 },
  N: { symbol: "lbf", factor: 0.22480894, more: 1 },
  kN: { symbol: "lbf", factor: 224.80894, more: -2 },
  Nm: { symbol: "lb·ft", factor: 0.73756215 },
  kW: { symbol: "hp", factor: 1.3410221 },
};

const TO_METRIC: Record<string, Step> = {
  degF: { symbol: "°C", factor: 5 / 9, offset: -160 / 9 },
  "degF/s": { symbol: "°C/s", factor: 5 / 9 },
  psi: { symbol: "bar", factor: 0.06894757, more: 1 },
  inHg: { symbol: "bar", factor: 0.03386389, more: 1 },
  "psi/s": { symbol: "bar/s", factor: 0.06894757, more: 1 },
  "psi/rpm": { symbol: "bar/rpm", factor: 0.06894757, more: 1 },
  mph: { symbol: "km/h", factor: 1.609344 },
  "in/s": { symbol: "mm/s", factor: 25.4, more: -1 },
  gpm: { symbol: "L/min", factor: 3.7854118 },
  "lb/min": { symbol: "kg/h", factor: 27.215542, more: -1 },
  mi: { symbol: "km", factor: 1.609344 },
  ft: { symbol: "m", factor: 0.3048 },
  in: { symbol: "mm", factor: 25.4, more: -1 },
  gal: { symbol: "L", factor: 3.7854118 },
  lb: { symbol: "kg", factor: 0.45359237 },
  lbft: { symbol: "N·m", factor: 1.3558179 },
  hp: { symbol: "kW", factor: 0.74569987 },
};

const STEPS: Record<Units, Record<string, Step>> = { metric: TO_METRIC, imperial: TO_IMPERIAL };

/** How to show a signal, in the viewer's units. Reads a signal: components follow the choice. */
export function shown(spec: Pick<SignalSpec, "unit" | "unit_symbol" | "decimals">): Shown {
  const step = STEPS[units.value][spec.unit];
  if (step === undefined) {
    const symbol = spec.unit_symbol ?? spec.unit;
    return { symbol, factor: 1, offset: 0, decimals: spec.decimals };
  }
  const decimals = Math.max(0, Math.min(9, spec.decimals + (step.more ?? 0)));
  return { symbol: step.symbol, factor: step.factor, offset: step.offset ?? 0, decimals };
}

export const toShown = (value: number, as: Shown): number => value * as.factor + as.offset;
export const fromShown = (value: number, as: Shown): number => (value - as.offset) / as.factor;
