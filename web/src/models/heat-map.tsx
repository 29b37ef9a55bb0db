// Which input explains how much of an output, over time: captions with the values under the cursor, cells
// below, the charts' time axis and cursor, and a table that says the same.
import { useMemo, useState } from "preact/hooks";
import { RIGHT_PX } from "../charts/plot";
import { type Range, span_s } from "../charts/range";
import { instant } from "../charts/ticks";
import type { Drawn } from "../charts/trends";
import { specOf } from "../store";
import type { Profile, SignalSpec } from "../types";
import { unknownSpec, withUnit } from "../values";
import { causeWords, signedShare, usualWords } from "./cause";
import { useEvidence } from "./evidence";
import { heatModel, keyMoment, leading, levelOf, nearestMoment, type HeatModel, type HeatRow } from "./heat";
import type { Evidence } from "./types";
import { limitOf } from "./words";

const ROWS_SHOWN = 6;
const ROW_PX = 14;
const PX_PER_MOMENT = 9;
const [FEWEST, MOST] = [24, 96]; // moments

interface HeatMapProps extends Drawn {
  machine: string;
  profile: Profile;
  output: string;
}

/** No input at all, or no share of any at any moment. */
const isUntold = ({ inputs, share }: Evidence): boolean =>
  inputs.length === 0 || (share.length > 0 && share.every((shares) => shares.every((one) => one === null)));

export function HeatMap(props: HeatMapProps) {
  const { machine, profile, output, asked, width_px, axis_px, form } = props;
  const plot_px = Math.max(0, width_px - axis_px - RIGHT_PX);
  const points = plot_px === 0 ? 0 : Math.round(Math.min(MOST, Math.max(FEWEST, plot_px / PX_PER_MOMENT)));
  const { evidence, problem } = useEvidence(machine, output, asked, points);
  const spec = specOf(profile, output) ?? unknownSpec(output);
  const limit = limitOf(spec);
  const model = useMemo(() => (evidence ? heatModel(evidence, limit) : null), [evidence, limit]);
  const [hasAll, setAll] = useState(false);
  if (problem !== null) return <p class="fineprint small muted">{problem}</p>;
  if (evidence === null || model === null) return <p class="fineprint small muted">Asking why.</p>;
  if (isUntold(evidence)) return <p class="fineprint small muted">This model does not say which of its inputs moves it.</p>;
  if (model.time_s.length === 0) return <p class="fineprint small muted">{spec.title} has no value in this stretch, so there is nothing to explain.</p>;
  const rows = hasAll ? model.rows : model.rows.slice(0, ROWS_SHOWN);
  const titleOf = (name: string): string => specOf(profile, name)?.title ?? name;
  return (
    <div class="heat">
      <div class="heat-head" style={{ paddingLeft: `${axis_px}px` }}>
        <h3>What moves it</h3>
        <span class="small muted">{limit === null ? "each input’s share" : "each input’s part of the limit"}</span>
        <Legend steps={model.steps} isLimit={limit !== null} />
      </div>
      {form !== "table" && <Rows {...props} evidence={evidence} model={model} rows={rows} spec={spec} plot_px={plot_px} />}
      {model.rows.length > ROWS_SHOWN && (
        <button class="btn quiet" style={{ marginLeft: `${axis_px - 8}px` }} aria-expanded={hasAll} onClick={() => setAll(!hasAll)}>{hasAll ? "Fewer inputs" : `All ${model.rows.length} inputs`}</button>
      )}
      {form !== "chart" && <HeatTable evidence={evidence} rows={rows} spec={spec} titleOf={titleOf} range={asked} />}
    </div>
  );
}

/** The five levels with where they begin. */
const Legend = ({ steps, isLimit }: { steps: readonly number[]; isLimit: boolean }) => (
  <span class="heat-legend push small muted" aria-hidden="true">
    {steps.map((step, i) => <span key={step}><i class={`h${i + 1}`} />{isLimit ? `${step}` : `${Math.round(step * 100)} %`}</span>)}
  </span>
);

interface RowsProps extends HeatMapProps {
  evidence: Evidence;
  model: HeatModel;
  rows: readonly HeatRow[];
  spec: SignalSpec;
  plot_px: number;
}

