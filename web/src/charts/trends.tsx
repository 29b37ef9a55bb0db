// A stack of charts over one time axis, with one cursor, and the table behind them. The owner holds the
// range: null follows the machine, anything else stands still.

import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import "../charts.css";
import { age, clock } from "../format";
import type { Ring } from "../ring";
import type { MachineEvent } from "../types";
import { ExportMenu } from "./export";
import { followedEnd_s, useAskedWindow, useBeat } from "./follow";
import { listen } from "./gestures";
import { type Handle, useHandle } from "./handle";
import { useLines, withTail } from "./lines";
import { LabelForm, useStretches } from "../labels";
import { later } from "../later";
import { useSeen, useWidth } from "./measure";
import { allSignals, type Band, type ChartModel, chartModel, horizon_s, type Mark, type NamedStretch, type Signal, summary } from "./model";
import { type Palette, usePalette } from "./palette";
import { useTelemetry } from "./query";
import { lastOf, type Range, shifted, span_s } from "./range";
import { EMPTY_LINE, type Line } from "./series";
import { reading, Strip } from "./strip";
import { markTime, rangeWords } from "./ticks";
import type { TableColumn } from "./rows";

const TrendTable = later(() => import("./table").then((it) => it.TrendTable), "part");

export type TrendForm = "chart" | "table" | "both";

export interface TrendsProps {
  machine: string;
  /** One chart each; signals that share a chart share its unit, at most five. */
  groups: readonly (readonly Signal[])[];
  window_s: number; // how much is shown while following
  range: Range | null;
  onRange: (range: Range | null) => void;
  ring: Ring | null;
  staleAfter_s: number;
  events: readonly MachineEvent[];
  titleOf: (name: string) => string;
  /** A second range laid under the first: how much earlier it began. */
  offset_s?: number | null;
  title: ComponentChildren;
  tools?: ComponentChildren;
  form?: TrendForm;
  onForm?: (form: TrendForm) => void;
  isWheelFree?: boolean;
  /** What stands below the charts on the same time axis. */
  foot?: (drawn: Drawn) => ComponentChildren;
  /** Told whenever the shown range rests, so the owner can ask for events or write a title. */
  onShown?: (range: Range) => void;
}

/** What a foot needs to lie under the charts. */
export interface Drawn {
  range: Range; // moves with the machine while following
  asked: Range; // rests between two questions
  cursor_s: number | null;
  setCursor: (at_s: number | null) => void;
  form: TrendForm;
  width_px: number;
  axis_px: number;
}

