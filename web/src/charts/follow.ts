// Following a machine: where "now" is on its own clock, and when to draw and ask again.

import { useEffect, useState } from "preact/hooks";
import type { Ring } from "../ring";
import { forgetRedraw, onRedraw } from "../schedule";
import { machineSignal, now } from "../store";
import { lastOf, type Range } from "./range";

const ASK_AGAIN_S: [number, number] = [15, 60]; // the ring holds ten minutes at 10 Hz: ask well before
const SLOWEST_BEAT_MS = 1000;
const SILENT_SHARE = 0.2; // a silent machine's last picture stays; at most this much emptiness after it

/** The right end of a window that follows the machine. */
export function followedEnd_s(machine: string, ring: Ring | null, window_s: number): number {
  const known = machineSignal(machine)?.peek();
  const newest_s = Math.max(ring?.lastTime_s ?? -Infinity, (known?.last_time_ns ?? -Infinity) / 1e9);
  if (!Number.isFinite(newest_s)) return Date.now() / 1000;
  const silent_s = known?.atMs ? Math.max(0, (Date.now() - known.atMs) / 1000) : 0;
  return newest_s + Math.min(silent_s, window_s * SILENT_SHARE);
}

/**
 * Count redraws while following: as readings and seconds come, never off screen, and no more often than
 * the picture moves. Half a pixel of a chart 750 px wide is 0.67 ms for each second shown.
 */
export function useBeat(machine: string, isOn: boolean, window_s: number): number {
  const [beat, setBeat] = useState(0);
  useEffect(() => {
    if (!isOn) return;
    const every_ms = Math.min(SLOWEST_BEAT_MS, window_s * 0.67);
    let drawn_ms = 0;
    const draw = (): void => {
      drawn_ms = performance.now();
      setBeat((n) => n + 1);
    };
    const ask = (): void => {
      if (performance.now() - drawn_ms >= every_ms) onRedraw(draw);
    };
    const stops = [now.subscribe(ask), machineSignal(machine)?.subscribe(ask)];
    return () => {
      for (const stop of stops) stop?.();
      forgetRedraw(draw);
    };
  }, [machine, isOn, window_s]);
  return beat;
}

/** The range to ask the server for while following; moves on now and then, the ring fills in between. */
export function useAskedWindow(machine: string, ring: Ring | null, window_s: number, isOn: boolean): Range {
  const current = (): Range => lastOf(followedEnd_s(machine, ring, window_s), window_s);
  const [asked, setAsked] = useState(current);
  useEffect(() => {
    if (!isOn) return;
    setAsked(current());
    const every_s = Math.min(ASK_AGAIN_S[1], Math.max(ASK_AGAIN_S[0], window_s / 20));
    const timer = setInterval(() => setAsked(current()), every_s * 1000);
    return () => clearInterval(timer);
  }, [machine, ring, window_s, isOn]);
  return asked;
}
