// Numbers, ages and times as people read them: three figures are enough, a true minus, 24 h clock.

const locale = typeof navigator === "undefined" ? "en" : navigator.language;
const formats = new Map<number, Intl.NumberFormat>();
export const THIN = "\u2009"; // between a figure and its unit
const MINUS = "\u2212";

function fixed(decimals: number): Intl.NumberFormat {
  let format = formats.get(decimals);
  if (format === undefined) {
    format = new Intl.NumberFormat(locale, {
      minimumFractionDigits: decimals, maximumFractionDigits: decimals,
    });
    formats.set(decimals, format);
  }
  return format;
}

/** A number with exactly this many decimals, thousands by locale, U+2212 as minus. */
export function number(value: number, decimals = 0): string {
  const text = fixed(decimals).format(value);
  // -0.0 is 0.0 to a reader.
  return /[1-9]/.test(text) ? text.replace(/^[-\u2010]/, MINUS) : text.replace(/^[-\u2010]/, "");
}

/** Ends of scales and limits: as few decimals as say the same. */
export function brief(value: number, decimals = 2): string {
  const rounded = Number(value.toFixed(decimals)) || 0; // -0 is 0 to a reader
  const text = new Intl.NumberFormat(locale, { maximumFractionDigits: decimals }).format(rounded);
  return text.replace(/^[-\u2010]/, MINUS);
}

export const interval = (low: number, high: number, decimals = 2): string =>
  `${brief(low, decimals)}${low < 0 || high < 0 ? " to " : "–"}${brief(high, decimals)}`;

const STEPS: [number, string][] = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];

/** A count in three figures with its thousands letter apart: ["4.82", "M"]. */
export function count(value: number): [string, string] {
  const step = value < 10_000 ? undefined : STEPS.find(([size]) => value >= size);
  if (step === undefined) return [number(Math.round(value)), ""];
  const scaled = value / step[0];
  return [number(scaled, scaled < 10 ? 2 : scaled < 100 ? 1 : 0), step[1]];
}
export const countText = (value: number): string => count(value).filter(Boolean).join(THIN);

/** "0.4 s", "48 s", "2 min", "4 h 37 min", "3 days". */
export function age(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 0.005) return `<${number(0.01, 2)} s`;
  if (s < 0.1) return `${number(s, 2)} s`;
  if (s < 9.95) return `${number(s, 1)} s`;
  if (s < 59.5) return `${Math.round(s)} s`;
  if (s < 3570) return `${Math.round(s / 60)} min`;
  const minutes = Math.round(s / 60);
  if (minutes < 1440) {
    return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
  }
  const days = Math.round(s / 86_400);
  return days === 1 ? "1 day" : `${number(days)} days`;
}

const pad = (value: number): string => String(value).padStart(2, "0");
export const msOf = (ns: number): number => ns / 1e6;

/** 14:32:15 in the viewer's zone. */
export function clock(ms: number, seconds = true): string {
  const at = new Date(ms);
  const text = `${pad(at.getHours())}:${pad(at.getMinutes())}`;
  return seconds ? `${text}:${pad(at.getSeconds())}` : text;
}

const dayFormat = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
const yearFormat = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" });

/** The shortest that is not ambiguous: 14:18 today, 3 Nov otherwise, with the year when it is another. */
export function when(ms: number, nowMs: number): string {
  const at = new Date(ms);
  const now = new Date(nowMs);
  if (at.toDateString() === now.toDateString()) return clock(ms, false);
  return (at.getFullYear() === now.getFullYear() ? dayFormat : yearFormat).format(at);
}
export const dateTime = (ms: number): string => `${yearFormat.format(new Date(ms))}, ${clock(ms)}`;

/** UTC+1, UTC−3:30. */
export function zone(at = new Date()): string {
  const minutes = -at.getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const size = Math.abs(minutes);
  const rest = size % 60 ? `:${pad(size % 60)}` : "";
  return `UTC${minutes < 0 ? MINUS : "+"}${Math.floor(size / 60)}${rest}`;
}

/** "10 Hz", "0.3 Hz", "23.6 Hz". */
export const rate = (hz: number): string =>
  `${brief(hz, hz >= 100 ? 0 : hz >= 1 ? 1 : 2)} Hz`;

const UNITS_BYTES: [number, string][] = [[1e12, "TB"], [1e9, "GB"], [1e6, "MB"], [1e3, "kB"]];
export function bytes(size: number): string {
  const step = UNITS_BYTES.find(([limit]) => size >= limit);
  return step === undefined ? `${size} B` : `${brief(size / step[0], size / step[0] < 10 ? 1 : 0)} ${step[1]}`;
}

/** Keeps each figure on one line with its unit: no line begins with "s" or "mm/s". */
export const tied = (text: string): string => text.replace(/(\d) (?=[^\s\d]{1,5}(?:[\s.,;]|$))/g, "$1\u00a0");

const CUTS: [RegExp, string][] = [
  [/temperature/i, "temp."], [/velocity/i, "vel."], [/acceleration/i, "accel."], [/horizontal/i, "horiz."], [/vertical/i, "vert."], [/ \(rms\)$/, ""],
];

/** A title for narrow places: the longest words of its trade cut as people write them. */
export const short = (title: string): string =>
  capital(CUTS.reduce((text, [word, cut]) => text.replace(word, cut), title));

/** "one", "two" ... to twelve; figures above. Sentences only. */
export function inWords(value: number): string {
  const words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
  return words[value] ?? number(value);
}
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