export function Trends(props: TrendsProps) {
  const { machine, groups, range, window_s, ring, offset_s = null } = props;
  const box = useRef<HTMLDivElement>(null);
  const stack = useRef<HTMLDivElement>(null);
  const width_px = useWidth(stack);
  const isFollowing = range === null;
  const isBeating = useSeen(box) && isFollowing;
  const beat = useBeat(machine, isBeating, window_s);
  const asked = useAskedWindow(machine, ring, window_s, isBeating);
  const palette = usePalette();
  const edge_s = followedEnd_s(machine, ring, window_s);
  const signals = useMemo(() => allSignals(groups.flat()), [groups]);
  const earlier_s = horizon_s(signals);
  const ahead_s = Math.min(earlier_s, window_s);
  const following = useMemo(() => lastOf(edge_s + ahead_s, window_s + ahead_s), [beat, window_s, ahead_s, machine]);
  const handle = useHandle({ set: range, following, onRange: props.onRange });
  const shown = handle.range;

  const names = useMemo(() => signals.map((s) => s.name), [signals]);
  const points = Math.ceil(Math.max(0, width_px - palette.axis_px) / 100) * 100;
  const question = range ?? asked;
  const main = useTelemetry({ machine, names, range: question, points, earlier_s });
  const under = useTelemetry({ machine, names, range: offset_s === null ? null : shifted(question, -offset_s), points });
  const answered = useLines(main.answer, signals);
  const lines = useMemo(
    () => (isFollowing && ring ? withTail(answered, ring, signals) : answered),
    [answered, isFollowing, beat, signals],
  );
  const underLines = useLines(offset_s === null ? null : under.answer, signals);
  const bucket_s = main.answer?.bucket_s ?? 0;
  const models = useMemo(
    () => groups.map((group) => chartModel({
      signals: group,
      lineOf: (name) => lines.get(name) ?? EMPTY_LINE,
      underOf: offset_s === null ? null : (name) => underLines.get(name) ?? EMPTY_LINE,
      offset_s: offset_s ?? 0,
      range: shown,
      staleAfter_s: props.staleAfter_s,
      bucket_s,
      now_s: main.isLoading && !main.answer ? shown.from_s : Math.max(edge_s, isFollowing ? 0 : Math.min(shown.to_s, Date.now() / 1000)),
    })),
    [groups, lines, underLines, offset_s, shown.from_s, shown.to_s, props.staleAfter_s, bucket_s, main.isLoading],
  );
  useEffect(() => props.onShown?.(range ?? asked), [range, asked]);
  const marks = useMarks(props.events, props.titleOf, span_s(shown));
  const stretches = useStretches(machine);
  const [ownForm, setOwnForm] = useState<TrendForm>("chart");
  const form = props.form ?? ownForm;
  const [isLabelling, setLabelling] = useState(false);
  const text = `${rangeWords(shown.from_s, shown.to_s)}. ${models.map(summary).join(" ")} ${countWords(marks.filter((m) => m.at_s >= shown.from_s && m.at_s <= shown.to_s).length)}${namedWords(stretches, shown)}`;

  return (
    <section class="panel trends" ref={box}>
      <header>
        {props.title}
        <span class="push" />
        {props.tools}
        {!isFollowing && ring && <button class="btn quiet" onClick={() => props.onRange(null)}>Back to newest</button>}
        {!isFollowing && <button class="btn quiet" aria-expanded={isLabelling} onClick={() => setLabelling(!isLabelling)}>Label…</button>}
        <FormChoice form={form} onForm={props.onForm ?? setOwnForm} />
        <ExportMenu machine={machine} names={names} range={shown} />
      </header>
      <div class="body">
        {isLabelling && !isFollowing && <LabelForm key={`${shown.from_s} ${shown.to_s}`} machine={machine} range={shown} onDone={() => setLabelling(false)} />}
        <div ref={stack} />
        {main.error && <p class="note">{main.error} {main.answer ? "The picture is the last one that came." : ""}</p>}
        {form !== "table" && (
          <Stack
            models={models} marks={marks} stretches={stretches} palette={palette} width_px={width_px} handle={handle} text={text}
            bucket_s={bucket_s} offset_s={offset_s ?? 0} isWheelFree={props.isWheelFree ?? false} isLoading={main.isLoading && !main.answer}
          />
        )}
        {form !== "table" && <p class="fineprint small muted">{drawnWords(bucket_s)}</p>}
        {props.foot?.({ range: shown, asked: question, cursor_s: handle.cursor_s, setCursor: handle.setCursor, form, width_px, axis_px: palette.axis_px })}
        {form !== "chart" && (
          <TrendTable columns={tableColumns(models)} range={shown} bucket_s={bucket_s}
            underTitle={offset_s === null ? "" : rangeWords(shown.from_s - offset_s, shown.to_s - offset_s)} />
        )}
      </div>
    </section>
  );
}

function tableColumns(models: readonly ChartModel[]): TableColumn[] {
  return models.flatMap((model) => model.lines.flatMap(({ signal, line, under, band, ahead }) => [
    { signal, line, isUnder: false },
    ...bandColumns(signal.band, band),
    ...(signal.ahead && ahead ? [{ signal: signal.ahead.mid, line: ahead.line, isUnder: false }, ...bandColumns(signal.ahead.band, ahead.band)] : []),
    ...(under ? [{ signal, line: under, isUnder: true }] : []),
  ]));
}

const bandColumns = (of: Band<Signal> | null | undefined, band: Band<Line> | null): TableColumn[] =>
  of && band ? [{ signal: of.low, line: band.low, isUnder: false }, { signal: of.high, line: band.high, isUnder: false }] : [];

function useMarks(events: readonly MachineEvent[], titleOf: (name: string) => string, length_s: number): Mark[] {
  return useMemo(() => events.map((event) => ({
    at_s: event.start_ns / 1e9,
    level: event.level,
    label: `${markTime(event.start_ns / 1e9, length_s)} ${markWord(event, titleOf)}`,
  })), [events, length_s > 130_000]);
}

const countWords = (nEvents: number): string => (nEvents === 0 ? "No event." : nEvents === 1 ? "One event." : `${nEvents} events.`);

