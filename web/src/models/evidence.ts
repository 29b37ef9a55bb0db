// Evidence asked for: over a stretch for the heat map, and the newest for the panel beside it.
import { useEffect, useState } from "preact/hooks";
import { type Range, span_s } from "../charts/range";
import { machineSignal } from "../store";
import * as api from "./api";
import type { Evidence } from "./types";

const REST_MS = 300; // a range that still moves is not worth a question
const NEWEST_EVERY_MS = 5_000;
const NEWEST_S = 60;
const NEWEST_READINGS = 20; // of a machine that sends more seldom
const NEWEST_POINTS = 60;

export interface EvidenceAsked {
  evidence: Evidence | null;
  problem: string | null;
}
const NOTHING: EvidenceAsked = { evidence: null, problem: null };
const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Evidence over a stretch; the last answer stays until the next one is there. */
export function useEvidence(machine: string, output: string | null, range: Range | null, points: number): EvidenceAsked {
  const [asked, setAsked] = useState<EvidenceAsked>(NOTHING);
  useEffect(() => {
    if (output === null || range === null || points === 0) return;
    const stop = new AbortController();
    const query = { output, fromMs: range.from_s * 1000, toMs: range.to_s * 1000, points };
    const timer = setTimeout(() => {
      api.evidence(machine, query, stop.signal).then(
        (evidence) => setAsked({ evidence, problem: null }),
        (error: unknown) => !stop.signal.aborted && setAsked({ evidence: null, problem: words(error) }),
      );
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [machine, output, range?.from_s, range?.to_s, points]);
  return asked.evidence !== null && asked.evidence.output !== output ? NOTHING : asked;
}

/** The newest evidence of a machine that is listened to, asked for again and again. */
export function useNewestEvidence(machine: string, output: string | null): EvidenceAsked {
  const [range, setRange] = useState<Range | null>(null);
  useEffect(() => {
    const move = (): void => {
      const live = machineSignal(machine)?.peek();
      if (document.hidden || !live?.last_time_ns) return;
      const to_s = live.last_time_ns / 1e9 + 0.001;
      const length_s = Math.max(NEWEST_S, NEWEST_READINGS / (live.rate_hz || 1));
      setRange((was) => (was?.to_s === to_s && span_s(was) === length_s ? was : { from_s: to_s - length_s, to_s }));
    };
    move();
    const timer = setInterval(move, NEWEST_EVERY_MS);
    return () => clearInterval(timer);
  }, [machine]);
  return useEvidence(machine, output, range, NEWEST_POINTS);
}
