// One uPlot chart: axes and lines by uPlot; what is behind and over them by paint.ts in its hooks.

import uPlot from "uplot";
import type { ChartModel, DrawnLine } from "./model";
import { paintGround, paintSigns, type Scene } from "./paint";
import type { Palette } from "./palette";
import { columns } from "./series";
import { roundStep, TIME_STEPS_S, timeLabels, valueLabels } from "./ticks";

export const RIGHT_PX = 10;
export const TOP_PX = 6;
export const BOTTOM_PX = 5; // without a time axis
export const AXIS_HEIGHT_PX = 22;
const HALF_LABEL_PX = 22;
const DASHES: number[][] = [[], [8, 3], [2, 2], [9, 3, 2, 3], [14, 4]]; // by series, so colour is not needed
const UNDER_DASH = [3, 3];
const AHEAD_DASH = [5, 3];

export interface Plot {
  draw(scene: Scene): void;
  resize(width_px: number, height_px: number): void;
  destroy(): void;
}

/** Make the chart inside `host`. Scenes drawn later must have the same lines and time axis. */
export function makePlot(host: HTMLElement, width_px: number, height_px: number, first: Scene): Plot {
  let scene = first;
  const current = (): Scene => scene;
  const u = new uPlot(options(width_px, height_px, current), plotData(scene.model), host);
  return {
    draw(next) {
      scene = next;
      u.batch(() => {
        u.setData(plotData(next.model), false);
        u.setScale("x", { min: next.model.range.from_s, max: next.model.range.to_s });
        u.setScale("y", { min: next.model.bounds.low, max: next.model.bounds.high });
      });
    },
    resize: (width, height) => u.setSize({ width, height }),
    destroy: () => u.destroy(),
  };
}

function plotData(model: ChartModel): uPlot.AlignedData {
  const under = model.lines.flatMap((d) => (d.under ? [{ line: d.under, pause_s: d.pause_s }] : []));
  const ahead = model.lines.flatMap((d) => (d.ahead ? [{ line: d.ahead.line, pause_s: d.pause_s }] : []));
  const all = [...under, ...ahead, ...model.lines];
  return columns(all.map((d) => d.line), all.map((d) => d.pause_s));
}

function options(width: number, height: number, scene: () => Scene): uPlot.Options {
  const { model, palette, hasTimeAxis } = scene();
  const bounds = (): [number, number] => [scene().model.bounds.low, scene().model.bounds.high];
  const time = (): [number, number] => [scene().model.range.from_s, scene().model.range.to_s];
  return {
    width,
    height,
    padding: [TOP_PX, RIGHT_PX, hasTimeAxis ? 0 : BOTTOM_PX, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false, range: time }, y: { range: bounds } },
    axes: [timeAxis(palette, hasTimeAxis), valueAxis(palette, scene)],
    series: [{}, ...seriesOf(model, palette)],
    hooks: {
      drawClear: [(u) => paintGround(u, scene())],
      draw: [(u) => paintSigns(u, scene())],
    },
  };
}

function timeAxis(palette: Palette, show: boolean): uPlot.Axis {
  return {
    show,
    size: AXIS_HEIGHT_PX,
    gap: 6,
    space: 68,
    font: palette.font,
    stroke: palette.color["axis-ink"],
    incrs: TIME_STEPS_S,
    splits: (_u, _axis, from_s, to_s, step_s) => timeSplits(from_s, to_s, step_s),
    values: (_u, ticks, _axis, _space, step_s) => timeLabels(ticks, step_s),
    filter: (u, ticks) => ticks.map((t) => (isNearEnd(u, t) ? null : t)),
    grid: { show: false },
    ticks: { show: false },
  };
}

/** A label centred here would be cut at the edge of the chart. */
function isNearEnd(u: uPlot, tick_s: number): boolean {
  const { min, max } = u.scales["x"] ?? {};
  const right_px = ((max ?? 0) - tick_s) / ((max ?? 1) - (min ?? 0)) * (u.bbox.width / uPlot.pxRatio);
  return right_px < HALF_LABEL_PX - RIGHT_PX;
}

/** Ticks on the wall clock of the viewer, not of Greenwich. */
function timeSplits(from_s: number, to_s: number, step_s: number): number[] {
  const zone_s = step_s >= 900 ? new Date(from_s * 1000).getTimezoneOffset() * 60 : 0;
  const first = Math.ceil((from_s - zone_s) / step_s);
  const last = Math.floor((to_s - zone_s) / step_s);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * step_s + zone_s);
}

function valueAxis(palette: Palette, scene: () => Scene): uPlot.Axis {
  return {
    size: palette.axis_px,
    gap: 8,
    font: palette.font,
    stroke: palette.color["axis-ink"],
    splits: (u) => valueSplits(scene().model, u.bbox.height / uPlot.pxRatio),
    values: (_u, ticks) => valueLabels(ticks),
    grid: { stroke: palette.color.grid, width: 1 },
    ticks: { show: false },
  };
}

function valueSplits({ bounds: { low, high } }: ChartModel, height_px: number): number[] {
  const wanted = Math.max(2, Math.min(5, Math.floor(height_px / 26)));
  let step = roundStep((high - low) / wanted);
  while (Math.floor(high / step + 1e-9) - Math.ceil(low / step - 1e-9) > wanted) step *= 2;
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function seriesOf(model: ChartModel, palette: Palette): uPlot.Series[] {
  const isAlone = model.lines.length === 1;
  const ghosts = model.lines.filter((d) => d.under);
  const colour = (d: DrawnLine): string => palette.color[`series-${d.series}` as "series-1"];
  const ghost = (d: DrawnLine): uPlot.Series => ({
    ...plainLine(isAlone ? palette.color["lamp-off"] : colour(d)),
    dash: UNDER_DASH,
    alpha: isAlone ? 1 : 0.55,
  });
  return [
    ...ghosts.map(ghost),
    ...model.lines.filter((d) => d.ahead).map(() => ({ ...plainLine(palette.color.learn), dash: AHEAD_DASH })),
    ...model.lines.map((d) => ({ ...plainLine(colour(d)), dash: DASHES[d.series - 1] ?? [] })),
  ];
}

const plainLine = (stroke: string): uPlot.Series => ({
  stroke,
  width: 1.5,
  points: { show: true, size: 5, fill: stroke, width: 0, filter: lonelySamples },
});

/** A sample with a gap on both sides has no line to be on: it alone gets a point. */
function lonelySamples(u: uPlot, series: number): number[] | null {
  const column = u.data[series] as ArrayLike<number | null | undefined> | undefined;
  if (!column) return null;
  const lonely: number[] = [];
  let before: number | null = null; // index of the sample before, null after a gap
  let isOpen = false;
  for (let i = 0; i < column.length; i++) {
    const v = column[i];
    if (v === undefined) continue;
    if (v === null) {
      if (before !== null && !isOpen) lonely.push(before);
      before = null;
      isOpen = false;
    } else {
      isOpen = before !== null;
      before = i;
    }
  }
  if (before !== null && !isOpen) lonely.push(before);
  return lonely;
}