function namedWords(stretches: readonly NamedStretch[], shown: Range): string {
  const inside = stretches.filter((one) => one.to_s >= shown.from_s && one.from_s <= shown.to_s);
  return inside.length === 0 ? "" : ` Named here: ${inside.map((one) => one.label).join(", ")}.`;
}

const drawnWords = (bucket_s: number): string =>
  bucket_s === 0 ? "Every reading is drawn." : `Drawn as the lowest and highest of every ${age(bucket_s)}. Nothing is smoothed.`;

const LEVEL_WORD: Record<string, string> = { critical: "critical", warn: "warning", info: "note" };

const markWord = (event: MachineEvent, titleOf: (name: string) => string): string =>
  event.kind === "stale" ? "silent" : [event.name && titleOf(event.name), LEVEL_WORD[event.level]].filter(Boolean).join(" ").toLowerCase();

const FORMS: [TrendForm, string][] = [["chart", "Chart"], ["table", "Table"], ["both", "Both"]];

function FormChoice({ form, onForm }: { form: TrendForm; onForm: (form: TrendForm) => void }) {
  return (
    <div class="seg" role="group" aria-label="Chart or table">
      {FORMS.map(([key, title]) => <button key={key} aria-pressed={form === key} onClick={() => onForm(key)}>{title}</button>)}
    </div>
  );
}

interface StackProps {
  models: readonly ChartModel[];
  marks: readonly Mark[];
  stretches: readonly NamedStretch[];
  palette: Palette;
  width_px: number;
  handle: Handle;
  text: string;
  bucket_s: number;
  offset_s: number;
  isWheelFree: boolean;
  isLoading: boolean;
}

/** The charts themselves: where hands and keys act. */
function Stack({ models, marks, stretches, palette, width_px, handle, text, bucket_s, offset_s, isWheelFree, isLoading }: StackProps) {
  const target = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = target.current;
    if (!element) return;
    const axis = () => {
      const plot = element.querySelector(".plot-area")?.getBoundingClientRect();
      return { left_px: plot?.left ?? 0, width_px: plot?.width ?? 1 };
    };
    return listen(element, { ...handle.gestures, axis }, { isFree: isWheelFree });
  }, [isWheelFree]);

  const times_s = models.find((m) => m.lines.some((d) => d.line.time_s.length))?.lines[0]?.line.time_s ?? EMPTY_LINE.time_s;
  const onKeyDown = (event: KeyboardEvent): void => {
    if (handle.onKey(event, times_s)) event.preventDefault();
  };
  const heights = stripHeights(models.length, width_px);
  return (
    <div class={`strips ${isLoading ? "loading" : ""}`} ref={target} onKeyDown={onKeyDown}
      tabIndex={0} role="slider" aria-roledescription="charts with a time cursor" aria-label={text}
      aria-valuemin={handle.range.from_s} aria-valuemax={handle.range.to_s} aria-valuenow={handle.cursor_s ?? handle.range.to_s}
      aria-valuetext={spoken(models, handle.cursor_s, bucket_s)}>
      {models.map((model, k) => (
        <Strip key={model.lines.map((d) => d.signal.name).join()} model={model} marks={marks} stretches={stretches} palette={palette} width_px={width_px}
          height_px={(heights[k] ?? 96) + (k === models.length - 1 ? 17 : 0)} isFirst={k === 0} isLast={k === models.length - 1}
          cursor_s={handle.cursor_s} selection={handle.selection} bucket_s={bucket_s} offset_s={offset_s} />
      ))}
    </div>
  );
}

/** Few charts stand taller; the first a little more, for the events' names. */
function stripHeights(n: number, width_px: number): number[] {
  const usual = n === 1 ? 240 : n === 2 ? 168 : n <= 4 ? 118 : 96;
  const height = width_px < 480 ? Math.min(usual, 132) : usual;
  return Array.from({ length: n }, (_, k) => (k === 0 ? height + 20 : height));
}

/** The values under the cursor in one sentence, as a screen reader says them when a key moves it. */
function spoken(models: readonly ChartModel[], cursor_s: number | null, bucket_s: number): string {
  if (cursor_s === null) return "no cursor; arrow keys set it";
  const values = models.flatMap((model) => model.lines.map((d) => `${d.signal.title} ${reading(d, d.line, { cursor_s, bucket_s, model })} ${d.signal.as.symbol}`));
  return `${clock(cursor_s * 1000)}. ${values.join(", ")}`;
}