function Rows({ profile, evidence, model, rows, spec, plot_px, axis_px, range, cursor_s, setCursor }: RowsProps) {
  const length_s = span_s(range);
  const shownMoments = model.time_s.filter((t) => t >= range.from_s && t <= range.to_s);
  const moment = cursor_s === null ? model.time_s.indexOf(shownMoments.at(-1) ?? NaN) : nearestMoment(model.time_s, cursor_s);
  const share = cursor_s === null ? null : (cursor_s - range.from_s) / length_s;
  const place = (event: PointerEvent): void => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const at = (event.clientX - box.left - axis_px) / Math.max(1, plot_px);
    setCursor(at >= 0 && at <= 1 ? range.from_s + at * length_s : null);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = keyMoment(event.key, shownMoments, cursor_s);
    if (next === undefined) return;
    event.preventDefault();
    setCursor(next);
  };
  const said = momentWords(evidence, moment, spec, profile, length_s);
  const rowTitle = (name: string): string => specOf(profile, name)?.title ?? name;
  return (
    <div class="heat-rows" tabIndex={0} role="slider" aria-roledescription="heat map with a time cursor"
      aria-label={`What moves ${spec.title}: ${rows.map((row) => rowTitle(row.name)).join(", ")}`}
      aria-valuemin={range.from_s} aria-valuemax={range.to_s} aria-valuenow={cursor_s ?? range.to_s} aria-valuetext={said}
      onKeyDown={onKeyDown} onPointerMove={place} onPointerDown={place} onPointerLeave={(event) => event.pointerType !== "touch" && setCursor(null)}>
      {rows.map((row) => (
        <div key={row.name}>
          <div class="cap" style={{ paddingLeft: `${axis_px}px`, paddingRight: `${RIGHT_PX}px` }}>
            <span class="cut">{rowTitle(row.name)}</span>
            <span class="push read cut">{moment >= 0 && <CellWords evidence={evidence} moment={moment} input={row.input} spec={specOf(profile, row.name)} />}</span>
          </div>
          <Cells row={row} model={model} range={range} plot_px={plot_px} axis_px={axis_px} />
        </div>
      ))}
      {share !== null && share >= 0 && share <= 1 && <i class="hair" style={{ left: `${axis_px + share * plot_px}px` }} />}
    </div>
  );
}

function CellWords({ evidence, moment, input, spec }: { evidence: Evidence; moment: number; input: number; spec: SignalSpec | null }) {
  const share = evidence.share[moment]?.[input] ?? null;
  const value = evidence.input_value[moment]?.[input] ?? null;
  const expected = evidence.expected[moment]?.[input] ?? null;
  if (share === null) return <>not known</>;
  const usual = expected === null ? "" : `, ${usualWords(expected, spec)}`;
  return <><b>{signedShare(share)}</b> {causeWords({ value, expected: null, bound: null }, spec)}<span class="hide-s">{usual}</span></>;
}

/** One row of cells: one path a level, however many moments. */
function Cells({ row, model, range, plot_px, axis_px }: { row: HeatRow; model: HeatModel; range: Range; plot_px: number; axis_px: number }) {
  const x = (at_s: number): number => Math.min(plot_px, Math.max(0, ((at_s - range.from_s) / span_s(range)) * plot_px));
  const paths = ["", "", "", "", "", ""];
  let against = "";
  row.parts.forEach((part, i) => {
    const [from, to] = model.cells[i]!;
    const [left, right] = [x(from), x(to)];
    if (part === null || right - left < 0.2) return;
    const width = Math.max(0.6, right - left - (right - left > 4 ? 1 : 0));
    paths[levelOf(part, model.steps)] += `M${left.toFixed(1)} 0h${width.toFixed(1)}v${ROW_PX}h-${width.toFixed(1)}z`;
    if (-part >= model.steps[0]!) against += `M${left.toFixed(1)} ${ROW_PX / 2}h${width.toFixed(1)}`;
  });
  return (
    <svg class="heat-cells" width={plot_px} height={ROW_PX} viewBox={`0 0 ${plot_px} ${ROW_PX}`} style={{ marginLeft: `${axis_px}px` }} aria-hidden="true">
      {paths.map((d, level) => d !== "" && <path key={level} class={`h${level}`} d={d} />)}
      {against !== "" && <path class="against" d={against} />}
    </svg>
  );
}

/** One moment in a sentence: what a key that moves the cursor says. */
function momentWords(evidence: Evidence, moment: number, spec: SignalSpec, profile: Profile, length_s: number): string {
  const value = evidence.value[moment];
  if (value == null) return "no value here";
  const parts = leading(evidence, moment).map((k) => {
    const name = evidence.inputs[k]!;
    const input = specOf(profile, name);
    const words = causeWords({ value: evidence.input_value[moment]?.[k] ?? null, expected: evidence.expected[moment]?.[k] ?? null, bound: null }, input, name);
    return `${input?.title ?? name} ${signedShare(evidence.share[moment]?.[k] ?? 0)}: ${words}`;
  });
  return `${instant(evidence.time_ns[moment]! / 1e9, length_s)}. ${spec.title} ${withUnit(value, spec)}. ${parts.join(". ")}.`;
}

interface TableProps {
  evidence: Evidence;
  rows: readonly HeatRow[];
  spec: SignalSpec;
  titleOf: (name: string) => string;
  range: Range;
}

const HeatTable = ({ evidence, rows, spec, titleOf, range }: TableProps) => (
  <div class="scroll heat-table" tabIndex={0} role="region" aria-label={`What moves ${spec.title}, as a table`}>
    <table class="table">
      <thead>
        <tr><th scope="col">Time</th><th scope="col" class="num">{spec.title}</th>{rows.map((row) => <th key={row.name} scope="col" class="num">{titleOf(row.name)}</th>)}</tr>
      </thead>
      <tbody>
        {evidence.time_ns.map((_, i) => evidence.time_ns.length - 1 - i).map((i) => (
          <tr key={evidence.time_ns[i]}>
            <th scope="row" class="nowrap">{instant(evidence.time_ns[i]! / 1e9, span_s(range))}</th>
            <td class="num">{evidence.value[i] == null ? "not known" : withUnit(evidence.value[i], spec)}</td>
            {rows.map((row) => <td key={row.name} class="num">{evidence.share[i]?.[row.input] == null ? "not known" : signedShare(evidence.share[i]![row.input]!)}</td>)}
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);
