// What a chart shows beside its lines: normal band, gaps, limits, events, names. Canvas only.

import uPlot from "uplot";
import { age, brief } from "../format";
import type { Band, ChartModel, Mark, NamedStretch } from "./model";
import type { Palette } from "./palette";
import type { Line } from "./series";

const HATCH_PX = 7;
const MIN_GAP_PX = 6; // a narrower gap is seen, not named

export interface Scene {
  model: ChartModel;
  marks: readonly Mark[];
  stretches: readonly NamedStretch[];
  palette: Palette;
  hasTimeAxis: boolean;
  hasMarkLabels: boolean;
}

/** Behind the lines: the normal range, what is named, forecasts, and where nothing was heard. */
export function paintGround(u: uPlot, { model, palette, stretches }: Scene): void {
  const { ctx, bbox } = u;
  ctx.save();
  clipToPlot(u);
  if (model.normal) {
    const top = u.valToPos(model.normal[1], "y", true);
    const bottom = u.valToPos(model.normal[0], "y", true);
    ctx.fillStyle = palette.color.band;
    ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
  }
  for (const stretch of stretches) paintStretch(u, palette, stretch);
  for (const { band, ahead, pause_s } of model.lines) {
    for (const one of [band, ahead?.band]) if (one) paintBand(u, palette, one, pause_s);
  }
  for (const gap of model.gaps) {
    const left = Math.max(bbox.left, u.valToPos(gap.from_s, "x", true));
    paintGap(u, palette, left, Math.min(bbox.left + bbox.width, u.valToPos(gap.to_s, "x", true)));
  }
  ctx.restore();
}

/** Between the ends of an estimate, from pause to pause; both ends have the same times. */
function paintBand(u: uPlot, palette: Palette, { low, high }: Band<Line>, pause_s: number): void {
  const { ctx } = u;
  const x = (i: number): number => u.valToPos(low.time_s[i] ?? 0, "x", true);
  const y = (line: Line, i: number): number => u.valToPos(line.value[i] ?? 0, "y", true);
  const n = Math.min(low.time_s.length, high.time_s.length);
  ctx.fillStyle = palette.color.learnt;
  ctx.strokeStyle = palette.color["lamp-off"];
  ctx.lineWidth = uPlot.pxRatio;
  for (let from = 0, to = 1; to <= n; to++) {
    if (to < n && (low.time_s[to] ?? 0) - (low.time_s[to - 1] ?? 0) <= pause_s) continue;
    ctx.beginPath();
    for (let i = from; i < to; i++) ctx.lineTo(x(i), y(high, i));
    for (let i = to - 1; i >= from; i--) ctx.lineTo(x(i), y(low, i));
    ctx.closePath();
    ctx.fill();
    ctx.stroke(); // the fill alone is too pale to be a border
    from = to;
  }
}

const STRETCH_PX = 5;
const STRETCH_INK = { normal: "line-strong", warn: "warn-line", crit: "crit-line" } as const;

/** A bar along the foot of the chart; an instant is a line from top to bottom. */
function paintStretch(u: uPlot, palette: Palette, { from_s, to_s, tone }: NamedStretch): void {
  const { ctx, bbox } = u;
  const px = uPlot.pxRatio;
  const left = u.valToPos(from_s, "x", true);
  ctx.fillStyle = palette.color[STRETCH_INK[tone]];
  if (to_s === from_s) ctx.fillRect(left - px, bbox.top, 2 * px, bbox.height);
  else ctx.fillRect(left, bbox.top + bbox.height - STRETCH_PX * px, Math.max(2 * px, u.valToPos(to_s, "x", true) - left), STRETCH_PX * px);
}

/** Filled and hatched: the fill alone is lost where a theme's ground is black. */
function paintGap({ ctx, bbox }: uPlot, palette: Palette, left: number, right: number): void {
  const step = HATCH_PX * uPlot.pxRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, bbox.top, right - left, bbox.height);
  ctx.clip();
  ctx.fillStyle = palette.color.sunken;
  ctx.fillRect(left, bbox.top, right - left, bbox.height);
  ctx.strokeStyle = palette.color.grid;
  ctx.lineWidth = uPlot.pxRatio;
  ctx.beginPath();
  const first = Math.floor((left - bbox.height) / step) * step; // tied to the canvas, so it stands still
  for (let x = first; x < right; x += step) {
    ctx.moveTo(x, bbox.top + bbox.height);
    ctx.lineTo(x + bbox.height, bbox.top);
  }
  ctx.stroke();
  ctx.restore();
}

/** Over the lines: limits, events, how long the gaps are, names at the lines' ends. */
export function paintSigns(u: uPlot, scene: Scene): void {
  const { ctx } = u;
  ctx.save();
  ctx.font = scaledFont(scene.palette.font);
  ctx.textBaseline = "alphabetic";
  clipToPlot(u);
  paintNow(u, scene);
  paintMarks(u, scene);
  if (scene.hasMarkLabels) paintStretchNames(u, scene);
  paintLimits(u, scene);
  paintGapLengths(u, scene);
  if (scene.model.lines.length > 1) paintNames(u, scene);
  ctx.restore();
}

