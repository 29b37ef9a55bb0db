// One chart of the stack: its caption with the values under the cursor, and the picture.

import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { age } from "../format";
import { type ChartModel, type DrawnLine, type Mark, type NamedStretch, written } from "./model";
import { AXIS_HEIGHT_PX, BOTTOM_PX, makePlot, type Plot, RIGHT_PX, TOP_PX } from "./plot";
import type { Palette } from "./palette";
import { span_s } from "./range";
import { firstAfter, type Line, nearest } from "./series";
import { instant } from "./ticks";

export interface StripProps {
  model: ChartModel;
  marks: readonly Mark[];
  stretches: readonly NamedStretch[];
  palette: Palette;
  width_px: number;
  height_px: number;
  isFirst: boolean;
  isLast: boolean;
  cursor_s: number | null;
  selection: [number, number] | null;
  bucket_s: number;
  offset_s: number;
}

export function Strip(props: StripProps) {
  const { model, palette, isLast, cursor_s, selection, height_px } = props;
  const host = usePlot(props);
  const bottom_px = isLast ? AXIS_HEIGHT_PX : BOTTOM_PX;
  const area = { left: `${palette.axis_px}px`, right: `${RIGHT_PX}px`, top: `${TOP_PX}px`, bottom: `${bottom_px}px` };
  const share = cursor_s === null ? null : (cursor_s - model.range.from_s) / span_s(model.range);
  return (
    <div class="strip">
      <Caption {...props} />
      <div class="plot" style={{ height: `${height_px}px` }}>
        <div ref={host} aria-hidden="true" />
        <div class="plot-area" style={area}>
          {selection && <i class="selected" style={selectionStyle(selection)} />}
          {share !== null && share >= 0 && share <= 1 && (
            <>
              <i class="hair" style={{ left: `${share * 100}%` }} />
              {model.lines.map((drawn) => <Dot key={drawn.signal.name} drawn={drawn} model={model} at_s={cursor_s ?? 0} />)}
            </>
          )}
        </div>
      </div>
    </div>
  );
}

function usePlot({ model, marks, stretches, palette, width_px, height_px, isFirst, isLast }: StripProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const scene = useMemo(
    () => ({ model, marks, stretches, palette, hasTimeAxis: isLast, hasMarkLabels: isFirst }),
    [model, marks, stretches, palette, isFirst, isLast],
  );
  const shape = model.lines.map((d) => d.signal.name + (d.under ? "+" : "") + (d.ahead ? "~" : "")).join() + isLast;
  useLayoutEffect(() => {
    if (!host.current || width_px === 0) return;
    plot.current = makePlot(host.current, width_px, height_px, scene);
    return () => {
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape, palette, width_px === 0]);
  useLayoutEffect(() => plot.current?.resize(width_px, height_px), [width_px, height_px]);
  useLayoutEffect(() => plot.current?.draw(scene), [scene]);
  return host;
}

const selectionStyle = ([a, b]: [number, number]) => ({ left: `${Math.min(a, b) * 100}%`, width: `${Math.abs(b - a) * 100}%` });

function Dot({ drawn, model, at_s }: { drawn: DrawnLine; model: ChartModel; at_s: number }) {
  const i = nearest(drawn.line.time_s, at_s);
  const time = drawn.line.time_s[i];
  const value = drawn.line.value[i];
  if (time === undefined || value === undefined || Math.abs(time - at_s) > drawn.pause_s) return null;
  const left = ((time - model.range.from_s) / span_s(model.range)) * 100;
  const top = ((model.bounds.high - value) / (model.bounds.high - model.bounds.low)) * 100;
  if (left < 0 || left > 100) return null;
  return <i class={`dot s${drawn.series}`} style={{ left: `${left}%`, top: `${top}%` }} />;
}

/** Title, unit, and the values under the cursor; without a cursor the newest ones. */
function Caption(props: StripProps) {
  const { model, cursor_s, isFirst } = props;
  const alone = model.lines.length === 1 ? model.lines[0] : undefined;
  const time = cursor_s !== null && isFirst ? `${instant(cursor_s, span_s(model.range))}:` : null;
  if (alone) {
    return (
      <div class="cap">
        <b class="cut">{alone.signal.title}</b>
        <span>{alone.signal.as.symbol}</span>
        <span class="push read">{time && <span>{time} </span>}<b>{reading(alone, alone.line, props)}</b>{alone.band && <span> {reading(alone, alone.band.low, props)} to {reading(alone, alone.band.high, props)}</span>}</span>
        {alone.ahead && <span class="read ahead">{cursor_s === null ? `in ${age(alone.ahead.by_s)}` : "forecast"} {reading(alone, alone.ahead.line, props)}{alone.ahead.band && <span> ({reading(alone, alone.ahead.band.low, props)} to {reading(alone, alone.ahead.band.high, props)})</span>}</span>}
        {alone.under && <span class="read under">{reading(alone, alone.under, props)}</span>}
      </div>
    );
  }
  return (
    <div class="cap">
      <span>{model.lines[0]?.signal.as.symbol || "no unit"}</span>
      {time && <span class="read">{time}</span>}
      {model.lines.map((drawn) => (
        <span class="read key" key={drawn.signal.name}>
          <i class={`swatch s${drawn.series}`} />
          {drawn.signal.title} <b>{reading(drawn, drawn.line, props)}</b>
          {drawn.under && <span class="under">{reading(drawn, drawn.under, props)}</span>}
        </span>
      ))}
    </div>
  );
}

/** What the line says at the cursor: one value, or lowest to highest where one pixel holds many. */
export function reading(drawn: DrawnLine, line: Line, { cursor_s, bucket_s, model }: Pick<StripProps, "cursor_s" | "bucket_s" | "model">): string {
  const show = (v: number): string => written(v, drawn.signal);
  if (cursor_s === null) {
    const last = firstAfter(line.time_s, model.range.to_s) - 1;
    const value = (line.time_s[last] ?? -Infinity) < model.range.from_s ? undefined : line.value[last];
    return value === undefined ? "" : show(value);
  }
  const i = nearest(line.time_s, cursor_s);
  const time = line.time_s[i];
  const value = line.value[i];
  if (time === undefined || value === undefined || Math.abs(time - cursor_s) > drawn.pause_s) return cursor_s > model.now_s ? "not yet" : "no data";
  const first = firstAfter(line.time_s, cursor_s - bucket_s);
  const end = firstAfter(line.time_s, cursor_s + bucket_s);
  const here = line.value.subarray(first, end);
  if (bucket_s === 0 || here.length < 2) return show(value);
  const [low, high] = [show(Math.min(...here)), show(Math.max(...here))];
  return low === high ? low : `${low} to ${high}`;
}
