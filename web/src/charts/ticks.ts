// Where the ticks stand and what they say. Times are in the viewer's zone, 24 hours.

const SECOND = 1;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** Steps a reader can count in, seconds; uPlot picks the first that leaves room. */
export const TIME_STEPS_S = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5,
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 4, 7, 14, 28, 91, 182, 365, 730, 1825].map((n) => n * DAY),
];

const two = (n: number): string => String(n).padStart(2, "0");
const named = (options: Intl.DateTimeFormatOptions): ((d: Date) => string) => {
  const format = new Intl.DateTimeFormat(navigator.language, options);
  return (d) => format.format(d);
};
const day = named({ day: "numeric", month: "short" });
const weekday = named({ weekday: "short" });
const month = named({ month: "short", year: "numeric" });

const clock = (d: Date): string => `${two(d.getHours())}:${two(d.getMinutes())}`;
const clockSeconds = (d: Date): string => `${clock(d)}:${two(d.getSeconds())}`;

/** Label ticks `step_s` apart. The first one, and each that starts a new day, says the day. */
export function timeLabels(ticks_s: readonly (number | null)[], step_s: number): string[] {
  let shown = "";
  return ticks_s.map((t) => {
    if (t === null) return ""; // filtered out: no room for its label
    const d = new Date(t * 1000);
    const label = tickLabel(d, step_s, shown);
    shown = dayOf(d);
    return label;
  });
}

const dayOf = (d: Date): string => d.toDateString();

function tickLabel(d: Date, step_s: number, shownDay: string): string {
  if (step_s >= 365 * DAY) return String(d.getFullYear());
  if (step_s >= 28 * DAY) return month(d);
  if (step_s >= 2 * DAY) return day(d);
  if (step_s >= DAY) return `${weekday(d)} ${d.getDate()}`;
  if (shownDay !== "" && dayOf(d) !== shownDay) return `${weekday(d)} ${d.getDate()}`;
  if (step_s >= MINUTE) return clock(d);
  if (step_s >= SECOND) return clockSeconds(d);
  return `${two(d.getSeconds())}.${String(d.getMilliseconds()).padStart(3, "0")}`;
}

/** An instant as said in a caption: the day only when the range spans more than one. */
export function instant(at_s: number, span_s: number): string {
  const d = new Date(at_s * 1000);
  if (span_s < 60) return `${clockSeconds(d)}.${String(d.getMilliseconds()).padStart(3, "0")}`;
  if (span_s <= 2 * HOUR) return clockSeconds(d);
  if (span_s <= DAY) return clock(d);
  if (span_s <= 14 * DAY) return `${weekday(d)} ${d.getDate()}, ${clock(d)}`;
  return `${day(d)}, ${clock(d)}`;
}

/** When an event began, short enough to stand beside its line. */
export const markTime = (at_s: number, span_s: number): string => (span_s > 1.5 * DAY ? day : clock)(new Date(at_s * 1000));

/** An instant in a table row, as fine as the rows are apart. */
export function instantFor(at_s: number, span_s: number, step_s: number): string {
  const d = new Date(at_s * 1000);
  const time = step_s >= MINUTE ? clock(d) : clockSeconds(d);
  const fine = step_s < 1 && span_s < HOUR ? `${time}.${String(d.getMilliseconds()).padStart(3, "0")}` : time;
  return step_s >= DAY ? `${weekday(d)} ${day(d)} ${d.getFullYear()}` : span_s > DAY / 2 ? `${weekday(d)} ${day(d)}, ${fine}` : fine;
}

/** How a range is said in a title: "14 to 21 November", "21 Nov, 13:32 to 14:32". */
export function rangeWords(from_s: number, to_s: number): string {
  const a = new Date(from_s * 1000);
  const b = new Date(to_s * 1000);
  const year = (d: Date): string => (d.getFullYear() === new Date().getFullYear() ? "" : ` ${d.getFullYear()}`);
  const fine = to_s - from_s < 10 * MINUTE ? clockSeconds : clock;
  if (dayOf(a) === dayOf(b)) return `${day(a)}${year(a)}, ${fine(a)} to ${fine(b)}`;
  if (to_s - from_s < 2 * DAY) return `${day(a)}${year(a)}, ${clock(a)} to ${day(b)}, ${clock(b)}`;
  return `${day(a)}${a.getFullYear() === b.getFullYear() ? "" : ` ${a.getFullYear()}`} to ${day(b)}${year(b)}`;
}

/** The largest of 1, 2, 2.5, 5 times a power of ten that is not above `rough`. */
export function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const lead = rough / power;
  return (lead >= 5 ? 5 : lead >= 2.5 ? 2.5 : lead >= 2 ? 2 : 1) * power;
}

/** Label values on the vertical axis in at most five figures. */
export function valueLabels(ticks: readonly number[]): string[] {
  const step = Math.abs((ticks[1] ?? 1) - (ticks[0] ?? 0)) || 1;
  const top = Math.max(...ticks.map(Math.abs));
  const [unit, sign] = top >= 1e7 ? [1e6, "M"] : top >= 1e5 ? [1e3, "k"] : [1, ""];
  const decimals = Math.max(0, Math.min(6, -Math.floor(Math.log10(step / unit) + 1e-9)));
  const digits = step / unit / 10 ** -decimals;
  const fine = Math.abs(digits - Math.round(digits)) > 1e-6 ? decimals + 1 : decimals; // 2.5 needs one more
  return ticks.map((v) => (v / unit).toFixed(fine).replace("-", "\u2212") + sign);
}