function clipToPlot(u: uPlot): void {
  u.ctx.beginPath();
  u.ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
  u.ctx.clip();
}

/** Text with a rim of the ground's colour, so that lines under it do not cut it. */
function write(ctx: CanvasRenderingContext2D, palette: Palette, text: string, x: number, y: number): void {
  ctx.save();
  ctx.setLineDash([]);
  ctx.lineJoin = "round";
  ctx.lineWidth = 3 * uPlot.pxRatio;
  ctx.strokeStyle = palette.color.surface;
  ctx.strokeText(text, x, y);
  ctx.restore();
  ctx.fillText(text, x, y);
}

/** A dense line runs through a limit's name where it matters most; the ground pales it there. */
function clearGround(ctx: CanvasRenderingContext2D, palette: Palette, box: { left: number; top: number; width: number; height: number }): void {
  const ink = ctx.fillStyle;
  ctx.globalAlpha = 0.85;
  ctx.fillStyle = palette.color.surface;
  ctx.fillRect(box.left, box.top, box.width, box.height);
  ctx.globalAlpha = 1;
  ctx.fillStyle = ink;
}

const scaledFont = (font: string): string =>
  font.replace(/([\d.]+)px/, (_, size: string) => `${parseFloat(size) * uPlot.pxRatio}px`);

const crisp = (position: number): number => Math.round(position) + (uPlot.pxRatio % 2 ? 0.5 : 0);

function paintLimits(u: uPlot, { model, palette }: Scene): void {
  const { ctx, bbox } = u;
  const px = uPlot.pxRatio;
  ctx.lineWidth = px;
  ctx.textAlign = "left";
  const written: { y: number; end: number }[] = []; // limits close together are named side by side
  for (const limit of model.limits) {
    const y = crisp(u.valToPos(limit.value, "y", true));
    const isCritical = limit.level === "critical";
    ctx.setLineDash([5 * px, 3 * px]);
    ctx.strokeStyle = palette.color[isCritical ? "crit-line" : "warn-line"];
    line(ctx, bbox.left, y, bbox.left + bbox.width, y);
    ctx.fillStyle = palette.color[isCritical ? "crit-ink" : "warn-ink"];
    const text = `${isCritical ? "critical" : "warn"} ${brief(limit.value)}`;
    const at = y - bbox.top < 14 * px ? y + 12 * px : y - 4 * px;
    const beside = Math.max(bbox.left, ...written.filter((w) => Math.abs(w.y - at) < 12 * px).map((w) => w.end + 6 * px));
    const width = ctx.measureText(text).width;
    clearGround(ctx, palette, { left: beside + 2 * px, top: at - 9 * px, width: width + 4 * px, height: 11 * px });
    write(ctx, palette, text, beside + 4 * px, at);
    written.push({ y: at, end: beside + 4 * px + width });
  }
  ctx.setLineDash([]);
}

function line(ctx: CanvasRenderingContext2D, x0: number, y0: number, x1: number, y1: number): void {
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
}

/** Where what is measured ends and what is forecast begins. */
function paintNow(u: uPlot, { model, palette }: Scene): void {
  if (model.now_s >= model.range.to_s || !model.lines.some((d) => d.ahead)) return;
  const { ctx, bbox } = u;
  const x = crisp(u.valToPos(model.now_s, "x", true));
  ctx.lineWidth = uPlot.pxRatio;
  ctx.strokeStyle = palette.color["ink-3"];
  line(ctx, x, bbox.top, x, bbox.top + bbox.height);
  ctx.textAlign = "left";
  ctx.fillStyle = palette.color["ink-3"];
  write(ctx, palette, "now", x + 4 * uPlot.pxRatio, bbox.top + bbox.height - 5 * uPlot.pxRatio); // events are named at the top
}

/** What somebody called a stretch, over its bar; only where it fits before the next name. */
function paintStretchNames(u: uPlot, { model, palette, stretches }: Scene): void {
  const { ctx, bbox } = u;
  const px = uPlot.pxRatio;
  const y = bbox.top + bbox.height - (STRETCH_PX + 4) * px;
  let free = bbox.left;
  ctx.textAlign = "left";
  for (const { from_s, to_s, tone, label } of [...stretches].sort((a, b) => a.from_s - b.from_s)) {
    if (to_s < model.range.from_s || from_s > model.range.to_s) continue;
    const left = Math.max(bbox.left, u.valToPos(from_s, "x", true)) + 4 * px;
    const end = left + ctx.measureText(label).width;
    if (left < free || end > bbox.left + bbox.width) continue;
    ctx.fillStyle = palette.color[tone === "normal" ? "ink-3" : `${tone}-ink` as const];
    write(ctx, palette, label, left, y);
    free = end + 8 * px;
  }
}

