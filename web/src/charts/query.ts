// Samples for the range on the screen: asked again when it changes, the earlier question given up,
// the old picture kept until the new one is there.

import { useEffect, useState } from "preact/hooks";
import * as api from "../api";
import type { MachineEvent, Telemetry } from "../types";
import { type Range, span_s } from "./range";

const REST_MS = 120; // a range that still moves is not worth a question
const MARGIN = 0.15; // asked beyond each end, so lines reach the edges and small moves show something
const EVENTS_LIMIT = 500;
const MINUTE_S = 60;

export interface Question {
  machine: string;
  names: readonly string[];
  range: Range | null;
  points: number;
  /** Asked so much earlier: forecasts of the range were made before it. */
  earlier_s?: number;
}

export interface Answer {
  machine: string;
  telemetry: Telemetry;
  bucket_s: number; // how much time one drawn sample stands for; 0 when every sample is there
}

export interface Asked {
  answer: Answer | null;
  error: string | null;
  isLoading: boolean;
}

const NOTHING: Asked = { answer: null, error: null, isLoading: false };

export function useTelemetry({ machine, names, range, points, earlier_s = 0 }: Question): Asked {
  const [asked, setAsked] = useState<Asked>(NOTHING);
  const isFirst = asked.answer?.machine !== machine;
  useEffect(() => {
    if (!range || names.length === 0 || points === 0) return;
    const stop = new AbortController();
    setAsked((was) => ({ answer: was.answer?.machine === machine ? was.answer : null, error: null, isLoading: true }));
    const timer = setTimeout(() => {
      fetchRange({ machine, names, range, points, earlier_s }, stop.signal).then(
        (answer) => setAsked({ answer, error: null, isLoading: false }),
        (error: unknown) => {
          if (!stop.signal.aborted) setAsked((was) => ({ ...was, error: words(error), isLoading: false }));
        },
      );
    }, isFirst ? 0 : REST_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [machine, names.join("\n"), range?.from_s, range?.to_s, points, earlier_s]);
  return asked.answer && asked.answer.machine !== machine ? NOTHING : asked;
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function fetchRange(question: Question & { range: Range; earlier_s: number }, signal: AbortSignal): Promise<Answer> {
  const { machine, names, range, points, earlier_s } = question;
  const margin_s = span_s(range) * MARGIN;
  const fromMs = Math.round((range.from_s - margin_s - earlier_s) * 1000);
  const toMs = Math.round((range.to_s + margin_s) * 1000);
  const nBuckets = Math.round(points * (1 + 2 * MARGIN + earlier_s / span_s(range)));
  const telemetry = await api.telemetry(machine, { fromMs, toMs, channels: [...names], points: nBuckets }, signal);
  return { machine, telemetry, bucket_s: bucketOf(telemetry, fromMs / 1000, (toMs - fromMs) / 1000 / nBuckets) };
}

/** Width of the buckets if any holds more than one sample, else 0: then every sample is there. */
function bucketOf({ time_ns, decimated }: Telemetry, from_s: number, width_s: number): number {
  if (!decimated) return 0;
  const isMinutes = width_s >= MINUTE_S; // then the server's buckets are whole minutes
  const bucket_s = isMinutes ? Math.ceil(width_s / MINUTE_S) * MINUTE_S : width_s;
  const start_s = isMinutes ? Math.floor(from_s / MINUTE_S) * MINUTE_S : from_s;
  let last = -1;
  for (const t of time_ns) {
    const bucket = Math.floor((t / 1e9 - start_s) / bucket_s);
    if (bucket === last) return bucket_s;
    last = bucket;
  }
  return 0;
}

/** Events that began in the range; the last known ones while a new answer is on its way. */
export function useEvents(machine: string, range: Range | null): readonly MachineEvent[] {
  const [known, setKnown] = useState<{ machine: string; events: MachineEvent[] }>({ machine, events: [] });
  useEffect(() => {
    if (!range) return;
    let isWanted = true;
    const timer = setTimeout(() => {
      const asked = { machine, fromMs: range.from_s * 1000, toMs: range.to_s * 1000, limit: EVENTS_LIMIT };
      api.events(asked).then((events) => isWanted && setKnown({ machine, events }), () => undefined);
    }, REST_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [machine, range?.from_s, range?.to_s]);
  return known.machine === machine ? known.events : [];
}