/** Vertical lines; labels from the right, each only where it does not touch the next one. */
function paintMarks(u: uPlot, { model, marks, palette, hasMarkLabels }: Scene): void {
  const { ctx, bbox } = u;
  const px = uPlot.pxRatio;
  const inside = marks.filter((m) => m.at_s >= model.range.from_s && m.at_s <= model.range.to_s);
  const xs = inside.map((m) => u.valToPos(m.at_s, "x", true));
  let free = bbox.left + bbox.width;
  ctx.lineWidth = px;
  for (const mark of [...inside].sort((a, b) => b.at_s - a.at_s)) {
    const x = crisp(u.valToPos(mark.at_s, "x", true));
    const kind = mark.level === "critical" ? "crit" : mark.level === "warn" ? "warn" : null;
    ctx.strokeStyle = palette.color[kind ? `${kind}-line` as const : "line-strong"];
    line(ctx, x, bbox.top, x, bbox.top + bbox.height);
    if (!hasMarkLabels) continue;
    const width = ctx.measureText(mark.label).width + 8 * px;
    const fitsRight = x + width <= free;
    const left = fitsRight ? x + 5 * px : x - width + 3 * px;
    const crossesOther = xs.some((other) => other < x - px && other > left);
    if (fitsRight || (x <= free && left > bbox.left && !crossesOther)) {
      ctx.textAlign = "left";
      ctx.fillStyle = palette.color[kind ? `${kind}-ink` as const : "ink-3"];
      write(ctx, palette, mark.label, left, bbox.top + 10 * px);
      free = Math.min(x, left);
    }
  }
}

/** How long each gap is: inside it where it fits, else at the top of the first chart, where lines are rare. */
function paintGapLengths(u: uPlot, { model, palette, hasMarkLabels }: Scene): void {
  const { ctx, bbox } = u;
  const px = uPlot.pxRatio;
  let free = bbox.left;
  ctx.textAlign = "center";
  ctx.fillStyle = palette.color["ink-3"];
  for (const gap of model.gaps) {
    const left = Math.max(bbox.left, u.valToPos(gap.from_s, "x", true));
    const right = Math.min(bbox.left + bbox.width, u.valToPos(gap.to_s, "x", true));
    const words = ["no data", age(gap.to_s - gap.from_s)];
    const middle = (left + right) / 2;
    const half = Math.max(...words.map((w) => ctx.measureText(w).width)) / 2 + 3 * px;
    const fitsInside = half * 2 < right - left;
    const fitsAbove = hasMarkLabels && right - left > MIN_GAP_PX * px && middle - half > free;
    const y = fitsInside ? freeHeight(u, model, 16 * px) : bbox.top + 26 * px;
    if (ctx.measureText(words.join(" ")).width + 12 * px < right - left) write(ctx, palette, words.join(" "), middle, y + 4 * px);
    else if (fitsInside || fitsAbove) words.forEach((word, i) => write(ctx, palette, word, middle, y + i * 13 * px));
    if (fitsInside || fitsAbove) free = middle + half;
  }
}

/** The middle of the plot, or the nearest place to it that no limit's line and name crosses. */
function freeHeight(u: uPlot, { limits }: ChartModel, room: number): number {
  const middle = u.bbox.top + u.bbox.height / 2;
  const taken = limits.map((limit) => u.valToPos(limit.value, "y", true) - room / 4);
  const places = [0, 1, -1, 2, -2].map((step) => middle + step * room);
  const isInside = (y: number): boolean => y > u.bbox.top + room && y < u.bbox.top + u.bbox.height - room / 2;
  return places.find((y) => isInside(y) && taken.every((at) => Math.abs(at - y) > room)) ?? middle;
}

/** Names at the right end of each line, moved apart where lines end close together. */
function paintNames(u: uPlot, { model, palette, hasMarkLabels }: Scene): void {
  const { ctx, bbox } = u;
  const px = uPlot.pxRatio;
  const ends = model.lines.flatMap((d) => {
    const value = d.line.value.at(-1);
    return value === undefined ? [] : [{ d, y: u.valToPos(value, "y", true) - 5 * px }];
  });
  ctx.textAlign = "right";
  ctx.font = scaledFont(palette.fontStrong);
  let free = bbox.top + (hasMarkLabels ? 25 : 11) * px; // below the names of events
  for (const { d, y } of ends.sort((a, b) => a.y - b.y)) {
    const at = Math.max(y, free);
    free = at + 13 * px;
    ctx.fillStyle = palette.color[`series-${d.series}` as "series-1"];
    write(ctx, palette, d.signal.title, bbox.left + bbox.width - 4 * px, at);
  }
}
